"""The finals on record: what was measured of the winner, and the matrix of its test images.

finals.json holds `Finals`; confusion.json holds `Confusion`, of the shipped model.
"""

from __future__ import annotations

import heapq
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autocnn.errors import RecordError
from autocnn.files import write_atomic
from autocnn.input_files import read_json
from autocnn.objectives import DEFAULT, Objective, find_objective
from autocnn.records.converter import from_json, to_json
from autocnn.records.finalists import Finalist
from autocnn.records.study_folder import StudyPaths


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredScore:
    """The test score of one model file."""

    n: int  # images
    errors: int  # images whose class was not predicted
    accuracy: float
    low: float  # of the accuracy's 95 % interval, as if of `n_different` images
    high: float
    n_different: int | None = None  # copies counted once; None in a file that does not say
    score: float | None = None  # of the objective; None in a file of accuracies only
    majority: float | None = None  # accuracy of always answering the most common class

    @property
    def may_be_blind(self) -> bool:
        """True if the interval includes the accuracy of always answering one class."""
        return self.majority is not None and self.low <= self.majority

    @property
    def objective_score(self) -> float:
        """The score of the study's objective."""
        return self.accuracy if self.score is None else self.score


@dataclass(frozen=True, slots=True, kw_only=True)
class RefitSummary:
    """The winner's training on train + validation."""

    shipped: bool  # True if the refit's weights are in the shipped file
    refusal: str  # the reason why they are not, or ""
    epochs: int
    seconds: float  # wall
    train_loss: tuple[float, ...]  # one value an epoch


@dataclass(frozen=True, slots=True, kw_only=True)
class Finals:
    """What the finals of a study measured."""

    winner: int  # the trial's number
    val_best: float  # the trial's validation score
    test_winner: MeasuredScore  # of the weights of the trial itself
    test: MeasuredScore  # of the shipped file
    refit: RefitSummary
    test_time_augmentation: MeasuredScore | None = None  # the shipped file, by several views
    objective: str = DEFAULT  # the name of what the scores are
    finalists: tuple[Finalist, ...] = ()  # among which the winner was chosen, the winner first
    instead_of: int | None = None  # the trial with the best score, if another is refitted
    smallest_from: float | None = None  # the score from which fewer parameters rank higher

    @property
    def scoring(self) -> Objective:
        """The objective of the scores."""
        return replace(find_objective(self.objective), smallest_from=self.smallest_from)

    def includes(self, trial: int) -> bool:
        """True if `trial` is the winner, or one of those among which it was chosen."""
        is_finalist = any(each.trial == trial for each in self.finalists)
        return trial in (self.winner, self.instead_of) or is_finalist

    @property
    def gap(self) -> float:
        """The amount by which the validation score is better than the test score of its weights."""
        return self.scoring.advantage(self.val_best, self.test_winner.objective_score)


def write_finals(paths: StudyPaths, finals: Finals) -> None:
    """Write finals.json.

    Raises: RecordError if the file cannot be written.
    """
    data = {**to_json(finals), "gap": finals.gap}
    write_atomic(paths.finals_json, json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def read_finals(paths: StudyPaths) -> Finals | None:
    """The contents of finals.json, or None if the study has no finals.

    Raises: RecordError if the file cannot be read or has another form.
    """
    path = paths.finals_json
    again = f"delete it, then `autocnn resume {paths.name}` tests the winner again"
    try:
        return from_json(read_json(path), Finals)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RecordError(f"{path}: cannot be read ({error.strerror}); {again}") from error
    except ValueError as error:
        raise RecordError(f"{path}: expected the finals of a study ({error}); {again}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """The number of images of one class for which another class was predicted."""

    true: str
    predicted: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """The confusion matrix: the number of images of each true class and predicted class.

    Shape: counts[true class][predicted class], both in the order of `classes`.
    Raises: ValueError if the matrix is not square or holds anything but counts.
    """

    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        """Check that each class has a row and a column."""
        if not self.classes or any(not isinstance(name, str) for name in self.classes):
            raise ValueError("the classes are no names")
        n = len(self.classes)
        if len(self.counts) != n or any(len(row) != n for row in self.counts):
            raise ValueError(f"there are {n} classes, and the matrix is not {n} by {n}")
        if any(type(count) is not int or count < 0 for row in self.counts for count in row):
            raise ValueError("the matrix holds something else than counts")

    @property
    def n(self) -> int:
        """The number of images."""
        return sum(map(sum, self.counts))

    @property
    def hits(self) -> int:
        """The number of images whose class was predicted."""
        return sum(row[i] for i, row in enumerate(self.counts))

    @property
    def n_mistakes(self) -> int:
        """The number of pairs of different classes with at least one image."""
        taken = sum(len(row) - row.count(0) for row in self.counts)
        return taken - sum(row[i] > 0 for i, row in enumerate(self.counts))

    def mistakes(self, most: int) -> list[Mistake]:
        """The pairs of classes with most images, `most` at most, the most frequent pair first."""
        found = (
            (-count, true, predicted)
            for true, row in enumerate(self.counts)
            for predicted, count in enumerate(row)
            if count and predicted != true
        )
        return [
            Mistake(true=self.classes[true], predicted=self.classes[predicted], count=-count)
            for count, true, predicted in heapq.nsmallest(most, found)
        ]


def write_confusion(path: Path, confusion: Confusion) -> None:
    """Write confusion.json, with one line for each row of the matrix.

    Raises: RecordError if the file cannot be written.
    """
    head = {
        "classes": confusion.classes,
        "rows": "true class",
        "columns": "predicted class",
    }
    lines = [f'  "{key}": {json.dumps(value, ensure_ascii=False)},' for key, value in head.items()]
    rows = ",\n".join(f"    {json.dumps(row)}" for row in confusion.counts)
    write_atomic(path, "\n".join(["{", *lines, '  "test": [', rows, "  ]", "}", ""]))


def read_confusion(path: Path) -> Confusion:
    """The matrix that `write_confusion` wrote.

    Raises: RecordError if the file cannot be read or has another form.
    """
    again = f"`autocnn resume {path.parent.parent.name}` with more trials writes it anew"
    try:
        return _from_json(read_json(path))
    except OSError as error:
        raise RecordError(f"{path}: cannot be read ({error.strerror}); {again}") from error
    except ValueError as error:
        raise RecordError(
            f"{path}: is no confusion matrix of this version ({error}); {again}"
        ) from error


def _from_json(data: Any) -> Confusion:
    """The matrix in `data`; ValueError if `data` is anything else."""
    if not isinstance(data, dict) or not {"classes", "test"} <= data.keys():
        raise ValueError("it needs classes and test")
    names, rows = data["classes"], data["test"]
    if not isinstance(names, list) or not isinstance(rows, list):
        raise ValueError("classes and test must be lists")
    if any(not isinstance(row, list) for row in rows):
        raise ValueError("each row of test must be a list")
    return Confusion(classes=tuple(names), counts=tuple(map(tuple, rows)))
