"""A scripted executor, which implements the interface of a real one without processes."""

from __future__ import annotations

from collections.abc import Generator

from autocnn.data.prepared import DataReference
from autocnn.executors.protocol import EpochEnded, Event, JobEnded
from autocnn.space.config import TrialConfig
from autocnn.trial import Device, Epoch, TrialJob, TrialResult

Training = Generator[tuple[int, Epoch], None, TrialResult]
CPU = Device(backend="tensorflow", kind="cpu", names=("CPU",), bfloat16=False, reason="")


class ScriptedExecutor:
    """An executor whose subclass defines `train`, which yields epochs and returns the result.

    Answers are recorded and have no effect. Events arrive at once, so no call waits.
    """

    def __init__(self, capacity: int = 1) -> None:
        self.capacity = capacity
        self.jobs: list[TrialJob] = []
        self.answers: list[bool] = []  # of all jobs; True prunes
        self.cancelled: list[int] = []
        self.measured: list[TrialConfig] = []
        self.shared: set[int] = set()  # jobs that do not have their GPU for themselves
        self._trainings: dict[int, Training] = {}

    def train(self, job: TrialJob) -> Training:
        """Yield the epochs of `job` and return its result."""
        raise NotImplementedError

    def start(self) -> None:
        """Do nothing."""

    def use(self, data: DataReference) -> None:
        """Do nothing."""

    def device(self) -> Device:
        """The device of a CPU."""
        return CPU

    def measure(
        self, config: TrialConfig, precision: str, limit_s: float
    ) -> tuple[float, float] | None:
        """The speed of a fast machine."""
        self.measured.append(config)
        return 0.1, 1e-6

    def submit(self, job: TrialJob) -> None:
        """Begin the job."""
        assert len(self._trainings) < self.capacity
        self.jobs.append(job)
        self._trainings[job.number] = self.train(job)

    def events(self, timeout_s: float) -> list[Event]:
        """The next epoch or the result of every job."""
        return [self._next(number) for number in list(self._trainings)]

    def answer(self, number: int, *, prune: bool) -> None:
        """Record the answer."""
        self.answers.append(prune)

    def cancel(self, number: int) -> None:
        """Record the number."""
        self.cancelled.append(number)

    def close(self) -> None:
        """End all trainings."""
        self._trainings.clear()

    def _next(self, number: int) -> Event:
        try:
            epoch, metrics = next(self._trainings[number])
        except StopIteration as end:
            del self._trainings[number]
            shared = number in self.shared and not self.jobs[-1].alone
            return JobEnded(number=number, result=end.value, shared=shared)
        return EpochEnded(number=number, epoch=epoch, metrics=metrics)
