"""What an exported network expects, as an object and as JSON."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from dataclasses import replace

import pytest
from export_fixtures import CONTRACT

from autocnn.data.value_range import EIGHT_BITS, ValueRange
from autocnn.models.contract import (
    RULES,
    ModelContract,
    contract_from_json,
    contract_to_json,
    is_contract,
)

WRITTEN = {
    "version": 1,
    "class_names": ["a", "b", "c", "d"],
    "image": {
        "height": 8,
        "width": 8,
        "channels": 3,
        "colour": "RGB",
        "resize": "scaled to cover, centre crop, bilinear, antialiased",
        "values": [0, 255],
        "stored_values": {"kind": "integers", "high": 4095},
    },
    "dataset": "letters",
    "study": "letters-1",
    "trial": 7,
    "autocnn": "0.1.0",
}


def changed(path, value):
    """What is written, with another value at a dotted path; None: without that key."""
    data = copy.deepcopy(WRITTEN)
    *parents, last = path.split(".")
    place = data
    for key in parents:
        place = place[key]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return data


def test_a_contract_as_json_states_all_rules():
    """The words can be read without autocnn."""
    assert contract_to_json(CONTRACT) == WRITTEN


def test_json_is_read_back():
    """Unknown keys are ignored, also in the inner object."""
    data = json.loads(json.dumps(changed("image.new", 1) | {"new": 2}))
    assert contract_from_json(data) == CONTRACT


def test_members_and_views_are_written_if_there_are_any():
    """Shares are numbers; a reader that does not know the keys ignores them."""
    contract = replace(CONTRACT, members=((7, 0.75), (2, 0.25)), views="mirror")
    written = contract_to_json(contract)
    assert written == WRITTEN | {
        "members": [{"trial": 7, "weight": 0.75}, {"trial": 2, "weight": 0.25}],
        "views": "mirror",
    }
    assert contract_from_json(json.loads(json.dumps(written))) == contract


@pytest.mark.parametrize("resize", ["crop", "pad", "stretch"])
def test_the_rule_of_resizing_is_written_in_words(resize):
    """And read back; a program without autocnn can follow the words."""
    contract = replace(CONTRACT, resize=resize)
    written = contract_to_json(contract)
    assert written == changed("image.resize", RULES[resize])
    assert contract_from_json(written) == contract


def test_an_unknown_rule_is_refused():
    """The line lists the known ones."""
    with pytest.raises(ValueError, match=r"^expected resize as one of crop, pad, stretch, got 'x'"):
        replace(CONTRACT, resize="x")


@pytest.mark.parametrize(("channels", "colour"), [(1, "grey"), (3, "RGB")])
def test_the_channels_name_the_colour(channels, colour):
    """One channel is grey, three are RGB."""
    contract = ModelContract(
        class_names=("a",),
        image_shape=(1, 1, channels),
        value_range=EIGHT_BITS,
        dataset="d",
        study="s",
        trial=0,
    )
    assert contract.colour == colour


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("version", 2, "expected version to be 1, got 2"),
        ("version", True, "expected version to be 1, got True"),
        ("version", None, "expected version to be 1, got nothing"),
        ("class_names", [], "expected class_names, got none"),
        ("members", {}, "expected members as a list, got {}"),
        ("members", [7], "expected members[0] as a JSON object, got 7"),
        (
            "members",
            [{"trial": 1, "weight": "1"}],
            "expected members[0].weight to be a number, got '1'",
        ),
        (
            "members",
            [{"trial": 1, "weight": float("nan")}],
            "expected members[0].weight to be a number, got nan",
        ),
        (
            "members",
            [{"trial": 1, "weight": 2}],
            "expected members with a trial from 0, and a weight above 0, up to 1",
        ),
        ("views", 1, "expected views to be a text, got 1"),
        (
            "views",
            "turn",
            "expected views as one of none, mirror, mirror_and_translate, got 'turn'",
        ),
        ("class_names", "ab", "expected class_names to be a list of texts, got 'ab'"),
        ("class_names", ["a", 1], "expected class_names to be a list of texts, got ['a', 1]"),
        ("image", [], "expected image as a JSON object, got []"),
        ("image.height", 0, "expected height from 1 to 16384, got 0"),
        ("image.width", 16385, "expected width from 1 to 16384, got 16385"),
        ("image.width", 8.0, "expected image.width to be a whole number, got 8.0"),
        ("image.height", True, "expected image.height to be a whole number, got True"),
        ("image.channels", 4, "expected 1 or 3 channels, got 4"),
        ("image.colour", "grey", "expected image.colour to be 'RGB', got 'grey'"),
        (
            "image.resize",
            "stretched",
            "expected image.resize to be 'scaled to cover, centre crop, bilinear, antialiased' or "
            "'scaled to fit, centred, padded with 0, bilinear, antialiased' or 'height and width "
            "scaled apart, bilinear, antialiased', got 'stretched'",
        ),
        ("image.values", [0, 1], "expected image.values to be [0, 255], got [0, 1]"),
        (
            "image.stored_values.kind",
            "text",
            "expected a range of stored values, got {'kind': 'text', 'high': 4095}",
        ),
        (
            "image.stored_values.high",
            0,
            "expected a range of stored values, got {'kind': 'integers', 'high': 0}",
        ),
        (
            "image.stored_values.high",
            65536,
            "expected a range of stored values, got {'kind': 'integers', 'high': 65536}",
        ),
        ("trial", -1, "expected trial from 0, got -1"),
        ("trial", "7", "expected trial to be a whole number, got '7'"),
        ("dataset", 1, "expected dataset to be a text, got 1"),
        ("study", None, "expected study to be a text, got nothing"),
    ],
)
def test_a_wrong_value_is_named(path, value, message):
    """The line has the place, what was expected, and what came."""
    with pytest.raises(ValueError, match=r"^expected") as raised:
        contract_from_json(changed(path, value))
    assert str(raised.value) == message


@pytest.mark.parametrize("data", [None, 1, "text", [], [WRITTEN]])
def test_other_json_is_no_contract(data):
    """The line shows the beginning of what was found."""
    assert not is_contract(data)
    with pytest.raises(ValueError, match=r"^expected a contract as a JSON object, got "):
        contract_from_json(data)


def test_an_object_without_its_keys_is_no_contract():
    """The file of another program may be an object, too."""
    assert not is_contract({"class_names": ["a"]})
    with pytest.raises(ValueError, match=r"^expected a contract with class_names and autocnn"):
        contract_from_json({"class_names": ["a"]})


def test_a_long_wrong_value_is_cut():
    """The error stays one short line of plain characters."""
    with pytest.raises(ValueError, match="got 'xxx") as raised:
        contract_from_json(changed("image.colour", "x" * 10_000 + "\n"))
    assert len(str(raised.value)) < 200


def test_the_range_of_stored_values_is_part_of_it():
    """Images are scaled by it as in training."""
    data = changed("image.stored_values", {"kind": "floats", "high": 1})
    assert contract_from_json(data).value_range == ValueRange("floats", 1)


def test_the_module_imports_no_large_library():
    """The help of the command line imports it."""
    code = (
        "import sys, autocnn.models.contract, autocnn.exports.formats\n"
        "print({'keras', 'numpy', 'PIL', 'tensorflow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "set()", done.stderr
