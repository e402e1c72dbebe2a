"""What follows from the end of a job: a second try, a trial to be continued, or a result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from autocnn.errors import RecordError
from autocnn.objectives import find_objective
from autocnn.train.checkpoint import find_checkpoint, save_best_weights
from autocnn.train.early_stopping import best_epoch
from autocnn.trial import (
    CHECKPOINT_FILE,
    Epoch,
    FailureCause,
    TrialJob,
    TrialResult,
    TrialState,
)

# Causes for which a training is lost through no fault of its configuration's scores: the process
# was killed, was silent for too long, or had too little memory; or its machine is gone.
LOST = (
    FailureCause.CRASHED,
    FailureCause.NODE_LOST,
    FailureCause.TIMED_OUT,
    FailureCause.OUT_OF_MEMORY,
)
DIED = (FailureCause.CRASHED, FailureCause.NODE_LOST)


def keep_partial(job: TrialJob, ended: TrialResult, reported: Sequence[Epoch]) -> TrialResult:
    """`ended` with the epochs that a lost training has reported, or has put in its checkpoint.

    If the checkpoint holds the weights of a best epoch, they become the trial's weights, and the
    trial counts as stopped with the score of that epoch. Epochs after the checkpoint stay in the
    curve, but have no weights, and none of them can be the best epoch.
    """
    if ended.state is not TrialState.FAILED or ended.cause not in LOST:
        return ended
    try:
        checkpoint = save_best_weights(job.folder)
    except RecordError as error:
        checkpoint, ended = None, replace(ended, message=f"{ended.message}; {error}")
    saved: tuple[Epoch, ...] = () if checkpoint is None else checkpoint.curve
    curve = max(ended.curve, tuple(reported), saved, key=len)
    seconds = max(ended.seconds, _own_seconds(curve, job.first_epoch))
    kept = replace(ended, curve=curve, seconds=seconds, precision=job.precision)
    if checkpoint is None:
        return kept
    cpu_seconds = max(ended.cpu_seconds, checkpoint.cpu_seconds)
    best = best_epoch(saved, find_objective(job.objective))
    return replace(kept, state=TrialState.STOPPED, best_epoch=best, cpu_seconds=cpu_seconds)


def _own_seconds(curve: Sequence[Epoch], first_epoch: int) -> float:
    """Seconds of the epochs after `first_epoch`, which are those of a parent."""
    if len(curve) <= first_epoch:
        return 0.0
    return curve[-1].seconds - (curve[first_epoch - 1].seconds if first_epoch else 0.0)


def second_try(job: TrialJob, failed: TrialResult, *, shared: bool = False) -> TrialJob | None:
    """The job to be tried after `failed`; None if another try would change nothing.

    After the death of its process or machine the same job is tried again, from its last checkpoint.
    After a lack of memory on a GPU that was `shared`, the job is tried again as it was, alone on
    the GPU; otherwise with half the batch, from the start.
    """
    if failed.cause in DIED:
        return job
    if lacked_room(failed, shared=shared):
        return replace(job, alone=True)
    if failed.cause is FailureCause.OUT_OF_MEMORY and job.config.batch_size > 1:
        (job.folder / CHECKPOINT_FILE).unlink(missing_ok=True)
        half = job.config.batch_size // 2
        return replace(job, config=replace(job.config, batch_size=half))
    return None


def lacked_room(failed: TrialResult, *, shared: bool) -> bool:
    """True if memory ran out that other jobs, or their limits, had taken."""
    return shared and failed.cause is FailureCause.OUT_OF_MEMORY


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstTry:
    """The tries before the last one, as one result, and what of their cost the last one counts."""

    result: TrialResult
    how: str = "as it was"  # the next one differs from the last
    is_smaller: bool = False  # the batch of the next one
    seconds: float = 0.0  # wall, that the checkpoint of the next try accounts for
    cpu_seconds: float = 0.0

    @classmethod
    def of(cls, job: TrialJob, again: TrialJob, result: TrialResult) -> FirstTry:
        """The tries so far with `result`: the last was of `job`, the next one is of `again`."""
        is_smaller = again.config.batch_size < job.config.batch_size
        how = "alone on its GPU" if again.alone and not job.alone else "as it was"
        if is_smaller:
            how = f"with batches of {again.config.batch_size}"
        try:
            checkpoint = find_checkpoint(again.folder)
        except RecordError:  # the second try begins anew, too
            checkpoint = None
        first = cls(result=result, how=how, is_smaller=is_smaller)
        if checkpoint is None:
            return first
        return replace(first, seconds=checkpoint.seconds, cpu_seconds=checkpoint.cpu_seconds)


def join_tries(job: TrialJob, first: FirstTry, second: TrialResult) -> TrialResult:
    """The result of two tries; `job` is that of the second try; their costs add up.

    A second try without a score does not undo the score of the first one. A second try that is
    lost, too, keeps the longer curve: the same training has reported both.
    """
    failed = first.result
    size, is_smaller = job.config.batch_size, first.is_smaller
    messages = [f"tried again {first.how} after {failed.cause}: {failed.message}", second.message]
    keeps_first = second.best_epoch is None and failed.best_epoch is not None
    is_lost = second.cause in LOST and not is_smaller
    if is_lost and len(failed.curve) > len(second.curve):
        second = replace(second, curve=failed.curve)
    return replace(
        failed if keeps_first else second,
        attempts=failed.attempts + 1,
        batch_size=size if is_smaller and not keeps_first else failed.batch_size,
        seconds=failed.seconds - first.seconds + second.seconds,
        cpu_seconds=failed.cpu_seconds - first.cpu_seconds + second.cpu_seconds,
        message="; ".join(message for message in messages if message),
    )


def was_cut(result: TrialResult) -> bool:
    """True if an interruption ended the trial: it was cancelled, or its process got the signal."""
    return result.state is TrialState.STOPPED or result.cause in DIED


def without_score_is_failure(result: TrialResult) -> TrialResult:
    """`result`, or a failure if the trial was stopped before the end of its first epoch."""
    if result.state is not TrialState.STOPPED or result.best_epoch is not None:
        return result
    message = f"no epoch was finished within {result.seconds:.0f} s"
    return replace(result, state=TrialState.FAILED, cause=FailureCause.TIMED_OUT, message=message)
