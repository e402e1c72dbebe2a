"""A recorded pool: whole trainings of many configurations, one row each, in small Parquet files.

A folder holds the pool of one data set. Each run of `replay.py record` adds one file, so a pool
grows by files and none is rewritten by a later run.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from autocnn.files import write_atomic
from autocnn.space.parameters import Value

_NUMBERS = pa.list_(pa.float32())
SCHEMA = pa.schema(
    [
        ("dataset", pa.string()),
        ("n_train", pa.int32()),
        ("n_validation", pa.int32()),
        ("n_held_out", pa.int32()),
        ("configuration", pa.int32()),
        ("origin", pa.string()),
        ("values", pa.string()),
        ("horizon", pa.int32()),
        ("seed", pa.int32()),
        ("parameters", pa.int64()),
        ("macs", pa.int64()),
        ("failed", pa.bool_()),
        ("build_cpu_s", pa.float32()),
        ("build_wall_s", pa.float32()),
        ("compiled", pa.bool_()),
        ("epoch_cpu_s", _NUMBERS),
        ("epoch_wall_s", _NUMBERS),
        ("train_loss", _NUMBERS),
        ("val_accuracy", _NUMBERS),
        ("val_loss", _NUMBERS),
        ("held_accuracy", _NUMBERS),
        ("ema_accuracy", _NUMBERS),
        ("machine", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One training of a pool; curves have a number for each epoch."""

    dataset: str
    n_train: int
    n_validation: int
    n_held_out: int
    configuration: int  # its number in the pool
    origin: str  # "recipe:NAME", "random", "mutant:NAME" or "tpe"
    values: str  # JSON: the point of the space `cnn`
    horizon: int  # epochs of the schedule, all of which were trained
    seed: int  # 0, or 1 for a second training
    parameters: int
    macs: int
    failed: bool  # the loss stopped being a finite number
    build_cpu_s: float  # before the first step
    build_wall_s: float
    compiled: bool  # the first epoch holds the tracing of the steps; else another training did it
    epoch_cpu_s: list[float]  # validation included, held-out part excluded; also of a failed epoch
    epoch_wall_s: list[float]
    train_loss: list[float]
    val_accuracy: list[float]
    val_loss: list[float]
    held_accuracy: list[float]  # on images that nothing is chosen by
    ema_accuracy: list[float] | None  # validation, of averaged weights; None: none were measured
    machine: str

    @property
    def point(self) -> dict[str, Value]:
        """The values of the configuration's parameters."""
        point: dict[str, Value] = json.loads(self.values)
        return point

    @property
    def key(self) -> tuple[int, int, int]:
        """Configuration, horizon and seed."""
        return self.configuration, self.horizon, self.seed


def read_pool(folder: Path) -> list[Recorded]:
    """All trainings on record below `folder`, in the order of their keys; [] if there are none."""
    rows: dict[tuple[int, int, int], Recorded] = {}
    for path in sorted(folder.glob("*.parquet")):
        for row in pq.read_table(path, schema=SCHEMA).to_pylist():
            recorded = Recorded(**row)
            rows[recorded.key] = recorded
    return [rows[key] for key in sorted(rows)]


def next_file(folder: Path) -> Path:
    """The file that a new run of `record` writes to."""
    numbers = [int(path.stem) for path in folder.glob("*.parquet")]
    return folder / f"{1 + max(numbers, default=0):04d}.parquet"


def write_rows(path: Path, rows: Sequence[Recorded]) -> None:
    """Put `rows` into the file at `path`, in place of what it held."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist([asdict(row) for row in rows], schema=SCHEMA)
    write_atomic(path, lambda file: pq.write_table(table, file, compression="zstd"))


def best_epoch_of(row: Recorded) -> int:
    """The index of the epoch with the best validation accuracy, the lower loss first; from 0."""
    keys = [(-a, loss) for a, loss in zip(row.val_accuracy, row.val_loss, strict=True)]
    return keys.index(min(keys))


def best_score(row: Recorded) -> float:
    """The validation accuracy of the best epoch; 0 if the training failed."""
    return 0.0 if row.failed else max(row.val_accuracy)
