"""A trained network as one object: the model it builds and its predictions."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from autocnn.errors import RecordError
from autocnn.models.predictor import in_batches
from autocnn.models.trained import TrainedModel
from autocnn.nn.batches import EVALUATION_BATCH
from autocnn.nn.model import ImageSpec, build_model
from autocnn.nn.weights import save_weights
from autocnn.space.config import Block, TrialConfig

SPEC = ImageSpec(shape=(4, 4, 1), n_classes=2, mean=(100.0,), std=(50.0,))
CONFIG = TrialConfig(blocks=(Block(filters=(3,), normalisation="batch", dropout=0.5),))
NAMES = ("cat", "dog")


@pytest.fixture
def weights():
    """The weights of the network as it is trained, which is not the exported one."""
    return tuple(build_model(CONFIG, SPEC, seed=3).get_weights())


@pytest.fixture
def model(weights):
    """A trained network of images of 4x4 pixels and two classes."""
    return TrainedModel(config=CONFIG, image=SPEC, class_names=NAMES, weights=weights)


@pytest.fixture
def images():
    """Five images of noise, as bytes."""
    return np.random.default_rng(0).integers(0, 256, (5, 4, 4, 1)).astype(np.uint8)


def test_predictions_are_the_probabilities_of_the_trained_network(model, weights, images):
    """The softmax of the logits that the network has without dropout."""
    network = build_model(CONFIG, SPEC)
    network.set_weights(list(weights))
    logits = keras.ops.convert_to_numpy(network(images.astype(np.float32), training=False))
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict(images), expected, atol=1e-6)


def test_no_images_have_no_probabilities(model, images):
    """The result for no images has one column for each class."""
    assert model.predict(images[:0]).shape == (0, 2)


def test_images_of_another_shape_are_refused(model, images):
    """The error names both shapes."""
    with pytest.raises(ValueError, match=r"expected images of shape \(4, 4, 1\), got \(4, 4, 3\)"):
        model.predict(np.repeat(images, 3, axis=3))


def test_batches_cover_all_images_in_order():
    """The last batch may be shorter; pixels become float32."""
    images = np.arange(EVALUATION_BATCH + 3).reshape(-1, 1, 1, 1)
    batches = list(in_batches(images))
    assert [len(batch) for batch in batches] == [EVALUATION_BATCH, 3]
    assert batches[0].dtype == np.float32
    np.testing.assert_array_equal(np.concatenate(batches), images)


def test_weights_in_a_file_are_read_when_the_network_is_built(tmp_path, model, weights, images):
    """The object can be made before the file of the weights exists."""
    path = tmp_path / "best.npz"
    lazy = TrainedModel(config=CONFIG, image=SPEC, class_names=NAMES, weights=path)
    save_weights(path, weights)
    np.testing.assert_array_equal(lazy.predict(images), model.predict(images))


def test_a_network_is_built_in_float32_under_any_policy(keep_policy, model):
    """The policy of a training in bfloat16 is restored afterwards."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    assert {layer.compute_dtype for layer in model.build().layers} == {"float32"}
    assert keras.config.dtype_policy().name == "mixed_bfloat16"


@pytest.mark.parametrize("kept", [0, 1, 5])
def test_a_file_of_another_network_is_one_clear_line(tmp_path, weights, kept):
    """The error names the missing arrays."""
    path = tmp_path / "best.npz"
    save_weights(path, weights[:kept])
    model = TrainedModel(config=CONFIG, image=SPEC, class_names=NAMES, weights=path)
    with pytest.raises(RecordError, match=r"best\.npz: cannot read the weights: ") as raised:
        model.build()
    assert "\n" not in str(raised.value)


def test_weights_of_other_shapes_are_refused(weights):
    """Wrong shapes in memory are an internal error."""
    model = TrainedModel(config=CONFIG, image=SPEC, class_names=NAMES, weights=weights[::-1])
    with pytest.raises(ValueError, match="expected weights of the shapes"):
        model.build()


def test_each_output_needs_a_class_name(weights):
    """One class name for two outputs is refused."""
    with pytest.raises(ValueError, match="expected 2 class names, got 1"):
        TrainedModel(config=CONFIG, image=SPEC, class_names=("cat",), weights=weights)
