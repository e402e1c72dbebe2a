"""The data sets known by name, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from autocnn.data.dataset import DatasetInfo


def render_datasets(rows: Sequence[tuple[DatasetInfo, bool]]) -> Table:
    """One row a data set; the flag says whether it is on this machine."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("name", "images", "classes", "train", "test", "here", "description"):
        table.add_column(
            title, justify="right" if title in ("classes", "train", "test") else "left"
        )
    for info, is_here in rows:
        size = "×".join(str(side) for side in info.image_shape)
        table.add_row(
            info.name,
            size,
            str(info.n_classes),
            f"{info.n_train:,}",
            f"{info.n_test:,}",
            "yes" if is_here else "no",
            Text(info.description),
        )
    return table
