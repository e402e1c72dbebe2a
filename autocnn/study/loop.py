"""The search itself: propose, train, report, record, until the budget is spent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

from autocnn.engines.protocol import Engine
from autocnn.records.paths import StudyPaths
from autocnn.study.budget import Budget
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


class Ending(StrEnum):
    """Why a search ended."""

    TRIALS = "trials"  # as many as were asked for
    BUDGET = "budget"
    TARGET = "target"  # the score that was asked for
    EXHAUSTED = "exhausted"  # nothing feasible is left to propose
    INTERRUPTED = "interrupted"  # Ctrl-C


class ContinuableEngine(Engine, Protocol):
    """An engine that can leave a trial to be continued later."""

    def leave(self, number: int, result: TrialResult | None) -> None:
        """Note how far a trial came, and keep it running on record."""
        ...


@dataclass(slots=True, kw_only=True)
class Search:
    """One run of the loop; `counts` and `best` start from what is on record already."""

    engine: ContinuableEngine
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
    counts: Counter[TrialState] = field(default_factory=Counter)
    best: tuple[int, float] | None = None

    def run(self) -> Ending:
        """Search until something ends it."""
        while (ending := self._ending()) is None:
            proposal = self.engine.ask()
            if proposal is None or isinstance(proposal, Wait):
                # One worker: nobody else can report, so waiting would never end.
                return Ending.EXHAUSTED
            result = self._train(proposal)
            if self.interrupted() and result.state is TrialState.STOPPED:
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
        return Ending.BUDGET if self.budget.is_over() else None

    def _train(self, proposal: Proposal) -> TrialResult:
        job = TrialJob(
            number=proposal.number,
            config=proposal.config,
            seed=proposal.seed,
            horizon=self.horizon,
            last_epoch=self.horizon,
            precision=self.precision,
            folder=self.paths.trial(proposal.number),
            time_limit_s=self.budget.trial_limit(),
            pace_limit_s=None if self.best is None else self.budget.pace_limit(),
            first_look=self.first_look,
        )
        curve: list[Epoch] = []
        self._show(proposal, curve)

        def on_epoch(epoch: int, metrics: Epoch) -> bool:
            if epoch == 0:
                return self.engine.first_look(proposal.number, metrics.val_accuracy)
            curve.append(metrics)
            self._show(proposal, curve)
            return self.engine.report(proposal.number, epoch, metrics.val_accuracy)

        def interrupt() -> bool:
            self._show(proposal, curve)
            return self.interrupted()

        return self.worker.run(job, on_epoch, interrupt)

    def _finish(self, proposal: Proposal, result: TrialResult) -> None:
        self.engine.tell(proposal.number, result)
        self.counts[result.state] += 1
        score = result.score
        ranked = result.state in (TrialState.COMPLETE, TrialState.STOPPED)
        if ranked and score is not None and (self.best is None or score > self.best[1]):
            self.best = (proposal.number, score)
            self.budget.refit_s = seconds_to_best(result)
        self.recorded()
        self.listener.trial_finished(proposal, result)

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


def _without_score_is_failure(result: TrialResult) -> TrialResult:
    """A trial that ran out of time before its first epoch's end has nothing to be ranked by."""
    if result.state is not TrialState.STOPPED or result.best_epoch is not None:
        return result
    message = f"no epoch was finished within {result.seconds:.0f} s"
    return replace(result, state=TrialState.FAILED, cause=FailureCause.TIMED_OUT, message=message)
