"""The session of a study: its data, record, executor, facts and budget, while it is open."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import optuna

from autocnn.data.class_counts import count_classes
from autocnn.data.prepared import PreparedData
from autocnn.engines.base import BaseEngine
from autocnn.engines.choose import make_engine
from autocnn.engines.plan_engine import PlanEngine
from autocnn.engines.protocol import EngineSetup
from autocnn.executors.choose import OpenExecutor, open_executor
from autocnn.executors.protocol import Executor
from autocnn.leaderboard.file import record_bytes
from autocnn.leaderboard.ranking import rank_trials
from autocnn.objectives import Objective
from autocnn.records.facts import Facts
from autocnn.records.leases import Leases
from autocnn.records.optuna_record import (
    finished_records,
    is_open,
    is_unbegun,
    read_records,
    write_is_open,
)
from autocnn.records.own_trials import n_drawn_points
from autocnn.records.promotions import promoted_trials
from autocnn.records.shared_weights import put_weights
from autocnn.records.study_folder import StudyPaths, refuse_lost
from autocnn.records.study_settings import StudySettings
from autocnn.records.trial_log import TrialLog
from autocnn.records.trial_record import TrialRecord, record_of
from autocnn.space.plan import Planned
from autocnn.space.space import SearchSpace
from autocnn.study.budget import Budget
from autocnn.study.creation import size_of
from autocnn.study.derived_files import DerivedFiles
from autocnn.study.ending import Ending, exhausted_line
from autocnn.study.loop import Search
from autocnn.study.predicted_cost import PredictedCost, TimeCheck
from autocnn.study.promotion import Promoter
from autocnn.study.proposals import Proposals
from autocnn.study.recipes import find_recipes
from autocnn.study.size_check import SizeCheck
from autocnn.study.tally import Tally
from autocnn.study.warm_start import WarmCheck, WarmTrial, find_warm_points
from autocnn.trial import Device, Listener, Promotion, Proposal, TrialResult, TrialState

T = TypeVar("T")

OTHERS_S = 1.0  # between two reads of what other processes have put on record, at least
OTHERS_PAUSE = 20  # times the seconds of a read, at least, between two reads
OTHERS_END_S = 60.0  # that the finals wait for the trials of other processes
KEPT_WEIGHTS = 10  # trials of a search whose weights are kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """The part that a process has in a study; by default a search of its own."""

    joins: bool = False  # True: another process began the study, and will end it
    plan: tuple[Planned, ...] = ()  # the trainings of a study that draws none
    folds: int | None = None  # that each trial trains; None: chosen when the study is created
    warm: tuple[WarmTrial, ...] = ()  # that a new study tries first
    keeps: int = KEPT_WEIGHTS  # the number of best trials whose weights are kept
    open_executor: OpenExecutor = open_executor  # makes the place where jobs are trained


@dataclass(frozen=True, kw_only=True)
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
        """Write the leaderboard from the study's record, and keep the best trials' weights only.

        Raises: RecordError if the study's folder was deleted or the leaderboard cannot be written.
        """
        refuse_lost(self.paths)
        n_bytes = record_bytes(self.paths.journal)  # read first, since the journal may grow
        self._derived.write(self.records(), n_bytes)

    @cached_property
    def _derived(self) -> DerivedFiles:
        shared = None if self.leases is None else self.study
        return DerivedFiles(self.paths, self.settings, self.space, self.mode.keeps, shared)

    def _share_weights(self, proposal: Proposal, result: TrialResult) -> None:
        """Put the weights of a trial that ends now on record, if it is one of the best so far.

        Only a worker with a folder of its own does so, and keeps no file of them: the process that
        searches has the weights of the best trials, wherever they were trained.
        """
        if not self._is_apart:
            return
        if result.state in (TrialState.COMPLETE, TrialState.STOPPED):
            record = record_of(proposal, result.state, result, None, None)
            best = rank_trials([*self.finished(), record], self.objective)[: self.mode.keeps]
            if self.settings.costs or record in best:
                put_weights(self.study, self.paths, proposal.number)
        self.paths.weights(proposal.number).unlink(missing_ok=True)

    @cached_property
    def _is_apart(self) -> bool:
        """True if the folder of the study is this worker's own, and not that of its search."""
        return self.paths.is_joined

    @property
    def n_trained(self) -> int:
        """Trials of a shared study that this process has ended."""
        return 0 if self.leases is None else self.leases.n_ended

    def search(self, listener: Listener, interrupted: Callable[[], bool]) -> Ending:
        """Run trials until the budget, the number of trials, the target or Ctrl-C ends it."""
        tally = Tally.of(
            self.finished(),
            self.objective,
            by_seed=bool(self.mode.plan),
            lengthens=self.facts.longest_refit > 0,
            class_sizes=self.validation_sizes,
        )
        proposals = self._proposals(listener, tally)
        self.budget.best = tally.times()
        for record in self.finished():
            if record.result is not None:
                self.cost.learn(record, record.result)
        self.budget.slowdown = self.cost.slowdown
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
            ends=self._share_weights,
            max_trials=None if self.mode.plan else self.settings.trials,  # which may grow
            target=self.settings.ends_at,
            measures_latency=self.settings.measures_latency,
            max_latency_ms=self.settings.max_latency_ms,
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
        while proposals.trains_elsewhere() and not interrupted():
            if time.monotonic() > end:
                listener.message("other processes still train trials; the finals begin without")
                return
            time.sleep(OTHERS_S)

    def _proposals(self, listener: Listener, tally: Tally) -> Proposals:
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
            costs=self.settings.costs,
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
            too_large=SizeCheck(tally=tally).reason,
            promote=self._promote,
        )
        is_plan = bool(self.mode.plan)
        if not is_plan and not self.mode.joins and is_unbegun(self.study):
            self._enqueue_first(proposals, listener)
        return proposals

    def _promote(self, is_last: bool) -> Promotion | None:
        """The promotion that is due, if the study has any and this process is not a guest in it."""
        if not self.facts.promotes or self.mode.joins:
            return None
        promoter = Promoter(
            budget=self.budget,
            objective=self.objective,
            finished=self.finished,
            promoted=lambda: promoted_trials(self.study),
        )
        return promoter.next(is_last=is_last)

    def _enqueue_first(self, proposals: Proposals, listener: Listener) -> None:
        """Enqueue the points of a warm start, and then the recipes that are none of them."""
        warm, lines = find_warm_points(self.mode.warm, self._warm_check())
        proposals.enqueue_warm(warm)
        recipes, skipped = find_recipes(self.settings, self.space, self.data, size_of(self.facts))
        origins = {tuple(sorted(each.values.items())): each.origin for each in warm}
        for recipe in recipes:
            same = origins.get(tuple(sorted(recipe.values_in(self.space).items())))
            if same is None:
                proposals.enqueue([recipe])
            else:
                lines.append(f"recipe {recipe.name} is skipped: it is {same}")
        for line in (*lines, *skipped):
            listener.message(line)

    def _warm_check(self) -> WarmCheck:
        return WarmCheck(
            space=self.space,
            image_shape=self.data.image_shape,
            n_classes=self.data.n_classes,
            horizon=self.facts.horizon,
            budget=self.budget,
            cost=self.cost,
        )

    def _engine(self, setup: EngineSetup) -> BaseEngine:
        if self.mode.plan:
            return PlanEngine(self.study, self.space, setup, self.mode.plan)
        return make_engine(self.settings.engine, self.study, self.space, setup)


OWN_SEARCH = Mode()


def _cached(read: Callable[[], T]) -> Callable[[], T]:
    """`read`, called again after OTHERS_S, or later if a call takes long.

    A reading of the study returns all trials that run: with many workers it is called less often.
    """
    answer, read_at, pause = _timed(read)

    def last() -> T:
        nonlocal answer, read_at, pause
        if time.monotonic() - read_at >= pause:
            answer, read_at, pause = _timed(read)
        return answer

    return last


def _timed(read: Callable[[], T]) -> tuple[T, float, float]:
    """What `read` returns, when that was (time.monotonic), and the seconds to the next call."""
    start = time.monotonic()
    answer = read()
    end = time.monotonic()
    return answer, end, max(OTHERS_S, OTHERS_PAUSE * (end - start))
