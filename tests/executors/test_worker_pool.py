"""A pool whose processes come up later or are lost; nothing is trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_link import FakeLink

from autocnn.errors import RecordError
from autocnn.executors.link import FileChanged
from autocnn.executors.protocol import EpochEnded, JobEnded
from autocnn.executors.worker_handle import WorkerHandle
from autocnn.executors.worker_pool import WorkerPool
from autocnn.trial import Epoch, FailureCause, TrialJob, TrialResult, TrialState

EPOCH = Epoch(
    train_loss=1.0, train_accuracy=0.5, val_loss=1.0, val_accuracy=0.5, seconds=1.0, score=0.5
)
DONE = TrialResult(state=TrialState.COMPLETE)


@pytest.fixture
def links() -> list[FakeLink]:
    """Two processes."""
    return [FakeLink(), FakeLink()]


@pytest.fixture
def pool(links) -> WorkerPool:
    """A pool of them that never sleeps."""
    return WorkerPool([WorkerHandle(link) for link in links], lambda workers, seconds: None)


@pytest.fixture
def job(job, tmp_path) -> TrialJob:
    """Job 3, whose folder does not exist yet."""
    return replace(job, number=3, folder=tmp_path / "trials" / "3")


def test_a_job_waits_until_a_process_is_up(pool, links, job):
    """One process is started for one job, and the job is sent to the one that is up first."""
    pool.submit(job)
    assert ([link.n_starts for link in links], links[0].orders) == ([1, 0], [])
    assert pool.events(0.0) == []
    links[1].start()
    links[1].is_up = True
    assert pool.events(0.0) == []
    assert (links[0].orders, links[1].orders[-1]) == ([], job)
    links[1].messages.extend([(1, EPOCH), DONE])
    assert pool.events(0.0) == [EpochEnded(number=3, epoch=1, metrics=EPOCH)]
    pool.answer(3, prune=False)
    assert links[1].orders[-1] == "go"
    assert pool.events(0.0) == [JobEnded(number=3, result=DONE)]


def test_a_lost_machine_ends_its_job_and_the_next_try_takes_another(pool, links, job):
    """The job ends with the cause of its process, and the other process takes it over."""
    for link in links:
        link.start()
        link.is_up = True
    pool.submit(job)
    links[0].is_dead = True
    (event,) = pool.events(0.0)
    assert (event.result.state, event.result.cause) == (TrialState.FAILED, FailureCause.NODE_LOST)
    pool.submit(job)
    assert (links[1].orders[-1], links[0].n_starts) == (job, 1)


def test_a_job_that_waits_can_be_cancelled(pool, links, job):
    """It ends as one that was stopped before its first epoch, and is never sent."""
    pool.submit(job)
    pool.cancel(3)
    (event,) = pool.events(0.0)
    assert (event.number, event.result.state, event.result.curve) == (3, TrialState.STOPPED, ())
    links[0].is_up = True
    assert (pool.events(0.0), links[0].orders) == ([], [])


def test_files_of_another_machine_are_put_into_the_folder_of_the_job(pool, links, job, tmp_path):
    """A file is written, replaced and deleted, as the training did it there."""
    links[0].start()
    links[0].is_up = True
    pool.submit(job)
    path = job.folder / "checkpoint.npz"
    for content in (b"first", b"second"):
        links[0].messages.append(FileChanged(name="checkpoint.npz", content=content))
        assert (pool.events(0.0), path.read_bytes()) == ([], content)
    links[0].messages.append(FileChanged(name="checkpoint.npz", content=None))
    pool.events(0.0)
    assert list(job.folder.iterdir()) == []


def test_a_file_of_another_machine_stays_in_the_folder_of_the_job(pool, links, job, tmp_path):
    """Whatever its name says."""
    links[0].start()
    links[0].is_up = True
    pool.submit(job)
    links[0].messages.append(FileChanged(name="../../outside", content=b"x"))
    pool.events(0)
    assert (job.folder / "outside").read_bytes() == b"x"
    assert not (job.folder / "../../outside").exists()


def test_a_file_that_cannot_be_written_ends_the_search(pool, links, job, monkeypatch):
    """A full disk is no failure of the trial."""

    def full(path: Path, content: Any) -> None:
        raise RecordError(f"{path}: cannot be written")

    monkeypatch.setattr("autocnn.executors.worker_handle.write_atomic", full)
    links[0].start()
    links[0].is_up = True
    pool.submit(job)
    links[0].messages.append(FileChanged(name="best.npz", content=b"weights"))
    with pytest.raises(RecordError, match=r"best.npz: cannot be written"):
        pool.events(0.0)


def test_closing_drops_jobs_that_wait(pool, links, job):
    """A later submit starts again."""
    pool.submit(job)
    pool.close()
    assert (pool.events(0.0), links[0].is_started) == ([], False)
    pool.submit(job)
    assert links[0].n_starts == 2
