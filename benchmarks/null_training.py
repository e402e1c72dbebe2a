"""A study that is open for trials, and a worker that trains nothing.

Everything in such a session is autocnn's own but the worker, which says made-up epochs at once.
"""

from __future__ import annotations

from multiprocessing.connection import Pipe
from typing import cast

import numpy as np
import optuna
from made_up import CLASSES, N_VALIDATION, SHAPE, draw_curve, end_trial

from autocnn.data.dataset import Images
from autocnn.data.prepared import PreparedData
from autocnn.data.split import Split
from autocnn.executors.local import Worker
from autocnn.records.optuna_record import read_study_facts
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings
from autocnn.space.space import SearchSpace
from autocnn.study.budget import Budget
from autocnn.study.session import OWN_SEARCH, Session
from autocnn.train.backend import Device
from autocnn.trial import WEIGHTS_FILE, Epoch, TrialJob, TrialResult, TrialState


class NullWorker:
    """Trains nothing: the epochs of its jobs are made up, and there at once."""

    def __init__(self) -> None:
        self.connection, other = Pipe(duplex=False)
        other.close()  # whoever waits for the connection is told at once
        self._job: TrialJob | None = None
        self._curve: tuple[Epoch, ...] = ()
        self._n_told, self._is_pruned = 0, False

    @property
    def is_busy(self) -> bool:
        """True until the result was heard."""
        return self._job is not None

    def submit(self, job: TrialJob) -> None:
        """Make up the whole curve."""
        self._job, self._curve = job, draw_curve(job.number, job.last_epoch)
        self._n_told, self._is_pruned = 0, False
        job.folder.mkdir(parents=True, exist_ok=True)

    def hear(self) -> TrialResult | tuple[int, Epoch] | None:
        """The next epoch, or the result."""
        if self._job is None:
            return None
        is_over = self._n_told == len(self._curve)
        if not is_over and not self._is_pruned:
            self._n_told += 1
            return self._n_told, self._curve[self._n_told - 1]
        result = end_trial(self._curve[: self._n_told], is_pruned=not is_over)
        if result.state is TrialState.COMPLETE:
            (self._job.folder / WEIGHTS_FILE).touch()
        self._job = None
        return result

    def answer(self, *, prune: bool) -> None:
        """Go on, or end there."""
        self._is_pruned = prune

    def interrupt(self) -> None:
        """Nobody does."""


def empty_data() -> PreparedData:
    """Black images, of the shape and the number that the made-up studies speak of."""
    images = Images(
        images=np.zeros((N_VALIDATION, *SHAPE), np.uint8), labels=np.zeros(N_VALIDATION, np.int64)
    )
    return PreparedData(
        name="made up",
        class_names=CLASSES,
        train=images,
        validation=images,
        mean=(0.0,) * SHAPE[2],
        std=(1.0,) * SHAPE[2],
        fingerprint="made up",
        split=Split(train=images.labels, validation=images.labels, seed=0, fraction=0.5),
    )


def null_session(
    settings: StudySettings,
    paths: StudyPaths,
    space: SearchSpace,
    study: optuna.Study,
) -> Session:
    """As `open_session` makes it, but for the worker."""
    facts = read_study_facts(study)
    own = ("precision", "horizon", "proposer", "pruner", "first_look")
    return Session(
        settings=settings,
        paths=paths,
        space=space,
        data=empty_data(),
        study=study,
        workers=(cast(Worker, NullWorker()),),
        device=Device(backend="none", kind="cpu", names=(), bfloat16=False, reason=""),
        budget=Budget(
            end=None,
            setup_s=facts["setup_seconds"],
            epoch_s=facts["epoch_seconds"],
            horizon=facts["horizon"],
        ),
        leases=None,
        mode=OWN_SEARCH,
        **{name: facts[name] for name in own},
    )
