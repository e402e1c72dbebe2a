"""A table of a page: titles and cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Cell = str | float | int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Titles, and rows of a cell for each; a cell is a text, or a number that is sorted as one."""

    titles: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    left_out: int = 0  # rows that are not shown
