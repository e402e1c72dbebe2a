"""Images are found by paths, ends of paths and stems; several candidates are all returned."""

from __future__ import annotations

import unicodedata

import pytest

from autocnn.data.file_index import FileIndex, leads_out
from autocnn.data.reader import FileStat


def found(names, value, base=""):
    """The names of the images that `value` may name."""
    index = FileIndex([FileStat(name, 1, 0) for name in names.split()], base)
    return [image.name for image in index.find(value)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("train/a/1.png", ["train/a/1.png"]),
        ("./train/a/1.png", ["train/a/1.png"]),
        ("a/1.png", ["train/a/1.png"]),
        ("train\\a\\1.png", ["train/a/1.png"]),
        (".\\a\\1.png", ["train/a/1.png"]),
        ("a/1", ["train/a/1.png"]),
        ("2", ["train/b/2.jpg"]),
        ("1.png", ["train/a/1.png", "train/b/1.png"]),
        ("1", ["train/a/1.png", "train/b/1.png"]),
        ("in/a/1.png", []),  # the end of a path begins with a whole name
        (".png", []),
        ("1.jpg", []),
        ("A/1.png", []),
        ("a", []),
        ("a/", []),
        ("", []),
        ("./", []),
    ],
)
def test_a_value_is_a_path_or_the_end_of_one(value, expected):
    """A backslash is a slash; the suffix may be missing; upper case is not lower case."""
    assert found("train/a/1.png train/b/1.png train/b/2.jpg", value) == expected


def test_a_path_beside_the_table_comes_first():
    """Then the path from the data set on, then the end of any path."""
    names = "1.png test/1.png test/test/1.png"
    assert found(names, "1.png", "test/") == ["test/1.png"]
    assert found(names, "test/1.png", "test/") == ["test/test/1.png"]
    assert found("1.png test/1.png", "test/1.png", "test/") == ["test/1.png"]
    assert found(names, "1.png") == ["1.png"]
    assert found(names, "1.png", "val/") == ["1.png"]


def test_a_whole_name_comes_before_one_without_suffix():
    """The value a.b names a.b, and a.b.png if there is no a.b."""
    assert found("x/a.b.png y/a.jpg", "a.b") == ["x/a.b.png"]
    assert found("x/a.b.png x/a.b", "a.b") == ["x/a.b"]
    assert found("x/a.png x/a.jpg", "a") == ["x/a.png", "x/a.jpg"]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_letters_may_be_composed_or_not(form):
    """A table and a file system may write é in different forms."""
    name = unicodedata.normalize(form, "é/ü.png")
    assert found(name, "é/ü.png") == [name]
    assert found(name, unicodedata.normalize("NFD", "ü")) == [name]
    assert found("1.png", "1", unicodedata.normalize(form, "é/")) == ["1.png"]


@pytest.mark.parametrize(
    "names",
    ["é.png e\N{COMBINING ACUTE ACCENT}.png", "a\\b.png a/b.png"],
)
def test_files_whose_names_read_alike_are_all_found(names):
    """None of them is preferred."""
    first, second = names.split()
    for value in (first, second, first.removesuffix(".png")):
        assert found(names, value) == [first, second]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("/a.png", True),
        ("\\a.png", True),
        ("C:\\a.png", True),
        ("c:a.png", True),
        ("..", True),
        ("../a.png", True),
        ("a/../b.png", True),
        ("a\\..\\b.png", True),
        ("a..b.png", False),
        ("./a.png", False),
        ("ab:c.png", False),
        ("", False),
    ],
)
def test_paths_that_lead_out_are_known(value, expected):
    """Whole paths, drives of Windows and parent folders, with either slash."""
    assert leads_out(value) is expected
