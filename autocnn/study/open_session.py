"""Opening a study for trials: its data, record, executor and facts are prepared."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import optuna

from autocnn.data.prepared import refer_to
from autocnn.executors.protocol import ExecutorSetup
from autocnn.keras_startup import load_keras
from autocnn.leaderboard.lost_trials import read_whole
from autocnn.records.facts import Facts, Measurement
from autocnn.records.fetched_study import write_origin
from autocnn.records.leases import Leases
from autocnn.records.lock import Owner
from autocnn.records.optuna_record import (
    create_study,
    open_study,
    read_records,
    read_study_facts,
    study_exists,
)
from autocnn.records.study_folder import StudyPaths, read_space_text
from autocnn.records.study_settings import StudySettings
from autocnn.space.space import SearchSpace
from autocnn.study.budget import Budget
from autocnn.study.creation import find_facts, prepare_data, write_split
from autocnn.study.image_choice import choose_image_size
from autocnn.study.predicted_cost import PredictedCost
from autocnn.study.probe import Start
from autocnn.study.session import OWN_SEARCH, Mode, Session
from autocnn.study.sizing import TRIAL_SHARE, plan_search_seconds, refit_trials
from autocnn.trial import Listener, Progress


@contextmanager
def open_session(
    settings: StudySettings,
    paths: StudyPaths,
    space: SearchSpace,
    listener: Listener,
    end: float | None,
    mode: Mode = OWN_SEARCH,
) -> Iterator[Session]:
    """Prepare the data, the record and the executor; `end` (time.monotonic) is the last moment.

    Raises: DatasetError; StudyError for other data.
    """
    is_new = not study_exists(paths, settings)
    read_whole(paths, lambda: [] if is_new else read_records(open_study(paths, settings)))
    with ExitStack() as stack:
        executor = mode.open_executor(_executor_setup(settings, paths, listener))
        stack.callback(executor.close)
        executor.start()
        load_keras()  # for the finals; its import and that of the first worker run side by side
        listener.progress(Progress(phase="starting", counts={}))
        data = prepare_data(settings)
        executor.use(refer_to(data))
        study = create_study(paths, settings) if is_new else open_study(paths, settings)
        device = executor.device()  # waits until it is loaded, which takes part of the time
        start = Start(
            settings=settings,
            space=space.fitted(data.image_shape, data.train.n),
            data=data,
            executor=executor,
            typical=[planned.config for planned in mode.plan[:1]],
            folds=mode.folds,
            seconds=None if end is None else end - time.monotonic(),
            message=listener.message,
        )
        if read_study_facts(study) is None and not mode.joins:
            start = choose_image_size(start, paths)
            settings, data = start.settings, start.data
        if settings.storage is not None and not mode.joins:
            write_origin(study, settings, read_space_text(paths))
        facts, measured = _settle_facts(start, paths, study)
        session = Session(
            settings=settings,
            paths=paths,
            space=start.space,
            data=data,
            study=study,
            executor=executor,
            device=device,
            facts=facts,
            budget=_budget(settings, facts, measured, end, executor.capacity),
            cost=PredictedCost.of(facts, measured),
            precision=measured.precision,
            leases=_open_leases(settings, paths, study, stack),
            mode=mode,
        )
        if not mode.joins and not paths.leaderboard.exists():
            session.record()  # a study that has a leaderboard is kept if it is interrupted
        yield session


def _settle_facts(
    start: Start, paths: StudyPaths, study: optuna.Study
) -> tuple[Facts, Measurement]:
    """The facts and the speed of this device, with a line if it is another; writes the split."""
    facts, measured = find_facts(start, study)
    if measured is not facts.measurements[0]:
        start.message(_describe(facts.measurements[0], measured))
    if not paths.split.exists():  # frozen: it is never written again
        write_split(paths, start.data.split)
    return facts, measured


def _budget(
    settings: StudySettings,
    facts: Facts,
    measured: Measurement,
    end: float | None,
    capacity: int,
) -> Budget:
    """The budget of a session that ends at `end` (time.monotonic); None: no limit."""
    retrainings = settings.n_retrainings / capacity
    refits = refit_trials(facts.folds, facts.n_train, lengthens=facts.longest_refit > 0)
    left = 0.0 if end is None else end - time.monotonic()
    return Budget(
        trial_timeout_s=settings.trial_timeout_s,
        end=end,
        setup_s=measured.setup_seconds,
        epoch_s=facts.folds * measured.epoch_seconds,
        horizon=facts.horizon,
        promotes=facts.promotes,
        folds=facts.folds,
        retrainings=retrainings,
        longest_refit=facts.longest_refit,
        planned_refit_s=TRIAL_SHARE * refits * plan_search_seconds(left, retrainings + refits),
    )


def _open_leases(
    settings: StudySettings, paths: StudyPaths, study: optuna.Study, stack: ExitStack
) -> Leases | None:
    """The leases of a study that other processes can join, or None.

    This process is their owner until `stack` is closed.
    """
    if settings.storage is None or settings.engine != "optuna":
        return None
    owner = Owner(paths)
    stack.callback(owner.leave)
    return Leases(study, owner)


def _executor_setup(
    settings: StudySettings, paths: StudyPaths, listener: Listener
) -> ExecutorSetup:
    return ExecutorSetup(
        log=paths.root / "worker.log",
        kind=settings.executor,
        workers=settings.workers,
        gpus=settings.gpus,
        workers_per_gpu=settings.workers_per_gpu,
        memory_mb=settings.worker_memory_mb,
        recycle=settings.recycle,
        address=settings.ray_address,
        cpus=settings.cpus_per_trial,
        gpus_each=settings.gpus_per_trial,
        message=listener.message,
    )


def _describe(first: Measurement, now: Measurement) -> str:
    """One line about a study that is continued on another device or version."""
    began, here = (
        f"{each.backend} on {each.device}, {each.precision}, {each.epoch_seconds:.3g} s an epoch"
        for each in (first, now)
    )
    return f"the study began on another device or version ({began}); here it is {here}"
