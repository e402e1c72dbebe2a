"""A study that is open for trials, and an executor that trains nothing.

Everything in such a session is autocnn's own but the executor, which returns made-up epochs at
once.
"""

from __future__ import annotations

import numpy as np
import optuna
from made_up import CLASSES, N_VALIDATION, SHAPE, draw_curve, end_trial

from autocnn.data.dataset import Images
from autocnn.data.prepared import DataReference, PreparedData
from autocnn.data.split import Split
from autocnn.executors.protocol import EpochEnded, Event, JobEnded
from autocnn.records.optuna_record import read_study_facts
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings
from autocnn.space.config import TrialConfig
from autocnn.space.space import SearchSpace
from autocnn.study.budget import Budget
from autocnn.study.predicted_cost import PredictedCost
from autocnn.study.session import OWN_SEARCH, Session
from autocnn.trial import WEIGHTS_FILE, Device, Epoch, TrialJob, TrialState

NO_DEVICE = Device(backend="none", kind="cpu", names=(), bfloat16=False, reason="")


class NoTraining:
    """What an executor needs beside jobs; its subclasses make those up."""

    capacity = 1

    def start(self) -> None:
        """There is nothing to load."""

    def use(self, data: DataReference) -> None:
        """There is nothing to train on."""

    def device(self) -> Device:
        """No device."""
        return NO_DEVICE

    def measure(
        self, config: TrialConfig, precision: str, limit_s: float
    ) -> tuple[float, float] | None:
        """No time at all."""
        return 0.0, 0.0

    def cancel(self, number: int) -> None:
        """No job is cancelled."""

    def close(self) -> None:
        """There is nothing to release."""


class NullExecutor(NoTraining):
    """Trains nothing: the epochs of its one job are made up, and there at once."""

    def __init__(self) -> None:
        self._job: TrialJob | None = None
        self._curve: tuple[Epoch, ...] = ()
        self._n_sent, self._is_pruned = 0, False

    def submit(self, job: TrialJob) -> None:
        """Make up the whole curve."""
        self._job, self._curve = job, draw_curve(job.number, job.last_epoch)
        self._n_sent, self._is_pruned = 0, False
        job.folder.mkdir(parents=True, exist_ok=True)

    def events(self, timeout_s: float) -> list[Event]:
        """The next epoch, or the result."""
        if self._job is None:
            return []
        number = self._job.number
        is_over = self._n_sent == len(self._curve)
        if not is_over and not self._is_pruned:
            self._n_sent += 1
            metrics = self._curve[self._n_sent - 1]
            return [EpochEnded(number=number, epoch=self._n_sent, metrics=metrics)]
        result = end_trial(self._curve[: self._n_sent], is_pruned=not is_over)
        if result.state is TrialState.COMPLETE:
            (self._job.folder / WEIGHTS_FILE).touch()
        self._job = None
        return [JobEnded(number=number, result=result)]

    def answer(self, number: int, *, prune: bool) -> None:
        """Go on, or end there."""
        self._is_pruned = prune


def empty_data() -> PreparedData:
    """Black images, of the shape and the number that the made-up studies speak of.

    All classes have as many: of images of one class no pruner can tell a network from a guess.
    """
    every = np.arange(N_VALIDATION, dtype=np.int64)
    images = Images(images=np.zeros((N_VALIDATION, *SHAPE), np.uint8), labels=every % len(CLASSES))
    return PreparedData(
        name="made up",
        class_names=CLASSES,
        images=images,
        mean=(0.0,) * SHAPE[2],
        std=(1.0,) * SHAPE[2],
        fingerprint="made up",
        split=Split(train=every, validation=every, seed=0, fraction=0.5),
    )


def null_session(
    settings: StudySettings,
    paths: StudyPaths,
    space: SearchSpace,
    study: optuna.Study,
) -> Session:
    """A session like that of `open_session`, with an executor that trains nothing."""
    facts = read_study_facts(study)
    assert facts is not None
    measured = facts.measurements[0]
    return Session(
        settings=settings,
        paths=paths,
        space=space,
        data=empty_data(),
        study=study,
        executor=NullExecutor(),
        device=NO_DEVICE,
        budget=Budget(
            end=None,
            setup_s=measured.setup_seconds,
            epoch_s=measured.epoch_seconds,
            horizon=facts.horizon,
        ),
        cost=PredictedCost.of(facts, measured),
        leases=None,
        mode=OWN_SEARCH,
        facts=facts,
        precision=measured.precision,
    )
