"""The trials of a study of which only the leaderboard and the manifest were kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from autocnn.errors import AutocnnError, RecordError
from autocnn.leaderboard.file import has_record
from autocnn.leaderboard.rows import CURVES, PARAMETER_PREFIX, as_text
from autocnn.leaderboard.table import read_leaderboard
from autocnn.records.facts import Facts, facts_from_json
from autocnn.records.manifest import read_manifest
from autocnn.records.open_study import OpenStudy
from autocnn.records.trial_record import TrialRecord
from autocnn.space.config import config_from_dict
from autocnn.space.parameters import Categorical, Fixed, Value
from autocnn.space.space import SearchSpace
from autocnn.trial import Epoch, FailureCause, TrialResult, TrialState, epoch_of

# Of a manifest that was written before these facts were kept.
_UNKNOWN = {"proposer": "", "pruner": "", "names": [], "versions": []}


def is_kept_alone(study: OpenStudy) -> bool:
    """True if the study has a leaderboard and no record of its trials."""
    return not has_record(study) and study.paths.leaderboard.exists()


def read_kept_trials(study: OpenStudy) -> list[TrialRecord]:
    """The trials in the leaderboard, without the times of their start and end.

    Raises: RecordError if the file is damaged, or is one that lacks configurations.
    """
    path = study.paths.leaderboard
    rows = read_leaderboard(path).to_pylist()
    try:
        return [_record(row, study.space) for row in rows]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise RecordError(
            f"{path}: trials cannot be read from this leaderboard ({reason}); "
            f"`autocnn leaderboard {study.name}` shows its rows"
        ) from error


def read_kept_facts(study: OpenStudy) -> Facts | None:
    """The facts in the manifest, or None if there are none that can be read."""
    try:
        facts = read_manifest(study.paths.manifest)["facts"]
        return facts_from_json({**_UNKNOWN, **facts})
    except (AutocnnError, KeyError, TypeError, ValueError):
        return None


def _record(row: Mapping[str, Any], space: SearchSpace) -> TrialRecord:
    state = TrialState(row["state"])
    return TrialRecord(
        number=row["trial"],
        state=state,
        origin=row["origin"],
        values=_values(row, space),
        config=config_from_dict(json.loads(row["config"])),
        seed=row["seed"],
        parameters=row["parameters"],
        macs=row["macs"],
        last_epoch=row["epochs"] or 0,
        first_epoch=row.get("first_epoch") or 0,
        parent=row.get("parent"),
        promoted_from=row.get("promoted_from"),
        result=None if state is TrialState.RUNNING else _result(row, state),
    )


def _result(row: Mapping[str, Any], state: TrialState) -> TrialResult:
    cause = row.get("cause")
    return TrialResult(
        state=state,
        curve=_curve(row),
        best_epoch=row["best_epoch"],
        seconds=row["seconds"] or 0.0,
        cpu_seconds=row.get("cpu_seconds") or 0.0,
        precision=row.get("precision") or "",
        cause=None if cause is None else FailureCause(cause),
        message=row.get("message") or "",
        attempts=row.get("attempts") or 1,
        batch_size=row.get("reduced_batch_size"),
        duplicate_of=row.get("duplicate_of"),
    )


def _curve(row: Mapping[str, Any]) -> tuple[Epoch, ...]:
    columns = {field: row[name] for name, field in CURVES.items() if row.get(name) is not None}
    points = zip(*columns.values(), strict=True)
    return tuple(epoch_of(dict(zip(columns, point, strict=True))) for point in points)


def _values(row: Mapping[str, Any], space: SearchSpace) -> dict[str, Value]:
    """The values of the parameters; a fixed one with a condition is left out."""
    found: dict[str, Value] = {}
    for name, parameter in space.parameters.items():
        cell = row.get(PARAMETER_PREFIX + name)
        if isinstance(parameter, Fixed):
            if not parameter.when:
                found[name] = parameter.value
        elif cell is not None:
            found[name] = _value(cell, parameter)
    return found


def _value(cell: Any, parameter: object) -> Value:
    """The value of a cell: texts of a column stand for choices of any type."""
    if isinstance(parameter, Categorical):
        for choice in parameter.choices:
            if choice == cell or (isinstance(cell, str) and as_text(choice) == cell):
                return choice
    value: Value = cell
    return value
