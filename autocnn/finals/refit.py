"""The winner trained once more on all training images, validation included."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from autocnn.executors.protocol import run_job
from autocnn.records.trial_record import TrialRecord
from autocnn.study.session import Session
from autocnn.trial import Epoch, TrialJob, TrialResult, TrialState

LOSS_TOLERANCE = 1.2  # a refit whose training loss is above the trial's by more is not shipped


@dataclass(frozen=True, slots=True, kw_only=True)
class Refit:
    """A refit and whether its weights are fit to be shipped."""

    result: TrialResult
    refusal: str  # "" where it is shipped

    @property
    def is_shipped(self) -> bool:
        """True where the refit's weights are the product."""
        return not self.refusal


def refit_winner(
    session: Session,
    record: TrialRecord,
    on_epoch: Callable[[int, Epoch], None],
    interrupted: Callable[[], bool],
    reserve_s: float,
) -> Refit:
    """Train `record`'s configuration on train + validation up to its best epoch.

    The schedule keeps the study's horizon. `reserve_s` of the budget are left untouched.
    """
    best_epoch = record.best_epoch
    if best_epoch is None:
        raise ValueError(f"trial {record.number} has no best epoch to refit to")
    left = session.budget.left()
    job = TrialJob(
        number=record.number,
        config=record.trained_config,
        seed=record.seed,
        horizon=session.facts.horizon,
        last_epoch=best_epoch,
        precision=session.precision,
        folder=session.paths.refit,
        time_limit_s=None if left is None else max(1.0, left - reserve_s),
        class_weights=session.settings.class_weights,
        fit_on="train+validation",
    )

    def report(epoch: int, metrics: Epoch) -> bool:
        on_epoch(epoch, metrics)
        return False

    result = run_job(session.executor, job, report, interrupted)
    return Refit(result=result, refusal=judge_refit(result, record, best_epoch))


def judge_refit(result: TrialResult, record: TrialRecord, best_epoch: int) -> str:
    """Why the refit must not be shipped, or ""."""
    if result.state is TrialState.STOPPED:
        return f"the refit ran out of time in epoch {result.epochs + 1} of {best_epoch}"
    if result.state is not TrialState.COMPLETE:
        return f"the refit failed: {result.message}"
    assert record.result is not None
    before, after = record.result.curve[best_epoch - 1].train_loss, result.curve[-1].train_loss
    if after > LOSS_TOLERANCE * before:
        return f"the refit's training loss is {after:.4f}, the trial's was {before:.4f}"
    return ""
