"""The check that every exported file must pass."""

from __future__ import annotations

import math

import numpy as np
import pytest

from autocnn.errors import AutocnnError
from autocnn.exports.check import CHECKED_IMAGES, check_same, checked_images

SHAPE = (8, 8, 3)


def brightness(images):
    """Two probabilities: the mean brightness of an image and its complement."""
    mean = images.mean(axis=(1, 2, 3)) / 255
    return np.stack([mean, 1 - mean], axis=1)


def shifted(by):
    """`brightness` plus a constant."""
    return lambda images: brightness(images) + by


@pytest.mark.parametrize("by", [0.0, 0.001, -0.001])
def test_a_difference_within_the_tolerance_passes(by):
    """The check returns the difference."""
    found = check_same("m.keras", brightness, shifted(by), SHAPE, 0.0011)
    assert found == pytest.approx(abs(by), rel=1e-3)


@pytest.mark.parametrize("by", [0.01, -0.01, math.nan])
def test_a_larger_difference_is_refused(by):
    """The error names the file, the difference and the tolerance."""
    with pytest.raises(AutocnnError) as raised:
        check_same("m.keras", brightness, shifted(by), SHAPE, 0.0011)
    assert str(raised.value) == (
        f"m.keras: its probabilities differ from the network's by {abs(by):.2g}, more than 0.0011; "
        "the file is not exported"
    )


def test_a_share_of_the_images_may_differ_more():
    """The tolerance holds for the darkest three quarters; the largest difference is returned."""

    def lighter(images):
        return brightness(images) + np.where(np.arange(len(images)) < 48, 0.001, 0.5)[:, None]

    found = check_same("m.tflite", brightness, lighter, SHAPE, 0.0011, 0.75)
    assert found == pytest.approx(0.5)
    with pytest.raises(AutocnnError, match=r"by 0\.5 in more than 20% of the checked images, more"):
        check_same("m.tflite", brightness, lighter, SHAPE, 0.0011, 0.8)


def test_outputs_of_another_shape_are_refused():
    """An output of one column is refused, because it would be broadcast to two."""
    with pytest.raises(AutocnnError, match=r"expected probabilities of shape \(64, 2\).*\(64, 1\)"):
        check_same("m.keras", brightness, lambda x: brightness(x)[:, :1], SHAPE, 2.0)


def test_the_checked_images_are_always_the_same_and_vary_in_brightness():
    """Pixels are whole numbers from 0 to 255; the first image is black."""
    images = checked_images(SHAPE)
    assert (images.shape, images.dtype) == ((CHECKED_IMAGES, *SHAPE), np.float32)
    np.testing.assert_array_equal(images, checked_images(SHAPE))
    np.testing.assert_array_equal(images, images.astype(np.uint8))
    assert images[0].max() == 0
    assert images[-1].max() > 240
