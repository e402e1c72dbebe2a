"""The data sheet of a report: images by class, notes, and a picture of some images."""

from __future__ import annotations

from dataclasses import dataclass

from autocnn.data.class_counts import ClassCounts, advise, describe_counts
from autocnn.data.dataset import DatasetInfo
from autocnn.report.page_table import Cell, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSheet:
    """The images of a study, as far as they are on this machine."""

    info: DatasetInfo
    counts: ClassCounts
    fold_notes: tuple[str, ...] = ()
    grid: bytes = b""  # PNG: images of every class, as they are and augmented

    @property
    def notes(self) -> list[str]:
        """Lines of the reader, and on unbalanced and absent classes."""
        counts = self.counts
        near = [self.info.near_copies] if self.info.near_copies else []
        advice = advise(counts, "accuracy", class_weights=False)
        return [*self.info.notes, *near, *self.fold_notes, *describe_counts(counts), *advice]

    @property
    def table(self) -> Table:
        """One row a class; the test images are counted if their number is known.

        If a trial trains several folds, each image of training and validation has both parts.
        """
        counts = self.counts
        parts = {"train": counts.train, "validation": counts.validation}
        if counts.held_out is not None:
            parts = {"train and validation": counts.train_and_validation}
        if counts.test is not None:
            parts["test"] = counts.test
        rows: list[list[Cell]] = [
            [name, *(part[label] for part in parts.values())]
            for label, name in enumerate(counts.class_names)
        ]
        return Table(titles=("class", *parts), rows=rows)
