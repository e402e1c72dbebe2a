"""Files below a folder are sorted by their names; links and depth have limits."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from image_files import touch

from autocnn.data.folder_tree import (
    MAX_DEPTH,
    Tree,
    count_kinds,
    describe_kinds,
    is_table,
    read_tree,
)
from autocnn.data.part_names import TEST, TRAIN
from autocnn.errors import DatasetError


def refused(root, **options):
    """The line that refuses the folder, from the folder's name on."""
    with pytest.raises(DatasetError) as caught:
        read_tree(root, **options)
    return str(caught.value).removeprefix(f"{root.parent}/")


def test_files_are_sorted_into_images_tables_and_others(tmp_path):
    """Suffixes may be in upper case; hidden files are passed over; names begin at the root."""
    touch(tmp_path, "a/1.PNG", "a/b/2.webp", "a/T.CSV", "a/x.parquet", "a/noise", "a/.x.png", "c/")
    top = read_tree(tmp_path)
    a = top.folders["a"]
    assert (top.name, top.images, top.n_images, list(top.folders)) == ("", [], 2, ["a", "c"])
    assert (a.path, a.name, a.n_images) == (tmp_path / "a", "a/", 2)
    assert [image.name for image in a.images] == ["a/1.PNG"]
    assert [table.name for table in a.tables] == ["a/T.CSV"]
    assert a.others == {".parquet": 1, "without a suffix": 1}
    assert [folder.name for folder in top.walk()] == ["", "a/", "a/b/", "c/"]
    assert [image.name for image in top.all_images()] == ["a/1.PNG", "a/b/2.webp"]


def test_folders_without_images_are_not_filled(tmp_path):
    """A folder is flat if it has images, and none lies in its folders."""
    touch(tmp_path, "a/1.png", "a/empty/", "b/c/2.png", "d/x.txt")
    top = read_tree(tmp_path)
    assert list(top.filled) == ["a", "b"]
    assert {name: folder.is_flat for name, folder in top.folders.items()} == {
        "a": True,
        "b": False,
        "d": False,
    }


def test_the_name_of_a_folder_says_its_part():
    """A name with two meanings is refused with the whole path."""
    names = ("train2017", "Test_Images", "trains")
    assert [Tree(Path("x") / name, f"{name}/").part for name in names] == [TRAIN, TEST, None]
    with pytest.raises(DatasetError) as caught:
        _ = Tree(Path("x/y/eval"), "y/eval/").part
    assert str(caught.value) == (
        "x/y/eval: may be validation or test; rename it to val or test, whichever it is"
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.csv", True),
        ("a.TSV", True),
        ("a.jsonl", True),
        ("Metadata.Parquet", True),
        ("train.parquet", False),
        ("a.json", False),
        ("csv", False),
    ],
)
def test_tables_are_known_by_their_names(name, expected):
    """Parquet files hold images, apart from metadata.parquet."""
    assert is_table(name) is expected


def test_files_are_counted_by_kind(tmp_path):
    """Tables that are read are not counted; folders below are."""
    touch(tmp_path, "a/1.png", "a/x.txt", "a/b/y.TXT", "t.csv", "a/u.csv", "c/z.txt")
    top = read_tree(tmp_path)
    assert count_kinds([top]) == {".txt": 3, ".csv": 2}
    assert count_kinds([top], top.tables) == {".txt": 3, ".csv": 1}
    assert count_kinds([top.folders["a"]]) == {".txt": 2, ".csv": 1}
    assert count_kinds([]) == {}


@pytest.mark.parametrize(
    ("kinds", "line"),
    [
        ({}, ""),
        ({".csv": 1, ".heic": 3}, "3 .heic, 1 .csv"),
        ({".txt": 1200, ".b": 2, ".a": 2}, "1,200 .txt, 2 .a, 2 .b"),
        (
            dict.fromkeys([f".{i}" for i in range(10)], 4),
            "4 .0, 4 .1, 4 .2, 4 .3, 4 .4, 4 .5, 4 .6, 4 .7, 8 of other kinds",
        ),
    ],
)
def test_kinds_are_listed_in_one_line(kinds, line):
    """Images come first, then the most frequent; eight kinds have names."""
    assert describe_kinds(Counter(kinds)) == line


@pytest.mark.parametrize("target", [".", "..", "../.."])
def test_links_to_a_folder_around_are_refused(tmp_path, target):
    """The listing would not end."""
    root = touch(tmp_path / "root", "a/1.png")
    (root / "a" / "loop").symlink_to(target)
    line = "root/a/loop: a link that leads back to a folder around it; take it away"
    assert refused(root, follow_links=True) == line


def test_a_circle_of_two_links_is_refused(tmp_path):
    """Neither link leads to a folder around itself."""
    root = touch(tmp_path / "root", "a/1.png", "b/2.png")
    (root / "a" / "x").symlink_to("../b")
    (root / "b" / "y").symlink_to("../a")
    line = "root/a/x/y: a link that leads back to a folder around it; take it away"
    assert refused(root) == line


def test_a_folder_may_be_reached_twice(tmp_path):
    """A link to a folder beside it is no circle."""
    root = touch(tmp_path / "root", "a/1.png")
    (root / "b").symlink_to("a")
    assert [image.name for image in read_tree(root).all_images()] == ["a/1.png", "b/1.png"]


def test_links_out_of_the_folder_are_followed_on_request(tmp_path):
    """Otherwise the line names the target and the option."""
    root = touch(tmp_path / "root", "a/1.png")
    touch(tmp_path, "other/2.png")
    (root / "b").symlink_to(tmp_path / "other")
    assert refused(root) == (
        f"root/b: a link that leads out of the data set, to {tmp_path / 'other'}; --follow-links "
        "follows it"
    )
    names = [image.name for image in read_tree(root, follow_links=True).all_images()]
    assert names == ["a/1.png", "b/2.png"]


def test_the_depth_of_folders_is_limited(tmp_path):
    """The data set and 99 folders inside of each other are read, 100 are not."""
    deepest = "/".join(["a"] * (MAX_DEPTH - 1))
    root = touch(tmp_path / "root", f"{deepest}/1.png")
    assert read_tree(root).n_images == 1
    touch(root, f"{deepest}/a/")
    line = f"root/{deepest}/a: more than 100 folders inside of each other"
    assert refused(root) == line


def test_what_cannot_be_listed_is_refused(tmp_path):
    """A pipe would block, and a folder may be absent."""
    root = touch(tmp_path / "root", "a/")
    os.mkfifo(root / "a" / "1.png")
    assert refused(root) == "root/a/1.png: neither a file nor a folder; take it away"
    line = "absent: cannot be read (No such file or directory)"
    assert refused(tmp_path / "absent") == line
