"""The loop of a search: propose, submit, poll, record, until the budget is spent."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from autocnn.errors import TakenOver
from autocnn.executors.protocol import POLL_S, EpochEnded, Executor
from autocnn.records.study_folder import StudyPaths
from autocnn.records.trial_record import TrialRecord
from autocnn.study.budget import Budget
from autocnn.study.duplicates import copy_files
from autocnn.study.ending import CUTS, Ending
from autocnn.study.predicted_cost import PredictedCost
from autocnn.study.proposals import NoTime, Proposals
from autocnn.study.retries import (
    FirstTry,
    join_tries,
    keep_partial,
    lacked_room,
    second_try,
    was_cut,
    without_score_is_failure,
)
from autocnn.study.tally import Tally
from autocnn.trial import (
    Epoch,
    FailureCause,
    Listener,
    Progress,
    Proposal,
    Running,
    TrialJob,
    TrialResult,
    TrialState,
    Wait,
)

RECORD_EVERY_S = 5.0  # at least, between two writes of what is derived from the record
RECORD_PAUSE = 10  # times the seconds of a write, at least, between two writes
MAX_TRIES = 2  # of a job, without those whose machine was lost or whose GPU was full of others
MAX_REPEATED = 100  # repeated points in a row after which the space counts as exhausted


@dataclass(slots=True)
class _Training:
    """A trial that an executor trains, and what it has reported so far."""

    proposal: Proposal
    job: TrialJob
    curve: list[Epoch]
    first: FirstTry | None = None  # the tries before this one, if there are any
    n_tries: int = 0  # that have ended, of those that count for MAX_TRIES
    is_lost: bool = False  # another process has taken the trial over


@dataclass(slots=True, kw_only=True)
class Search:
    """One run of the loop; `tally` starts with the trials that are on record."""

    proposals: Proposals
    executor: Executor
    paths: StudyPaths
    budget: Budget
    listener: Listener
    horizon: int
    precision: str
    first_look: float  # fraction of the first epoch after which a trial is judged; 0: never
    interrupted: Callable[[], bool]  # True after Ctrl-C
    recorded: Callable[[], None]  # writes what is derived from the record, such as the leaderboard
    ends: Callable[[Proposal, TrialResult], None] = lambda *_: None  # before an end is on record
    class_weights: bool = False  # True: in the loss, all classes count alike
    folds: int = 1  # networks that each trial trains
    max_trials: int | None = None
    target: float | None = None
    measures_latency: bool = False  # of each network, before its training
    max_latency_ms: float | None = None
    max_failures: int | None = None  # failed trials in a row after which the search ends
    tally: Tally = field(default_factory=Tally)
    finished: Callable[[], Iterable[TrialRecord]] = lambda: ()  # ended trials of any process
    closed: Callable[[], bool] = lambda: False  # the study takes no more trials
    cost: PredictedCost | None = None  # learns how long trials take
    _trainings: dict[int, _Training] = field(default_factory=dict)  # by number
    _held: list[Proposal] = field(default_factory=list)  # duplicates of trials that are under way
    _repeated: int = 0  # repeated points in a row, up to now
    _has_no_time: bool = False  # whatever is drawn would take too long
    _is_stale: bool = False  # trials were put on record since the last call of `recorded`
    _pause_until: float = -math.inf  # time.monotonic() before which `recorded` is not called

    def run(self) -> Ending:
        """Search until an `Ending` applies and no trial is under way any more."""
        while True:
            ending = self._ending()
            if ending in CUTS:
                self._cut()
            is_waiting = self._fill() if ending is None else False
            if not self._trainings and not is_waiting:
                self._settle_held()
                self._write_derived()
                return self._ending() or self._why_nothing_is_left()
            if time.monotonic() >= self._pause_until:
                self._write_derived()  # while jobs are trained
            self._poll()

    def _why_nothing_is_left(self) -> Ending:
        return Ending.BUDGET if self._has_no_time else Ending.EXHAUSTED

    def _ending(self) -> Ending | None:
        if self.interrupted():
            return Ending.INTERRUPTED
        if self.max_trials is not None and self.tally.counts.total() >= self.max_trials:
            return Ending.TRIALS
        if self.target is not None and self.tally.reaches(self.target):
            return Ending.TARGET
        if self.max_failures is not None and self.tally.failures >= self.max_failures:
            return Ending.FAILURES
        if self.closed():
            return Ending.CLOSED
        return Ending.BUDGET if self.budget.is_over() else None

    # --- submitting jobs ---

    def _fill(self) -> bool:
        """Submit as many trials as fit; False: nothing is left to begin, now or later."""
        while len(self._trainings) < self.executor.capacity:
            proposal = self._next()
            if proposal is None:
                return False
            if isinstance(proposal, Wait):
                return self.proposals.runs_elsewhere()
            self._begin(proposal)
        return True

    def _next(self) -> Proposal | Wait | None:
        """The next proposal to be trained; a duplicate ends at once with the known result."""
        while self._ending() is None:
            proposal = self._held.pop() if self._held else self._propose()
            if not isinstance(proposal, Proposal):
                return proposal
            under_way = (training.proposal for training in self._trainings.values())
            if any(self.tally.known.are_same(proposal, other) for other in under_way):
                self._held.append(proposal)  # it ends with the result of the other one
                return Wait()
            try:
                result = self._repeat(proposal)
            except TakenOver:
                continue
            if result is None:
                return proposal
            self._finish(proposal, result)
        return Wait()

    def _propose(self) -> Proposal | Wait | None:
        if self._repeated >= MAX_REPEATED:
            return None
        proposal = self.proposals.next(lambda: self._ending() is not None, self.max_trials)
        if isinstance(proposal, NoTime):
            self._has_no_time = True
            return None
        if isinstance(proposal, Proposal):
            self._repeated = self._repeated + 1 if self.tally.known.has_point(proposal) else 0
        return proposal

    def _repeat(self, proposal: Proposal) -> TrialResult | None:
        """The result of an equal trial, reported epoch by epoch as if it were trained again."""
        result = self.tally.known.find(proposal)
        if result is None or result.duplicate_of is None:
            return None
        epochs = range(proposal.first_epoch + 1, result.epochs + 1)
        scores = {epoch: result.curve[epoch - 1].score for epoch in epochs}
        answers = [self.proposals.report(proposal.number, *each) for each in scores.items()]
        if result.state is TrialState.PRUNED and not any(answers):
            return None  # worse trials have ended since: now the pruner lets it go on
        copy_files(self.paths, result.duplicate_of, proposal.number)
        return result

    def _settle_held(self) -> None:
        """End the held duplicates with the known results, or leave them to be continued later."""
        for proposal in self._held:
            try:
                result = None if self.interrupted() else self._repeat(proposal)
            except TakenOver:
                continue
            if result is None:
                self.proposals.leave(proposal.number, None)
            else:
                self._finish(proposal, result)
        self._held.clear()

    def _begin(self, proposal: Proposal) -> None:
        job = self._job(proposal)
        training = _Training(proposal, job, list(self.tally.known.curve(proposal.parent)))
        self._trainings[job.number] = training
        self.executor.submit(job)
        self._show()

    def _job(self, proposal: Proposal) -> TrialJob:
        parent, horizon = proposal.parent, proposal.schedule_epochs(self.horizon)
        is_promoted = proposal.promoted_from is not None
        return TrialJob(
            number=proposal.number,
            config=proposal.config,
            seed=proposal.seed,
            horizon=horizon,
            last_epoch=proposal.last_epoch,
            first_epoch=proposal.first_epoch,
            continue_from=None if parent is None else self.paths.checkpoint(parent),
            keeps_checkpoint=proposal.last_epoch < horizon,
            precision=self.precision,
            folder=self.paths.trial(proposal.number),
            **self._limits(proposal),
            first_look=0.0 if is_promoted else self.first_look,
            class_weights=self.class_weights,
            objective=self.tally.objective.name,
            measures_latency=self.measures_latency,
            max_latency_ms=self.max_latency_ms,
            folds=self.folds,
        )

    def _limits(self, proposal: Proposal) -> dict[str, Any]:
        """The time limits of a job that begins now."""
        if proposal.promoted_from is not None:
            return {"time_limit_s": self.budget.promoted_limit(), "pace_limit_s": None}
        pace = None if self.tally.best is None else self.budget.pace_limit()
        return {"time_limit_s": self.budget.trial_limit(), "pace_limit_s": pace}

    # --- polling ---

    def _poll(self) -> None:
        """Handle the events of the executor, and the trials that other processes have ended."""
        for number in self.proposals.renew() & self._trainings.keys():
            self._trainings[number].is_lost = True  # pruned at its next epoch, which writes no file
        for event in self.executor.events(POLL_S):
            training = self._trainings[event.number]
            if isinstance(event, EpochEnded):
                prune = self._on_epoch(training, event.epoch, event.metrics)
                self.executor.answer(event.number, prune=prune)
            else:
                self._end(training, event.result, shared=event.shared)
        for record in self.finished():
            self._count_other(record)
        self._show()

    def _cut(self) -> None:
        for number in self._trainings:
            self.executor.cancel(number)

    def _on_epoch(self, training: _Training, epoch: int, metrics: Epoch) -> bool:
        number, curve = training.proposal.number, training.curve
        if training.is_lost:
            return True
        try:
            prunes = self.proposals.report(number, epoch, metrics.score)
        except TakenOver:  # while this process was suspended
            training.is_lost = True
            return True
        if epoch > 0:  # 0 is a look within the first epoch
            del curve[epoch - 1 :]  # epochs of a parent whose checkpoint is missing
            curve.append(metrics)
        return prunes

    def _end(self, training: _Training, result: TrialResult, *, shared: bool) -> None:
        """A job has ended: try it again, leave it for later, or put it on record."""
        proposal, first = training.proposal, training.first
        if training.is_lost or not self.proposals.holds(proposal.number):
            del self._trainings[proposal.number]  # the files are those of the new owner
            self.listener.message(f"trial {proposal.number} was taken over by another process")
            return
        result = keep_partial(training.job, result, training.curve)
        lacked = lacked_room(result, shared=shared)
        training.n_tries += result.cause is not FailureCause.NODE_LOST and not lacked
        is_last = self._ending() is not None or training.n_tries >= MAX_TRIES
        again = None if is_last else second_try(training.job, result, shared=shared)
        joined = result if first is None else join_tries(training.job, first, result)
        if again is not None:
            if result.cause is FailureCause.NODE_LOST:
                self.listener.message(f"trial {proposal.number}: {result.message}; it goes on")
            training.first = FirstTry.of(training.job, again, joined)
            training.job = replace(again, **self._limits(proposal))
            training.curve = list(self.tally.known.curve(proposal.parent))
            self.executor.submit(training.job)
            return
        result = joined
        del self._trainings[proposal.number]
        if result.state is TrialState.PRUNED:  # a first try may have left weights
            self.paths.weights(proposal.number).unlink(missing_ok=True)
        if self.interrupted() and was_cut(result):
            self.proposals.leave(proposal.number, result)
            self._is_stale = True
        else:
            self._finish(proposal, without_score_is_failure(result))

    def _finish(self, proposal: Proposal, result: TrialResult) -> None:
        self.ends(proposal, result)
        self.proposals.end(proposal.number, result)
        self._count(proposal, result)
        self._is_stale = True
        self.listener.trial_finished(proposal, result)

    def _count_other(self, record: TrialRecord) -> None:
        """Count a trial that another process has ended."""
        if record.number not in self.tally.numbers and record.result is not None:
            self._count(record, record.result)
            self.listener.trial_finished(record.proposal, record.result)

    def _count(self, trial: TrialRecord | Proposal, result: TrialResult) -> None:
        self.tally.add(trial, result)
        self.budget.best = self.tally.times()
        if self.cost is not None:
            self.cost.learn(trial, result)
            self.budget.slowdown = self.cost.slowdown

    def _write_derived(self) -> None:
        if self._is_stale:
            start = time.monotonic()
            self._drop_checkpoints()
            self.recorded()
            end, self._is_stale = time.monotonic(), False
            self._pause_until = end + max(RECORD_EVERY_S, RECORD_PAUSE * (end - start))

    def _drop_checkpoints(self) -> None:
        """Delete the checkpoints that no later trial can continue."""
        kept = {self.paths.checkpoint(number) for number in self.proposals.continuable()}
        for checkpoint in set(self.paths.checkpoints()) - kept:
            checkpoint.unlink(missing_ok=True)

    def _show(self) -> None:
        self.listener.progress(
            Progress(
                phase="searching",
                counts=dict(self.tally.counts),
                horizon=self.horizon,
                best=self.tally.best,
                running=tuple(
                    Running(proposal=training.proposal, curve=tuple(training.curve))
                    for training in self._trainings.values()
                ),
                seconds_left=self.budget.left(),
            )
        )
