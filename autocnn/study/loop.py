"""The search itself: propose, train, report, record, until the budget is spent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from autocnn.engines.protocol import Engine
from autocnn.records.paths import StudyPaths
from autocnn.study.budget import Budget
from autocnn.study.duplicates import KnownResults, copy_files
from autocnn.study.second_try import join_tries, second_try
from autocnn.study.worker import Worker
from autocnn.trial import (
    Epoch,
    FailureCause,
    Listener,
    Progress,
    Proposal,
    TrialJob,
    TrialResult,
    TrialState,
    Wait,
)

MAX_REPEATED = 100  # points in a row that were proposed before: nothing new is expected


class Ending(StrEnum):
    """Why a search ended."""

    TRIALS = "trials"  # as many as were asked for
    BUDGET = "budget"
    TARGET = "target"  # the score that was asked for
    FAILURES = "failures"  # so many in a row that nothing better is expected
    EXHAUSTED = "exhausted"  # nothing feasible is left to propose
    INTERRUPTED = "interrupted"  # Ctrl-C


@dataclass(slots=True, kw_only=True)
class Search:
    """One run of the loop; `counts` and `best` start from what is on record already."""

    engine: Engine
    worker: Worker
    paths: StudyPaths
    budget: Budget
    listener: Listener
    horizon: int
    precision: str
    first_look: float  # fraction of the first epoch after which a trial is judged; 0: never
    interrupted: Callable[[], bool]  # Ctrl-C
    recorded: Callable[[], None]  # called whenever a trial is on record
    max_trials: int | None = None
    target: float | None = None
    max_failures: int | None = None  # in a row, of whatever cause
    counts: Counter[TrialState] = field(default_factory=Counter)
    best: tuple[int, float] | None = None
    known: KnownResults = field(default_factory=lambda: KnownResults(()))
    failures: int = 0  # in a row, just now

    def run(self) -> Ending:
        """Search until something ends it."""
        repeated = 0  # points in a row that were proposed before
        while (ending := self._ending()) is None:
            enough = repeated >= MAX_REPEATED
            proposal = None if enough else self.engine.ask(lambda: self._ending() is not None)
            # One worker: nobody else can report, so waiting would never end.
            if proposal is None or isinstance(proposal, Wait):
                return self._ending() or Ending.EXHAUSTED
            repeated = repeated + 1 if self.known.has_point(proposal) else 0
            result = self._repeat(proposal) or self._train(proposal)
            if self.interrupted() and _was_cut(result):
                self.engine.leave(proposal.number, result)
                self.recorded()
            else:
                self._finish(proposal, _without_score_is_failure(result))
        return ending

    def _ending(self) -> Ending | None:
        if self.interrupted():
            return Ending.INTERRUPTED
        if self.max_trials is not None and self.counts.total() >= self.max_trials:
            return Ending.TRIALS
        if self.target is not None and self.best is not None and self.best[1] >= self.target:
            return Ending.TARGET
        if self.max_failures is not None and self.failures >= self.max_failures:
            return Ending.FAILURES
        return Ending.BUDGET if self.budget.is_over() else None

    def _repeat(self, proposal: Proposal) -> TrialResult | None:
        """The result of a trial that was the same, told to the engine as if trained again."""
        result = self.known.find(proposal)
        if result is None or result.duplicate_of is None:
            return None
        epochs = range(proposal.first_epoch + 1, result.epochs + 1)
        scores = {epoch: result.curve[epoch - 1].val_accuracy for epoch in epochs}
        answers = [self.engine.report(proposal.number, *told) for told in scores.items()]
        if result.state is TrialState.PRUNED and not any(answers):
            return None  # others have done worse since: by now it may go on
        copy_files(self.paths, result.duplicate_of, proposal.number)
        return result

    def _train(self, proposal: Proposal) -> TrialResult:
        job = self._job(proposal)
        first = self._run(job, proposal)
        again = None if self.interrupted() else second_try(job, first)
        if again is None:
            return first
        return join_tries(again, first, self._run(again, proposal))

    def _job(self, proposal: Proposal) -> TrialJob:
        parent = proposal.parent
        return TrialJob(
            number=proposal.number,
            config=proposal.config,
            seed=proposal.seed,
            horizon=self.horizon,
            last_epoch=proposal.last_epoch,
            first_epoch=proposal.first_epoch,
            continue_from=None if parent is None else self.paths.checkpoint(parent),
            keeps_checkpoint=proposal.last_epoch < self.horizon,
            precision=self.precision,
            folder=self.paths.trial(proposal.number),
            time_limit_s=self.budget.trial_limit(),
            pace_limit_s=None if self.best is None else self.budget.pace_limit(),
            first_look=self.first_look,
        )

    def _run(self, job: TrialJob, proposal: Proposal) -> TrialResult:
        curve = list(self.known.curve(proposal.parent))
        self._show(proposal, curve)

        def on_epoch(epoch: int, metrics: Epoch) -> bool:
            if epoch == 0:
                return self.engine.first_look(proposal.number, metrics.val_accuracy)
            del curve[epoch - 1 :]  # a parent's, where its checkpoint is missing
            curve.append(metrics)
            self._show(proposal, curve)
            return self.engine.report(proposal.number, epoch, metrics.val_accuracy)

        def interrupt() -> bool:
            self._show(proposal, curve)
            return self.interrupted()

        return self.worker.run(job, on_epoch, interrupt)

    def _finish(self, proposal: Proposal, result: TrialResult) -> None:
        self.engine.tell(proposal.number, result)
        self.known.add(proposal, result)
        self._drop_checkpoints()
        self.counts[result.state] += 1
        self.failures = self.failures + 1 if result.state is TrialState.FAILED else 0
        score = result.score
        ranked = result.state in (TrialState.COMPLETE, TrialState.STOPPED)
        if ranked and score is not None and (self.best is None or score > self.best[1]):
            self.best = (proposal.number, score)
            self.budget.refit_s = seconds_to_best(result)
        self.recorded()
        self.listener.trial_finished(proposal, result)

    def _drop_checkpoints(self) -> None:
        """Delete the checkpoints that no later trial can continue."""
        kept = {self.paths.checkpoint(number) for number in self.engine.continuable()}
        for checkpoint in set(self.paths.checkpoints()) - kept:
            checkpoint.unlink()

    def _show(self, proposal: Proposal, curve: list[Epoch]) -> None:
        self.listener.progress(
            Progress(
                phase="searching",
                counts=dict(self.counts),
                horizon=self.horizon,
                best=self.best,
                running=proposal,
                curve=tuple(curve),
                seconds_left=self.budget.left(),
            )
        )


def seconds_to_best(result: TrialResult) -> float:
    """Wall seconds that `result` took until the end of its best epoch; 0 without one."""
    return 0.0 if result.best_epoch is None else result.curve[result.best_epoch - 1].seconds


def _was_cut(result: TrialResult) -> bool:
    """True where the interruption ended the trial: asked to stop, or its process got the signal."""
    return result.state is TrialState.STOPPED or result.cause is FailureCause.CRASHED


def _without_score_is_failure(result: TrialResult) -> TrialResult:
    """A trial that ran out of time before its first epoch's end has nothing to be ranked by."""
    if result.state is not TrialState.STOPPED or result.best_epoch is not None:
        return result
    message = f"no epoch was finished within {result.seconds:.0f} s"
    return replace(result, state=TrialState.FAILED, cause=FailureCause.TIMED_OUT, message=message)
