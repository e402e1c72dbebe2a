"""`autocnn datasets NAME`: the page of one data set, and its picture."""

from __future__ import annotations

import re

import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    """Run each test in its own folder, in which it may write pictures."""
    monkeypatch.chdir(tmp_path)


def test_a_data_set_is_shown_in_full(autocnn):
    """The page has its facts, then a line a class."""
    done = autocnn("datasets", "digits")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "name         digits: handwritten digits, comes with scikit-learn"
    assert lines[1].split(maxsplit=1)[1] == "8×8×1, 1,437 to train and 360 to test"
    assert re.fullmatch(r"fingerprint +[0-9a-f]{64}", lines[3])
    assert [line.split() for line in lines[-2:]] == [
        ["8", "8", "125", "14", "35"],
        ["9", "9", "130", "14", "36"],
    ]


def test_a_data_set_that_is_not_local_is_shown_too(autocnn, monkeypatch, tmp_path):
    """The page leaves out the facts that need its files."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    done = autocnn("datasets", "cifar100")
    assert (done.code, done.err) == (0, "")
    assert "here         no; the first use downloads it from https://" in done.out
    assert done.out.splitlines()[-1].split() == ["99", "worm", "–", "–", "–"]


def test_a_picture_is_drawn(autocnn, tmp_path):
    """The command prints the path of the picture."""
    done = autocnn("datasets", "digits", "--grid", "digits.png")
    assert (done.code, done.out, done.err) == (0, "digits.png\n", "")
    with Image.open(tmp_path / "digits.png") as image:
        assert image.format == "PNG"


def test_the_options_change_the_picture(autocnn, tmp_path):
    """Each option changes it; the defaults are flip, 2 pixels, 8 images."""
    wishes = {
        "default": (),
        "same": ("--flip", "--shift", 2, "--per-class", 8),
        "no-flip": ("--no-flip",),
        "shift": ("--shift", 1),
        "fewer": ("--per-class", 3),
    }
    for name, options in wishes.items():
        assert autocnn("datasets", "digits", "--grid", f"{name}.png", *options).code == 0
    pictures = {name: (tmp_path / f"{name}.png").read_bytes() for name in wishes}
    assert pictures["same"] == pictures["default"]
    assert len(set(pictures.values())) == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("digit", "no data set named 'digit'; did you mean 'digits'? choose one of digits, mnist,"),
        (
            "digit --grid x.png",
            "no data set named 'digit'; did you mean 'digits'? choose one of digits, mnist,",
        ),
        ("--grid x.png", "--grid needs the NAME of a data set"),
        ("digits --grid x.jpg", "--grid must name a .png file, got 'x.jpg'"),
        ("digits --grid=", "--grid must name a .png file, got '.'"),
        ("digits --shift 1", "are for --grid FILE.png"),
        ("--no-flip", "are for --grid FILE.png"),
        ("digits --grid x.png --shift -1", "'--shift'"),
        ("digits --grid x.png --shift 8", "--shift must be from 0 to 7"),
        ("digits --grid x.png --per-class 0", "'--per-class'"),
        ("digits --grid x.png --per-class 99", "--per-class must be from 1 to 50, got 99"),
    ],
)
def test_a_wrong_option_is_one_line(autocnn, tmp_path, arguments, message):
    """Exit code 2; nothing is written."""
    done = autocnn("datasets", *arguments.split())
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("autocnn: error: ")
    assert message in done.err
    assert done.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
