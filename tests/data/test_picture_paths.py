"""The image files that places name: files, folders and patterns."""

from __future__ import annotations

from pathlib import Path

import pytest

from autocnn.data.picture_paths import find_pictures
from autocnn.errors import DatasetError


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The working directory, with images, other files, and folders."""
    images = ("b.png", "a/2.JPG", "a/1.jpg", "a/deep/3.webp", ".h/4.png")
    for name in (*images, "a/notes.txt", "x.bin"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "a/.5.png").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*places):
    """The found paths with forward slashes."""
    return [path.as_posix() for path in find_pictures(places)]


def test_a_file_is_taken_whatever_its_ending(folder):
    """In the order given, each once."""
    assert names("x.bin", "b.png", "x.bin") == ["x.bin", "b.png"]


def test_a_folder_gives_the_images_in_it_by_path(folder):
    """Hidden files and folders, and files with other endings, are left out."""
    assert names("a") == ["a/1.jpg", "a/2.JPG", "a/deep/3.webp"]
    assert names(".") == ["a/1.jpg", "a/2.JPG", "a/deep/3.webp", "b.png"]


def test_a_pattern_gives_the_files_that_match(folder):
    """A pattern with two stars goes into folders."""
    assert names("a/*.jpg", "**/*.webp") == ["a/1.jpg", "a/deep/3.webp"]


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(folder):
    """The file is there, so the name is no pattern."""
    (folder / "b[1].png").write_bytes(b"")
    assert names("b[1].png") == ["b[1].png"]


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        ("nowhere.png", "expected an image, a folder or a pattern, found nothing"),
        ("*.gif", r"expected images \(\.png .*\), found none"),
        ("empty", r"expected images \(\.png .*\), found none"),
    ],
)
def test_a_place_without_images_is_one_line(folder, place, problem):
    """The line names the place."""
    (folder / "empty").mkdir()
    with pytest.raises(DatasetError, match=problem) as raised:
        find_pictures(["b.png", place])
    assert str(raised.value).startswith(f"{place}: ")


def test_linked_folders_are_left_out(folder):
    """A link may lead back to the folder itself."""
    (folder / "a/loop").symlink_to(folder, target_is_directory=True)
    assert names("a") == ["a/1.jpg", "a/2.JPG", "a/deep/3.webp"]
