"""The columns of a table have roles by their values and names; several candidates are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from autocnn.data.file_index import FileIndex
from autocnn.data.label_table import Table
from autocnn.data.options import ImageOptions
from autocnn.data.reader import FileStat
from autocnn.data.table_columns import Roles, find_file_columns, find_roles, one_hot_names
from autocnn.errors import DatasetError

INDEX, NUMBERED = (
    FileIndex([FileStat(f"{name}.png", 1, 0) for name in names], "") for names in ("ab", "01ab")
)


def table(text):
    """A table of one word a value; a bar separates the rows, and the first one has the names."""
    head, *rows = (row.split() for row in text.split("|"))
    columns = {name: [row[i] for row in rows] for i, name in enumerate(head)}
    return Table(Path("x/t.csv"), columns, list(range(2, len(rows) + 2)))


def roles(text, **options):
    """File, label, one-hot columns, split and notes."""
    found = find_roles(table(text), INDEX, ImageOptions(**options))
    assert found is not None
    return found.file, found.label, found.one_hot, found.split, found.notes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("file label|a x|b y", ("file", "label", (), None, ())),
        ("label any|x a.png|y b", ("any", "label", (), None, ())),
        ("file|a|b", ("file", None, (), None, ())),
        ("file split label|a train x|b test y", ("file", "label", (), "split", ())),
        ("file Sub_Set label|a Training x|b dev y", ("file", "label", (), "Sub_Set", ())),
        (
            "file set|a x|b y",
            ("file", "set", (), None, ("t.csv: the column 'set' has the labels",)),
        ),
        ("file split|a train|b test", ("file", None, (), "split", ())),
        (
            "file cat dog|a 1 0|b 0.0 1.0",
            (
                "file",
                None,
                ("cat", "dog"),
                None,
                ("t.csv: the columns 'cat', 'dog' are the classes",),
            ),
        ),
        ("file y|a 1|b 0", ("file", "y", (), None, ())),
        ("file label|c.png x|d.jpg y|e z", ("file", "label", (), None, ())),  # missing files
    ],
)
def test_roles_follow_from_the_values(text, expected):
    """One column names images, a second one may have splits, and one remains as the label."""
    assert roles(text) == expected


@pytest.mark.parametrize("name", ["Label", "labels", "class", "Class Name", "CATEGORY", "y"])
def test_a_column_with_a_known_name_is_the_label(name):
    """Case, spaces and underlines do not matter; a line says which column it is."""
    columns = {"file": ["a", "b"], "age": ["7", "8"], name: ["0", "1"]}
    found = find_roles(Table(Path("x/t.csv"), columns, [2, 3]), INDEX, ImageOptions())
    note = f"t.csv: the column {name!r} has the labels; columns that are not used: 'age'"
    assert found == Roles(file="file", label=name, one_hot=(), split=None, notes=(note,))


@pytest.mark.parametrize("name", ["File_Name", "image", "Image Path", "img", "path", "ID"])
def test_a_column_with_a_known_name_names_the_images(name):
    """It is one of several that do; the others are no labels."""
    columns = {"other": ["b", "a"], name: ["a", "b"], "label": ["x", "y"]}
    found = find_roles(Table(Path("x/t.csv"), columns, [2, 3]), INDEX, ImageOptions())
    note = f"t.csv: the column {name!r} names the images"
    assert found == Roles(file=name, label="label", one_hot=(), split=None, notes=(note,))


def test_a_column_without_a_name_may_name_images_only():
    """An index without a name is neither a label nor a candidate for one."""
    columns = {"": ["a", "b"], "label": ["x", "y"]}
    found = find_roles(Table(Path("t.csv"), columns, [2, 3]), INDEX, ImageOptions())
    assert found == Roles(file="", label="label", one_hot=(), split=None, notes=())
    columns = {"": ["7", "8"], "file": ["a", "b"], "label": ["x", "y"]}
    found = find_roles(Table(Path("t.csv"), columns, [2, 3]), INDEX, ImageOptions())
    assert found == Roles(file="file", label="label", one_hot=(), split=None, notes=())


@pytest.mark.parametrize("text", ["day weather|1st fair|2nd wet", "file kind", "file kind|c x|d y"])
def test_a_table_without_images_has_no_roles(text):
    """Half of the values with a suffix of images are not enough, either."""
    assert find_roles(table(text), INDEX, ImageOptions()) is None
    half = table("file kind|c.png x|d y")
    assert find_roles(half, INDEX, ImageOptions()) is None


def test_columns_can_be_given():
    """Given columns need no image and no known name, and no line."""
    text = "one two kind label|a b x m|b a y f"
    assert roles(text, file_column="two") == (
        *("two", "label", (), None),
        ("t.csv: the column 'label' has the labels; columns that are not used: 'kind'",),
    )
    options = {"file_column": "two", "label_column": "kind"}
    assert roles(text, **options) == ("two", "kind", (), None, ())
    assert roles("any label|p x|q y", file_column="any") == ("any", "label", (), None, ())
    hot = "file cat dog|a 1 1|b 0 0"
    assert roles(hot, label_column="dog") == ("file", "dog", (), None, ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p q|a b|b a", ["p", "q"]),
        ("p q|a b|b c", ["p"]),  # q names an image in some rows
        ("p q|a c|c b", ["p", "q"]),  # neither names images only
        ("p label|a b|b a", ["p"]),
        ("p q|a 0|b 0|a.png 1|b.png 1|c 1", ["p"]),  # 0 and 1 repeat as labels do
        ("p q|a 0|b 1|0 0|1 1", ["p", "q"]),  # half of the values are different
        ("p|c|d", []),
        ("p", []),
    ],
)
def test_columns_that_name_images_are_found(text, expected):
    """Those that only name images exclude the others."""
    assert find_file_columns(table(text), NUMBERED) == expected


def test_columns_of_ones_are_found_in_a_row():
    """1.0 is a 1, and 0.0 is none."""
    hot = table("file cat dog cow|a 1 0 1.0|b 0.0 0 0")
    assert one_hot_names(hot, ["cat", "dog", "cow"], 0) == ["cat", "cow"]
    assert one_hot_names(hot, ["cat", "dog", "cow"], 1) == []


SEVERAL_LABELS = "may have the labels; choose one with --label-column"


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (
            "a.png x|b.png y",
            {},
            ": its first row names an image; expected a first row with the names of the columns, "
            "such as file,label",
        ),
        (
            "p q kind|a b x|b a y",
            {},
            ": the columns 'p', 'q' may name the images; choose one with --file-column",
        ),
        (
            "file path kind|a b x|b a y",
            {},
            ": the columns 'file', 'path' may name the images; choose one with --file-column",
        ),
        (
            "p q|c.png d.png|d.png c.png",
            {},
            ": the columns 'p', 'q' may name the images; choose one with --file-column",
        ),
        ("file kind sex|a x m|b y f", {}, f": the columns 'kind', 'sex' {SEVERAL_LABELS}"),
        ("file label y z|a x m 1|b y f 2", {}, f": the columns 'label', 'y' {SEVERAL_LABELS}"),
        (
            "file c1 c2 c3 c4 c5 c6 c7 c8 c9|a 1 2 3 4 5 6 7 8 9",
            {},
            f": the columns 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8', … {SEVERAL_LABELS}",
        ),
        (
            "file split set kind|a train test x|b test train y",
            {},
            ": the columns 'split', 'set' may have the splits; take away all but one",
        ),
        (
            "file cat dog|a 1 0|b 1 1",
            {},
            ": row 3: several labels for one image (cat, dog); expected one 1 in each row",
        ),
        ("file cat dog|a 0 0|b 1 0", {}, ": row 2: no label; expected one 1 in each row"),
        (
            "file kind|a x|b y",
            {"label_column": "Kind"},
            ": has no column 'Kind' (--label-column); it has 'file', 'kind'",
        ),
        (
            "file kind|a x|b y",
            {"file_column": "image"},
            ": has no column 'image' (--file-column); it has 'file', 'kind'",
        ),
    ],
)
def test_unclear_columns_are_refused(text, options, message):
    """The line has the candidates, eight at most, and the option that chooses."""
    with pytest.raises(DatasetError) as caught:
        find_roles(table(text), INDEX, ImageOptions(**options))
    assert str(caught.value) == f"x/t.csv{message}"
