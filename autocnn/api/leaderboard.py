"""The leaderboards of studies on disk: the rows and columns that are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from autocnn.api.studies import StudyView, choose_study, load_studies, read_study
from autocnn.leaderboard.file import LeaderboardFile, current_leaderboard
from autocnn.leaderboard.filters import filter_rows, parse_condition
from autocnn.leaderboard.merged import MERGED_COLUMNS, merge_leaderboards
from autocnn.leaderboard.table import (
    build_leaderboard,
    view_leaderboard,
    viewed_columns,
    write_leaderboard,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderboardRows:
    """Rows of the leaderboard of one study, or of several together."""

    table: pa.Table
    trials: dict[str, int]  # how many each study has, shown or not


def select_rows(
    results: Path | str = "results",
    names: Sequence[str] = (),
    sort: str | None = None,
    columns: list[str] | None = None,
    top: int | None = None,
    where: Sequence[str] = (),
) -> LeaderboardRows:
    """The rows of the studies `names`, ranked together; of the latest one where none is named.

    `columns` ["all"] gives every one. `where` are conditions such as "parameters<200000", which
    must all hold; ranks stay those among all trials. Of one study whose file is up to date only
    the columns that are needed are read, and no record.

    Raises: as `load_studies`; SettingsError for an unknown column or a wrong condition;
    RecordError if a file is damaged.
    """
    if len(names) < 2:
        study = choose_study(Path(results), *names)
        file = current_leaderboard(study)
        if file is not None:
            table = _select(file, sort, columns, top, where)
            return LeaderboardRows(table=table, trials={study.name: file.n_trials})
        views = [read_study(study)]
    else:
        views = load_studies(results, names)
    return rows_of(views, sort, columns, top, where)


def rows_of(
    views: Sequence[StudyView],
    sort: str | None = None,
    columns: list[str] | None = None,
    top: int | None = None,
    where: Sequence[str] = (),
) -> LeaderboardRows:
    """The rows of the studies that were loaded, as `select_rows` gives them, and their trials."""
    table = leaderboard_rows(*views, sort=sort, columns=columns, top=top, where=where)
    return LeaderboardRows(table=table, trials={v.paths.name: len(v.records) for v in views})


def leaderboard_rows(
    *views: StudyView,
    sort: str | None = None,
    columns: list[str] | None = None,
    top: int | None = None,
    where: Sequence[str] = (),
) -> pa.Table:
    """The rows of the studies that were loaded, ranked together, as `select_rows` gives them.

    Raises: SettingsError for an unknown column or a wrong condition; RecordError if a file is
    damaged.
    """
    if len(views) == 1:
        return _select(views[0].leaderboard, sort, columns, top, where)
    table = merge_leaderboards({view.paths.name: view.leaderboard for view in views})
    return _select(table, sort, list(MERGED_COLUMNS) if columns is None else columns, top, where)


def rebuild_leaderboard(view: StudyView) -> Path:
    """Make the leaderboard file again from the study's record."""
    table = build_leaderboard(view.records, view.space, view.objective)
    write_leaderboard(view.paths.leaderboard, table, view.record_bytes)
    return view.paths.leaderboard


def _select(
    source: pa.Table | LeaderboardFile,
    sort: str | None,
    columns: list[str] | None,
    top: int | None,
    where: Sequence[str],
) -> pa.Table:
    """What is asked for of a table, or of a file, of which no more than that is read."""
    schema = source.schema
    wanted = schema.names if columns == ["all"] else columns
    conditions = [parse_condition(text, schema) for text in where]
    needed = viewed_columns(schema, sort, wanted) + [each.column for each in conditions]
    table = source.read(needed) if isinstance(source, LeaderboardFile) else source
    return view_leaderboard(filter_rows(table, conditions), sort, wanted, top)
