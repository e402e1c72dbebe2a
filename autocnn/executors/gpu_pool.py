"""The executor of a machine whose GPUs have several worker processes each.

How many there are may be decided while jobs are trained, by the memory that the processes take
(`--workers-per-gpu auto`). A job that needs a GPU for itself gets it: the other processes of the
GPU end their jobs, and are closed, since no backend gives memory back before its end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from autocnn.executors.gpus import Gpu
from autocnn.executors.link import Link
from autocnn.executors.protocol import JobEnded
from autocnn.executors.resources import GPU_SHARE, Share
from autocnn.executors.worker_handle import WorkerHandle
from autocnn.executors.worker_pool import Wait, WorkerPool
from autocnn.trial import TrialJob, TrialResult

MOST_ON_A_GPU = 8  # processes that `auto` puts on a GPU at most
SPARE = 1.2  # times what the largest process so far took, that each of them is planned to take


class SharedLink(Link, Protocol):
    """A link whose next process has the given share of the machine."""

    share: Share


@dataclass(frozen=True, slots=True)
class Place:
    """A worker process that there may be on a GPU."""

    worker: WorkerHandle
    link: SharedLink  # of the worker
    gpu: Gpu


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowding:
    """How many processes a GPU has: all its places, or as many as its memory has room for."""

    is_measured: bool = False  # True: `auto`
    most: int | None = None  # processes of all GPUs together
    message: Callable[[str], None] = lambda text: None  # shows a line


def room_on(gpu: Gpu, peak_mb: int) -> int:
    """The processes for which the free memory of `gpu` has room; one if nothing is known.

    `peak_mb`: MiB that the largest process so far took; 0: none was measured.
    """
    if peak_mb <= 0 or gpu.free_mb is None:
        return 1
    return max(1, min(MOST_ON_A_GPU, int(GPU_SHARE * gpu.free_mb / (SPARE * peak_mb))))


class GpuPool(WorkerPool):
    """Trains jobs in worker processes that share GPUs, as `Executor` describes.

    `places` are ordered: the first ones are of different GPUs.
    """

    def __init__(self, places: Sequence[Place], wait: Wait, crowding: Crowding) -> None:
        super().__init__([place.worker for place in places], wait)
        self._places, self._crowding = places, crowding
        self._peak_mb = 0
        self._alone: dict[Gpu, int] = {}  # the number of the job that has a GPU for itself
        self._n_open = self._count()
        self._divide()

    @property
    def capacity(self) -> int:
        """The jobs that may be trained now: one on a GPU that a job has for itself."""
        closed = sum(n - 1 for gpu, n in self._n_open.items() if gpu in self._alone)
        return sum(self._n_open.values()) - closed

    def _count(self) -> dict[Gpu, int]:
        """The processes that each GPU may have, the first ones of all GPUs before the second."""
        counts: dict[Gpu, int] = {}
        left = self._crowding.most or len(self._places)
        for place in self._places:
            n = counts.get(place.gpu, 0)
            is_full = self._crowding.is_measured and n >= room_on(place.gpu, self._peak_mb)
            if left and not is_full:
                counts[place.gpu] = n + 1
                left -= 1
        return counts

    def _open_places(self) -> list[Place]:
        """The places that are in use now."""
        seen: dict[Gpu, int] = {}
        found = []
        for place in self._places:
            seen[place.gpu] = seen.get(place.gpu, 0) + 1
            if seen[place.gpu] <= self._n_open.get(place.gpu, 0):
                found.append(place)
        return found

    def _idle(self) -> list[WorkerHandle]:
        """The idle processes that may get the next job that needs no GPU for itself."""
        places = (place for place in self._open_places() if place.gpu not in self._alone)
        return [place.worker for place in places if not place.worker.is_busy]

    def _send_waiting(self) -> None:
        self._forget_ended()
        for job in [job for job in self._waiting if job.alone]:
            self._send_alone(job)
        alone = [job for job in self._waiting if job.alone]
        for job in alone:
            self._waiting.remove(job)
        self._divide()
        super()._send_waiting()
        self._waiting.extendleft(reversed(alone))

    def _divide(self) -> None:
        """Let each process that is started from now on have its part of the memory."""
        for place in self._places:
            if not place.link.is_started:
                part = self._n_open.get(place.gpu, 1)
                place.link.share = replace(place.link.share, part=part)

    def _forget_ended(self) -> None:
        """Share the GPUs again whose job has ended."""
        known = {*self._busy, *(job.number for job in self._waiting)}
        self._alone = {gpu: number for gpu, number in self._alone.items() if number in known}

    def _send_alone(self, job: TrialJob) -> None:
        """Send `job` to a process that has a GPU for itself, or wait until one is free."""
        gpu = next((each for each, number in self._alone.items() if number == job.number), None)
        if gpu is None:
            gpu = self._emptiest()
        if gpu is None:
            return
        self._alone[gpu] = job.number
        places = [place for place in self._places if place.gpu == gpu]
        if any(place.worker.is_busy for place in places):
            return
        first = places[0]
        if self._is_shared(first):
            for place in places:
                place.worker.close()
            first.link.share = replace(first.link.share, part=1)
        self._waiting.remove(job)
        first.worker.submit(job)
        self._busy[job.number] = first.worker

    def _emptiest(self) -> Gpu | None:
        """The GPU with the fewest jobs, of those that no job has for itself."""
        jobs = {place.gpu: 0 for place in self._places if place.gpu not in self._alone}
        for place in self._places:
            if place.gpu in jobs:
                jobs[place.gpu] += place.worker.is_busy
        return min(jobs, key=lambda gpu: jobs[gpu], default=None)

    def _job_ended(self, number: int, worker: WorkerHandle, result: TrialResult) -> JobEnded:
        place = next(each for each in self._places if each.worker is worker)
        is_alone = number in self._alone.values()
        is_shared = place.link.is_started and not is_alone and self._is_shared(place)
        if self._crowding.is_measured:
            self._learn(worker)
            self._close_surplus()
        if is_alone:
            del self._alone[place.gpu]
            if self._n_open.get(place.gpu, 1) > 1:
                worker.close()  # its process has no limit
        return JobEnded(number=number, result=result, shared=is_shared)

    def _is_shared(self, place: Place) -> bool:
        """True if the process has a limit, or others have memory on its GPU."""
        others = (each for each in self._places if each.gpu == place.gpu and each is not place)
        return place.link.share.part > 1 or any(each.link.is_started for each in others)

    def _learn(self, worker: WorkerHandle) -> None:
        """Count the processes again if one has taken more memory than all before."""
        used_mb = worker.gpu_memory()
        if used_mb is None or used_mb <= self._peak_mb:
            return
        self._peak_mb = used_mb
        before, self._n_open = self._n_open, self._count()
        if self._n_open == before:
            return
        listed = ", ".join(str(n) for n in self._n_open.values())
        self._crowding.message(
            f"a training process took {used_mb:,} MiB of its GPU; processes on each GPU from now "
            f"on: {listed}"
        )

    def _close_surplus(self) -> None:
        """Close idle processes for which there is no room any more."""
        kept = [place.worker for place in self._open_places()]
        for place in self._places:
            if place.worker not in kept and not place.worker.is_busy and place.link.is_started:
                place.worker.close()
