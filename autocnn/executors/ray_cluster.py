"""The connection to a Ray cluster, and the room that it has."""

from __future__ import annotations

import logging
import math
import queue
import signal
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import ray
from ray.exceptions import RayError

from autocnn.errors import AutocnnError, SettingsError
from autocnn.executors.gpus import usable_gpus
from autocnn.executors.protocol import ExecutorSetup
from autocnn.executors.ray_actor import TrainingActor
from autocnn.executors.resources import CORES_A_WORKER, available_cores

_RAY: Any = ray  # of some functions the types are not stated
LOOPBACK = "127.0.0.1"
CALLS = 4  # calls of an actor at once: the one that waits for messages, and orders
ROOM_S = 1.0  # between two looks at the nodes of the cluster
HEAD_S = 20.0  # how long the head of the cluster may be away: Ray itself gives it 60 s
HEAD_ANSWER_S = 2.0  # for it to accept a connection
CPU, GPU = "CPU", "GPU"  # Ray's names

Node = Mapping[str, Any]  # as `ray.nodes` describes it


class RayCluster:
    """A cluster that is connected to on first use; without an address one of this machine alone."""

    def __init__(self, setup: ExecutorSetup) -> None:
        self._setup = setup
        self._is_connected = False
        self._is_ours = False  # True: `close` ends the connection
        self._cpus, self._gpus = 1, 0.0
        self._room, self._room_at = 0, -math.inf

    def connect(self) -> None:
        """Connect, unless that was done.

        Raises: SettingsError if no Ray answers, or no node has what a trial needs.
        """
        if self._is_connected:
            return
        if not ray.is_initialized():
            self._init()
            self._is_ours = True
        self._is_connected = True
        nodes = living_nodes()
        self._cpus = default_cpus(nodes) if self._setup.cpus is None else self._setup.cpus
        self._gpus = default_gpus(nodes) if self._setup.gpus_each is None else self._setup.gpus_each
        if not self.room():
            self.close()
            raise SettingsError(too_small(nodes, self._cpus, self._gpus))

    def room(self) -> int:
        """The number of trials that the living nodes can train at once, other work aside."""
        now = time.monotonic()
        if now - self._room_at > ROOM_S:
            self._room, self._room_at = places(living_nodes(), self._cpus, self._gpus), now
        return self._room

    def start_actor(self) -> Any:
        """A new actor, which Ray puts on a node as soon as one has room."""
        return (
            ray.remote(TrainingActor)
            .options(
                num_cpus=self._cpus,
                num_gpus=self._gpus,
                max_concurrency=CALLS,
                max_restarts=0,
                max_task_retries=0,
            )
            .remote(actor_environment(self._cpus, self._gpus))
        )

    def close(self) -> None:
        """End the connection, and a cluster that was started for it."""
        self._is_connected, self._room_at = False, -math.inf
        if self._is_ours:
            self._is_ours = False
            ray.shutdown()

    def _init(self) -> None:
        address = self._setup.address
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
        with sigterm_kept():
            if address is None:
                self._init_here(quiet)
                return
            try:
                ray.init(address=address, **quiet)
            except (RayError, ConnectionError, RuntimeError, ValueError, OSError) as error:
                reason = str(error).partition("\n")[0]
                raise SettingsError(
                    f"--ray-address {address}: no Ray answers there ({reason}); this machine must "
                    "be a node of the cluster: ray start --address HOST:PORT --num-cpus 0"
                ) from error

    def _init_here(self, quiet: dict[str, Any]) -> None:
        """Start Ray on this machine, for this process only."""
        try:
            ray.init(
                address="local",
                num_cpus=len(available_cores()),
                num_gpus=len(usable_gpus()),
                include_dashboard=False,
                _node_ip_address=LOOPBACK,
                **quiet,
            )
        except (RayError, RuntimeError, OSError) as error:
            raise AutocnnError(
                f"--executor ray: Ray cannot be started here ({str(error).partition(chr(10))[0]})"
            ) from error
        addresses = {str(node["NodeManagerAddress"]) for node in living_nodes()}
        if addresses != {LOOPBACK}:  # Ray was imported before our variables were set
            ray.shutdown()
            raise AutocnnError(
                f"--executor ray: Ray would listen on {', '.join(addresses)}; import autocnn "
                "before Ray, or start Ray yourself and give --ray-address auto"
            )


@contextmanager
def sigterm_kept() -> Iterator[None]:
    """Keep the handler of SIGTERM, which Ray replaces by one that exits at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def living_nodes() -> list[Node]:
    """The nodes of the connected cluster that are alive.

    Raises: AutocnnError if the head of the cluster does not answer.
    """
    wait_for_head(head_address())
    try:
        return [node for node in _nodes() if node["Alive"]]
    except RayError as error:
        reason = str(error).partition("\n")[0]
        raise AutocnnError(
            f"--executor ray: the cluster can no longer be reached ({reason}); `autocnn resume` "
            "goes on once it can"
        ) from error


def _nodes() -> list[Node]:
    """What Ray says of all nodes; a head that is lost meanwhile does not keep this thread."""
    answers: queue.SimpleQueue[list[Node] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(_RAY.nodes())
        except Exception as error:  # is raised below
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        found = answers.get(timeout=HEAD_S)
    except queue.Empty:
        raise RayError(f"the head did not answer for {HEAD_S:.0f} s") from None
    if isinstance(found, Exception):
        raise found
    return found


def head_address() -> str:
    """HOST:PORT of the head of the connected cluster."""
    return str(ray.get_runtime_context().gcs_address)


def wait_for_head(address: str) -> None:
    """Return once the head of the cluster accepts a connection.

    Ray waits for a lost head for a minute, and then ends this process without an exception.
    Raises: AutocnnError after HEAD_S.
    """
    host, _, port = address.rpartition(":")
    end = time.monotonic() + HEAD_S
    while True:
        try:
            socket.create_connection((host.strip("[]"), int(port)), HEAD_ANSWER_S).close()
        except OSError as error:
            reason = error.strerror or str(error)
            if time.monotonic() >= end:
                raise AutocnnError(
                    f"--executor ray: the head of the cluster, {address}, is lost ({reason}); "
                    "`autocnn resume` goes on once there is one, or with --executor local"
                ) from error
        else:
            return
        time.sleep(ROOM_S)


def places(nodes: Sequence[Node], cpus: int, gpus: float) -> int:
    """The number of trials that the nodes can train at once, by what they have in all."""
    return sum(_places_of(node["Resources"], cpus, gpus) for node in nodes)


def _places_of(resources: Mapping[str, float], cpus: int, gpus: float) -> int:
    by_cpu = math.floor(resources.get(CPU, 0.0) / cpus)
    if not gpus:
        return by_cpu
    n_gpus = resources.get(GPU, 0.0)
    # A trial that needs a part of a GPU has that part of one: three halves do not fit on 1.5 GPUs.
    by_gpu = math.floor(n_gpus) * math.floor(1 / gpus) if gpus <= 1 else math.floor(n_gpus / gpus)
    return min(by_cpu, by_gpu)


def default_cpus(nodes: Sequence[Node]) -> int:
    """CPUs of a trial: as for a local worker, or all of the largest node if it has fewer."""
    largest = max((node["Resources"].get(CPU, 0.0) for node in nodes), default=1.0)
    return max(1, min(CORES_A_WORKER, math.floor(largest)))


def default_gpus(nodes: Sequence[Node]) -> float:
    """GPUs of a trial: one if the cluster has any."""
    return 1.0 if any(node["Resources"].get(GPU, 0.0) >= 1 for node in nodes) else 0.0


def too_small(nodes: Sequence[Node], cpus: int, gpus: float) -> str:
    """The line for a cluster of which no node has room for a trial."""
    have = "; ".join(
        f"{node['Resources'].get(CPU, 0.0):g} CPUs, {node['Resources'].get(GPU, 0.0):g} GPUs"
        for node in nodes
    )
    return (
        f"--executor ray: no node has the {cpus} CPUs and {gpus:g} GPUs of a trial; the nodes "
        f"have: {have or 'nothing'}; give other --cpus-per-trial or --gpus-per-trial"
    )


def actor_environment(cpus: int, gpus: float) -> dict[str, str]:
    """The environment variables of an actor: the backend, and the number of threads."""
    import keras

    found = {"KERAS_BACKEND": str(keras.backend.backend())}
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        found[name] = str(cpus)
    if not gpus:
        found["CUDA_VISIBLE_DEVICES"] = ""
    return found
