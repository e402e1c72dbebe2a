"""How many worker processes a machine feeds, and what each of them may use."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import psutil

from autocnn.executors.gpus import BY_BUS, ORDER, VISIBLE, Gpu

CORES_A_WORKER = 4  # small networks gain little from more threads
WORKER_MB = 4096  # MiB of memory that the default number of workers allows for each
GPU_SHARE = 0.9  # of the free memory of a GPU, that the processes on it may take together
# What JAX reads, by its new and its old name: the part of the memory that its allocator takes at
# most. Both at once are an error of JAX.
JAX_FRACTION = "XLA_CLIENT_MEM_FRACTION"
JAX_FRACTIONS = {JAX_FRACTION, "XLA_PYTHON_CLIENT_MEM_FRACTION"}
# XLA compiles several variants of each convolution and product for a GPU and keeps the fastest one
# (autotuning). Level 2 leaves out what its default, 4, adds: to fill the buffers anew for each
# variant, and to compare the results of the variants, which changes nothing but a log.
XLA_FLAGS, AUTOTUNE_LEVEL = "XLA_FLAGS", "--xla_gpu_autotune_level"
MAX_CGROUP = Path("/sys/fs/cgroup/memory.max")


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one worker process may use of the machine."""

    cores: tuple[int, ...] = ()  # the system's numbers of the cores; empty: all
    gpu: Gpu | None = None  # None: CUDA_VISIBLE_DEVICES is left as it is
    part: int = 1  # processes between which the free memory of the GPU is divided; 1: no limit

    @property
    def gpu_fraction(self) -> float | None:
        """The part of the GPU's memory that this process may take; None: no limit."""
        if self.gpu is None or self.part < 2:
            return None
        return GPU_SHARE * self.gpu.free_share / self.part

    @property
    def gpu_mb(self) -> int | None:
        """The same in MiB; None: no limit, or the memory of the GPU is not known."""
        total = None if self.gpu is None else self.gpu.total_mb
        fraction = self.gpu_fraction
        return None if total is None or fraction is None else int(fraction * total)

    def take(self) -> None:
        """Bind this process to its share; must be called before the backend is imported."""
        if self.gpu is not None:
            os.environ[VISIBLE] = self.gpu.identifier
            if self.gpu.is_numbered:
                os.environ.setdefault(ORDER, BY_BUS)
            if self.gpu_fraction is not None and not JAX_FRACTIONS & os.environ.keys():
                os.environ[JAX_FRACTION] = f"{self.gpu_fraction:.4f}"
            os.environ[XLA_FLAGS] = with_less_autotuning(os.environ.get(XLA_FLAGS, ""))
        if not self.cores:
            return
        if hasattr(os, "sched_setaffinity"):  # the backends size their thread pools by it
            os.sched_setaffinity(0, self.cores)
        for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
            os.environ.setdefault(name, str(len(self.cores)))


def with_less_autotuning(flags: str) -> str:
    """XLA's `flags` with a lower level of autotuning, unless they have one.

    A text that does not begin with a dash is the name of a file of flags, and stays as it is.
    """
    if AUTOTUNE_LEVEL in flags or (flags.strip() and not flags.strip().startswith("-")):
        return flags
    return f"{flags} {AUTOTUNE_LEVEL}=2".strip()


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


def plan_places(gpus: tuple[Gpu, ...], per_gpu: int) -> list[Share]:
    """The shares of `per_gpu` processes on each GPU, of which not all may be started.

    The first ones are of different GPUs. The processes of a GPU share its part of the cores.
    """
    cores, n = available_cores(), len(gpus)
    parts = [_cores_of(i, n, cores) if n > 1 else () for i in range(n)]
    return [Share(cores=parts[i % n], gpu=gpus[i % n]) for i in range(n * per_gpu)]


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
