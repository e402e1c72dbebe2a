"""Two runs of a leaderboard as one, which is written without holding all rows in memory."""

from __future__ import annotations

from typing import IO

import numpy as np
import pyarrow as pa

from autocnn.leaderboard.columns import KEYS, ranking_of
from autocnn.leaderboard.ranking import rank_order
from autocnn.leaderboard.runs import Run, group_sizes, run_writer


def merge_runs(one: Run, other: Run, sink: IO[bytes]) -> None:
    """Write the rows of both runs, which have the same columns, to `sink` as one run."""
    schema, n_one = one.file.schema_arrow, one.n_rows
    keys = pa.concat_tables([run.read(KEYS) for run in (one, other)])
    order = rank_order(keys, ranking_of(schema))
    sources = _Rows(one), _Rows(other)
    with run_writer(sink, schema) as writer:
        for start, size in group_sizes(len(order)):
            places = order[start : start + size]
            is_of_one = places < n_one
            # Both runs are in rank order: of each, the rows of this group are a slice.
            blocks = [
                source.next(int(n))
                for source, n in zip(sources, (is_of_one.sum(), (~is_of_one).sum()), strict=True)
            ]
            within = np.where(
                is_of_one,
                np.cumsum(is_of_one) - 1,
                blocks[0].num_rows + np.cumsum(~is_of_one) - 1,
            )
            writer.write_table(pa.concat_tables(blocks).take(within))


class _Rows:
    """The rows of a run from the first on, of which one row group at a time is in memory."""

    def __init__(self, run: Run) -> None:
        self._run, self._columns = run, run.file.schema_arrow.names
        self._groups = iter(range(run.file.metadata.num_row_groups))
        self._rest = run.file.schema_arrow.empty_table()

    def next(self, n: int) -> pa.Table:
        """The next `n` rows."""
        found = [self._rest.slice(0, n)]
        self._rest = self._rest.slice(n)
        missing = n - found[0].num_rows
        while missing > 0:
            rows = self._run.read(self._columns, [next(self._groups)])
            found.append(rows.slice(0, missing))
            self._rest = rows.slice(missing)
            missing -= found[-1].num_rows
        return pa.concat_tables(found)
