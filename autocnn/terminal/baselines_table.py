"""The baselines as a table: what they cost, how they are trained, what was reported of them."""

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
    """A baseline on the data set that it was reported on."""

    name: str
    description: str
    image_shape: tuple[int, int, int]
    parameters: int
    macs: int  # of one image's forward pass
    batch_size: int  # that it is trained with
    published: Published


def render_baselines(baselines: Sequence[BaselineFacts]) -> Group:
    """One row a baseline, "published" being the test accuracy; then where each comes from.

    Two tables, because one of them would not fit into 80 columns.
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
