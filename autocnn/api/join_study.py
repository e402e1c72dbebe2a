"""`join`: a process trains trials of a study that another process began and will finish."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from autocnn.api.search_study import SilentListener
from autocnn.api.spaces import check_dataset, limit_space
from autocnn.errors import DatasetError, RecordError, SettingsError, StudyError
from autocnn.executors.choose import check_executor
from autocnn.files import disk_errors
from autocnn.keras_startup import check_backend
from autocnn.records.cost import CostMeter, MeteredListener
from autocnn.records.database import database_errors
from autocnn.records.open_study import OpenStudy, find_study
from autocnn.records.optuna_record import silence_optuna
from autocnn.records.study_folder import lost_folder
from autocnn.records.study_settings import StudySettings
from autocnn.records.trusted import remember_cluster
from autocnn.study.open_session import open_session
from autocnn.study.session import Mode
from autocnn.study.tally import last_progress
from autocnn.trial import Listener


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinOutcome:
    """What a process did for the study that it joined."""

    study: str
    trials: int  # ended by this process
    ending: str  # why this process left, such as "closed" or "budget"


def join(
    settings: StudySettings,
    listener: Listener | None = None,
    interrupted: Callable[[], bool] = lambda: False,
    start: float | None = None,
    study: OpenStudy | None = None,
) -> JoinOutcome:
    """Train trials of the study until its search or the time budget of this process is over.

    Weights and checkpoints are written to the study's folder: to that of its search, or to one of
    this machine alone, which `fetch_study` made. `interrupted`, `start` and `study` mean what they
    mean for `search`.
    Raises: SettingsError for a study that only one process can train; StudyError if the study has
    not begun yet.
    """
    listener = SilentListener() if listener is None else listener
    _check_joinable(settings)
    check_executor(settings.executor, settings.ray_address, settings.gpus)
    if settings.ray_address is not None:
        with suppress(RecordError):  # if there is no list, --ray-address is needed again
            remember_cluster(settings.ray_address)
    silence_optuna()
    study = find_study(Path(settings.results), settings.study) if study is None else study
    study = replace(study, given_storage=settings.storage)
    paths, meter = study.paths, CostMeter(study.paths, start, joined=True)
    listener = MeteredListener(listener, meter)
    if study.facts is None:
        raise StudyError(f"study {settings.study} is just being started; try again in a minute")
    study.refuse_renamed()
    space = limit_space(study.space, settings)
    try:
        check_dataset(settings, space)
    except DatasetError as error:
        raise type(error)(
            f"{error}; study {settings.study} is trained on {settings.dataset}: put its images "
            "there on this machine, too"
        ) from error
    check_backend(os.environ)

    end = None if settings.time_budget_s is None else meter.start + settings.time_budget_s
    lost = "the record can no longer be reached", "start the worker again once it can"
    with (
        database_errors(settings.storage, *lost),
        disk_errors(paths.root, "start the worker again"),
        lost_folder(paths),
        meter.running(),
        open_session(settings, paths, space, listener, end, Mode(joins=True)) as session,
    ):
        ending = session.search(listener, interrupted)
        phase = "interrupted" if interrupted() else "left"
        ended = last_progress(phase, session.records(), session.objective)
    listener.progress(ended)
    return JoinOutcome(study=settings.study, trials=session.n_trained, ending=str(ending))


def _check_joinable(settings: StudySettings) -> None:
    """Raise SettingsError if only the process that began the study can train its trials."""
    if settings.storage is None:
        raise SettingsError(
            f"study {settings.study} keeps its record in its own folder, which one process at a "
            "time writes; begin a study with --storage sqlite:///FILE or "
            "postgresql+psycopg://USER@HOST/DATABASE to share it"
        )
    if settings.engine != "optuna":
        raise SettingsError(
            f"study {settings.study} is searched by Keras Tuner, whose oracle lives in one "
            "process; give that one more --workers, or begin a study with --engine optuna"
        )
