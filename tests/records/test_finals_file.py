"""confusion.json: what is written, and what is no such file."""

from __future__ import annotations

import json
import re

import pytest

from autocnn.errors import RecordError
from autocnn.records.finals_file import Confusion, Mistake, read_confusion, write_confusion

PETS = Confusion(classes=("cat", "dog", "Ärger"), counts=((8, 2, 0), (3, 7, 0), (0, 2, 0)))


@pytest.fixture
def file(tmp_path):
    """The file of the study "pets"."""
    path = tmp_path / "pets" / "finals" / "confusion.json"
    path.parent.mkdir(parents=True)
    return path


def test_the_file_says_what_it_holds(file):
    """A line for each row, so that a person can read it."""
    write_confusion(file, PETS)
    assert file.read_text("utf-8").splitlines() == [
        "{",
        '  "classes": ["cat", "dog", "Ärger"],',
        '  "rows": "true class",',
        '  "columns": "predicted class",',
        '  "test": [',
        "    [8, 2, 0],",
        "    [3, 7, 0],",
        "    [0, 2, 0]",
        "  ]",
        "}",
    ]
    assert json.loads(file.read_text("utf-8"))["test"] == [[8, 2, 0], [3, 7, 0], [0, 2, 0]]


def test_what_is_written_is_read_back(file):
    """Whatever the names are."""
    odd = Confusion(classes=('a "b"\n', "\\"), counts=((1, 0), (0, 1)))
    for confusion in (PETS, odd):
        write_confusion(file, confusion)
        assert read_confusion(file) == confusion


def test_mistakes_are_counted():
    """The most frequent first; those of one size in the order of the classes."""
    assert (PETS.n, PETS.hits) == (22, 15)
    assert PETS.mistakes() == [
        Mistake(true="dog", predicted="cat", count=3),
        Mistake(true="cat", predicted="dog", count=2),
        Mistake(true="Ärger", predicted="dog", count=2),
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"test": [[1, 2], [3, 4]]}', "it needs classes and test"),  # as it once was
        ("[[1]]", "it needs classes and test"),
        ('{"classes": "ab", "test": [[1, 0], [0, 1]]}', "classes and test must be lists"),
        ('{"classes": ["a"], "test": [1]}', "each row of test must be a list"),
        ('{"classes": [], "test": []}', "the classes are no names"),
        ('{"classes": [1], "test": [[1]]}', "the classes are no names"),
        ('{"classes": ["a", "b"], "test": [[1, 0]]}', "there are 2 classes, and the matrix is"),
        ('{"classes": ["a", "b"], "test": [[1, 0], [1]]}', "there are 2 classes, and the matrix"),
        ('{"classes": ["a"], "test": [[1.5]]}', "the matrix holds something else than counts"),
        ('{"classes": ["a"], "test": [[-1]]}', "the matrix holds something else than counts"),
        ('{"classes": ', "Expecting value"),
    ],
)
def test_another_file_is_told(file, content, reason):
    """In one line: where, why, and how it is written anew."""
    file.write_text(content)
    with pytest.raises(RecordError) as raised:
        read_confusion(file)
    start = f"{file}: is no confusion matrix of this version ({reason}"
    assert str(raised.value).startswith(start)
    assert str(raised.value).endswith("; `autocnn resume pets` with more trials writes it anew")
    assert "\n" not in str(raised.value)


def test_a_missing_file_is_told(file):
    """As one that cannot be read."""
    with pytest.raises(RecordError, match=re.escape(f"{file}: cannot be read (No such file")):
        read_confusion(file)
