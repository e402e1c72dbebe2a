"""The executor of this machine: one worker process for each job that is trained at once."""

from __future__ import annotations

import multiprocessing.connection
import time
from collections.abc import Sequence

from autocnn.executors.gpu_pool import MOST_ON_A_GPU, Crowding, GpuPool, Place
from autocnn.executors.gpus import Gpu, full_lines, usable_gpus
from autocnn.executors.local_process import LocalProcess
from autocnn.executors.protocol import ExecutorSetup
from autocnn.executors.resources import Share, available_cores, plan_places, plan_shares
from autocnn.executors.watch import Patience
from autocnn.executors.worker_handle import WorkerHandle, WorkerLimits
from autocnn.executors.worker_pool import WorkerPool


def open_local(setup: ExecutorSetup, patience: Patience | None = None) -> WorkerPool:
    """The executor for `setup`; no process is started yet.

    Raises: SettingsError for a GPU that is not there.
    """
    gpus = usable_gpus(setup.gpus)
    for line in full_lines(gpus):
        setup.message(line)
    limits = WorkerLimits(
        memory_mb=setup.memory_mb, recycle=setup.recycle, patience=patience or Patience()
    )
    if setup.workers_per_gpu == 0 and gpus and _is_memory_known(gpus, setup):
        most = setup.workers or max(len(gpus), len(available_cores()))
        crowding = Crowding(is_measured=True, most=most, message=setup.message)
        places = _places(plan_places(gpus, MOST_ON_A_GPU), setup, limits)
        return GpuPool(places, wait_for_pipes, crowding)
    shares = plan_shares(setup.workers, gpus, max(1, setup.workers_per_gpu))
    if gpus and len(shares) > len(gpus):
        return GpuPool(_places(shares, setup, limits), wait_for_pipes, Crowding())
    links = [LocalProcess(setup.log, share) for share in shares]
    return WorkerPool([WorkerHandle(link, limits) for link in links], wait_for_pipes)


def _is_memory_known(gpus: tuple[Gpu, ...], setup: ExecutorSetup) -> bool:
    """True if NVML knows the memory of all GPUs; shows a line otherwise."""
    unknown = [gpu.identifier for gpu in gpus if gpu.free_mb is None]
    if unknown:
        setup.message(
            f"--workers-per-gpu auto: the memory of GPU {', '.join(unknown)} is not known (see "
            "autocnn info), so each GPU has one process; a number gives it more"
        )
    return not unknown


def _places(shares: Sequence[Share], setup: ExecutorSetup, limits: WorkerLimits) -> list[Place]:
    places = []
    for share in shares:
        assert share.gpu is not None
        link = LocalProcess(setup.log, share)
        places.append(Place(WorkerHandle(link, limits), link, share.gpu))
    return places


def wait_for_pipes(workers: Sequence[WorkerHandle], seconds: float) -> None:
    """Sleep until a pipe of `workers`, which have local processes, has a message."""
    links = [worker.link for worker in workers]
    pipes = [link.connection for link in links if isinstance(link, LocalProcess)]
    if pipes:
        multiprocessing.connection.wait(pipes, seconds)
    else:
        time.sleep(seconds)
