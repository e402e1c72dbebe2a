"""The leaderboards of studies on disk: selected rows and columns of one or of several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa

from autocnn.api.studies import StudyView, choose_study, load_studies, read_study
from autocnn.errors import StudyError
from autocnn.leaderboard.columns import filter_rows
from autocnn.leaderboard.file import Leaderboard, current_leaderboard
from autocnn.leaderboard.filters import NONE, Condition, parse_condition
from autocnn.leaderboard.growing import write_records
from autocnn.leaderboard.merged import MERGED_COLUMNS, merge_leaderboards
from autocnn.leaderboard.table import view_leaderboard, viewed_columns

REPEAT_COLUMN = "duplicate_of"
# Conditions on rows that repeat no other trial, and on those that do.
NO_REPEATS, REPEATS = f"{REPEAT_COLUMN}={NONE}", f"{REPEAT_COLUMN}!={NONE}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderboardRows:
    """Rows of the leaderboard of one study, or of several together."""

    table: pa.Table
    trials: dict[str, int]  # the number of trials of each study, selected or not
    count: Callable[[], int]  # of the rows that were selected, those beyond `top` included
    n_hidden: int = 0  # repeats that the condition NO_REPEATS has left out


def select_rows(
    results: Path | str = "results",
    names: Sequence[str] = (),
    sort: str | None = None,
    columns: list[str] | None = None,
    top: int | None = None,
    where: Sequence[str] = (),
) -> LeaderboardRows:
    """The rows of the studies `names`, ranked together; without a name, of the latest study.

    `columns` ["all"] selects every column. `where` are conditions such as "parameters<200000",
    which must all hold; ranks are among all trials. If one study is named and its file is up to
    date, only the needed columns of the file are read, and the record is not opened.

    Raises: SettingsError for an unknown column or a wrong condition; RecordError if a file is
    damaged; the errors of `load_studies`.
    """
    if len(names) < 2:
        study = choose_study(Path(results), *names)
        file = current_leaderboard(study)
        if file is not None:
            return _rows_of(file, {study.name: file.n_trials}, sort, columns, top, where)
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
    """The rows of loaded studies, selected as by `select_rows`, and their numbers of trials."""
    trials = {view.paths.name: len(view.records) for view in views}
    return _rows_of(
        _ranked_together(views), trials, sort, _usual_columns(views, columns), top, where
    )


def leaderboard_rows(
    *views: StudyView,
    sort: str | None = None,
    columns: list[str] | None = None,
    top: int | None = None,
    where: Sequence[str] = (),
) -> pa.Table:
    """The rows of loaded studies, ranked together and selected as by `select_rows`.

    Raises: SettingsError for an unknown column or a wrong condition; RecordError if a file is
    damaged.
    """
    return _select(_ranked_together(views), sort, _usual_columns(views, columns), top, where)


def _usual_columns(views: Sequence[StudyView], columns: list[str] | None) -> list[str] | None:
    """`columns`, or those of several studies if none are named."""
    return list(MERGED_COLUMNS) if len(views) > 1 and columns is None else columns


def _rows_of(
    source: pa.Table | Leaderboard,
    trials: dict[str, int],
    sort: str | None,
    columns: list[str] | None,
    top: int | None,
    where: Sequence[str],
) -> LeaderboardRows:
    table = _select(source, sort, columns, top, where)
    return LeaderboardRows(
        table=table,
        trials=trials,
        count=partial(_count, source, where),
        n_hidden=_count_repeats(source, where),
    )


def _ranked_together(views: Sequence[StudyView]) -> pa.Table:
    """The leaderboard of one study, or that of several with a column of their names."""
    if len(views) == 1:
        return views[0].leaderboard
    return merge_leaderboards({view.paths.name: view.leaderboard for view in views})


def rebuild_leaderboard(view: StudyView) -> Path:
    """Write the leaderboard file of the study again, from its record; return the path.

    Raises: StudyError if the study has no record.
    """
    if view.is_kept_alone:
        raise StudyError(
            f"{view.paths.root}: holds no record of its trials, from which the leaderboard could "
            "be made again"
        )
    path, costs = view.paths.leaderboard, view.study.settings.costs
    write_records(path, view.records, view.space, view.objective, costs, view.record_bytes)
    return path


def _select(
    source: pa.Table | Leaderboard,
    sort: str | None,
    columns: list[str] | None,
    top: int | None,
    where: Sequence[str],
) -> pa.Table:
    """The selected rows and columns of a table, or of a file, of which only those are read."""
    schema = source.schema
    wanted = schema.names if columns == ["all"] else columns
    conditions = _conditions(schema, where)
    needed = viewed_columns(schema, sort, wanted)
    if isinstance(source, pa.Table):
        table = filter_rows(source, conditions)
    elif top is not None and sort in (None, "rank"):
        table = source.best(needed, conditions, top)
    else:
        filtered = [each.column for each in conditions]
        table = filter_rows(source.read([*needed, *filtered]), conditions)
    return view_leaderboard(table, sort, wanted, top)


def _conditions(schema: pa.Schema, where: Sequence[str]) -> list[Condition]:
    if REPEAT_COLUMN not in schema.names:  # older files do not know of repeats
        where = [text for text in where if text != NO_REPEATS]
    return [parse_condition(text, schema) for text in where]


def _count(source: pa.Table | Leaderboard, where: Sequence[str]) -> int:
    """The number of rows for which the conditions hold."""
    conditions = _conditions(source.schema, where)
    if isinstance(source, pa.Table):
        return int(filter_rows(source, conditions).num_rows)
    return source.count(conditions)


def _count_repeats(source: pa.Table | Leaderboard, where: Sequence[str]) -> int:
    """The number of rows that NO_REPEATS leaves out; 0 if it is no condition of `where`."""
    if NO_REPEATS not in where or REPEAT_COLUMN not in source.schema.names:
        return 0
    return _count(source, [*(text for text in where if text != NO_REPEATS), REPEATS])
