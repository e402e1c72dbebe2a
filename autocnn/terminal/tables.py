"""Tables without a frame that fit a terminal of any width without a cut cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

GAP = 2  # characters between two columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column; its cells are text."""

    name: str  # as in files and options
    cells: Sequence[str]
    title: str = ""  # a shorter header for a name that is wider than the cells
    is_number: bool = False
    fold: int = 0  # least width if its cells are folded into lines; 0: they are not folded

    @property
    def header(self) -> str:
        """The text above the cells."""
        return self.title or self.name

    @property
    def width(self) -> int:
        """Characters of the widest line of a cell or of the header."""
        lines = (line for cell in self.cells for line in cell.splitlines())
        return max(map(cell_len, (self.header, *lines)))

    @property
    def least(self) -> int:
        """Characters that the column needs at least."""
        return min(self.width, self.fold) if self.fold else self.width


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedTable:
    """Columns side by side, below a title.

    A table that is too wide folds long texts and leaves out columns of `spare`, the last one first;
    a line below names them and ends with `elsewhere`. If that is not enough, each row becomes a
    block of lines, one for each name and value.
    """

    title: str
    columns: Sequence[Column]
    spare: Sequence[str] = ()  # names of columns that may be left out
    elsewhere: str = "a wider terminal shows them"
    styles: Sequence[str] = ()  # one for each row; empty: all rows are plain

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        """The title, and the form of the table that fits into the width of `options`."""
        yield Text(self.title, "bold")
        kept = fit_columns(self.columns, self.spare, options.max_width)
        if sum_widths([column.least for column in kept]) > options.max_width:
            yield from _blocks(self.columns)
            return
        yield _grid(kept, self.styles, options.max_width)
        left_out = [column.name for column in self.columns if column not in kept]
        if left_out:
            yield Text(f"left out for width: {', '.join(left_out)}; {self.elsewhere}")

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """The width at which every cell is a single line."""
        whole = sum_widths([column.width for column in self.columns])
        return Measurement(1, max(whole, cell_len(self.title)))


def fit_columns(columns: Sequence[Column], spare: Sequence[str], width: int) -> list[Column]:
    """`columns` without those of `spare` that have no room."""
    kept = [column for column in columns if column.name not in spare]
    for name in reversed(spare):
        wider = [column for column in columns if column in kept or column.name == name]
        if sum_widths([column.least for column in wider]) <= width:
            kept = wider
    return kept


def sum_widths(widths: Sequence[int]) -> int:
    """The width of columns side by side, gaps included, in characters."""
    return sum(widths) + GAP * (len(widths) - 1)


def fold_columns(columns: Sequence[Column], width: int) -> list[int]:
    """The width of each column so that all fit; the last column that may fold shrinks first."""
    widths = [column.width for column in columns]
    for i in reversed(range(len(columns))):
        excess = max(0, sum_widths(widths) - width)
        widths[i] -= min(excess, widths[i] - columns[i].least)
    return widths


def _grid(columns: Sequence[Column], styles: Sequence[str], width: int) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column, n in zip(columns, fold_columns(columns, width), strict=True):
        justify: JustifyMethod = "right" if column.is_number else "left"
        table.add_column(Text(column.header), justify=justify, overflow="fold", width=n)
    for i, row in enumerate(zip(*(column.cells for column in columns), strict=True)):
        table.add_row(*map(Text, row), style=styles[i] if styles else "")
    return table


def _blocks(columns: Sequence[Column]) -> Iterator[RenderableType]:
    """One block of lines for each row, with an empty line between two blocks."""
    for i in range(len(columns[0].cells)):
        if i:
            yield Text()
        block = Table.grid(padding=(0, GAP, 0, 0))
        block.add_column(no_wrap=True, style="bold")
        block.add_column(overflow="fold")
        for column in columns:
            block.add_row(Text(column.name), Text(column.cells[i]))
        yield block
