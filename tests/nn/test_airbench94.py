"""The first weights of airbench94 and its optimizer, step by step."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from autocnn.nn.airbench94 import (
    GroupedNesterov,
    dirac_kernel,
    initialise,
    whitening_filters,
    whitening_sample,
)
from autocnn.nn.model import ImageSpec, build_model
from autocnn.nn.optimizer import build_optimizer
from autocnn.space.config import Optimizer, TrialConfig
from autocnn.space.layers import WHITENING

CONFIG = TrialConfig(
    architecture="airbench94",
    head="global_max",
    logits_bias=False,
    optimizer=Optimizer(name="nesterov", learning_rate=0.1, momentum=0.5),
)
SPEC = ImageSpec(shape=(16, 16, 1), n_classes=3, mean=(100.0,), std=(50.0,))
IMAGES = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 1)).astype(np.uint8)


@pytest.fixture
def model() -> keras.Model:
    """The network for small grey images, with its first weights."""
    model = build_model(CONFIG, SPEC)
    initialise(model, IMAGES, SPEC.mean, SPEC.std, 0)
    return model


def make_optimizer(n_steps, learning_rate=1e-3, momentum=0.9, weight_decay=0.0):
    """An optimizer built on a kernel, the shift of a normalisation and the bias that freezes."""
    paths = {"logits/kernel": 1.0, "norm/beta": 1.0, f"{WHITENING}/bias": 1.0}
    variables = []
    for path, value in paths.items():
        layer, name = path.split("/")
        with keras.name_scope(layer):
            variables.append(keras.Variable(np.float32(value), name=name))
    optimizer = GroupedNesterov(learning_rate, momentum, weight_decay, n_steps)
    optimizer.build(variables)
    return optimizer, variables


def values(variables):
    """The values of the variables as numbers."""
    return [float(keras.ops.convert_to_numpy(v.value)) for v in variables]


def test_whitened_patches_are_uncorrelated():
    """Their covariance is one, apart from epsilon; half of the filters are negated copies."""
    rng = np.random.default_rng(1)
    images = rng.normal(size=(50, 9, 9, 2)).astype(np.float32)
    images[..., 1] += 3 * images[..., 0]
    filters = whitening_filters(images)
    assert filters.shape == (2, 2, 2, 16)
    np.testing.assert_array_equal(filters[..., 8:], -filters[..., :8])
    out = np.asarray(keras.ops.conv(images, filters[..., :8], padding="valid")).reshape(-1, 8)
    np.testing.assert_allclose(out.T @ out / len(out), np.eye(8), atol=0.02)


@pytest.mark.parametrize(
    ("n", "ends", "size"), [(3, [0, 1, 2], 3), (9999, [0, 2, 4, 9994, 9996, 9998], 5000)]
)
def test_images_of_all_classes_are_whitened(n, ends, size):
    """The sample of images ordered by class includes the first and the last."""
    sample = whitening_sample(n)
    assert len(sample) == size
    assert [*sample[:3], *sample[-3:]][-len(ends) :] == ends


def test_the_first_filters_pass_their_channel_on():
    """Two channels into three filters; the third is random, within one over the root of 18."""
    kernel = dirac_kernel(np.random.default_rng(0), (3, 3, 2, 3))
    image = np.random.default_rng(2).normal(size=(1, 5, 5, 2)).astype(np.float32)
    out = np.asarray(keras.ops.conv(image, kernel, padding="same"))
    np.testing.assert_allclose(out[..., :2], image, rtol=1e-6)
    assert 0 < np.abs(kernel[..., 2]).max() <= 1 / np.sqrt(18)


def test_the_whitening_filters_are_not_trained(model):
    """The bias is trained, and all else except the statistics of six normalisations."""
    trained = [variable.path for variable in model.trainable_variables]
    assert f"{WHITENING}/kernel" not in trained
    assert f"{WHITENING}/bias" in trained
    assert len(model.non_trainable_variables) == 1 + 6 * 2


def test_normalisation_has_no_scale_and_follows_fast(model):
    """Each channel has a shift and two statistics; the momentum of the average is 0.6."""
    norm = model.get_layer("group2_conv1_norm")
    assert (norm.count_params(), norm.momentum) == (3 * 256, 0.6)


def test_the_same_seed_starts_the_same():
    """Equal seeds give equal first weights, and another seed others."""
    starts = []
    for seed in (0, 0, 1):
        model = build_model(CONFIG, SPEC)
        initialise(model, IMAGES, SPEC.mean, SPEC.std, seed)
        starts.append(np.asarray(model.get_layer("group1_conv1").kernel))
    np.testing.assert_array_equal(starts[0], starts[1])
    assert np.any(starts[0] != starts[2])


def test_each_group_has_its_rate():
    """Gradient 1, momentum 0.5, rate 0.01: the first step is 1.5 rates; shifts take 64 of them."""
    optimizer, variables = make_optimizer(100, learning_rate=0.01, momentum=0.5)
    optimizer.apply([np.float32(1.0)] * 3, variables)
    assert values(variables) == pytest.approx([1 - 0.015, 1 - 64 * 0.015, 1 - 0.015], abs=1e-6)
    # velocity -0.5 * 0.01 - 0.01; the step half of it and minus 0.01 once more
    optimizer.apply([np.float32(1.0)] * 3, variables)
    assert values(variables)[0] == pytest.approx(0.985 - 0.0175, abs=1e-6)


def test_decay_goes_through_the_momentum_and_is_the_same_for_shifts():
    """No gradient, decay 0.1: the step is 1.5 * 0.01 * 0.1 for all of them."""
    optimizer, variables = make_optimizer(100, learning_rate=0.01, momentum=0.5, weight_decay=0.1)
    optimizer.apply([np.float32(0.0)] * 3, variables)
    assert values(variables) == pytest.approx([1 - 0.0015] * 3, abs=1e-6)


def test_the_bias_stays_after_three_tenths():
    """The first 4 of 10 steps move the bias (3 / 9.9 are 3.03 of 10), later ones do not."""
    optimizer, variables = make_optimizer(10, learning_rate=0.01, momentum=0.5)
    seen = []
    for _ in range(9):
        before = values(variables)[2]
        optimizer.apply([np.float32(1.0)] * 3, variables)
        seen.append(values(variables)[2] != before)
    # the fifth step is the lookahead's
    assert seen == [True] * 5 + [False] * 4


def test_every_fifth_step_is_a_lookahead():
    """At 0.1 a step from 1 plain SGD would give 0.5 after 5 of 10 steps."""
    # The lookahead keeps 0.95^5 / 8 of the slow weight, 1; at the end the weight is the slow one.
    optimizer, variables = make_optimizer(10, learning_rate=0.1, momentum=0.0)
    kept = 0.95**5 / 8
    slow = kept * 1.0 + (1 - kept) * 0.5
    for expected in (0.9, 0.8, 0.7, 0.6, slow, slow - 0.1, slow - 0.2, slow - 0.3, slow - 0.4):
        optimizer.apply([np.float32(1.0), np.float32(0.0), np.float32(0.0)], variables)
        assert values(variables)[0] == pytest.approx(expected, abs=1e-6)
    optimizer.apply([np.float32(1.0), np.float32(0.0), np.float32(0.0)], variables)
    kept = 0.95**5
    assert values(variables)[0] == pytest.approx(kept * slow + (1 - kept) * (slow - 0.5), abs=1e-6)


def test_a_last_step_between_two_lookaheads_takes_the_slow_weights():
    """After 7 of 7 steps the weights are those after the fifth."""
    optimizer, variables = make_optimizer(7, learning_rate=0.1, momentum=0.0)
    for step in range(1, 8):
        optimizer.apply([np.float32(1.0), np.float32(0.0), np.float32(0.0)], variables)
        if step == 5:
            slow = values(variables)[0]
    assert values(variables)[0] == slow


def test_only_its_own_update_rule_has_groups():
    """Any other optimizer trains airbench94 as it trains any network."""
    assert isinstance(build_optimizer(CONFIG, 10), GroupedNesterov)
    adam = TrialConfig(architecture="airbench94", optimizer=Optimizer(name="adam"))
    assert isinstance(build_optimizer(adam, 10), keras.optimizers.Adam)
    blocks = TrialConfig(optimizer=Optimizer(name="nesterov"))
    assert isinstance(build_optimizer(blocks, 10), keras.optimizers.SGD)
