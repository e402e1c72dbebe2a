"""finals.json and confusion.json: what is written, what is read, what is refused."""

from __future__ import annotations

import json
import math
import re

import pytest

from autocnn.errors import RecordError
from autocnn.records.finals_file import (
    Confusion,
    MeasuredScore,
    Mistake,
    read_confusion,
    read_finals,
    write_confusion,
    write_finals,
)
from autocnn.records.study_folder import StudyPaths

PETS = Confusion(classes=("cat", "dog", "Ärger"), counts=((8, 2, 0), (3, 7, 0), (0, 2, 0)))


@pytest.fixture
def file(tmp_path):
    """The file of the study "pets"."""
    path = tmp_path / "pets" / "finals" / "confusion.json"
    path.parent.mkdir(parents=True)
    return path


# finals.json

# Written by the first version that had finals.
OLDER = """{
  "winner": 24,
  "val_best": 1.0,
  "test_winner": {"n": 360, "errors": 4, "accuracy": 0.9889, "low": 0.9718, "high": 0.9957},
  "test": {"n": 360, "errors": 2, "accuracy": 0.9944, "low": 0.98, "high": 0.9985},
  "gap": 0.0111,
  "refit": {
    "shipped": true, "refusal": "", "epochs": 2, "seconds": 1.8, "train_loss": [4.7, null]
  },
  "a_key_of_another_version": 1
}
"""


@pytest.fixture
def paths(file):
    """The paths of the study "pets"."""
    return StudyPaths(file.parent.parent)


def test_finals_are_read_back(paths, make_finals):
    """Finals are read back with or without the score of several views."""
    views = MeasuredScore(n=360, errors=3, accuracy=357 / 360, low=0.97, high=0.998)
    for finals in (make_finals(), make_finals(test_time_augmentation=views)):
        write_finals(paths, finals)
        assert read_finals(paths) == finals


def test_the_gap_is_written_too(paths, make_finals):
    """The file holds the gap of 0.98 on validation and 0.975 on test."""
    write_finals(paths, make_finals())
    data = json.loads(paths.finals_json.read_text())
    assert data["gap"] == pytest.approx(0.005)
    assert list(data)[:2] == ["winner", "val_best"]


def test_before_the_finals_there_are_none(paths):
    """A study that is still searching has no finals file."""
    assert read_finals(paths) is None


def test_finals_of_another_version_are_read(paths):
    """Unknown keys are ignored, missing ones have a default, a loss of null is NaN."""
    paths.finals_json.write_text(OLDER)
    finals = read_finals(paths)
    assert (finals.winner, finals.test.errors, finals.test_time_augmentation) == (24, 2, None)
    assert finals.gap == pytest.approx(0.0111)
    assert finals.refit.train_loss[0] == 4.7
    assert math.isnan(finals.refit.train_loss[1])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"winner": 2}', "required field missing @ Finals.val_best; "),
        (OLDER.replace("24", '"first"'), "invalid value for type, expected int @ Finals.winner"),
        ("[1]", ""),
        ('{"winner": ', "Expecting value"),
        ("\xff", ""),
    ],
)
def test_a_file_that_holds_no_finals_is_one_clear_line(paths, content, reason):
    """The error names the file, the reason, and what to do."""
    paths.finals_json.write_text(content, "latin-1")
    with pytest.raises(RecordError) as raised:
        read_finals(paths)
    start = f"{paths.finals_json}: expected the finals of a study ({reason}"
    assert str(raised.value).startswith(start)
    assert str(raised.value).endswith(
        "; delete it, then `autocnn resume pets` tests the winner again"
    )
    assert "\n" not in str(raised.value)


# confusion.json


def test_the_file_names_its_contents(file):
    """The file has one line for each row of the matrix and names its contents."""
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
    """Class names and counts are read back as they were written."""
    odd = Confusion(classes=('a "b"\n', "\\"), counts=((1, 0), (0, 1)))
    for confusion in (PETS, odd):
        write_confusion(file, confusion)
        assert read_confusion(file) == confusion


def test_mistakes_are_counted():
    """The most frequent mistake comes first; equal counts are in the order of the classes."""
    assert (PETS.n, PETS.hits, PETS.n_mistakes) == (22, 15, 3)
    assert PETS.mistakes(2) == PETS.mistakes(9)[:2]
    assert PETS.mistakes(9) == [
        Mistake(true="dog", predicted="cat", count=3),
        Mistake(true="cat", predicted="dog", count=2),
        Mistake(true="Ärger", predicted="dog", count=2),
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            '{"test": [[1, 2], [3, 4]]}',
            "it needs classes and test",
        ),  # the format of an earlier version
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
def test_another_file_is_one_clear_line(file, content, reason):
    """The error is one line with the file, the reason and how to write the file again."""
    file.write_text(content)
    with pytest.raises(RecordError) as raised:
        read_confusion(file)
    start = f"{file}: is no confusion matrix of this version ({reason}"
    assert str(raised.value).startswith(start)
    assert str(raised.value).endswith("; `autocnn resume pets` with more trials writes it anew")
    assert "\n" not in str(raised.value)


def test_a_missing_file_is_one_clear_line(file):
    """A missing file is reported in the same form as an unreadable one."""
    with pytest.raises(RecordError, match=re.escape(f"{file}: cannot be read (No such file")):
        read_confusion(file)


def test_finals_from_before_objectives_are_accuracies(paths, make_finals):
    """Without an objective and its scores, the gap is that of the accuracies."""
    write_finals(paths, make_finals())
    data = json.loads(paths.finals_json.read_text("utf-8"))
    del data["objective"]
    for part in ("test", "test_winner"):
        data[part].pop("score", None)
    paths.finals_json.write_text(json.dumps(data), encoding="utf-8")
    finals = read_finals(paths)
    assert (finals.objective, finals.test.objective_score) == ("accuracy", finals.test.accuracy)
    assert finals.gap == pytest.approx(finals.val_best - finals.test_winner.accuracy)
