"""`MachineSettings`: the settings of a study that say where it is trained and recorded."""

from __future__ import annotations

from dataclasses import dataclass, field

from autocnn.records.choices import AUTO, EXECUTORS, PRECISIONS
from autocnn.records.image_settings import ImageSettings
from autocnn.records.setting import (
    CLUSTER,
    GPU_SHARE,
    GPUS,
    N_WORKERS,
    NAME_OR_PATH,
    PER_GPU,
    STORAGE,
    about,
    at_least,
    one_of,
)
from autocnn.records.units import parse_memory, parse_per_gpu


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineSettings(ImageSettings):
    """Processes, memory, precision and places of files; the metadata are as in `StudySettings`."""

    results: str = field(
        default="results", metadata=about("Folder of all studies", NAME_OR_PATH, changeable=True)
    )
    storage: str | None = field(  # None: a journal
        default=None,
        repr=False,
        metadata=about(
            "Database of the record: sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE; by "
            "default a file in the study's folder",
            STORAGE,
        ),
    )
    worker_memory_mb: int | None = field(  # MiB; None: no limit
        default=None,
        metadata=about(
            "Memory of a training process, such as 4G; a trial that needs more fails",
            at_least(1),
            option="--worker-memory",
            parse=parse_memory,
            changeable=True,
        ),
    )
    workers: int | None = field(
        default=None,
        metadata=about(
            "Training processes; by default as many as the machine, or the cluster, can feed",
            N_WORKERS,
            changeable=True,
        ),
    )
    executor: str = field(
        default="local",
        metadata=about(
            "Where trials are trained: processes of this machine, or actors of a Ray cluster",
            one_of(EXECUTORS),
            changeable=True,
        ),
    )
    ray_address: str | None = field(  # None: Ray is started on this machine
        default=None,
        metadata=about(
            "Ray cluster that this machine is a node of: auto for the one that runs here, or the "
            "HOST:PORT of its head; by default Ray is started on this machine, for the search only",
            CLUSTER,
            changeable=True,
        ),
    )
    cpus_per_trial: int | None = field(
        default=None,
        metadata=about(
            "CPUs that Ray gives to a trial, which are its threads; by default 4, or all of the "
            "largest node if that has fewer",
            N_WORKERS,
            changeable=True,
        ),
    )
    gpus_per_trial: float | None = field(
        default=None,
        metadata=about(
            "GPUs that Ray gives to a trial, such as 0.25; by default 1 if the cluster has any",
            GPU_SHARE,
            changeable=True,
        ),
    )
    gpus: str | None = field(  # shared by the workers
        default=None,
        metadata=about(
            "GPUs to train on, such as 0,1 (see autocnn info), or identifiers; by default all",
            GPUS,
            changeable=True,
        ),
    )
    workers_per_gpu: int = field(  # 0: auto
        default=1,
        metadata=about(
            "Training processes on each GPU, or auto: as many as the memory has room for, by what "
            "the first trials took of it",
            PER_GPU,
            parse=parse_per_gpu,
            changeable=True,
        ),
    )
    recycle: int = field(
        default=30,
        metadata=about(
            "Trials after which a training process is replaced by a new one",
            at_least(1),
            changeable=True,
        ),
    )
    max_consecutive_failures: int = field(
        default=10,
        metadata=about("Failed trials in a row that end the search", at_least(1), changeable=True),
    )
    precision: str = field(
        default=AUTO, metadata=about("Precision of the training", one_of((AUTO, *PRECISIONS)))
    )
