"""Which failed trials are tried again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from autocnn.nn.weights import load_weights
from autocnn.study.retries import FirstTry, join_tries, keep_partial, second_try
from autocnn.train.checkpoint import Checkpoint, save_checkpoint
from autocnn.trial import FailureCause, TrialJob, TrialState


@pytest.fixture
def job(config, tmp_path) -> TrialJob:
    """A job with batches of 16 and a checkpoint from its last epoch."""
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
    """A function that makes a trial that failed for this cause."""

    def make(cause):
        return make_result(state=TrialState.FAILED, cause=cause, message="why", seconds=5.0)

    return make


def test_a_crashed_training_is_repeated_from_its_checkpoint(job, failed, make_result):
    """A job whose process died is repeated unchanged."""
    assert second_try(job, failed(FailureCause.CRASHED)) == job
    assert second_try(job, failed(FailureCause.NODE_LOST)) == job
    assert (job.folder / "checkpoint.npz").exists()
    result = join_tries(job, FirstTry(result=failed(FailureCause.CRASHED)), make_result(0.5))
    assert (result.state, result.score, result.attempts) == (TrialState.COMPLETE, 0.5, 2)
    assert (result.seconds, result.batch_size) == (15.0, None)
    assert result.message == "tried again as it was after crashed: why"


def test_memory_that_ran_out_is_tried_with_half_the_batch(job, failed, make_result):
    """The job starts anew, because its checkpoint was trained with larger batches."""
    again = second_try(job, failed(FailureCause.OUT_OF_MEMORY))
    assert again == replace(job, config=replace(job.config, batch_size=8))
    assert not (job.folder / "checkpoint.npz").exists()
    result = join_tries(
        again,
        FirstTry.of(job, again, failed(FailureCause.OUT_OF_MEMORY)),
        make_result(0.5, message="slow"),
    )
    assert result.batch_size == 8
    assert result.message == "tried again with batches of 8 after out_of_memory: why; slow"


def test_memory_that_others_had_taken_is_tried_alone_first(job, failed, make_result):
    """The job stays as it was and keeps its checkpoint; if it fails alone, its batch is halved."""
    full = failed(FailureCause.OUT_OF_MEMORY)
    alone = second_try(job, full, shared=True)
    assert alone == replace(job, alone=True)
    assert (job.folder / "checkpoint.npz").exists()
    (job.folder / "checkpoint.npz").unlink()
    first = FirstTry.of(job, alone, full)
    fits = join_tries(alone, first, make_result(0.5))
    assert (fits.batch_size, fits.attempts) == (None, 2)
    assert fits.message == "tried again alone on its GPU after out_of_memory: why"
    twice = join_tries(alone, first, full)
    half = second_try(alone, twice)
    assert half == replace(alone, config=replace(job.config, batch_size=8))
    result = join_tries(half, FirstTry.of(alone, half, twice), make_result(0.5))
    assert (result.batch_size, result.attempts) == (8, 3)
    assert result.message.startswith("tried again with batches of 8 after out_of_memory: tried")


def test_a_single_image_cannot_be_halved(job, failed):
    """If one image is too much, the network itself is too large."""
    job = replace(job, config=replace(job.config, batch_size=1))
    assert second_try(job, failed(FailureCause.OUT_OF_MEMORY)) is None


@pytest.mark.parametrize(
    "cause", [FailureCause.DIVERGED, FailureCause.TIMED_OUT, FailureCause.ERROR, None]
)
def test_a_failure_that_would_repeat_is_not_retried(job, failed, cause):
    """A job that diverged would diverge again with its seed."""
    assert second_try(job, failed(cause)) is None


@pytest.fixture
def save(job, make_result):
    """Write a checkpoint of these scores; the weights of its best epoch are 1, 2, 3."""

    def write(*scores, seconds=20.0):
        checkpoint = Checkpoint(
            model=[np.zeros(2)],
            optimizer=[np.zeros(1)],
            best_weights=[np.array([1.0, 2.0, 3.0])],
            curve=make_result(*scores).curve,
            seconds=seconds,
            cpu_seconds=2 * seconds,
            batch=16,
        )
        save_checkpoint(job.folder / "checkpoint.npz", checkpoint)

    return write


def test_a_smaller_batch_stays_on_record_after_a_further_try(job, failed, make_result):
    """Memory ran out, then the machine of the try with batches of 8 was lost."""
    half = second_try(job, failed(FailureCause.OUT_OF_MEMORY))
    memory = FirstTry.of(job, half, failed(FailureCause.OUT_OF_MEMORY))
    lost = join_tries(half, memory, failed(FailureCause.NODE_LOST))
    assert second_try(half, lost) == half
    result = join_tries(half, FirstTry(result=lost), make_result(0.5))
    assert (result.batch_size, result.attempts, result.seconds) == (8, 3, 5.0 + 5.0 + 10.0)


LOST = [
    FailureCause.NODE_LOST,
    FailureCause.CRASHED,
    FailureCause.TIMED_OUT,
    FailureCause.OUT_OF_MEMORY,
]


@pytest.mark.parametrize("cause", LOST)
def test_a_lost_training_is_stopped_at_its_best_saved_epoch(job, failed, make_result, save, cause):
    """The checkpoint has two epochs; a third, better one was reported after it."""
    save(0.5, 0.7)
    reported = make_result(0.5, 0.7, 0.9).curve
    result = keep_partial(job, failed(cause), reported)
    assert (result.state, result.cause) == (TrialState.STOPPED, cause)
    assert (result.best_epoch, result.score, result.epochs) == (2, 0.7, 3)
    assert (result.seconds, result.cpu_seconds) == (reported[-1].seconds, 40.0)
    assert [w.tolist() for w in load_weights(job.folder / "best.npz")] == [[1.0, 2.0, 3.0]]


def test_what_was_reported_is_kept_without_a_checkpoint(job, failed, make_result):
    """With a damaged checkpoint the trial has failed, and its epochs stay on record."""
    result = keep_partial(job, failed(FailureCause.CRASHED), make_result(0.5, 0.7).curve)
    assert (result.state, result.best_epoch, result.epochs) == (TrialState.FAILED, None, 2)
    assert "checkpoint.npz" in result.message
    assert not (job.folder / "best.npz").exists()


@pytest.mark.parametrize("cause", [FailureCause.DIVERGED, FailureCause.ERROR])
def test_a_training_that_failed_by_itself_stays_failed(job, failed, make_result, save, cause):
    """The cause of such a failure is the configuration or an internal error."""
    save(0.5)
    assert keep_partial(job, failed(cause), make_result(0.5).curve) == failed(cause)


def test_a_second_try_from_a_checkpoint_counts_its_seconds_once(job, make_result, save):
    """The first try took 25 s, 20 of them up to the checkpoint; the second ends at 50 s in all."""
    save(0.5, seconds=20.0)
    crashed = make_result(0.5, state=TrialState.STOPPED, cause=FailureCause.CRASHED)
    first = FirstTry.of(job, job, replace(crashed, seconds=25.0, cpu_seconds=50.0))
    second = replace(make_result(0.5, 0.8), seconds=50.0, cpu_seconds=100.0)
    result = join_tries(job, first, second)
    assert (result.seconds, result.cpu_seconds) == (55.0, 110.0)
    assert (result.state, result.score) == (TrialState.COMPLETE, 0.8)


def test_a_second_try_without_a_score_does_not_undo_the_first(job, make_result, failed):
    """The first try ran out of memory after an epoch, the second, with half the batch, at once."""
    first = make_result(0.6, state=TrialState.STOPPED, cause=FailureCause.OUT_OF_MEMORY)
    half = replace(job, config=replace(job.config, batch_size=8))
    tried = FirstTry.of(job, half, first)
    result = join_tries(half, tried, failed(FailureCause.OUT_OF_MEMORY))
    assert (result.state, result.score, result.attempts) == (TrialState.STOPPED, 0.6, 2)
    assert result.batch_size is None


def test_the_seconds_of_a_parent_are_not_those_of_its_child(job, failed, make_result):
    """The parent's two epochs took 20 s, the child's own epoch 10 s, and it crashed."""
    child = replace(job, first_epoch=2)
    (job.folder / "checkpoint.npz").unlink()
    result = keep_partial(child, failed(FailureCause.CRASHED), make_result(0.5, 0.6, 0.7).curve)
    assert (result.epochs, result.seconds) == (3, 10.0)


def test_two_lost_tries_keep_the_longer_curve(job, make_result):
    """The first try reported three epochs, the second one only its saved first epoch."""
    crashed = {"state": TrialState.STOPPED, "cause": FailureCause.CRASHED}
    first = FirstTry(result=make_result(0.5, 0.6, 0.7, **crashed))
    result = join_tries(job, first, make_result(0.5, **crashed))
    assert (result.epochs, result.best_epoch, result.score) == (3, 1, 0.5)
