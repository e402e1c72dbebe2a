"""An executor of worker processes: it knows their handles, and not where they run."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from autocnn.data.prepared import DataReference
from autocnn.executors.protocol import EpochEnded, Event, JobEnded
from autocnn.executors.worker_handle import WorkerHandle
from autocnn.space.config import TrialConfig
from autocnn.trial import Device, TrialJob, TrialResult, TrialState

Wait = Callable[[Sequence[WorkerHandle], float], None]


class WorkerPool:
    """Trains jobs in worker processes, as `Executor` describes.

    `wait` sleeps until one of some handles has a message, for a number of seconds at most, or, of
    no handles, for that long. A job for which no process is up waits here.
    """

    def __init__(self, workers: Sequence[WorkerHandle], wait: Wait) -> None:
        self._workers, self._wait = workers, wait
        self._waiting: deque[TrialJob] = deque()
        self._busy: dict[int, WorkerHandle] = {}  # by the number of the job
        self._cancelled: list[Event] = []  # the ends of jobs that no process had begun

    @property
    def capacity(self) -> int:
        """The number of worker processes."""
        return len(self._workers)

    def start(self) -> None:
        """Start the first process, which loads its backend meanwhile."""
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
        """Send `job` to the first idle process that is up, or keep it until one is."""
        self._waiting.append(job)
        self._send_waiting()

    def events(self, timeout_s: float) -> list[Event]:
        """One event of every process that has sent one."""
        self._wait(self._to_watch(), 0.0 if self._cancelled else timeout_s)
        self._send_waiting()
        events, self._cancelled = self._cancelled, []
        for number, worker in list(self._busy.items()):
            message = worker.poll()
            if isinstance(message, TrialResult):
                del self._busy[number]
                events.append(self._job_ended(number, worker, message))
            elif message is not None:
                epoch, metrics = message
                events.append(EpochEnded(number=number, epoch=epoch, metrics=metrics))
        return events

    def answer(self, number: int, *, prune: bool) -> None:
        """Send the answer to the process that trains the job."""
        self._busy[number].answer(prune=prune)

    def cancel(self, number: int) -> None:
        """Send the order to cancel to the process that trains the job, or drop a waiting job."""
        if number in self._busy:
            self._busy[number].cancel()
            return
        for job in [job for job in self._waiting if job.number == number]:
            self._waiting.remove(job)
            result = TrialResult(state=TrialState.STOPPED, precision=job.precision)
            self._cancelled.append(JobEnded(number=number, result=result))

    def close(self) -> None:
        """End all processes."""
        self._busy.clear()
        self._waiting.clear()
        self._cancelled.clear()
        for worker in self._workers:
            worker.close()

    def _job_ended(self, number: int, worker: WorkerHandle, result: TrialResult) -> JobEnded:
        """The end of a job that `worker` trained."""
        return JobEnded(number=number, result=result)

    def _to_watch(self) -> list[WorkerHandle]:
        """The handles that may bring something: busy ones, and those that may come up."""
        starting = [each for each in self._idle() if each.link.is_started and not each.link.is_up]
        return [*self._busy.values(), *(starting if self._waiting else ())]

    def _idle(self) -> list[WorkerHandle]:
        return [worker for worker in self._workers if not worker.is_busy]

    def _send_waiting(self) -> None:
        """Send waiting jobs to processes that are up, and start as many as jobs are left."""
        idle = self._idle() if self._waiting else []
        for worker in idle:
            if self._waiting and worker.link.is_up:
                job = self._waiting.popleft()
                worker.submit(job)
                self._busy[job.number] = worker
        n_left = len(self._waiting)
        for worker in [each for each in idle if not each.link.is_up][:n_left]:
            worker.ensure_started()
