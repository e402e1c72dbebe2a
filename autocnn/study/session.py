"""The session of a study: its data, record, executor, facts and budget, while it is open."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import optuna

from autocnn.data.class_counts import count_classes
from autocnn.data.prepared import PreparedData, refer_to
from autocnn.engines.base import BaseEngine
from autocnn.engines.choose import make_engine
from autocnn.engines.plan_engine import PlanEngine
from autocnn.engines.protocol import EngineSetup
from autocnn.engines.recipes import TrainingSet
from autocnn.executors.choose import OpenExecutor, open_executor
from autocnn.executors.protocol import Executor, ExecutorSetup
from autocnn.leaderboard.file import record_bytes
from autocnn.leaderboard.ranking import rank_trials
from autocnn.leaderboard.table import build_leaderboard, write_leaderboard
from autocnn.objectives import Objective
from autocnn.records.facts import Facts, Measurement
from autocnn.records.leases import Leases
from autocnn.records.lock import Owner
from autocnn.records.optuna_record import (
    create_study,
    finished_records,
    is_open,
    is_unbegun,
    open_study,
    read_records,
    study_exists,
    write_is_open,
)
from autocnn.records.own_trials import n_drawn_points
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings
from autocnn.records.trial_log import TrialLog
from autocnn.records.trial_record import TrialRecord
from autocnn.space.plan import Planned
from autocnn.space.space import SearchSpace
from autocnn.study.budget import Budget
from autocnn.study.creation import find_facts, prepare_data, size_of, write_split
from autocnn.study.ending import Ending, exhausted_line
from autocnn.study.loop import Search
from autocnn.study.predicted_cost import PredictedCost, TimeCheck
from autocnn.study.probe import Start, find_recipes
from autocnn.study.proposals import Proposals
from autocnn.study.tally import Tally
from autocnn.trial import Device, Listener, Progress

T = TypeVar("T")

OTHERS_S = 1.0  # between two reads of what other processes have put on record
OTHERS_END_S = 60.0  # that the finals wait for the trials of other processes
KEPT_WEIGHTS = 10  # trials of a search whose weights are kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """The part that a process has in a study; by default a search of its own."""

    joins: bool = False  # True: another process began the study, and will end it
    plan: tuple[Planned, ...] = ()  # the trainings of a study that draws none
    folds: int | None = None  # that each trial trains; None: chosen when the study is created
    keeps: int = KEPT_WEIGHTS  # the number of best trials whose weights are kept
    open_executor: OpenExecutor = open_executor  # makes the place where jobs are trained


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A study that is open for trials."""

    settings: StudySettings
    paths: StudyPaths
    space: SearchSpace
    data: PreparedData
    study: optuna.Study
    executor: Executor
    device: Device
    budget: Budget
    cost: PredictedCost
    facts: Facts
    precision: str  # on this device
    leases: Leases | None  # None: no other process can train trials of the study
    mode: Mode
    _ended: dict[int, TrialRecord] = field(default_factory=dict)  # ended trials, by number

    @property
    def objective(self) -> Objective:
        """What a score of the study is, and the order of its trials."""
        return self.settings.scoring

    @property
    def validation_sizes(self) -> tuple[int, ...]:
        """The images by class that a trial is scored on, those of all its folds."""
        labels = self.data.held_out(self.facts.folds).labels
        return count_classes(labels, self.data.n_classes)

    def records(self) -> list[TrialRecord]:
        """Every trial on record, by number."""
        return read_records(self.study, self._ended, self.space)

    def finished(self) -> list[TrialRecord]:
        """The trials of `records` that have ended."""
        return finished_records(self.study, self._ended, self.space)

    def record(self) -> None:
        """Write the leaderboard from the study's record, and keep the best trials' weights only."""
        n_bytes = record_bytes(self.paths.journal)  # read first, since the journal may grow
        table = build_leaderboard(self.records(), self.space, self.objective)
        write_leaderboard(self.paths.leaderboard, table, n_bytes)
        for record in rank_trials(self.finished(), self.objective)[self.mode.keeps :]:
            self.paths.weights(record.number).unlink(missing_ok=True)

    @property
    def n_trained(self) -> int:
        """Trials of a shared study that this process has ended."""
        return 0 if self.leases is None else self.leases.n_ended

    def search(self, listener: Listener, interrupted: Callable[[], bool]) -> Ending:
        """Run trials until the budget, the number of trials, the target or Ctrl-C ends it."""
        proposals = self._proposals(listener)
        tally = Tally.of(self.finished(), self.objective, by_seed=bool(self.mode.plan))
        self.budget.refit_s = tally.refit_s
        self.budget.is_ranked = tally.best is not None
        for record in self.finished():
            if record.result is not None:
                self.cost.learn(record, record.result)
        if not self.mode.joins:
            write_is_open(self.study, is_open=True)
        ending = Search(
            proposals=proposals,
            executor=self.executor,
            paths=self.paths,
            budget=self.budget,
            listener=listener,
            horizon=self.facts.horizon,
            precision=self.precision,
            first_look=self.facts.first_look,
            class_weights=self.settings.class_weights,
            folds=self.facts.folds,
            interrupted=interrupted,
            recorded=(lambda: None) if self.mode.joins else self.record,
            max_trials=None if self.mode.plan else self.settings.trials,  # which may grow
            target=self.settings.target,
            max_failures=self.settings.max_consecutive_failures,
            tally=tally,
            finished=self._finished(),
            closed=self._closed(),
            cost=self.cost,
        ).run()
        if ending is Ending.EXHAUSTED and not self.mode.plan:
            tried = n_drawn_points(self.study, self.space)
            listener.message(exhausted_line(self.space.n_points(), tried))
        if not self.mode.joins and ending is not Ending.INTERRUPTED:
            self._close(proposals, listener, interrupted)
        return ending

    def _finished(self) -> Callable[[], list[TrialRecord]]:
        """A function that returns the ended trials, if other processes can train some."""
        if self.leases is None:
            return lambda: []
        return _cached(self.finished)

    def _closed(self) -> Callable[[], bool]:
        if not self.mode.joins:
            return lambda: False
        return _cached(lambda: not is_open(self.study))

    def _close(
        self, proposals: Proposals, listener: Listener, interrupted: Callable[[], bool]
    ) -> None:
        """Close the study for new trials, and wait for the trials of other processes."""
        write_is_open(self.study, is_open=False)
        end = time.monotonic() + OTHERS_END_S
        while proposals.runs_elsewhere() and not interrupted():
            if time.monotonic() > end:
                listener.message("other processes still train trials; the finals begin without")
                return
            time.sleep(OTHERS_S)

    def _proposals(self, listener: Listener) -> Proposals:
        """The trials of this study; a new study begins with its recipes."""
        settings = self.settings
        setup = EngineSetup(
            image_shape=self.data.image_shape,
            n_classes=self.data.n_classes,
            horizon=self.facts.horizon,
            seed=settings.seed,
            proposer=self.facts.proposer,
            pruner=self.facts.pruner,
            objective=self.objective,
            class_sizes=self.validation_sizes,
        )
        proposals = Proposals(
            engine=self._engine(setup),
            log=TrialLog(self.study, self.leases),
            study=self.study,
            space=self.space,
            setup=setup,
            message=listener.message,
            too_long=TimeCheck(budget=self.budget, cost=self.cost).reason,
        )
        is_plan = bool(self.mode.plan)
        if not is_plan and not self.mode.joins and is_unbegun(self.study):
            images = TrainingSet(shape=self.data.image_shape, n=self.data.train.n)
            recipes, skipped = find_recipes(settings, self.space, images, size_of(self.facts))
            proposals.enqueue(recipes)
            for line in skipped:
                listener.message(line)
        return proposals

    def _engine(self, setup: EngineSetup) -> BaseEngine:
        if self.mode.plan:
            return PlanEngine(self.study, self.space, setup, self.mode.plan)
        return make_engine(self.settings.engine, self.study, self.space, setup)


OWN_SEARCH = Mode()


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
    listener.progress(Progress(phase="starting", counts={}))
    with ExitStack() as stack:
        executor = mode.open_executor(_executor_setup(settings, paths))
        stack.callback(executor.close)
        executor.start()
        data = prepare_data(settings)
        executor.use(refer_to(data))
        study = create_study(paths, settings) if is_new else open_study(paths, settings)
        space = space.fitted(data.image_shape, data.train.n)
        start = Start(
            settings=settings,
            space=space,
            data=data,
            executor=executor,
            typical=[planned.config for planned in mode.plan[:1]],
            folds=mode.folds,
            seconds=None if end is None else end - time.monotonic(),
            message=listener.message,
        )
        facts, measured = find_facts(start, study)
        if measured is not facts.measurements[0]:
            listener.message(_describe(facts.measurements[0], measured))
        if not paths.split.exists():  # frozen: it is never written again
            write_split(paths, data.split)
        session = Session(
            settings=settings,
            paths=paths,
            space=space,
            data=data,
            study=study,
            executor=executor,
            device=executor.device(),
            facts=facts,
            budget=_budget(settings, facts, measured, end),
            cost=PredictedCost.of(facts, measured),
            precision=measured.precision,
            leases=_open_leases(settings, paths, study, stack),
            mode=mode,
        )
        if not mode.joins and not paths.leaderboard.exists():
            session.record()  # a study that has a leaderboard is kept if it is interrupted
        yield session


def _budget(
    settings: StudySettings, facts: Facts, measured: Measurement, end: float | None
) -> Budget:
    """The budget of a session that ends at `end` (time.monotonic); None: no limit."""
    return Budget(
        trial_timeout_s=settings.trial_timeout_s,
        end=end,
        setup_s=measured.setup_seconds,
        epoch_s=facts.folds * measured.epoch_seconds,
        horizon=facts.horizon,
        folds=facts.folds,
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


def _executor_setup(settings: StudySettings, paths: StudyPaths) -> ExecutorSetup:
    return ExecutorSetup(
        log=paths.root / "worker.log",
        workers=settings.workers,
        gpus=settings.gpus,
        workers_per_gpu=settings.workers_per_gpu,
        memory_mb=settings.worker_memory_mb,
        recycle=settings.recycle,
    )


def _cached(read: Callable[[], T]) -> Callable[[], T]:
    """`read`, called again only OTHERS_S after its last call."""
    answer, read_at = read(), time.monotonic()

    def last() -> T:
        nonlocal answer, read_at
        if time.monotonic() - read_at >= OTHERS_S:
            answer, read_at = read(), time.monotonic()
        return answer

    return last


def _describe(first: Measurement, now: Measurement) -> str:
    """One line about a study that is continued on another device or version."""
    began, here = (
        f"{each.backend} on {each.device}, {each.precision}, {each.epoch_seconds:.3g} s an epoch"
        for each in (first, now)
    )
    return f"the study began on another device or version ({began}); here it is {here}"
