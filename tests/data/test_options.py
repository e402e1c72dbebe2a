"""The size to which a user's images are scaled."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.data.options import ImageOptions, choose_size, describe_resizing
from autocnn.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "size"), [(None, None), ("64", (64, 64)), ("48x64", (48, 64)), ("2048", (2048, 2048))]
)
def test_a_size_is_a_side_or_height_and_width(text, size):
    """One number is height and width."""
    assert ImageOptions(text).size == size


@pytest.mark.parametrize("text", ["", "0", "0x4", "2049", "64x", "64X64", "-3", "1e2", "6 4"])
def test_anything_else_is_refused(text):
    """The error shows the given value."""
    with pytest.raises(SettingsError, match=f"^--image-size must be a side .* got '{text}'$"):
        ImageOptions(text)


@pytest.mark.parametrize(
    ("sizes", "chosen"),
    [
        ([(20, 30)] * 3, (20, 30)),  # all images have this size
        ([(256, 200)] * 2, (256, 200)),
        ([(257, 200)] * 2, (96, 96)),  # too large for most networks
        ([(20, 30), (30, 20)], (20, 20)),
        ([(10, 90), (40, 20), (70, 60)], (20, 20)),  # shorter sides 10, 20, 60
        ([(10, 90), (40, 20), (70, 60), (80, 80)], (20, 20)),  # the lower of 20 and 60
        ([(400, 300), (500, 600)], (96, 96)),
    ],
)
def test_the_size_follows_from_the_images(sizes, chosen):
    """The size is the common one, else a square of the median shorter side, at most 96."""
    assert choose_size(np.array(sizes)) == chosen


def test_resizing_is_reported():
    """A note has the smallest and the largest image by area, and is absent if none changes."""
    sizes = np.array([(40, 20), (10, 50), (70, 60)])
    assert describe_resizing(sizes, (20, 20)) == (
        "images from 10x50 to 70x60 are scaled and cropped to 20x20; "
        "--image-size gives another size"
    )
    assert describe_resizing(sizes[:1], (20, 20)).startswith("images of 40x20 are scaled")
    assert describe_resizing(sizes[:1], (40, 20)) is None
