"""Trainings of one small network for `dead_choices.py`, each of them once: records are kept."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from autocnn.data.prepared import PreparedData
from autocnn.errors import TrialFailed
from autocnn.space.config import Block, Dense, EarlyStopping, Optimizer, Schedule, TrialConfig
from autocnn.space.expand import CUSTOMARY_LEARNING_RATE
from autocnn.trial import WEIGHTS_FILE, TrialJob

KERAS_MUON = "keras_muon"  # beside autocnn's "muon"

NETWORK = TrialConfig(
    blocks=(
        Block(filters=(16,), normalisation="batch", pool="max"),
        Block(filters=(32,), normalisation="batch", pool="max"),
    ),
    dense=(Dense(units=64),),
    schedule=Schedule(name="one_cycle", warmup=0.25),
    early_stopping=EarlyStopping(enabled=False),
)


@dataclass(frozen=True, slots=True)
class Run:
    """One training of the network: `optimizer` may be KERAS_MUON."""

    optimizer: str
    decay: float
    seed: int
    epochs: int


@dataclass(frozen=True, slots=True)
class Found:
    """What a training gave; a diverged one has no epochs."""

    scores: tuple[float, ...]  # validation accuracy, one an epoch
    losses: tuple[float, ...]  # of the validation images
    weights: str  # a digest of the best epoch's weights

    @property
    def best(self) -> float:
        """The best epoch's accuracy, which is a trial's score; 0 if the training diverged."""
        return max(self.scores, default=0.0)

    @property
    def lowest_loss(self) -> float:
        """The lowest validation loss; not a number if the training diverged."""
        return min(self.losses, default=math.nan)


class Trainings:
    """Trains what is not on record yet."""

    def __init__(self, data: PreparedData, records: Path) -> None:
        self._data, self._records = data, records
        self._known: dict[str, Found] = {}
        for line in records.read_text("utf-8").splitlines() if records.is_file() else ():
            entry = json.loads(line)
            found = entry["found"]
            self._known[entry["key"]] = Found(
                tuple(found["scores"]), tuple(found["losses"]), found["weights"]
            )

    def __call__(self, run: Run) -> Found:
        """The result of `run`, from the records or by training."""
        n = self._data.train.n
        key = f"{self._data.name} {n} {run.optimizer} {run.decay:.12g} {run.seed} {run.epochs}"
        if key not in self._known:
            found = self._known[key] = self._train(run)
            line = {"key": key, "found": {name: getattr(found, name) for name in Found.__slots__}}
            with self._records.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        return self._known[key]

    def _train(self, run: Run) -> Found:
        from autocnn.nn.weights import load_weights
        from autocnn.train.backend import find_device
        from autocnn.train.trainer import Hooks, train_trial

        hooks = Hooks(report=lambda number, epoch: False, interrupted=lambda: False)
        with tempfile.TemporaryDirectory() as folder, keras_muon_if(run.optimizer == KERAS_MUON):
            job = job_of(run, Path(folder))
            try:
                result = train_trial(job, self._data, find_device(), hooks)
            except TrialFailed:
                return Found((), (), "")
            arrays = load_weights(job.folder / WEIGHTS_FILE)
            digest = sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()
        scores = tuple(epoch.score for epoch in result.curve)
        return Found(scores, tuple(epoch.val_loss for epoch in result.curve), digest)


def job_of(run: Run, folder: Path, network: TrialConfig = NETWORK) -> TrialJob:
    """`run` with this network, at the optimizer's customary rate."""
    name = "muon" if run.optimizer == KERAS_MUON else run.optimizer
    optimizer = Optimizer(
        name=name, learning_rate=CUSTOMARY_LEARNING_RATE[name], weight_decay=run.decay
    )
    return TrialJob(
        number=0,
        config=replace(network, optimizer=optimizer),
        seed=run.seed,
        horizon=run.epochs,
        last_epoch=run.epochs,
        precision="float32",
        folder=folder,
    )


@contextmanager
def keras_muon_if(wanted: bool) -> Iterator[None]:
    """Within, "muon" is that of Keras if `wanted`."""
    import keras

    from autocnn.nn.optimizer import OPTIMIZERS as FACTORIES

    def build(**settings: Any) -> Any:
        decay = settings["weight_decay"]
        return keras.optimizers.Muon(**settings, adam_weight_decay=decay)

    before = FACTORIES["muon"]
    FACTORIES["muon"] = build if wanted else before
    try:
        yield
    finally:
        FACTORIES["muon"] = before
