"""The executor of this machine: one worker process for each job that is trained at once."""

from __future__ import annotations

import multiprocessing.connection
import time
from collections.abc import Sequence

from autocnn.executors.gpus import full_lines, usable_gpus
from autocnn.executors.local_process import LocalProcess
from autocnn.executors.protocol import ExecutorSetup
from autocnn.executors.resources import plan_shares
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
    shares = plan_shares(setup.workers, gpus, setup.workers_per_gpu)
    limits = WorkerLimits(
        memory_mb=setup.memory_mb, recycle=setup.recycle, patience=patience or Patience()
    )
    links = [LocalProcess(setup.log, share) for share in shares]
    return WorkerPool([WorkerHandle(link, limits) for link in links], wait_for_pipes)


def wait_for_pipes(workers: Sequence[WorkerHandle], seconds: float) -> None:
    """Sleep until a pipe of `workers`, which have local processes, has a message."""
    links = [worker.link for worker in workers]
    pipes = [link.connection for link in links if isinstance(link, LocalProcess)]
    if pipes:
        multiprocessing.connection.wait(pipes, seconds)
    else:
        time.sleep(seconds)
