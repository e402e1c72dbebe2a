"""The images of each class in each part of a data set, and lines on what is unbalanced or few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autocnn.data.dataset import DatasetInfo
from autocnn.data.folds import fold_pairs
from autocnn.data.split import Split

UNBALANCED = 3  # times the training images of the smallest class, from which the largest is noted
FEW_VALIDATION = 200  # validation images, below which the weight of one image is noted
SHOWN = 3  # classes that a line names


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassCounts:
    """Images by class of each part; `test` is None if it is unknown."""

    class_names: tuple[str, ...]
    train: tuple[int, ...]  # without the validation images
    validation: tuple[int, ...]
    test: tuple[int, ...] | None = None
    held_out: tuple[int, ...] | None = None  # by the folds of a trial; None: one hold-out

    @property
    def is_unbalanced(self) -> bool:
        """True if the largest class has at least UNBALANCED times the images of the smallest.

        The images are those of training and validation.
        """
        both = self.train_and_validation
        return max(both) >= UNBALANCED * min(both)

    @property
    def scored(self) -> tuple[int, ...]:
        """The images by class that a trial is scored on."""
        return self.validation if self.held_out is None else self.held_out

    @property
    def train_and_validation(self) -> tuple[int, ...]:
        """Training and validation images by class."""
        return tuple(map(sum, zip(self.train, self.validation, strict=True)))


def count_classes(labels: NDArray[np.int64], n_classes: int) -> tuple[int, ...]:
    """The number of `labels` of each class."""
    return tuple(np.bincount(labels, minlength=n_classes).tolist())


def count_parts(
    info: DatasetInfo, labels: NDArray[np.int64], split: Split, folds: int | None = None
) -> ClassCounts:
    """The images by class of data set `info`; `split` has indices into `labels`, (n,).

    `folds` is the number of folds that a trial trains; None: all of the split's.
    """
    pairs = fold_pairs(split, split.n_folds if folds is None else folds)
    held = np.concatenate([held for _, held in pairs])
    return ClassCounts(
        class_names=info.class_names,
        train=count_classes(labels[split.train], info.n_classes),
        validation=count_classes(labels[split.validation], info.n_classes),
        test=info.test_counts,
        held_out=count_classes(labels[held], info.n_classes) if len(pairs) > 1 else None,
    )


def describe_counts(counts: ClassCounts) -> list[str]:
    """A line on unbalanced classes, and one on the classes that validation or test lacks.

    There is none for a balanced data set.
    """
    lines = [_describe_balance(counts)] if counts.is_unbalanced else []
    for part, numbers in (("validation", counts.scored), ("test", counts.test)):
        if numbers is not None and 0 in numbers:
            missing = [counts.class_names[label] for label, n in enumerate(numbers) if n == 0]
            lines.append(
                f"no {part} image of {_name_some(missing)}: the {part} score says nothing about "
                f"{'this class' if len(missing) == 1 else 'these classes'}"
            )
    return lines


def _describe_balance(counts: ClassCounts) -> str:
    both = counts.train_and_validation
    large, small = int(np.argmax(both)), int(np.argmin(both))
    share = counts.scored[large] / sum(counts.scored)
    return (
        f"unbalanced classes: {_count_parts(counts, large)}, {_count_parts(counts, small)}; always "
        f"answering {counts.class_names[large]!r} scores {100 * share:.1f} % validation accuracy"
    )


def _count_parts(counts: ClassCounts, label: int) -> str:
    """The images of one class in every part, such as "'cat' 90 to train, 10 to validate"."""
    if counts.held_out is None:
        numbers = f"{counts.train[label]:,} to train, {counts.validation[label]:,} to validate"
    else:
        numbers = f"{counts.train_and_validation[label]:,} to train and to validate"
    test = "" if counts.test is None else f", {counts.test[label]:,} to test"
    return f"{counts.class_names[label]!r} has {numbers}{test}"


def _name_some(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:SHOWN])) + (", …" if len(names) > SHOWN else "")


def advise(counts: ClassCounts, objective: str, *, class_weights: bool) -> list[str]:
    """What to do about unbalanced classes, if the objective counts every image alike."""
    if not counts.is_unbalanced or objective != "accuracy":
        return []
    if class_weights:
        return [
            "--class-weights weights the training only: trials are still ranked by plain accuracy; "
            "--objective balanced_accuracy ranks them by all classes alike"
        ]
    return [
        "accuracy counts images, not classes: --objective balanced_accuracy ranks trials by all "
        "classes alike, and --class-weights trains them so"
    ]


def describe_step(n_validation: int, step: float, title: str) -> list[str]:
    """A line on how far one image moves a score, if there are few validation images.

    `step` is a share, 0 if one image has no fixed weight; `title` is the name of the score.
    """
    if n_validation >= FEW_VALIDATION or step == 0:
        return []
    images = "image" if n_validation == 1 else "images"
    return [f"{n_validation} validation {images}: one image is {100 * step:.2f} points of {title}"]
