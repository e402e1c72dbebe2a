"""The options for a user's own images."""

from __future__ import annotations

import pytest

from autocnn.data.options import ImageOptions
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


@pytest.mark.parametrize("resize", ["crop", "pad", "stretch"])
def test_the_rules_of_resizing_are_three(resize):
    """Each is accepted; crop is the default."""
    assert ImageOptions(resize=resize).resize == resize
    assert ImageOptions().resize == "crop"


@pytest.mark.parametrize("resize", ["", "Crop", "x", "cover"])
def test_any_other_rule_is_refused(resize):
    """The line has the three rules and the given one."""
    with pytest.raises(SettingsError) as caught:
        ImageOptions(resize=resize)
    assert str(caught.value) == f"--resize must be crop, pad or stretch, got '{resize}'"
