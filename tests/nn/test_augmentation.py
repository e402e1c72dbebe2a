"""Random changes of images: the draws, and what they do."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.nn.augmentation import N_DRAWS, apply, draw, is_active
from autocnn.space.config import Augmentation

# One image of 3x3 with one channel; rows are 1 2 3, 4 5 6, 7 8 9.
IMAGE = np.arange(1, 10, dtype=np.uint8).reshape(1, 3, 3, 1)


@pytest.mark.parametrize(
    ("augmentation", "active"),
    [
        (Augmentation(), False),
        (Augmentation(flip=True), True),
        (Augmentation(shift=1), True),
        (Augmentation(flip=True, shift=2), True),
    ],
)
def test_no_flip_and_no_shift_is_no_augmentation(augmentation, active):
    """Then the loops skip it."""
    assert is_active(augmentation) is active


@pytest.mark.parametrize("shift", [0, 1, 3])
@pytest.mark.parametrize("flip", [False, True])
def test_draws_fill_their_bounds_and_stay_within(shift, flip):
    """Shifts from -shift to shift, each way; a flip is 0 or 1, and only if asked for."""
    draws = draw(Augmentation(flip=flip, shift=shift), 500, np.random.default_rng(0))
    assert (draws.shape, draws.dtype) == ((500, N_DRAWS), np.int32)
    shifts = set(range(-shift, shift + 1))
    assert [set(column) for column in draws.T.tolist()] == [shifts, shifts, {0, 1} if flip else {0}]


def test_draws_repeat_from_their_seed():
    """The generator is the only source of chance."""
    settings = Augmentation(flip=True, shift=2)
    first, again, other = (draw(settings, 9, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("draws", "rows"),
    [
        ((0, 0, 0), [[1, 2, 3], [4, 5, 6], [7, 8, 9]]),
        ((1, 0, 0), [[4, 5, 6], [7, 8, 9], [0, 0, 0]]),
        ((0, -1, 0), [[0, 1, 2], [0, 4, 5], [0, 7, 8]]),
        ((1, -1, 0), [[0, 4, 5], [0, 7, 8], [0, 0, 0]]),
        ((0, 0, 1), [[3, 2, 1], [6, 5, 4], [9, 8, 7]]),
        ((-2, 0, 1), [[0, 0, 0], [0, 0, 0], [3, 2, 1]]),
        ((3, 0, 0), [[0, 0, 0], [0, 0, 0], [0, 0, 0]]),
    ],
)
def test_a_shift_moves_zeros_in_and_a_flip_mirrors(draws, rows):
    """Pixel (y, x) comes from (y + rows drawn, x + columns drawn)."""
    moved = np.asarray(apply(IMAGE, np.array([draws], np.int32)))
    np.testing.assert_array_equal(moved[0, :, :, 0], rows)
    assert moved.dtype == np.uint8


def test_each_image_has_its_own_draws():
    """Channels move together, images do not; height and width may differ."""
    images = np.arange(1, 13, dtype=np.uint8).reshape(2, 1, 3, 2)  # pixels (1, 2), (3, 4), ...
    draws = np.array([[0, 1, 0], [0, 0, 1]], np.int32)
    moved = np.asarray(apply(images, draws))
    np.testing.assert_array_equal(moved[0, 0], [[3, 4], [5, 6], [0, 0]])
    np.testing.assert_array_equal(moved[1, 0], [[11, 12], [9, 10], [7, 8]])
