"""The data sets of the catalog as a table, and the page of one data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from autocnn.data.dataset import DatasetInfo

IMBALANCE = 5  # largest class over smallest class, in images, above which a note says so


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetFacts:
    """A data set, and the facts from its files, which are None if it is not on this machine."""

    info: DatasetInfo
    counts: tuple[int, ...] | None = None  # training images by class, validation included
    fingerprint: str | None = None  # of the training images


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
    """Size, source and fingerprint of a data set, then its classes with their training images."""
    info = facts.info
    is_here = facts.counts is not None
    own = "" if info.n_validation is None else f" ({info.n_validation:,} of them to validate)"
    lines = [
        ("name", f"{info.name}: {info.description}"),
        ("images", f"{_size(info)}, {info.n_train:,} to train{own} and {info.n_test:,} to test"),
        ("here", "yes" if is_here else _how_to_get(info)),
        ("fingerprint", facts.fingerprint or "–"),
        *(("note", note) for note in (*info.notes, *_imbalance(facts))),
    ]
    head = Text("\n".join(f"{name:<12} {value}" for name, value in lines))
    return Group(head, Text(), _classes(facts))


def _imbalance(facts: DatasetFacts) -> list[str]:
    """A note if the largest class has more than IMBALANCE times the images of the smallest."""
    if not facts.counts or max(facts.counts) <= IMBALANCE * min(facts.counts):
        return []
    named = list(zip(facts.counts, facts.info.class_names, strict=True))
    (few, small), (many, large) = min(named), max(named)
    return [
        f"the classes are unbalanced: {large} has {many:,} training images, {small} {few:,}; "
        "accuracy counts images, not classes (search --objective balanced_accuracy and "
        "--class-weights correct that)"
    ]


def _classes(facts: DatasetFacts) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("label", justify="right")
    table.add_column("class")
    table.add_column("train", justify="right")
    for label, name in enumerate(facts.info.class_names):
        n = "–" if facts.counts is None else f"{facts.counts[label]:,}"
        table.add_row(str(label), Text(name), n)
    return table


def _how_to_get(info: DatasetInfo) -> str:
    return f"no; the first use downloads it from {info.url}" if info.url else "no"


def _size(info: DatasetInfo) -> str:
    return "×".join(str(side) for side in info.image_shape)
