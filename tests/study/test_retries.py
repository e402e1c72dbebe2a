"""What is tried again after a failure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autocnn.study.retries import FirstTry, join_tries, second_try
from autocnn.trial import FailureCause, TrialJob, TrialState


@pytest.fixture
def job(config, tmp_path) -> TrialJob:
    """A job with batches of 16, and a checkpoint from its last epoch."""
    (tmp_path / "checkpoint.npz").write_bytes(b"state")
    return TrialJob(
        number=3,
        config=config,
        seed=1,
        horizon=3,
        last_epoch=3,
        precision="float32",
        folder=tmp_path,
    )


@pytest.fixture
def failed(make_result):
    """A trial that failed for this cause."""

    def make(cause):
        return make_result(state=TrialState.FAILED, cause=cause, message="why", seconds=5.0)

    return make


def test_a_dead_process_may_have_met_bad_luck(job, failed, make_result):
    """The same job again, which goes on from its checkpoint."""
    assert second_try(job, failed(FailureCause.CRASHED)) == job
    assert (job.folder / "checkpoint.npz").exists()
    result = join_tries(job, FirstTry(result=failed(FailureCause.CRASHED)), make_result(0.5))
    assert (result.state, result.score, result.attempts) == (TrialState.COMPLETE, 0.5, 2)
    assert (result.seconds, result.batch_size) == (15.0, None)
    assert result.message == "tried again as it was after crashed: why"


def test_memory_that_ran_out_is_tried_with_half_the_batch(job, failed, make_result):
    """From the start: what was trained with larger batches is no part of this training."""
    again = second_try(job, failed(FailureCause.OUT_OF_MEMORY))
    assert again == replace(job, config=replace(job.config, batch_size=8))
    assert not (job.folder / "checkpoint.npz").exists()
    result = join_tries(
        again, FirstTry(result=failed(FailureCause.OUT_OF_MEMORY)), make_result(0.5, message="slow")
    )
    assert result.batch_size == 8
    assert result.message == "tried again with batches of 8 after out_of_memory: why; slow"


def test_a_single_image_cannot_be_halved(job, failed):
    """Then it is the network that is too large."""
    job = replace(job, config=replace(job.config, batch_size=1))
    assert second_try(job, failed(FailureCause.OUT_OF_MEMORY)) is None


@pytest.mark.parametrize(
    "cause", [FailureCause.DIVERGED, FailureCause.TIMED_OUT, FailureCause.ERROR, None]
)
def test_what_would_fail_again_is_not_tried(job, failed, cause):
    """The same seed, the same numbers."""
    assert second_try(job, failed(cause)) is None
