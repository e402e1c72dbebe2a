"""The executor of this machine: one worker process for each job that is trained at once."""

from __future__ import annotations

import multiprocessing.connection
import time

from autocnn.data.prepared import DataReference
from autocnn.executors.protocol import EpochEnded, Event, ExecutorSetup, JobEnded
from autocnn.executors.resources import plan_shares, visible_gpus
from autocnn.executors.worker_handle import Patience, WorkerHandle, WorkerSetup
from autocnn.space.config import TrialConfig
from autocnn.trial import Device, TrialJob, TrialResult


class LocalExecutor:
    """Trains jobs in worker processes of this machine, as `Executor` describes."""

    def __init__(self, workers: list[WorkerHandle]) -> None:
        self._workers = workers
        self._busy: dict[int, WorkerHandle] = {}  # by the number of the job

    @property
    def capacity(self) -> int:
        """The number of worker processes."""
        return len(self._workers)

    def start(self) -> None:
        """Spawn the first process, which loads its backend meanwhile."""
        self._workers[0].start()

    def use(self, data: DataReference) -> None:
        """Keep `data` for every process that is asked for its device, a measurement or a job."""
        for worker in self._workers:
            worker.use(data)

    def device(self) -> Device:
        """The device that the first process found."""
        return self._workers[0].device()

    def measure(
        self, config: TrialConfig, precision: str, limit_s: float
    ) -> tuple[float, float] | None:
        """Wall seconds of a training: before its first step, and for one image."""
        return self._workers[0].measure(config, precision, limit_s)

    def submit(self, job: TrialJob) -> None:
        """Send `job` to the first idle process."""
        worker = next(worker for worker in self._workers if not worker.is_busy)
        worker.submit(job)
        self._busy[job.number] = worker

    def events(self, timeout_s: float) -> list[Event]:
        """One event of every process that has sent one."""
        self._wait(timeout_s)
        events: list[Event] = []
        for number, worker in list(self._busy.items()):
            message = worker.poll()
            if isinstance(message, TrialResult):
                del self._busy[number]
                events.append(JobEnded(number=number, result=message))
            elif message is not None:
                epoch, metrics = message
                events.append(EpochEnded(number=number, epoch=epoch, metrics=metrics))
        return events

    def answer(self, number: int, *, prune: bool) -> None:
        """Send the answer to the process that trains the job."""
        self._busy[number].answer(prune=prune)

    def cancel(self, number: int) -> None:
        """Send the order to cancel to the process that trains the job."""
        self._busy[number].cancel()

    def close(self) -> None:
        """End all processes."""
        self._busy.clear()
        for worker in self._workers:
            worker.close()

    def _wait(self, seconds: float) -> None:
        """Sleep until a busy process has sent something, for at most `seconds`."""
        connections = [worker.connection for worker in self._busy.values()]
        if connections:
            multiprocessing.connection.wait(connections, seconds)
        else:
            time.sleep(seconds)


def open_local(setup: ExecutorSetup, patience: Patience | None = None) -> LocalExecutor:
    """The executor for `setup`; no process is started yet."""
    shares = plan_shares(setup.workers, visible_gpus(setup.gpus), setup.workers_per_gpu)
    return LocalExecutor(
        [
            WorkerHandle(
                WorkerSetup(
                    log=setup.log,
                    memory_mb=setup.memory_mb,
                    recycle=setup.recycle,
                    share=share,
                    patience=patience or Patience(),
                )
            )
            for share in shares
        ]
    )
