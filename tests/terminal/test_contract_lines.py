"""The two lines that an export prints."""

from __future__ import annotations

from dataclasses import replace

import pytest
from export_fixtures import CONTRACT

from autocnn.data.value_range import EIGHT_BITS, ValueRange
from autocnn.terminal.contract_lines import describe_contract


def outputs(*names):
    """The line on the outputs of a model with these classes."""
    return describe_contract(replace(CONTRACT, class_names=names))[0]


@pytest.mark.parametrize(
    ("shape", "stored", "line"),
    [
        ((48, 64, 3), EIGHT_BITS, "expects: 48x64 RGB, 0 to 255"),
        ((8, 8, 1), EIGHT_BITS, "expects: 8x8 grey, 0 to 255"),
        (
            (8, 8, 1),
            ValueRange("integers", 4095),
            "expects: 8x8 grey, 0 to 255 (scaled from integers, 0 to 4,095)",
        ),
    ],
)
def test_a_line_says_what_is_expected(shape, stored, line):
    """Height, width, colour and range; the stored range if it is another one."""
    contract = replace(CONTRACT, image_shape=shape, value_range=stored)
    assert describe_contract(contract)[1] == line


@pytest.mark.parametrize(
    ("resize", "end"), [("crop", ""), ("pad", ", padded with black"), ("stretch", ", stretched")]
)
def test_a_line_says_how_images_of_other_sizes_fit(resize, end):
    """Cropping is the default and is not said."""
    contract = replace(CONTRACT, image_shape=(8, 8, 1), value_range=EIGHT_BITS, resize=resize)
    assert describe_contract(contract)[1] == f"expects: 8x8 grey, 0 to 255{end}"


def test_a_line_lists_the_outputs_in_order():
    """Each output has its number and its class."""
    assert outputs("dog", "cat") == "outputs: 0 dog, 1 cat"


def test_of_many_outputs_the_first_and_the_last_are_shown():
    """Twelve are shown in full; of thirteen, the first ten and the last."""
    twelve = [f"c{i}" for i in range(12)]
    assert outputs(*twelve) == "outputs: " + ", ".join(f"{i} c{i}" for i in range(12))
    shown = ", ".join(f"{i} c{i}" for i in range(10))
    assert outputs(*twelve, "last") == f"outputs: {shown}, …, 12 last"


def test_a_class_name_cannot_move_the_cursor():
    """Control characters are escaped; other scripts are not."""
    assert outputs("a\x1b[2J\nb", "猫") == r"outputs: 0 a\x1b[2J\nb, 1 猫"
