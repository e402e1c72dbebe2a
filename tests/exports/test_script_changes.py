"""The random changes of a script beside those of the search."""

from __future__ import annotations

import numpy as np
import pytest
from keras import ops

from autocnn.exports.script_changes import changes_of
from autocnn.nn import augmentation as searched
from autocnn.space.config import Augmentation


class Draws:
    """A generator whose draws are given; each is a list of arrays in the order of the calls."""

    def __init__(self, *arrays):
        self.arrays = list(arrays)

    def uniform(self, low, high, size):
        """The next array, from 0 to 1, as numbers from low to high."""
        return low + (high - low) * self.arrays.pop(0)

    def integers(self, low, high, size):
        """The next array."""
        return self.arrays.pop(0).reshape(size)

    def beta(self, a, b, size):
        """The next array."""
        return self.arrays.pop(0).reshape(size)


def functions(augmentation):
    """The functions of a script for this augmentation."""
    names = {"np": np, "ops": ops}
    for change in changes_of(augmentation):
        exec(change.function, names)
    return names


IMAGES = np.random.default_rng(0).uniform(0, 255, (6, 9, 7, 2)).astype(np.float32)


@pytest.mark.parametrize("padding", ["zero", "edge", "reflect"])
def test_a_shift_is_that_of_the_search(padding):
    """The same pixels, for each way to pad."""
    augmentation = Augmentation(shift=2, shift_padding=padding)
    moves = np.random.default_rng(1).integers(-2, 3, (6, 2))
    draws = np.concatenate([moves, np.zeros((6, 1), int)], axis=1).astype(np.int32)
    rows, columns = (moves + 2).T
    found = functions(augmentation)["shift"](IMAGES, Draws(rows, columns))
    np.testing.assert_array_equal(found, searched.apply(IMAGES, draws, augmentation))


def test_a_flip_is_that_of_the_search():
    """Left to right, where the side is 1."""
    sides = np.array([0, 1, 1, 0, 1, 0])
    draws = np.stack([0 * sides, 0 * sides, sides], axis=1).astype(np.int32)
    augmentation = Augmentation(flip=True)
    found = functions(augmentation)["flip"](IMAGES, sides)
    np.testing.assert_array_equal(found, searched.apply(IMAGES, draws, augmentation))


def test_cutout_is_that_of_the_search():
    """A square of mean colour; one that is larger than the image covers it."""
    for side, most in ((3, (6, 4)), (8, (1, 0))):
        augmentation = Augmentation(cutout=side)
        shares = np.random.default_rng(2).random((6, 2))
        tops, lefts = (
            np.floor(s * (m + 1)).astype(int) for s, m in zip(shares.T, most, strict=True)
        )
        draws = np.concatenate([np.zeros((6, 3)), shares], axis=1).astype(np.float32)
        found = functions(augmentation)["cut_out"](IMAGES, Draws(tops, lefts))
        expected = np.asarray(searched.apply(IMAGES, draws, augmentation))
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_mixup_is_that_of_the_search():
    """Images and targets, by the same shares."""
    augmentation = Augmentation(mixup=0.2)
    shares = np.linspace(0, 1, 6, dtype=np.float32)
    targets = np.eye(6, dtype=np.float32)
    images, mixed = functions(augmentation)["mix"](IMAGES, targets, Draws(shares))
    draws = np.concatenate([np.zeros((6, 3)), shares[:, None]], axis=1).astype(np.float32)
    expected, weighed = searched.augment(augmentation, IMAGES, np.arange(6), draws)
    np.testing.assert_allclose(images, expected, rtol=1e-5)
    np.testing.assert_allclose(mixed, weighed.weigh(lambda k: np.eye(6)[np.asarray(k)].T).T, 1e-5)


@pytest.mark.parametrize("padding", ["zero", "edge"])
def test_a_turn_is_that_of_the_search(padding):
    """Rotation, zoom and shear in one step; pixels at the border of the image may differ."""
    augmentation = Augmentation(rotation=20, zoom=0.2, shear=10, shift_padding=padding)
    units = np.random.default_rng(3).random((3, 6))
    found = functions(augmentation)["turn"](IMAGES, Draws(*units))

    class Same:
        def uniform(self, low, high, shape):
            return low + (high - low) * units

    matrices = searched._draw_matrices(augmentation, 6, Same())
    draws = np.concatenate([np.zeros((6, 3)), matrices], axis=1).astype(np.float32)
    expected = np.asarray(searched.apply(IMAGES, draws, augmentation))
    np.testing.assert_allclose(found, expected, atol=0.05)


def test_the_order_is_that_of_the_search():
    """Turns, shifts, flips, cutout, mixup; an alternating flip takes the place of a random one."""
    everything = Augmentation(
        rotation=1, shift=1, flip=True, alternating_flip=True, cutout=2, mixup=0.1
    )
    statements = [change.statement for change in changes_of(everything)]
    called = [each.partition(" = ")[2].partition("(")[0] for each in statements]
    assert called == ["turn", "shift", "flip", "cut_out", "mix"]
    assert "self.epoch" in statements[2]
    assert changes_of(Augmentation()) == []
