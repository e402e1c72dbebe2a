"""Optuna's storage as the one record of a study: what is written to it and read from it.

A trial carries what Optuna has no field for as user attributes: the proposal (one attribute a
field, the configuration last, so that its presence means a whole proposal), the result, or the
reason why a draw was infeasible. The facts of the study are one user attribute of the study.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import optuna
from optuna.exceptions import DuplicatedStudyError, ExperimentalWarning
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from optuna.trial import FrozenTrial

from autocnn.errors import RecordError, StudyError
from autocnn.records.paths import StudyPaths
from autocnn.records.record import (
    TrialRecord,
    json_safe,
    proposal_to_dict,
    result_from_dict,
    result_to_dict,
)
from autocnn.records.settings import StudySettings
from autocnn.space.config import TrialConfig, config_from_dict
from autocnn.trial import Proposal, TrialResult, TrialState

METRIC = "val_accuracy"
RECORD_VERSION = 2  # of what trials and facts hold
_VERSION = "record_version"  # the user attribute of a study that says so
_FACTS, _RESULT, _INFEASIBLE = "facts", "result", "infeasible"  # user attributes

# What Optuna raises while it replays a journal that is damaged or is none.
_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, AssertionError, OSError)


def open_storage(paths: StudyPaths) -> optuna.storages.JournalStorage:
    """The journal of the study, made where there is none.

    Raises: RecordError if it cannot be read.
    """
    journal = paths.journal.absolute()  # workers may have another working directory
    try:
        _mend_tail(str(journal))
        return optuna.storages.JournalStorage(JournalFileBackend(str(journal)))
    except _UNREADABLE as error:
        reason = str(error).partition("\n")[0]
        raise RecordError(
            f"{paths.journal}: the record of the study cannot be read "
            f"({type(error).__name__}: {reason}); put back a copy or start another study"
        ) from error


def create_study(paths: StudyPaths, settings: StudySettings) -> optuna.Study:
    """A new study, whose score is to be maximised.

    Raises: StudyError if there is one already; RecordError if the journal cannot be read.
    """
    try:
        study = optuna.create_study(
            storage=open_storage(paths), study_name=settings.study, direction="maximize"
        )
    except DuplicatedStudyError:
        raise StudyError(
            f"study {settings.study!r} exists already; "
            f"`autocnn search --study {settings.study}` goes on with it"
        ) from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        study.set_metric_names([METRIC])
    return study


def open_study(paths: StudyPaths) -> optuna.Study:
    """The study on record, whatever its folder is called by now.

    Raises: StudyError if there is none, or one of another version of autocnn; RecordError if the
    journal cannot be read.
    """
    if not paths.journal.is_file():
        raise StudyError(f"{paths.root}: no study is on record here; `autocnn search` starts one")
    storage = open_storage(paths)
    names = [study.study_name for study in storage.get_all_studies()]
    if len(names) != 1:
        raise StudyError(
            f"{paths.journal}: expected one study on record, found {len(names)}; "
            "`autocnn search` starts a new one"
        )
    study = optuna.load_study(study_name=names[0], storage=storage)
    version = study.user_attrs.get(_VERSION)
    if _FACTS in study.user_attrs and version != RECORD_VERSION:
        raise StudyError(
            f"{paths.journal}: was written by another version of autocnn (record {version}, this "
            f"one reads {RECORD_VERSION}); use that version, or start another study"
        )
    return study


def write_study_facts(study: optuna.Study, facts: Mapping[str, Any]) -> None:
    """Add `facts` to those on record: horizon, data fingerprint, class names and the like."""
    study.set_user_attr(_VERSION, RECORD_VERSION)
    study.set_user_attr(_FACTS, json_safe({**read_study_facts(study), **facts}))


def read_study_facts(study: optuna.Study) -> dict[str, Any]:
    """The facts on record; tuples come back as lists."""
    return dict(study.user_attrs.get(_FACTS, {}))


def write_proposal(trial: optuna.Trial, proposal: Proposal) -> None:
    """Put `proposal` on record: from now on it is a trial, and it is running."""
    for key, value in proposal_to_dict(proposal).items():
        trial.set_user_attr(key, json_safe(value))


def write_result(trial: optuna.Trial, result: TrialResult) -> None:
    """Put `result` on record; to be called before Optuna is told, which seals the trial."""
    trial.set_user_attr(_RESULT, result_to_dict(result))


def mark_infeasible(trial: optuna.Trial, reason: str) -> None:
    """Say that this draw can have no network: it is no trial."""
    trial.set_user_attr(_INFEASIBLE, reason)


def read_records(study: optuna.Study) -> list[TrialRecord]:
    """Every trial by number; infeasible and waiting draws are left out."""
    trials = study.get_trials(deepcopy=False)
    records = [_record(trial) for trial in trials if _is_trial(trial)]
    return sorted(records, key=lambda record: record.number)


def trained_as(study: optuna.Study, number: int) -> int:
    """The trial that was really trained: of a duplicate its source, of any other trial itself."""
    result = study.get_trials(deepcopy=False)[number].user_attrs.get(_RESULT, {})
    source = result.get("duplicate_of")
    return number if source is None else int(source)


def n_infeasible(study: optuna.Study) -> int:
    """How many draws could have no network."""
    trials = study.get_trials(deepcopy=False)
    return sum(_INFEASIBLE in trial.user_attrs for trial in trials)


def n_ended(study: optuna.Study) -> int:
    """How many trials ended with something to learn from; infeasible and failed ones do not."""
    states = [optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED]
    trials = study.get_trials(deepcopy=False, states=states)
    return sum(_INFEASIBLE not in trial.user_attrs for trial in trials)


def unfinished_trials(study: optuna.Study) -> list[optuna.Trial]:
    """The trials that Optuna calls running, by number: what an interrupted study left behind."""
    running = study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.RUNNING])
    unfinished = [trial for trial in running if _INFEASIBLE not in trial.user_attrs]
    # Optuna has no public way from a number to a trial that can be continued.
    return [
        optuna.Trial(study, trial._trial_id)
        for trial in sorted(unfinished, key=lambda trial: trial.number)
    ]


def _is_trial(trial: FrozenTrial) -> bool:
    return "config" in trial.user_attrs and _INFEASIBLE not in trial.user_attrs


def _record(trial: FrozenTrial) -> TrialRecord:
    attrs = trial.user_attrs
    result = result_from_dict(attrs[_RESULT]) if _RESULT in attrs else None
    return TrialRecord(
        number=attrs["number"],
        state=_state(trial, result),
        origin=attrs["origin"],
        values=dict(attrs["values"]),
        config=_config(json.dumps(attrs["config"])),
        seed=attrs["seed"],
        parameters=attrs["parameters"],
        macs=attrs["macs"],
        first_epoch=attrs["first_epoch"],
        last_epoch=attrs["last_epoch"],
        parent=attrs["parent"],
        result=result,
        started=_utc(trial.datetime_start),
        finished=_utc(trial.datetime_complete),
    )


def _state(trial: FrozenTrial, result: TrialResult | None) -> TrialState:
    """The result's state, whatever Optuna says: an interrupted trial is still running there."""
    if result is not None:
        return result.state
    return TrialState.FAILED if trial.state.is_finished() else TrialState.RUNNING


@lru_cache(maxsize=4096)  # a study is read again after every trial
def _config(text: str) -> TrialConfig:
    return config_from_dict(json.loads(text))


def _utc(moment: datetime | None) -> datetime | None:
    """Optuna keeps naive local times."""
    return None if moment is None else moment.astimezone(UTC)


def _mend_tail(journal: str) -> None:
    """Cut off a last line that a crash left half-written: the next one would be glued to it."""
    if not _has_torn_tail(journal):
        return
    lock = JournalFileSymlinkLock(journal)
    lock.acquire()
    try:
        if _has_torn_tail(journal):  # else another process was writing just then
            with open(journal, "rb+") as file:
                content = file.read()
                end = content.rfind(b"\n") + 1
                if content.startswith(b"{", end):  # else it is no line of Optuna's
                    file.truncate(end)
    finally:
        lock.release()


def _has_torn_tail(journal: str) -> bool:
    if not os.path.exists(journal) or os.path.getsize(journal) == 0:
        return False
    with open(journal, "rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() != b"\n"
