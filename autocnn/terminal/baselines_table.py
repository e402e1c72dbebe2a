"""The baselines as a table: their cost, their training, their published accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group
from rich.table import Table
from rich.text import Text

from autocnn.report.formatting import count, percent
from autocnn.space.space import Published


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineFacts:
    """A baseline on the data set of its published figures."""

    name: str
    description: str
    image_shape: tuple[int, int, int]
    parameters: int
    macs: int  # multiply-accumulates of one image's forward pass
    batch_size: int  # of its training
    published: Published


def render_baselines(baselines: Sequence[BaselineFacts]) -> Group:
    """A table with one row a baseline, then a table of their sources.

    The column "published" is the test accuracy. One table would not fit into 80 columns.
    """
    table = _table("name", "data set")
    for title in ("parameters", "MACs", "epochs", "batch", "published"):
        table.add_column(title, justify="right")
    sources = _table("name", "source")
    for baseline in baselines:
        published = baseline.published
        table.add_row(
            baseline.name,
            published.dataset,
            f"{baseline.parameters:,}",
            count(baseline.macs),
            "–" if published.epochs is None else str(published.epochs),
            str(baseline.batch_size),
            percent(published.test_accuracy),
        )
        sources.add_row(baseline.name, Text(published.source))
    return Group(table, Text(), sources)


def _table(*titles: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in titles:
        table.add_column(title)
    return table
