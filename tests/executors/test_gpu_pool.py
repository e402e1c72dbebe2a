"""Several processes on a GPU; nothing is trained."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_link import FakeLink

from autocnn.executors.gpu_pool import Crowding, GpuPool, Place, room_on
from autocnn.executors.gpus import Gpu
from autocnn.executors.protocol import JobEnded
from autocnn.executors.resources import plan_places
from autocnn.executors.worker_handle import WorkerHandle
from autocnn.executors.worker_process import GPU_MEMORY, Answer
from autocnn.trial import FailureCause, TrialJob, TrialResult, TrialState

A = Gpu(identifier="GPU-aa", index=0, name="A", total_mb=40_000, free_mb=36_000)
B = Gpu(identifier="GPU-bb", index=1, name="A", total_mb=40_000, free_mb=9_000)
DONE = TrialResult(state=TrialState.COMPLETE)
FULL = TrialResult(state=TrialState.FAILED, cause=FailureCause.OUT_OF_MEMORY)


class GpuLink(FakeLink):
    """A process of this machine, which takes orders at once and knows how much memory it has."""

    held_mb: int | None = None

    def start(self):
        """Start, and be up."""
        super().start()
        self.is_up = True

    def send(self, order):
        """Answer what is asked, and record jobs."""
        if order == GPU_MEMORY:
            self.messages.append(Answer(self.held_mb))
        elif isinstance(order, TrialJob):
            super().send(order)

    def forget(self):
        """It is gone, and can be started again."""
        super().forget()
        self.is_up = True


class Gpus:
    """A pool on some GPUs, and its links by GPU."""

    def __init__(self, gpus: tuple[Gpu, ...], per_gpu: int, crowding: Crowding) -> None:
        self.places = []
        for share in plan_places(gpus, per_gpu):
            link = GpuLink()
            link.is_up, link.share = True, share
            self.places.append(Place(WorkerHandle(link), link, share.gpu))
        self.pool = GpuPool(self.places, lambda workers, seconds: None, crowding)

    def links(self, gpu: Gpu) -> list[GpuLink]:
        """The processes that may be on `gpu`."""
        return [place.link for place in self.places if place.gpu == gpu]

    def trained(self, gpu: Gpu) -> list[int | None]:
        """The number of the job that each process on `gpu` got last; None: it is not started."""
        links = self.links(gpu)
        return [link.orders[-1].number if link.is_started else None for link in links]


@pytest.fixture
def jobs(job) -> list[TrialJob]:
    """Ten jobs."""
    return [replace(job, number=number) for number in range(10)]


@pytest.mark.parametrize(
    ("gpu", "peak_mb", "n"),
    [
        (A, 0, 1),
        (A, 1_000, 8),  # 27 fit; 8 are the most
        (A, 4_500, 6),  # 0.9 * 36,000 / (1.2 * 4,500) = 6.0
        (A, 4_501, 5),
        (A, 40_000, 1),
        (B, 4_500, 1),  # 1.5
        (Gpu(identifier="0", index=0), 1_000, 1),
    ],
)
def test_the_free_memory_decides_how_many_processes_fit(gpu, peak_mb, n):
    """Nine tenths of it, for processes of 1.2 times the largest one."""
    assert room_on(gpu, peak_mb) == n


def test_processes_are_added_once_the_memory_of_one_is_known(jobs):
    """One process on each GPU; after 4,000 MiB there is room for 6 on A and 1 on B."""
    lines: list[str] = []
    gpus = Gpus((A, B), 8, Crowding(is_measured=True, most=64, message=lines.append))
    pool = gpus.pool
    assert pool.capacity == 2
    pool.submit(jobs[0])
    first = gpus.links(A)[0]
    assert first.share.gpu_fraction is None
    first.held_mb = 4_000
    first.messages.append(DONE)
    assert pool.events(0.0) == [JobEnded(number=0, result=DONE)]
    assert pool.capacity == 7
    assert lines == [
        "a training process took 4,000 MiB of its GPU; processes on each GPU from now on: 6, 1"
    ]
    for job in jobs[1:4]:
        pool.submit(job)
    assert gpus.trained(A)[:3] == [1, 3, None]
    assert gpus.trained(B)[:2] == [2, None]
    second = gpus.links(A)[1].share
    assert (second.gpu_fraction, second.gpu_mb) == (0.9 * 0.9 / 6, 5_400)


def test_a_larger_network_takes_places_away(jobs):
    """Processes for which there is no room any more are closed as soon as they are idle."""
    gpus = Gpus((A,), 8, Crowding(is_measured=True, most=3))
    pool, links = gpus.pool, gpus.links(A)
    pool.submit(jobs[0])
    links[0].held_mb = 1_000
    links[0].messages.append(DONE)
    pool.events(0.0)
    assert pool.capacity == 3  # as many as there are cores, say
    for job in jobs[1:4]:
        pool.submit(job)
    assert gpus.trained(A)[:4] == [1, 2, 3, None]
    links[0].held_mb = 30_000
    links[0].messages.append(DONE)
    pool.events(0.0)
    assert (pool.capacity, gpus.trained(A)[:3]) == (1, [1, 2, 3])
    for link in links[1:3]:
        link.messages.append(DONE)
    assert [event.number for event in pool.events(0.0)] == [2, 3]
    assert gpus.trained(A)[:3] == [1, None, None]


def test_a_job_alone_waits_for_the_others_and_has_the_whole_gpu(jobs):
    """Its process has no limit, and is closed at its end; the other GPU goes on."""
    gpus = Gpus((A, B), 2, Crowding())
    pool, links = gpus.pool, gpus.links(A)
    assert pool.capacity == 4
    for job in jobs[:4]:
        pool.submit(job)
    assert (gpus.trained(A), gpus.trained(B)) == ([0, 2], [1, 3])
    assert [link.share.gpu_mb for link in links] == [16_200, 16_200]
    links[0].messages.append(FULL)
    assert pool.events(0.0) == [JobEnded(number=0, result=FULL, shared=True)]
    pool.submit(replace(jobs[0], alone=True))
    assert (pool.capacity, links[0].orders[-1].alone) == (3, False)  # job 2 is still trained
    pool.submit(jobs[4])  # waits, although a process of A is idle
    links[1].messages.append(DONE)
    pool.events(0.0)
    pool.events(0.0)
    assert (gpus.trained(A), links[0].share.gpu_mb) == ([0, None], None)
    assert links[0].orders[-1].alone
    links[0].messages.append(DONE)
    assert pool.events(0.0) == [JobEnded(number=0, result=DONE)]
    assert (pool.capacity, links[0].is_started) == (4, False)
    pool.events(0.0)
    assert (gpus.trained(A), links[0].share.gpu_mb) == ([4, None], 16_200)


def test_a_job_alone_that_waits_can_be_cancelled(jobs):
    """The GPU is shared again."""
    gpus = Gpus((A,), 2, Crowding())
    pool = gpus.pool
    pool.submit(jobs[0])
    pool.submit(replace(jobs[1], alone=True))
    assert pool.capacity == 1
    pool.cancel(1)
    (event,) = pool.events(0.0)
    assert (event.number, event.result.state) == (1, TrialState.STOPPED)
    assert pool.capacity == 2


def test_a_process_that_died_after_its_job_does_not_end_the_search(jobs):
    """Its memory stays unknown."""
    gpus = Gpus((A,), 8, Crowding(is_measured=True, most=8))
    link = gpus.links(A)[0]
    gpus.pool.submit(jobs[0])
    link.messages.append(DONE)
    link.send = lambda order: (_ for _ in ()).throw(ConnectionError)
    assert gpus.pool.events(0.0) == [JobEnded(number=0, result=DONE)]
    assert (gpus.pool.capacity, link.is_started) == (1, False)
