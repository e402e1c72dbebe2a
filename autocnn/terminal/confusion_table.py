"""The shipped model on the test images: accuracy by class, and the confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from autocnn.records.finals_file import Confusion
from autocnn.report.formatting import percent
from autocnn.terminal.escaping import escape_controls

SHOWN_CLASSES = 10  # those with the lowest accuracies
SHOWN_MISTAKES = 3
WHOLE_CLASSES = 100  # classes of the largest matrix that is printed as a whole
SHOWN_PAIRS = 30  # confusions of a larger one
SHOWN_COLUMNS = 10  # columns of the matrix that fit side by side into a terminal
NOTHING = "·"
ON_TEST = "Shipped model on the test images"


def render_classes(confusion: Confusion) -> RenderableType:
    """Accuracy by class, the lowest first, and the most frequent confusions."""
    share = percent(confusion.hits / confusion.n) if confusion.n else "–"
    head = Text("Shipped model by class, the lowest first", "bold")
    head.append(f"  (test: {share} of {confusion.n:,} images)", "not bold")
    return Group(head, _accuracies(confusion), *_mistakes(confusion))


def render_confusion(confusion: Confusion, title: str = ON_TEST) -> RenderableType:
    """The whole matrix, in several tables if there are many classes.

    Of more than WHOLE_CLASSES classes, the most frequent confusions.
    """
    if len(confusion.classes) > WHOLE_CLASSES:
        return _most_confused(confusion, title)
    head = Text(title, "bold")
    head.append("  (rows: true class; columns: predicted)", "not bold")
    n = len(confusion.classes)
    starts = range(0, n, SHOWN_COLUMNS)
    tables = [_matrix(confusion, range(at, min(at + SHOWN_COLUMNS, n))) for at in starts]
    return Group(head, *tables)


def _most_confused(confusion: Confusion, title: str) -> RenderableType:
    mistakes = confusion.mistakes(SHOWN_PAIRS)
    head = Text(title, "bold")
    shown = f"the {len(mistakes)} most frequent of {confusion.n_mistakes:,} confusions"
    head.append(f"  ({len(confusion.classes):,} classes; {shown})", "not bold")
    table = Table(box=None, header_style="bold")
    for title in ("true class", "predicted"):
        table.add_column(title, overflow="fold")
    table.add_column("images", justify="right")
    for mistake in mistakes:
        names = (Text(escape_controls(name)) for name in (mistake.true, mistake.predicted))
        table.add_row(*names, f"{mistake.count:,}")
    return Group(head, table)


def _accuracies(confusion: Confusion) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("class", overflow="fold")
    table.add_column("images", justify="right")
    table.add_column("accuracy", justify="right")
    rows = sorted(_rows(confusion), key=lambda row: (row[2] is None, row[2]))
    for name, n, accuracy in rows[:SHOWN_CLASSES]:
        table.add_row(Text(escape_controls(name)), f"{n:,}", percent(accuracy))
    rest = rows[SHOWN_CLASSES:]
    if rest:
        table.add_row(f"{len(rest)} others", f"{sum(n for _, n, _ in rest):,}", "higher")
    return table


def _rows(confusion: Confusion) -> list[tuple[str, int, float | None]]:
    """Name, number of images and accuracy of each class; no accuracy without images."""
    return [
        (name, sum(row), row[i] / sum(row) if sum(row) else None)
        for i, (name, row) in enumerate(zip(confusion.classes, confusion.counts, strict=True))
    ]


def _mistakes(confusion: Confusion) -> list[Text]:
    mistakes = confusion.mistakes(SHOWN_MISTAKES)
    if not mistakes:
        return [Text("No image was taken for another class")]
    lines = (f"  {m.true} taken for {m.predicted}: {m.count:,}" for m in mistakes)
    shown = [Text(escape_controls(line)) for line in lines]
    return [Text("Most frequent confusions", "bold"), *shown]


def _matrix(confusion: Confusion, columns: Sequence[int]) -> Table:
    """These columns of the matrix, titled with class numbers, which the rows explain."""
    table = Table(box=None, header_style="bold")
    table.add_column("class", overflow="fold")
    for column in columns:
        table.add_column(str(column), justify="right", no_wrap=True)
    for i, (name, row) in enumerate(zip(confusion.classes, confusion.counts, strict=True)):
        label = escape_controls(name if name == str(i) else f"{i} {name}")
        table.add_row(Text(label), *(_cell(row[j], is_hit=i == j) for j in columns))
    return table


def _cell(count: int, *, is_hit: bool) -> Text:
    return Text(str(count) if count else NOTHING, "bold" if is_hit else "")
