"""The leaderboards of several studies as one, and whether their scores may be compared at all."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from autocnn.errors import SettingsError
from autocnn.leaderboard.columns import OBJECTIVE_KEY, objective_of
from autocnn.leaderboard.ranking import rank_trials
from autocnn.leaderboard.rows import PARAMETER_PREFIX
from autocnn.leaderboard.table import DEFAULT_COLUMNS
from autocnn.objectives import DEFAULT, Objective, Standing
from autocnn.trial import TrialState

STUDY_COLUMN = "study"
MERGED_COLUMNS = (STUDY_COLUMN, *DEFAULT_COLUMNS)  # what is shown without a wish
SHORT = 12  # digits of a fingerprint that a person is shown


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyImages:
    """The images that a study trained and validated on, and how it scored."""

    study: str
    dataset: str
    fingerprint: str | None  # None: the study ended before it knew
    split_seed: int
    objective: str = DEFAULT  # the name of what its scores are
    validation: tuple[int, int] | None = None  # images, folds of a trial; None: not known


def check_comparable(studies: Sequence[StudyImages]) -> None:
    """Raise SettingsError unless all have the images, the split and the objective of the first."""
    first, *others = studies
    for other in others:
        if other.objective != first.objective:
            raise SettingsError(
                f"study {other.study} has the objective {other.objective}, study {first.study} has "
                f"{first.objective}: their scores cannot be ranked together"
            )
        differences = _differences(first, other)
        if differences:
            raise SettingsError(
                f"study {other.study} differs from study {first.study} in "
                f"{' and '.join(differences)}: scores on different images cannot be ranked together"
            )


def merge_leaderboards(tables: Mapping[str, pa.Table]) -> pa.Table:
    """All rows of `tables`, which go by the name of their study, ranked together by `rank_trials`.

    The column `study` comes first; `trial` keeps its number. Trials that are ranked alike stand in
    the order of `tables`, then of their numbers. A column that a study lacks is null there; one
    that has another type elsewhere becomes text (numbers of both kinds: float64).
    """
    objective = objective_of(next(iter(tables.values())).schema)
    schema = _merged_schema(list(tables.values())).with_metadata(
        {OBJECTIVE_KEY: objective.name.encode()}
    )
    rows = [
        {STUDY_COLUMN: name, **row}
        for name, table in tables.items()
        for row in table.sort_by("trial").to_pylist()
    ]
    ranked = [
        {**rows[place], "rank": rank} for rank, place in enumerate(_order(rows, objective), start=1)
    ]
    cells = [{f.name: _cell(row.get(f.name), f.type) for f in schema} for row in ranked]
    return pa.Table.from_pylist(cells, schema=schema)


def _order(rows: Sequence[Mapping[str, Any]], objective: Objective) -> list[int]:
    """The places of `rows`, the best first; rows of equal rank keep their order."""
    trials = [
        Standing(
            number=place,
            state=TrialState(row["state"]),
            score=row["score"],
            val_loss=_best_loss(row),
            parameters=row["parameters"],
        )
        for place, row in enumerate(rows)
    ]
    return [trial.number for trial in rank_trials(trials, objective)]


def _best_loss(row: Mapping[str, Any]) -> float | None:
    """The validation cross-entropy of the best epoch, or None without an epoch."""
    epoch = row["best_epoch"]
    return None if epoch is None else row["val_loss"][epoch - 1]


def _merged_schema(tables: Sequence[pa.Table]) -> pa.Schema:
    """`study`, the columns of trials, the parameters; each in the order of its first appearance."""
    kinds: dict[str, pa.DataType] = {}
    for field in (field for table in tables for field in table.schema):
        kinds[field.name] = _common(kinds.get(field.name, field.type), field.type)
    names = sorted(kinds, key=lambda name: name.startswith(PARAMETER_PREFIX))
    fields = [pa.field(name, kinds[name]) for name in names]
    return pa.schema([pa.field(STUDY_COLUMN, pa.string()), *fields])


def _common(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    if one.equals(other):
        return one
    are_numbers = all(pa.types.is_integer(t) or pa.types.is_floating(t) for t in (one, other))
    return pa.float64() if are_numbers else pa.string()


def _cell(value: Any, kind: pa.DataType) -> Any:
    if value is None:
        return None
    if pa.types.is_floating(kind):
        return float(value)
    if pa.types.is_string(kind) and not isinstance(value, str):
        return json.dumps(value)
    return value


def _differences(first: StudyImages, other: StudyImages) -> list[str]:
    found = []
    if _has_other_images(first, other):
        if first.dataset != other.dataset:
            found.append(f"its data set ({other.dataset}, not {first.dataset})")
        else:
            ours, theirs = (str(d.fingerprint)[:SHORT] for d in (other, first))
            found.append(f"the images of {other.dataset} (fingerprint {ours}, not {theirs})")
    if first.split_seed != other.split_seed:
        found.append(f"its split seed ({other.split_seed}, not {first.split_seed})")
    if None not in (first.validation, other.validation) and first.validation != other.validation:
        ours, theirs = (_validation(each) for each in (other, first))
        found.append(f"its validation ({ours}, not {theirs})")
    return found


def _validation(images: StudyImages) -> str:
    assert images.validation is not None
    n, folds = images.validation
    return f"{n:,} images of {folds} folds" if folds > 1 else f"{n:,} images of one hold-out"


def _has_other_images(first: StudyImages, other: StudyImages) -> bool:
    if first.fingerprint is None or other.fingerprint is None:
        return first.dataset != other.dataset
    return first.fingerprint != other.fingerprint
