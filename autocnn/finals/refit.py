"""The refit: the winner trained once more on all training images, those of validation included."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from autocnn.executors.protocol import run_job
from autocnn.records.trial_record import TrialRecord
from autocnn.study.session import Session
from autocnn.trial import Epoch, TrialJob, TrialResult, TrialState

LOSS_TOLERANCE = 1.2  # a refit's training loss may be this many times the trial's, or ...
# ... above it by this much, in nats an image. A ratio alone refuses good refits of networks that
# have learned their images by heart: the losses of two such trainings differ by any factor. On
# digits, trainings that differ in seed and in the validation images differ by up to 0.05 nats, at
# losses from 0.00003 to 0.05 (docs/experiments.md), while a refit that failed is off by whole nats.
LOSS_SLACK = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Refit:
    """The result of a refit, and the decision whether its weights are shipped."""

    result: TrialResult
    refusal: str  # the reason why the weights are not shipped, or ""

    @property
    def is_shipped(self) -> bool:
        """True if the refit's weights are shipped."""
        return not self.refusal


def refit_winner(
    session: Session,
    record: TrialRecord,
    on_epoch: Callable[[int, Epoch], None],
    interrupted: Callable[[], bool],
    reserve_s: float,
) -> Refit:
    """Train the configuration of `record` on train + validation, up to its best epoch.

    The schedule has as many epochs as the trial's, and `reserve_s` seconds of the budget are left.
    `on_epoch` is called after each epoch, with its number and metrics.

    Raises: ValueError if the trial has no best epoch.
    """
    best_epoch = record.best_epoch
    if best_epoch is None:
        raise ValueError(f"trial {record.number} has no best epoch to refit to")
    left = session.budget.left()
    job = TrialJob(
        number=record.number,
        config=record.trained_config,
        seed=record.seed,
        horizon=record.proposal.schedule_epochs(session.facts.horizon),
        last_epoch=best_epoch,
        precision=session.precision,
        folder=session.paths.refit,
        time_limit_s=None if left is None else max(1.0, left - reserve_s),
        class_weights=session.settings.class_weights,
        fit_on="train+validation",
    )
    result = _train(session, job, on_epoch, interrupted)
    return Refit(result=result, refusal=judge_refit(result, record, best_epoch))


def _train(
    session: Session,
    job: TrialJob,
    on_epoch: Callable[[int, Epoch], None],
    interrupted: Callable[[], bool],
) -> TrialResult:
    """Train `job`; no epoch prunes it."""

    def report(epoch: int, metrics: Epoch) -> bool:
        on_epoch(epoch, metrics)
        return False

    return run_job(session.executor, job, report, interrupted)


def judge_refit(result: TrialResult, record: TrialRecord, best_epoch: int) -> str:
    """The reason why the weights of a refit must not be shipped, or "".

    The training loss of the refit's last epoch is compared with that of the trial's `best_epoch`.
    """
    if result.state is TrialState.STOPPED:
        return f"the refit ran out of time in epoch {result.epochs + 1} of {best_epoch}"
    if result.state is not TrialState.COMPLETE:
        return f"the refit failed: {result.message}"
    assert record.result is not None
    before, after = record.result.curve[best_epoch - 1].train_loss, result.curve[-1].train_loss
    if not after <= max(LOSS_TOLERANCE * before, before + LOSS_SLACK):  # also for NaN
        return f"the refit's training loss is {after:.4f}, the trial's was {before:.4f}"
    return ""
