"""`search`: the whole flow from settings to a tested and exported winner."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from autocnn.api.search_outcome import SearchOutcome
from autocnn.api.settings_sources import absolute_dataset, absolute_studies, refuse_changes
from autocnn.api.spaces import check_dataset, limit_space
from autocnn.data.class_counts import advise, count_parts, describe_counts, describe_step
from autocnn.data.dataset import DatasetInfo
from autocnn.data.folds import describe_folds
from autocnn.engines.choose import check_engine
from autocnn.errors import RecordError
from autocnn.executors.choose import OpenExecutor, check_executor
from autocnn.files import delete_file, disk_errors
from autocnn.keras_startup import check_backend
from autocnn.leaderboard.ranking import winner
from autocnn.records.artefacts import KEY, hash_artefacts
from autocnn.records.cost import CostMeter, MeteredListener, read_cost
from autocnn.records.database import database_errors
from autocnn.records.environment import machine, package_versions
from autocnn.records.facts import facts_to_json
from autocnn.records.finals_file import Finals, read_finals
from autocnn.records.manifest import write_manifest
from autocnn.records.open_study import OpenStudy, open_folder
from autocnn.records.optuna_record import (
    is_unbegun,
    n_infeasible,
    silence_optuna,
    study_exists,
)
from autocnn.records.study_settings import StudySettings, public_settings
from autocnn.records.trusted import remember_cluster, remember_named
from autocnn.space.space import SearchSpace
from autocnn.space.toml import load_space
from autocnn.study.folder import check_study_folder, study_folder
from autocnn.study.open_session import open_session
from autocnn.study.session import OWN_SEARCH, Session
from autocnn.study.sizing import describe_batch
from autocnn.study.tally import count_states, last_progress
from autocnn.study.warm_start import WarmTrial, read_warm_trials
from autocnn.trial import Listener, Progress, Proposal, TrialResult, TrialState


class SilentListener:
    """A listener that ignores every event of a search."""

    def progress(self, progress: Progress) -> None:
        """Ignore the progress."""

    def trial_finished(self, proposal: Proposal, result: TrialResult) -> None:
        """Ignore the trial."""

    def message(self, text: str) -> None:
        """Ignore the message."""


def search(
    settings: StudySettings,
    listener: Listener | None = None,
    interrupted: Callable[[], bool] = lambda: False,
    start: float | None = None,
    open_executor: OpenExecutor | None = None,
    study: OpenStudy | None = None,
) -> SearchOutcome:
    """Search, refit and test the winner, and export it; a study that exists is continued.

    The search ends cleanly as soon as `interrupted` returns True. `start` (time.monotonic) is when
    the time budget began. `open_executor` makes the place where jobs are trained; None: worker
    processes of this machine. `study` is that of the settings if it was opened already.
    Raises: AutocnnError for bad settings, data, spaces and folders; SettingsError if the study
    exists and was made with other settings.
    """
    study = _open(settings) if study is None else study
    check_search(settings, study)
    settings = _complete(settings, study)
    if settings.storage is not None:
        study = replace(study, given_storage=settings.storage)
        with suppress(RecordError):  # if there is no list, --trust is needed later
            remember_named(settings.storage)
    if settings.ray_address is not None:
        with suppress(RecordError):  # if there is no list, --ray-address is needed again
            remember_cluster(settings.ray_address)
    meter = CostMeter(study.paths, start)
    listener = MeteredListener(SilentListener() if listener is None else listener, meter)
    stated = _find_space(settings, study)
    space = limit_space(stated, settings)
    info = check_dataset(settings, space)[1]
    for note in info.notes:
        listener.message(note)
    _check_record(settings, study, space)
    mode = replace(OWN_SEARCH, warm=_read_warm(settings, study))
    check_backend(os.environ)

    if open_executor is not None:
        mode = replace(mode, open_executor=open_executor)
    end = None if settings.time_budget_s is None else meter.start + settings.time_budget_s
    again = f"`autocnn resume {settings.study}` goes on"
    with _database_errors(settings), disk_errors(study.paths.root, again):
        with study_folder(settings, stated) as paths:
            with (
                meter.running(),
                open_session(settings, paths, space, listener, end, mode) as session,
            ):
                started_s = time.monotonic() - meter.start
                for line in _describe_data(session, info):
                    listener.message(line)
                ending, finals = _run(session, listener, interrupted)
            state = "finished" if finals else "interrupted" if interrupted() else "failed"
            least_s = None if finals else started_s + session.budget.least_s()
            outcome = _outcome(session, finals, state)
            outcome = replace(outcome, ending=ending, least_seconds=least_s)
            if state == "finished":
                _write_manifest(session, outcome)
        listener.progress(last_progress(state, session.records(), session.objective))
    return outcome


def check_search(settings: StudySettings, study: OpenStudy) -> None:
    """Check all that can be checked before images are read: the study's folder, and the space.

    Raises: SettingsError if the executor cannot be had; StudyError if the study is in use;
    RecordError if its folder cannot be written; SpaceError for a wrong space.
    """
    check_executor(settings.executor, settings.ray_address, settings.gpus)
    check_study_folder(study.paths)
    _find_space(settings, study)


def _open(settings: StudySettings) -> OpenStudy:
    return open_folder(Path(settings.results) / settings.study)


def _complete(settings: StudySettings, study: OpenStudy) -> StudySettings:
    """`settings` with the absolute path of the images, and the time of the study's creation.

    Raises: SettingsError if the study exists and was made with other settings.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    settings = replace(
        settings,
        dataset=absolute_dataset(settings.dataset),
        warm_start=None if settings.warm_start is None else absolute_studies(settings.warm_start),
        created=settings.created or study.stored.get("created") or now,
        image_size=settings.image_size or study.stored.get("image_size"),
    )
    if study.exists:
        refuse_changes(settings.study, study.stored, asdict(settings))
    return settings


def _check_record(settings: StudySettings, study: OpenStudy, space: SearchSpace) -> None:
    """Raise SettingsError if the engine cannot search the space; RecordError without a database."""
    silence_optuna()
    check_engine(settings, space)
    study_exists(study.paths, replace(settings, study=study.recorded.study))


def _read_warm(settings: StudySettings, study: OpenStudy) -> tuple[WarmTrial, ...]:
    """The trials of earlier studies that a study which has not begun will try first.

    Raises: AutocnnError if an earlier study cannot be used.
    """
    if settings.warm_start is None:
        return ()
    has_record = study.exists and study_exists(study.paths, study.recorded)
    if has_record and not is_unbegun(study.record):
        return ()
    trials = read_warm_trials(settings.warm_start, study)
    batch = settings.batch_size
    return trials if batch is None else tuple(trial.with_batch(batch) for trial in trials)


def _database_errors(settings: StudySettings) -> AbstractContextManager[None]:
    """A database that is lost becomes one line; the study's folder is kept then."""
    return database_errors(
        settings.storage,
        "the record can no longer be reached",
        f"`autocnn resume {settings.study}` goes on once it can",
    )


def _find_space(settings: StudySettings, study: OpenStudy) -> SearchSpace:
    """The space of the settings; if its file is gone, the copy that the study keeps."""
    is_file = Path(settings.space).suffix == ".toml"
    if is_file and not os.path.exists(settings.space) and study.paths.space_toml.exists():
        return study.stated_space
    return load_space(settings.space)


def _describe_data(session: Session, info: DatasetInfo) -> list[str]:
    """Lines on folds, on classes that are unbalanced or absent, and on few validation images."""
    settings, data = session.settings, session.data
    folds = session.facts.folds
    counts = count_parts(info, data.images.labels, data.split, folds)
    step = session.objective.step(counts.scored)
    return [
        *describe_folds(data.split, folds, data.fold_note, is_asked=settings.folds is not None),
        *describe_counts(counts),
        *advise(counts, settings.scoring.name, class_weights=settings.class_weights),
        *describe_step(sum(counts.scored), step, session.objective.title),
        *describe_batch(settings.batch_size, data.train.n),
    ]


def _run(
    session: Session, listener: Listener, interrupted: Callable[[], bool]
) -> tuple[str, Finals | None]:
    """Search and finals: the reason why the search ended, and the finals, if there are any."""
    from autocnn.finals.run import finish  # it imports Keras, which `search` has loaded

    paths, before = session.paths, len(session.finished())
    was_finished = paths.manifest.exists()
    delete_file(paths.manifest)  # before a trial is begun, whatever happens
    ending = session.search(listener, interrupted)
    if ending == "failures":
        n = session.settings.max_consecutive_failures
        listener.message(
            f"{n} trials failed in a row: the search ends (--max-consecutive-failures)"
        )
    session.record()
    finals: Finals | None = None
    if not interrupted():
        is_same = was_finished and len(session.finished()) == before
        # Without a new trial the finals on record are kept: the test split is not read again.
        known = _known_finals(session) if is_same else None
        keeps = known is not None and session.settings.asked_finals is None
        finals = known if keeps else finish(session, listener, interrupted, known)
    return str(ending), finals


def _known_finals(session: Session) -> Finals | None:
    """The finals on record if the present best trial had a part in them, else None."""
    best, finals = winner(session.records(), session.objective), read_finals(session.paths)
    is_its = best is not None and finals is not None and finals.includes(best.number)
    return finals if is_its else None


def _outcome(session: Session, finals: Finals | None, state: str) -> SearchOutcome:
    paths, records = session.paths, session.records()
    best = winner(records, session.objective)
    counts = count_states(records)
    cost = read_cost(paths)
    return SearchOutcome(
        study=session.settings.study,
        state=state,
        trials=counts.total(),
        complete=counts[TrialState.COMPLETE],
        pruned=counts[TrialState.PRUNED],
        stopped=counts[TrialState.STOPPED],
        failed=counts[TrialState.FAILED],
        causes=dict(Counter(str(r.cause) for r in records if r.state is TrialState.FAILED)),
        objective=session.objective.name,
        val_best=finals.val_best if finals else None if best is None else best.score,
        val_mean=None if finals is None or not finals.finalists else finals.finalists[0].mean,
        test=None if finals is None else finals.test.accuracy,
        test_score=None if finals is None else finals.test.objective_score,
        test_winner=None if finals is None else finals.test_winner.objective_score,
        gap=None if finals is None else finals.gap,
        seconds=cost.seconds,
        cpu_seconds=cost.cpu_seconds,
        runs=cost.runs,
        winner=finals.winner if finals else None if best is None else best.number,
        model=None if finals is None else str(paths.winner),
        leaderboard=str(paths.leaderboard),
        ending="",
        least_seconds=None,
    )


def _write_manifest(session: Session, outcome: SearchOutcome) -> None:
    write_manifest(
        session.paths.manifest,
        {
            "outcome": asdict(outcome),
            "ending": outcome.ending,
            "settings": public_settings(session.settings),
            "space": session.space.text,
            "facts": facts_to_json(session.facts),
            KEY: hash_artefacts(session.paths),
            "infeasible_draws": n_infeasible(session.study),
            "packages": package_versions(),
            "machine": machine(),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    )
