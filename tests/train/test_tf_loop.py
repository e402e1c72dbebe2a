"""TensorFlow's compiled steps, compared with two steps worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow as tf

from autocnn.data.dataset import Images
from autocnn.data.mapped_array import map_array, writable_view
from autocnn.nn.model import ImageSpec, build_model
from autocnn.nn.optimizer import build_optimizer
from autocnn.space.config import Augmentation, Loss, Optimizer, TrialConfig
from autocnn.train.stepper import Sums, TrainingParts
from autocnn.train.tf_loop import TensorFlowStepper, load_images

WHITE = np.full((1, 1, 1), 255, np.uint8)
BLACK = np.zeros((1, 1, 1), np.uint8)
IMAGES = Images(images=np.stack([WHITE, BLACK, BLACK, WHITE]), labels=np.array([1, 1, 0, 0]))


def _stepper(
    loss: Loss = Loss(),  # noqa: B008  frozen
    augmentation: Augmentation = Augmentation(),  # noqa: B008  frozen
) -> TensorFlowStepper:
    """Two logits over one pixel, all weights zero; SGD.

    Training part: white of class 0, black of class 1. Validation part: white of class 0, white of
    class 1, black of class 1.
    """
    spec = ImageSpec(shape=(1, 1, 1), n_classes=2, mean=(0.0,), std=(1.0,))
    model = build_model(TrialConfig(pixels="unit"), spec)
    model.set_weights([np.zeros_like(w) for w in model.get_weights()])
    optimizer = build_optimizer(TrialConfig(optimizer=Optimizer(name="sgd")), 1)
    optimizer.build(model.trainable_variables)
    return TensorFlowStepper(
        TrainingParts(
            model=model,
            optimizer=optimizer,
            loss=loss,
            augmentation=augmentation,
            images=IMAGES,
            train_indices=np.array([3, 1]),
            val_indices=np.array([3, 0, 1]),
        )
    )


def _steps(n: int, draw: tuple[int, int, int] = (0, 0, 0)) -> tuple[np.ndarray, np.ndarray]:
    """The arrays of `n` batches of the white image, twice each, with equal draws."""
    draws = np.broadcast_to(np.array(draw, np.int32), (n, 2, 3))
    return np.zeros((n, 2), np.int32), np.array(draws)


def test_every_step_has_its_own_rate():
    """Two steps of one call are taken with the rates 1 and 0.5."""
    # At weights 0 both classes have 1/2: the gradient of kernel and bias is (-1/2, 1/2), so both
    # become (1/2, -1/2). Then the logits of white are (1, -1), class 0 has 1 / (1 + e^-2), and half
    # of what is missing from 1 is added.
    stepper = _stepper()
    indices, draws = _steps(2)
    sums = stepper.train(indices, draws, np.array([1.0, 0.5], np.float32))
    p = 1 / (1 + math.exp(-2))
    weight = 0.5 + 0.5 * (1 - p)
    kernel, bias = stepper._parts.model.get_weights()
    np.testing.assert_allclose(kernel, [[weight, -weight]], rtol=1e-5)
    np.testing.assert_allclose(bias, [weight, -weight], rtol=1e-5)
    assert sums.loss == pytest.approx(2 * math.log(2) - 2 * math.log(p), rel=1e-5)
    assert sums.correct == 4  # a tie counts for the first class


def test_steps_train_on_augmented_images():
    """An image shifted by one pixel is black, so only the bias moves."""
    stepper = _stepper(augmentation=Augmentation(shift=1))
    indices, draws = _steps(1, (1, 0, 0))
    stepper.train(indices, draws, np.array([1.0], np.float32))
    kernel, bias = stepper._parts.model.get_weights()
    np.testing.assert_array_equal(kernel, [[0, 0]])
    np.testing.assert_allclose(bias, [0.5, -0.5], rtol=1e-6)


def test_a_mixed_image_teaches_both_classes():
    """White of class 0 and black of class 1, shares 3/4 and 1/4 of themselves."""
    # The first becomes 3/4 white, and its target (3/4, 1/4); the second 3/4 white too, as its share
    # is 1/4, with target (3/4, 1/4). Both have probabilities 1/2: the gradient of the bias is
    # 1/2 - target, so the bias becomes (1/4, -1/4), and the kernel 3/4 of that. The first class is
    # found: 3/4 of a hit in both.
    stepper = _stepper(augmentation=Augmentation(mixup=0.2))
    draws = np.array([[[0, 0, 0, 0.75], [0, 0, 0, 0.25]]], np.float32)
    sums = stepper.train(np.array([[0, 1]], np.int32), draws, np.array([1.0], np.float32))
    kernel, bias = stepper._parts.model.get_weights()
    np.testing.assert_allclose(bias, [0.25, -0.25], rtol=1e-5)
    np.testing.assert_allclose(kernel, [[0.1875, -0.1875]], rtol=1e-5)
    assert sums == Sums(pytest.approx(2 * math.log(2), rel=1e-6), pytest.approx(1.5))


def test_draws_are_ignored_without_augmentation():
    """Without augmentation a draw has no effect."""
    stepper = _stepper()
    indices, draws = _steps(1, (1, 0, 0))
    stepper.train(indices, draws, np.array([1.0], np.float32))
    np.testing.assert_allclose(stepper._parts.model.get_weights()[0], [[0.5, -0.5]], rtol=1e-6)


@pytest.mark.parametrize("loss", [Loss(), Loss(label_smoothing=0.5), Loss(name="focal")])
def test_validation_is_plain_cross_entropy_without_padding(loss):
    """Three images have log 2 each, one is a hit; padding and the training loss do not count."""
    indices = np.array([[0, 1], [2, 0]], np.int32)
    weights = np.array([[1, 1], [1, 0]], np.float32)
    found = _stepper(loss).evaluate(indices, weights)
    assert found.loss == pytest.approx(3 * math.log(2), rel=1e-6)
    assert found.confusion.tolist() == [[1, 0], [2, 0]]


def test_all_trainings_share_the_tensor_of_the_images():
    """A second stepper over equal images loads nothing; other images replace them."""
    first, second = _stepper(), _stepper()
    assert first._data[0] is second._data[0]
    other = load_images(Images(images=IMAGES.images, labels=IMAGES.labels))
    assert other[0] is not first._data[0]


def test_mapped_images_are_not_copied(tmp_path):
    """The tensor is the mapping of the file: what changes in one, changes in the other."""
    pixels = np.arange(100, dtype=np.uint8).reshape(100, 1, 1, 1)
    np.save(tmp_path / "x.npy", pixels)
    mapped = map_array(tmp_path / "x.npy")
    tensor, labels = load_images(Images(images=mapped, labels=np.zeros(100, np.int64)))
    np.testing.assert_array_equal(tensor.numpy(), pixels)
    assert labels.dtype == tf.int32
    if not tf.config.list_physical_devices("GPU"):
        writable_view(mapped)[7] = 200
        assert int(tf.gather(tensor, [7])[0, 0, 0, 0]) == 200


def test_sums_add_up():
    """The sums of the chunks are added."""
    assert Sums(1.0, 2.0) + Sums(0.5, 3.0) == Sums(1.5, 5.0)
