"""Optuna's storage as the one record of a study: what is written to it and read from it.

The storage lies in the study's folder, as a journal, or in the database that the settings name.

User attributes of a trial hold what Optuna has no field for: the proposal, the result, or the
reason why a draw was infeasible. The facts of the study are one user attribute of the study.
"""

from __future__ import annotations

import contextlib
import os
import warnings
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import DuplicatedStudyError, ExperimentalWarning
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState

from autocnn.errors import Infeasible, RecordError, StudyError
from autocnn.objectives import Objective, score_key
from autocnn.records.converter import from_json, to_json
from autocnn.records.database import (
    CREATED,
    database_errors,
    delete_from_database,
    is_in_database,
    open_database,
    open_named_study,
    refuse_renamed,
)
from autocnn.records.database_url import absolute_url, public_url, with_password
from autocnn.records.facts import Facts, facts_from_json, facts_to_json
from autocnn.records.journal import open_journal, open_own_study
from autocnn.records.journal_lines import split_tail
from autocnn.records.optuna_private import OwnStudy, one_trial
from autocnn.records.own_trials import (
    DRAWN,
    INFEASIBLE,
    PROPOSAL,
    RESULT,
    is_own,
    is_promoted,
)
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings
from autocnn.records.trial_record import (
    TrialRecord,
    record_of,
)
from autocnn.space.space import SearchSpace
from autocnn.trial import Proposal, TrialResult, TrialState

RECORD_VERSION = 3  # of what trials and facts hold
_VERSION = "record_version"  # the user attribute of a study with the RECORD_VERSION it has
_OPEN = "is_open"  # the user attribute of a study: whether it takes new trials
_FACTS = "facts"  # the user attribute of a study with what was found out at its creation


def create_study(paths: StudyPaths, settings: StudySettings) -> optuna.Study:
    """Create a study, with the direction of the settings' objective.

    Raises: StudyError if there is one already; RecordError if the record cannot be written.
    """
    url = None if settings.storage is None else _full_url(settings.storage)
    storage = open_journal(paths) if url is None else open_database(url)
    with database_errors(url, f"study {settings.study} cannot be created"):
        try:
            study = optuna.create_study(
                storage=storage, study_name=settings.study, direction=settings.scoring.direction
            )
        except DuplicatedStudyError:
            raise StudyError(
                f"study {settings.study!r} exists already; "
                f"`autocnn search --study {settings.study}` goes on with it"
            ) from None
        study.set_user_attr(CREATED, settings.created)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            study.set_metric_names([f"val_{settings.scoring.name}"])
    return _own(study)


def study_exists(paths: StudyPaths, settings: StudySettings) -> bool:
    """True if the study is on record, False if it is still to be created.

    `settings` has the name on record, which the folder must have too.
    Raises: StudyError if the folder was renamed, or the database has another study of that name,
    or this one no longer; RecordError if the database cannot be reached.
    """
    if settings.storage is None:
        return _has_line(paths.journal)
    return is_in_database(_full_url(settings.storage), paths, settings)


def _has_line(journal: Path) -> bool:
    """True if a line is whole: a process that was killed before that left no study."""
    try:
        return split_tail(journal)[0] > 0
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # opening the journal raises the reason


def open_study(
    paths: StudyPaths, settings: StudySettings | None = None, *, writes: bool = True
) -> optuna.Study:
    """The study on record: in the database of `settings`, else in the journal of the folder.

    `settings` has the name on record. If the study is not opened for `writes`, no file changes.
    Raises: StudyError if there is none, or one of another version of autocnn; RecordError if the
    record cannot be read.
    """
    url = None if settings is None or settings.storage is None else _full_url(settings.storage)
    if settings is None or url is None:
        name, created = ("", "") if settings is None else (settings.study, settings.created)
        study = open_own_study(paths, name, created, writes=writes)
    else:
        study = open_named_study(url, paths, settings)
    version = study.user_attrs.get(_VERSION)
    if _FACTS in study.user_attrs and version != RECORD_VERSION:
        place = paths.journal if url is None else f"study {study.study_name} in {public_url(url)}"
        raise StudyError(
            f"{place}: was written by another version of autocnn (record {version}, this "
            f"one reads {RECORD_VERSION}); use that version, or start another study"
        )
    return _own(study)


def _own(study: optuna.Study) -> OwnStudy:
    return OwnStudy(study, is_own, DRAWN)


def delete_record(paths: StudyPaths, settings: StudySettings) -> None:
    """Delete the study from the database of `settings`, if any; the files of the folder stay.

    `settings` has the name on record. A study that was fetched from the database stays there.
    Raises: StudyError if the folder was renamed; RecordError if the database cannot be reached.
    """
    if settings.storage is not None and not paths.is_joined:
        url = _full_url(settings.storage)
        refuse_renamed(url, paths, settings.study)
        delete_from_database(url, paths.name, settings.created)


def write_study_facts(study: optuna.Study, facts: Facts) -> None:
    """Write the facts of the study to the record."""
    study.set_user_attr(_VERSION, RECORD_VERSION)
    study.set_user_attr(_FACTS, facts_to_json(facts))


def read_study_facts(study: optuna.Study) -> Facts | None:
    """The facts on record, or None if the study has only been created.

    Raises: StudyError if they have another form.
    """
    data = study.user_attrs.get(_FACTS)
    if data is None:
        return None
    try:
        return facts_from_json(data)
    except ValueError as error:
        raise StudyError(
            f"study {study.study_name}: its facts cannot be read ({error}); use the version of "
            "autocnn that wrote them, or start another study"
        ) from error


def write_is_open(study: optuna.Study, *, is_open: bool) -> None:
    """Write whether the study takes new trials; processes that joined it read that."""
    study.set_user_attr(_OPEN, is_open)


def is_open(study: optuna.Study) -> bool:
    """True unless the search is over."""
    return bool(study.user_attrs.get(_OPEN, True))


def write_proposal(trial: optuna.Trial, proposal: Proposal) -> None:
    """Write `proposal`: from then on the draw is a trial, and it is running."""
    trial.set_user_attr(PROPOSAL, to_json(proposal))


def proposed_values(trial: optuna.Trial | FrozenTrial) -> dict[str, Any] | None:
    """The values of a trial's proposal; None before it is proposed."""
    proposal = trial.user_attrs.get(PROPOSAL)
    return None if proposal is None else dict(proposal["values"])


def write_result(trial: optuna.Trial, result: TrialResult) -> None:
    """Write `result`; to be called before `study.tell`, after which Optuna accepts no change."""
    trial.set_user_attr(RESULT, to_json(result))


def mark_infeasible(trial: optuna.Trial, reason: str) -> None:
    """Write the reason why this draw can have no network: it is no trial."""
    trial.set_user_attr(INFEASIBLE, reason)


def read_records(
    study: optuna.Study,
    ended: dict[int, TrialRecord] | None = None,
    space: SearchSpace | None = None,
) -> list[TrialRecord]:
    """Every trial by number; infeasible and waiting draws are left out.

    Values have the one notation of `space`: an older record may hold 0.30000000000000004 for 0.3.
    `ended` holds, by number, the records of an earlier call that will not change, and is added to.
    """
    ended, records = {} if ended is None else ended, list[TrialRecord]()
    for trial in study.get_trials(deepcopy=False):
        record = ended.get(trial.number)
        if record is None and _is_trial(trial):
            record = _record(trial, space)
            if trial.state.is_finished():
                ended[trial.number] = record
        if record is not None:
            records.append(record)
    return sorted(records, key=lambda record: record.number)


def finished_records(
    study: optuna.Study,
    ended: dict[int, TrialRecord] | None = None,
    space: SearchSpace | None = None,
) -> list[TrialRecord]:
    """The trials of `read_records` that have ended for good."""
    return [record for record in read_records(study, ended, space) if record.finished is not None]


def seed_of(study: optuna.Study, number: int) -> int:
    """The seed of a trial's training."""
    return int(one_trial(study, number).user_attrs[PROPOSAL]["seed"])


def trained_as(study: optuna.Study, number: int) -> int:
    """The trial that was trained: for a duplicate its source, for any other trial itself."""
    result = one_trial(study, number).user_attrs.get(RESULT, {})
    source = result.get("duplicate_of")
    return number if source is None else int(source)


def is_unbegun(study: optuna.Study) -> bool:
    """True if no trial has begun; some may be enqueued."""
    trials = study.get_trials(deepcopy=False)
    return all(trial.state is OptunaState.WAITING for trial in trials)


def n_infeasible(study: optuna.Study) -> int:
    """The number of draws that could have no network."""
    trials = study.get_trials(deepcopy=False)
    return sum(INFEASIBLE in trial.user_attrs for trial in trials)


def n_ended(study: optuna.Study) -> int:
    """The number of drawn trials that ended and did not fail, without infeasible draws."""
    states = [optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED]
    trials = study.get_trials(deepcopy=False, states=states)
    return sum(INFEASIBLE not in t.user_attrs and not is_promoted(t) for t in trials)


def unfinished_trials(study: optuna.Study) -> list[FrozenTrial]:
    """The trials that are running on record, by number: under way, or left behind."""
    running = study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.RUNNING])
    unfinished = [trial for trial in running if INFEASIBLE not in trial.user_attrs]
    return sorted(unfinished, key=lambda trial: trial.number)


def n_begun(study: optuna.Study, *, undecided: bool, before: int | None = None) -> int:
    """The number of trials that have begun or ended; of those below number `before`, if given.

    `undecided` includes the draws that are under way, which may turn out infeasible.
    """
    trials = study.get_trials(deepcopy=False)[:before]
    running = optuna.trial.TrialState.RUNNING
    drawn = [t for t in trials if t.state is running and INFEASIBLE not in t.user_attrs]
    drawn = [t for t in drawn if undecided and not _is_trial(t)]
    return len(drawn) + sum(_is_trial(trial) for trial in trials)


def standing_key(objective: Objective, trial: FrozenTrial, score: float) -> tuple[float, ...]:
    """The `score_key` of `trial` with this score; values that are not on record come last."""
    proposal, data = trial.user_attrs.get(PROPOSAL, {}), trial.user_attrs.get(RESULT)
    loss = None if data is None else from_json(data, TrialResult).val_loss
    return score_key(objective, score, loss, proposal.get("parameters", 0), trial.number)


def _full_url(storage: str) -> str:
    """`storage`, right in any working directory, with the password that the environment has."""
    return with_password(absolute_url(storage), os.environ)


def _is_trial(trial: FrozenTrial) -> bool:
    return PROPOSAL in trial.user_attrs and INFEASIBLE not in trial.user_attrs


def _record(trial: FrozenTrial, space: SearchSpace | None) -> TrialRecord:
    attrs = trial.user_attrs
    try:
        proposal = from_json(attrs[PROPOSAL], Proposal)
        result = from_json(attrs[RESULT], TrialResult) if RESULT in attrs else None
    except ValueError as error:
        raise unreadable(trial.number, error) from error
    if space is not None:
        proposal = _in_notation(proposal, space)
    started, finished = _utc(trial.datetime_start), _utc(trial.datetime_complete)
    return record_of(proposal, _state(trial, result), result, started, finished)


def unreadable(number: int, error: Exception) -> RecordError:
    """The error of a trial whose record has another form."""
    return RecordError(
        f"trial {number} cannot be read from the record ({error}); use the version of "
        "autocnn that wrote it, or start another study"
    )


def _in_notation(proposal: Proposal, space: SearchSpace) -> Proposal:
    """`proposal` with values, and a configuration that follows from them, in canonical notation."""
    values, config = space.canonical(proposal.values), proposal.config
    if values != proposal.values:
        with contextlib.suppress(Infeasible):
            if space.config(proposal.values) == config:
                config = space.config(values)
    return replace(proposal, values=values, config=config)


def _state(trial: FrozenTrial, result: TrialResult | None) -> TrialState:
    """The state of the result, if there is one: for Optuna an interrupted trial is running."""
    if result is not None:
        return result.state
    return TrialState.FAILED if trial.state.is_finished() else TrialState.RUNNING


def _utc(moment: datetime | None) -> datetime | None:
    """A time of Optuna, which is local and without a time zone, in UTC."""
    return None if moment is None else moment.astimezone(UTC)


def silence_optuna() -> None:
    """Turn off the messages of Optuna below warnings; autocnn prints its own."""
    import logging

    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    logging.getLogger("optuna.storages").setLevel(logging.ERROR)  # a lost database is an error
