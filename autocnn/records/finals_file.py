"""The confusion matrix of a study's shipped model on the test split: confusion.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autocnn.errors import RecordError
from autocnn.files import write_atomic
from autocnn.records.study_folder import StudyPaths


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """How many images of one class were taken for another one."""

    true: str
    predicted: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """How many images of each class were taken for each class.

    Shape: counts[true class][predicted class], in the order of `classes`.
    Raises: ValueError where that is not so.
    """

    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        """Check that there is a row and a column for each class."""
        if not self.classes or any(not isinstance(name, str) for name in self.classes):
            raise ValueError("the classes are no names")
        n = len(self.classes)
        if len(self.counts) != n or any(len(row) != n for row in self.counts):
            raise ValueError(f"there are {n} classes, and the matrix is not {n} by {n}")
        if any(type(count) is not int or count < 0 for row in self.counts for count in row):
            raise ValueError("the matrix holds something else than counts")

    @property
    def n(self) -> int:
        """How many images there are."""
        return sum(map(sum, self.counts))

    @property
    def hits(self) -> int:
        """How many were classified rightly."""
        return sum(row[i] for i, row in enumerate(self.counts))

    def mistakes(self) -> list[Mistake]:
        """Every pair of classes that were confused, the most frequent first."""
        found = [
            Mistake(true=true, predicted=predicted, count=count)
            for true, row in zip(self.classes, self.counts, strict=True)
            for predicted, count in zip(self.classes, row, strict=True)
            if predicted != true and count
        ]
        return sorted(found, key=lambda mistake: -mistake.count)


def write_confusion(path: Path, confusion: Confusion) -> None:
    """Write confusion.json, a line for each row of the matrix.

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
    """What `write_confusion` wrote.

    Raises: RecordError if it cannot be read or has another form.
    """
    again = f"`autocnn resume {path.parent.parent.name}` with more trials writes it anew"
    try:
        return _from_json(json.loads(path.read_text("utf-8")))
    except OSError as error:
        raise RecordError(f"{path}: cannot be read ({error.strerror}); {again}") from error
    except ValueError as error:
        raise RecordError(
            f"{path}: is no confusion matrix of this version ({error}); {again}"
        ) from error


def _from_json(data: Any) -> Confusion:
    """The matrix; ValueError where `data` is something else."""
    if not isinstance(data, dict) or not {"classes", "test"} <= data.keys():
        raise ValueError("it needs classes and test")
    names, rows = data["classes"], data["test"]
    if not isinstance(names, list) or not isinstance(rows, list):
        raise ValueError("classes and test must be lists")
    if any(not isinstance(row, list) for row in rows):
        raise ValueError("each row of test must be a list")
    return Confusion(classes=tuple(names), counts=tuple(map(tuple, rows)))


def read_finals(paths: StudyPaths) -> dict[str, Any] | None:
    """What the finals measured, or None before them."""
    from autocnn.records.manifest import read_manifest

    return read_manifest(paths.finals_json) if paths.finals_json.exists() else None
