"""The executor of a Ray cluster: one actor for each job that is trained at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import ray

from autocnn.data.prepared import DataReference, keep_used, open_reference, refer_to
from autocnn.executors.protocol import ExecutorSetup
from autocnn.executors.ray_actor import SharedData
from autocnn.executors.ray_cluster import RayCluster
from autocnn.executors.ray_link import RayLink, wait_for_calls
from autocnn.executors.worker_handle import WorkerHandle, WorkerLimits
from autocnn.executors.worker_pool import WorkerPool


class RayExecutor(WorkerPool):
    """Trains jobs in actors of a Ray cluster, as `Executor` describes."""

    def __init__(self, setup: ExecutorSetup) -> None:
        self._cluster = RayCluster(setup)
        self._cluster.connect()
        limits = WorkerLimits(memory_mb=setup.memory_mb, recycle=setup.recycle)
        n = self._cluster.room() if setup.workers is None else setup.workers
        super().__init__(
            [WorkerHandle(RayLink(self._cluster), limits) for _ in range(n)], wait_for_actors
        )

    @property
    def capacity(self) -> int:
        """The number of actors for which the living nodes have room, up to that asked for."""
        return max(1, min(len(self._workers), self._cluster.room()))

    def start(self) -> None:
        """Start as many actors as there is room for."""
        for worker in self._workers[: self.capacity]:
            worker.ensure_started()

    def use(self, data: DataReference) -> None:
        """Put the images that are used into Ray's object store, which has them once on a node."""
        self._cluster.connect()
        shared = share_data(data)
        for worker in self._workers:
            worker.use(shared)

    def close(self) -> None:
        """End all actors, and the connection to the cluster."""
        super().close()
        self._cluster.close()


def open_ray(setup: ExecutorSetup) -> RayExecutor:
    """The executor for `setup`, connected to its cluster.

    Raises: SettingsError if no Ray answers at the address, or no node has room for a trial.
    """
    return RayExecutor(setup)


def share_data(data: DataReference) -> SharedData:
    """`data` with its arrays in the object store: pixels, labels and no image that is not used."""
    used = keep_used(open_reference(data))
    arrays: Any = used.images.images, used.images.labels
    pixels, labels = (ray.put(np.asarray(array)) for array in arrays)
    nothing = np.empty(0, np.uint8), np.empty(0, np.int64)
    reference = replace(refer_to(used), pixels=nothing[0], labels=nothing[1])
    return SharedData(reference=reference, pixels=pixels, labels=labels)


def wait_for_actors(workers: Sequence[WorkerHandle], seconds: float) -> None:
    """Sleep until an actor of `workers` has answered."""
    links = [worker.link for worker in workers]
    wait_for_calls([link for link in links if isinstance(link, RayLink)], seconds)
