"""What is made of the end of a job: a second try, a trial for later, or a failure."""

from __future__ import annotations

from dataclasses import replace

from autocnn.trial import CHECKPOINT_FILE, FailureCause, TrialJob, TrialResult, TrialState


def second_try(job: TrialJob, failed: TrialResult) -> TrialJob | None:
    """The job to be tried after `failed`; None where another try would change nothing.

    A process that died may have met bad luck: the same again, from its last checkpoint. Where
    memory ran out: half the batch, from the start.
    """
    if failed.cause is FailureCause.CRASHED:
        return job
    if failed.cause is FailureCause.OUT_OF_MEMORY and job.config.batch_size > 1:
        (job.folder / CHECKPOINT_FILE).unlink(missing_ok=True)
        half = job.config.batch_size // 2
        return replace(job, config=replace(job.config, batch_size=half))
    return None


def join_tries(job: TrialJob, first: TrialResult, second: TrialResult) -> TrialResult:
    """The result of two tries, of which `job` was the second; both took their time."""
    size = job.config.batch_size
    how = f"with batches of {size}" if first.cause is FailureCause.OUT_OF_MEMORY else "as it was"
    messages = [f"tried again {how} after {first.cause}: {first.message}", second.message]
    return replace(
        second,
        attempts=2,
        batch_size=size if first.cause is FailureCause.OUT_OF_MEMORY else None,
        seconds=first.seconds + second.seconds,
        cpu_seconds=first.cpu_seconds + second.cpu_seconds,
        message="; ".join(message for message in messages if message),
    )


def was_cut(result: TrialResult) -> bool:
    """True where the interruption ended the trial: asked to stop, or its process got the signal."""
    return result.state is TrialState.STOPPED or result.cause is FailureCause.CRASHED


def without_score_is_failure(result: TrialResult) -> TrialResult:
    """A trial that ran out of time before its first epoch's end has nothing to be ranked by."""
    if result.state is not TrialState.STOPPED or result.best_epoch is not None:
        return result
    message = f"no epoch was finished within {result.seconds:.0f} s"
    return replace(result, state=TrialState.FAILED, cause=FailureCause.TIMED_OUT, message=message)
