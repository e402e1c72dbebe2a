"""The seam between a study and the place where its jobs are trained.

An executor trains up to `capacity` jobs at once. A study submits a job, polls `events`, answers
each epoch, and may cancel a job; the job ends with a `JobEnded`. The loop, the session, the probe
of the speed and the refit use this protocol only; processes, pipes and clusters are the concern of
the modules that implement it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from autocnn.data.prepared import DataReference
from autocnn.space.config import TrialConfig
from autocnn.trial import Device, Epoch, TrialJob, TrialResult

POLL_S = 0.25  # seconds between two polls of the clock and of Ctrl-C


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochEnded:
    """A job has trained one more epoch and waits for `Executor.answer`."""

    number: int  # of the job
    epoch: int  # 1 is the first; 0: a first look, from within the first epoch
    metrics: Epoch


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnded:
    """A job has ended, and its place is free again."""

    number: int  # of the job
    result: TrialResult
    shared: bool = False  # True: the device was not the job's alone, or not all of its memory


Event = EpochEnded | JobEnded


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorSetup:
    """What an executor is opened with."""

    log: Path  # the file to which worker processes of this machine print
    kind: str = "local"  # a name of `EXECUTORS`
    workers: int | None = None  # jobs at once; None: as many as the machine feeds
    gpus: str | None = None  # such as "0,1"; None: all
    workers_per_gpu: int = 1  # 0: as many as the memory has room for
    memory_mb: int | None = None  # MiB of a worker process; None: no limit
    recycle: int | None = None  # jobs after which a worker process is replaced; None: never
    address: str | None = None  # of a cluster: "auto" or HOST:PORT; None: this machine alone
    cpus: int | None = None  # of a job in a cluster; None: see `ray_cluster.default_cpus`
    gpus_each: float | None = None  # of a job in a cluster, also a part of one; None: one if any
    message: Callable[[str], None] = lambda text: None  # shows a line


class Executor(Protocol):
    """Trains jobs; a job is identified by its number."""

    @property
    def capacity(self) -> int:
        """The number of jobs that can be trained at once."""
        ...

    def start(self) -> None:
        """Begin to load what training needs, while the caller does something else."""
        ...

    def use(self, data: DataReference) -> None:
        """Train all later jobs on `data`; called before the first device, measurement or job."""
        ...

    def device(self) -> Device:
        """The device that trains; waits until it is known.

        Raises: AutocnnError if no job can be trained at all.
        """
        ...

    def measure(
        self, config: TrialConfig, precision: str, limit_s: float
    ) -> tuple[float, float] | None:
        """Wall seconds of a training of `config`: before its first step, and for one image.

        The steps that are measured take `limit_s` or little more, but there are two at least.
        Returns: None if the process was silent for so long that it was ended.
        Raises: AutocnnError if no job can be trained at all.
        """
        ...

    def submit(self, job: TrialJob) -> None:
        """Start to train `job`; one of the `capacity` places must be free."""
        ...

    def events(self, timeout_s: float) -> list[Event]:
        """What has happened since the last call; waits for at most `timeout_s` if that is nothing.

        A job whose process dies, hangs or takes too much memory ends with a failed result.
        Raises: AutocnnError if no job can be trained at all.
        """
        ...

    def answer(self, number: int, *, prune: bool) -> None:
        """Let job `number` go on after an epoch, or end there."""
        ...

    def cancel(self, number: int) -> None:
        """Ask job `number` to end soon; its `JobEnded` follows."""
        ...

    def close(self) -> None:
        """End every job and release all resources; a later `submit` starts again."""
        ...


def run_job(
    executor: Executor,
    job: TrialJob,
    on_epoch: Callable[[int, Epoch], bool],
    interrupted: Callable[[], bool],
) -> TrialResult:
    """Train `job` alone, and return its result.

    `on_epoch` returns True to prune the job; `interrupted` is polled and returns True to cancel it.
    """
    executor.submit(job)
    is_cancelled = False
    while True:
        if interrupted() and not is_cancelled:
            is_cancelled = True
            executor.cancel(job.number)
        for event in executor.events(POLL_S):
            if isinstance(event, JobEnded):
                return event.result
            executor.answer(job.number, prune=on_epoch(event.epoch, event.metrics))
