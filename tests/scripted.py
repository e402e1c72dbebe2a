"""A worker that is made up: it has the interface of the real one, without a process."""

from __future__ import annotations

from collections.abc import Callable, Generator

from autocnn.trial import Epoch, TrialJob, TrialResult

Training = Generator[tuple[int, Epoch], bool, TrialResult]


class ScriptedWorker:
    """A subclass says in `train` what a job gives: it yields epochs and returns the result.

    Each `yield` is answered with True where the trial is pruned.
    """

    def __init__(self) -> None:
        self.jobs: list[TrialJob] = []
        self.n_interrupts = 0
        self._training: Training | None = None
        self._answer: bool | None = None

    def train(self, job: TrialJob) -> Training:
        """What becomes of `job`."""
        raise NotImplementedError

    @property
    def is_busy(self) -> bool:
        """True until the result was heard."""
        return self._training is not None

    def submit(self, job: TrialJob) -> None:
        """Begin."""
        self.jobs.append(job)
        self._training, self._answer = self.train(job), None

    def hear(self) -> TrialResult | tuple[int, Epoch] | None:
        """The next epoch, or the result."""
        if self._training is None:
            return None
        try:
            return self._training.send(self._answer)  # type: ignore[arg-type]
        except StopIteration as end:
            self._training = None
            return end.value  # type: ignore[no-any-return]

    def answer(self, *, prune: bool) -> None:
        """Keep the answer for the training."""
        self._answer = prune

    def interrupt(self) -> None:
        """Note it."""
        self.n_interrupts += 1

    def run(
        self,
        job: TrialJob,
        on_epoch: Callable[[int, Epoch], bool],
        interrupt: Callable[[], bool],
    ) -> TrialResult:
        """The whole job at once."""
        self.submit(job)
        while not isinstance(heard := self.hear(), TrialResult):
            if interrupt():
                self.interrupt()
            assert heard is not None
            self.answer(prune=on_epoch(*heard))
        return heard
