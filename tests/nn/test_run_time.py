"""Which settings are arguments of a compiled program, and the layers that take them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import keras
import numpy as np
import pytest

from autocnn.nn.optimizer import build_optimizer
from autocnn.nn.run_time import (
    RunTimeDropout,
    RunTimeSGD,
    RunTimeSpatialDropout,
    program_of,
    run_time,
    run_time_values,
)
from autocnn.space.config import (
    Augmentation,
    Block,
    Dense,
    EarlyStopping,
    Loss,
    Optimizer,
    Schedule,
    TrialConfig,
)

CONFIG = TrialConfig(
    blocks=(Block(filters=(4,), dropout=0.2),),
    dense=(Dense(units=3, dropout=0.1),),
    loss=Loss(label_smoothing=0.1),
    optimizer=Optimizer(name="nesterov", learning_rate=0.1, momentum=0.9, weight_decay=1e-4),
    schedule=Schedule(name="one_cycle", warmup=0.3),
    augmentation=Augmentation(flip=True, shift=2, rotation=10, mixup=0.2),
)


def _optimizer(**changes):
    return replace(CONFIG, optimizer=replace(CONFIG.optimizer, **changes))


def _augmentation(**changes):
    return replace(CONFIG, augmentation=replace(CONFIG.augmentation, **changes))


@pytest.mark.parametrize(
    "other",
    [
        _optimizer(learning_rate=0.5),
        _optimizer(momentum=0.5),
        _optimizer(weight_decay=0.1),
        replace(CONFIG, loss=Loss(label_smoothing=0.0)),
        replace(CONFIG, schedule=Schedule()),
        replace(CONFIG, early_stopping=EarlyStopping(enabled=False)),
        replace(CONFIG, blocks=(Block(filters=(4,), dropout=0.4),)),
        replace(CONFIG, dense=(Dense(units=3, dropout=0.3),)),
        _augmentation(flip=False, shift=1),
        _augmentation(rotation=0.0, zoom=0.1),
        _augmentation(mixup=0.4),
    ],
)
def test_numbers_that_are_arguments_share_a_program(other):
    """A change of one of these settings keeps the key of the program."""
    assert other != CONFIG
    assert program_of(other) == program_of(CONFIG)


@pytest.mark.parametrize(
    "other",
    [
        _optimizer(name="adam"),
        _optimizer(name="momentum"),
        _optimizer(momentum=0.0),
        _optimizer(weight_decay=0.0),
        replace(CONFIG, loss=Loss(name="focal")),
        replace(CONFIG, batch_size=64),
        replace(CONFIG, blocks=(Block(filters=(5,), dropout=0.2),)),
        replace(CONFIG, blocks=(Block(filters=(4,)),)),
        replace(CONFIG, dense=()),
        _augmentation(rotation=0.0),
        _augmentation(mixup=0.0),
        _augmentation(cutout=4),
        _augmentation(shift_padding="edge"),
        replace(CONFIG, augmentation=Augmentation()),
    ],
)
def test_compiled_settings_need_another_program(other):
    """A change of one of these settings changes the key of the program."""
    assert program_of(other) != program_of(CONFIG)


def test_a_network_with_its_own_optimizer_shares_no_program():
    """The settings of such an optimizer may be compiled into the program."""
    first = TrialConfig(architecture="airbench94", optimizer=Optimizer(momentum=0.8))
    second = replace(first, optimizer=Optimizer(momentum=0.9))
    assert program_of(first) != program_of(second)


def test_adamw_shares_a_program_at_any_decay():
    """The weight decay of AdamW is an argument at 0 as well."""
    first, second = (
        TrialConfig(optimizer=Optimizer(name="adamw", weight_decay=decay)) for decay in (0.0, 0.1)
    )
    assert program_of(first) == program_of(second)


@pytest.mark.parametrize("layer", [RunTimeDropout, RunTimeSpatialDropout])
def test_dropout_keeps_the_mean(layer):
    """At 0.25 a quarter of 40,000 is 0, the rest 4/3; predictions are unchanged."""
    shape = (200, 2, 2, 50) if layer is RunTimeDropout else (400, 10, 10, 100)
    ones = np.ones(shape, np.float32)
    built = layer(0.25, seed=0)
    dropped = np.asarray(built(ones, training=True))
    values, counts = np.unique(dropped, return_counts=True)
    assert values == pytest.approx([0, 4 / 3])
    assert counts[0] / dropped.size == pytest.approx(0.25, abs=0.01)
    np.testing.assert_array_equal(np.asarray(built(ones, training=False)), ones)


def test_spatial_dropout_drops_whole_maps():
    """All pixels of a map are dropped or kept together."""
    built = RunTimeSpatialDropout(0.5, seed=0)
    dropped = np.asarray(built(np.ones((8, 3, 3, 16), np.float32), training=True))
    assert (dropped == dropped[:, :1, :1]).all()
    assert {0.0, 2.0} == set(np.unique(dropped))


@pytest.mark.parametrize("nesterov", [False, True])
def test_sgd_equals_that_of_keras(nesterov):
    """The weights are equal after three steps of different gradients."""
    ends = []
    for kind in (RunTimeSGD, keras.optimizers.SGD):
        weight = keras.Variable(np.ones(3, np.float32))
        optimizer = kind(0.1, momentum=0.8, nesterov=nesterov, weight_decay=0.01)
        for gradient in ([1.0, 2.0, 3.0], [0.5, -1.0, 0.0], [0.0, 0.0, 1.0]):
            optimizer.apply([np.array(gradient, np.float32)], [weight])
        ends.append(np.asarray(weight))
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-6)


def test_settings_are_restored_after_a_trace():
    """The settings are restored even if the trace raises an error."""
    inputs = keras.Input((4,))
    model = keras.Model(inputs, RunTimeDropout(0.25)(inputs))
    optimizer = RunTimeSGD(0.1, momentum=0.5, weight_decay=0.01)
    before = run_time_values(model, optimizer, Loss())
    assert before == {
        "dropout": [0.25],
        "label_smoothing": 0.0,
        "focal_gamma": 2.0,
        "weight_decay": 0.01,
        "momentum": 0.5,
    }
    changed = {**before, "dropout": [0.5], "momentum": 0.7, "label_smoothing": 0.2}
    with (
        suppress(ZeroDivisionError),
        run_time(model, optimizer, Loss(), changed) as loss,
    ):
        assert (model.layers[-1].rate, optimizer.momentum) == (0.5, 0.7)
        assert (loss.name, loss.label_smoothing) == ("cross_entropy", 0.2)
        raise ZeroDivisionError
    assert run_time_values(model, optimizer, Loss()) == before


def test_the_decay_of_muon_is_an_argument():
    """Hidden kernels and other weights decay by one number, at 0 as well."""
    for decay in (0.0, 0.02):
        config = TrialConfig(optimizer=Optimizer(name="muon", weight_decay=decay))
        values = run_time_values(keras.Sequential(), build_optimizer(config, 1), Loss())
        assert values["weight_decay"] == decay
        assert "adam_weight_decay" not in values
