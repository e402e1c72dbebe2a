"""How many worker processes a machine feeds, and what each of them may use."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import psutil

from autocnn.executors.gpus import BY_BUS, ORDER, VISIBLE, Gpu

CORES_A_WORKER = 4  # small networks gain little from more threads
WORKER_MB = 4096  # MiB of memory that the default number of workers allows for each
MAX_CGROUP = Path("/sys/fs/cgroup/memory.max")


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one worker process may use of the machine."""

    cores: tuple[int, ...] = ()  # the system's numbers of the cores; empty: all
    gpu: Gpu | None = None  # None: CUDA_VISIBLE_DEVICES is left as it is

    def take(self) -> None:
        """Bind this process to its share; must be called before the backend is imported."""
        if self.gpu is not None:
            os.environ[VISIBLE] = self.gpu.identifier
            if self.gpu.is_numbered:
                os.environ.setdefault(ORDER, BY_BUS)
        if not self.cores:
            return
        if hasattr(os, "sched_setaffinity"):  # the backends size their thread pools by it
            os.sched_setaffinity(0, self.cores)
        for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
            os.environ.setdefault(name, str(len(self.cores)))


def plan_shares(workers: int | None, gpus: tuple[Gpu, ...], per_gpu: int = 1) -> list[Share]:
    """The share of every worker process; `workers` None: as many as the machine feeds.

    With GPUs: `per_gpu` workers on each by default, dealt out in turn. A single worker has all
    cores; several have equal parts, or share cores where there are fewer.
    """
    cores = available_cores()
    if workers is None:
        workers = len(gpus) * per_gpu or default_workers(len(cores), available_mb())
    if workers == 1:
        return [Share(gpu=gpus[0] if gpus else None)]
    return [
        Share(cores=_cores_of(i, workers, cores), gpu=gpus[i % len(gpus)] if gpus else None)
        for i in range(workers)
    ]


def default_workers(n_cores: int, memory_mb: int) -> int:
    """One for every CORES_A_WORKER cores and WORKER_MB of memory, and at least one."""
    return max(1, min(n_cores // CORES_A_WORKER, memory_mb // WORKER_MB))


def _cores_of(worker: int, workers: int, cores: tuple[int, ...]) -> tuple[int, ...]:
    n = len(cores)
    if workers >= n:
        return (cores[worker % n],)
    return cores[worker * n // workers : (worker + 1) * n // workers]


def available_cores() -> tuple[int, ...]:
    """The numbers of the cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def available_mb() -> int:
    """Memory that processes may still take, in MiB; a container's limit counts."""
    free = int(psutil.virtual_memory().available)
    limit = MAX_CGROUP.read_text("ascii").strip() if MAX_CGROUP.is_file() else "max"
    return (min(free, int(limit)) if limit.isdigit() else free) // 2**20
