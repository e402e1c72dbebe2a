"""The data sets of the catalog as a table, and the page of one data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from autocnn.data.class_counts import ClassCounts, advise, describe_counts
from autocnn.data.dataset import DatasetInfo
from autocnn.terminal.escaping import escape_controls


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetFacts:
    """A data set, and the facts from its files, which are None if it is not on this machine."""

    info: DatasetInfo
    counts: ClassCounts | None = None  # the validation images are those of --split-seed 0
    fingerprint: str | None = None  # of the training images
    fold_notes: tuple[str, ...] = ()  # lines on how trials are scored


def render_datasets(rows: Sequence[tuple[DatasetInfo, bool]]) -> Table:
    """One row a data set; the flag of a row is True if it is on this machine."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("name", "images", "classes", "train", "test", "here", "description"):
        table.add_column(
            title, justify="right" if title in ("classes", "train", "test") else "left"
        )
    for info, is_here in rows:
        table.add_row(
            info.name,
            _size(info),
            str(info.n_classes),
            f"{info.n_train:,}",
            f"{info.n_test:,}",
            "yes" if is_here else "no",
            Text(info.description),
        )
    return table


def render_dataset(facts: DatasetFacts) -> RenderableType:
    """Size, source and fingerprint of a data set, then its classes with their images."""
    info = facts.info
    is_here = facts.counts is not None
    own = "" if info.n_validation is None else f" ({info.n_validation:,} of them to validate)"
    lines = [
        ("name", f"{info.name}: {info.description}"),
        ("images", f"{_size(info)}, {info.n_train:,} to train{own} and {_n_test(info)} to test"),
        ("here", "yes" if is_here else _how_to_get(info)),
        ("fingerprint", facts.fingerprint or "–"),
        *([("near-copies", info.near_copies)] if info.near_copies else []),
        *(("note", note) for note in _notes(facts)),
    ]
    head = Text("\n".join(f"{name:<12} {value}" for name, value in lines))
    return Group(head, Text(), _classes(facts))


def _n_test(info: DatasetInfo) -> str:
    """The number of test images, and of different ones if some are copies."""
    if info.n_test_different in (None, info.n_test):
        return f"{info.n_test:,}"
    return f"{info.n_test:,} ({info.n_test_different:,} of them different)"


def _notes(facts: DatasetFacts) -> list[str]:
    """Lines on images, folds, and unbalanced and absent classes; a search says the same."""
    lines, counts = [*facts.info.notes, *facts.fold_notes], facts.counts
    if counts is None:
        return lines
    return [*lines, *describe_counts(counts), *advise(counts, "accuracy", class_weights=False)]


def _classes(facts: DatasetFacts) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("label", justify="right")
    table.add_column("class")
    counts = facts.counts
    parts = (None,) * 3 if counts is None else (counts.train, counts.validation, counts.test)
    for title in ("train", "validation", "test"):
        table.add_column(title, justify="right")
    for label, name in enumerate(facts.info.class_names):
        numbers = ("–" if part is None else f"{part[label]:,}" for part in parts)
        table.add_row(str(label), Text(escape_controls(name)), *numbers)
    return table


def _how_to_get(info: DatasetInfo) -> str:
    return f"no; the first use downloads it from {info.url}" if info.url else "no"


def _size(info: DatasetInfo) -> str:
    return "×".join(str(side) for side in info.image_shape)
