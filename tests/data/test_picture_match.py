"""Two images of one picture: the hash, the thumbnails and the pixels."""

from __future__ import annotations

import numpy as np
import pytest
from near_copy_images import brighten, pictures, save_again

from autocnn.data.picture_match import (
    MIDDLE,
    compare,
    crop,
    is_one_picture,
    likely_pairs,
    take_prints,
)


def test_the_best_fit_is_worked_by_hand():
    """2, 4, 6, 9 by 1, 2, 3, 4: covariance 11.5, variances 26.75 and 5 (sums of squares)."""
    fit = compare(np.array([[2, 4, 6, 9]], np.uint8), np.array([[1, 2, 3, 4]], np.uint8))
    unexplained = 1 - 11.5**2 / (26.75 * 5)
    assert [float(x[0]) for x in fit] == pytest.approx(
        [unexplained, (unexplained * 26.75 / 4) ** 0.5, 2.3], abs=1e-6
    )


def test_pictures_of_one_colour_are_never_one():
    """Nothing in them could tell two apart."""
    grey = np.full((1, 16, 16, 1), 99, np.uint8)
    assert not is_one_picture(grey, grey).any()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda x: brighten(x, 1.0, 10), True),
        (lambda x: brighten(x, 0.9, 5), True),
        (lambda x: brighten(x, 0.5, 50), False),
        (lambda x: 255 - x, False),
        (save_again, True),
        (lambda x: x[::-1], False),
    ],
)
def test_a_small_change_is_one_picture(change, expected):
    """Half of the contrast, a negative and another picture are not."""
    images = pictures(8)
    assert is_one_picture(change(images), images).all() == expected
    assert is_one_picture(change(images), images).any() == expected


def test_a_crop_is_moved_by_at_most_a_pixel():
    """The middle of 4 by 5 pixels is 2 by 3; the upper left corner starts with the first pixel."""
    image = np.arange(20, dtype=np.uint8).reshape(1, 4, 5, 1)
    assert crop(image, MIDDLE)[0, :, :, 0].tolist() == [[6, 7, 8], [11, 12, 13]]
    assert crop(image, (0, 0))[0, :, :, 0].tolist() == [[0, 1, 2], [5, 6, 7]]
    assert crop(image, (2, 2))[0, :, :, 0].tolist() == [[12, 13, 14], [17, 18, 19]]


@pytest.mark.parametrize("channels", [1, 3])
def test_likely_pairs_are_the_changed_pictures(channels):
    """Of 60 pictures in another order, brighter, each finds its own; noise finds none."""
    images = pictures(60, channels=channels)
    order = np.random.default_rng(5).permutation(60)
    left, right = likely_pairs(take_prints(brighten(images[order], 1.0, 6)), take_prints(images))
    assert left.tolist() == list(range(60))
    assert right.tolist() == order.tolist()


def test_no_image_has_more_than_three_likely_pairs():
    """Ten equal pictures are like each of two others."""
    one = pictures(1)
    many = take_prints(np.repeat(one, 10, axis=0))
    left, right = likely_pairs(take_prints(np.repeat(one, 2, axis=0)), many)
    assert left.tolist() == [0, 0, 0, 1, 1, 1]
    assert right.tolist() == [0, 1, 2] * 2
    assert [len(side) for side in likely_pairs(take_prints(one[:0]), many)] == [0, 0]
