"""The room of a cluster, without one."""

from __future__ import annotations

import signal
import socket
from types import SimpleNamespace

import pytest

pytest.importorskip("ray", reason="Ray is not installed: pip install -e '.[ray]'")

from ray.exceptions import RayError

from autocnn.errors import AutocnnError, SettingsError
from autocnn.executors import ray_cluster as module
from autocnn.executors.protocol import ExecutorSetup
from autocnn.executors.ray_cluster import (
    RayCluster,
    default_cpus,
    default_gpus,
    living_nodes,
    places,
    sigterm_kept,
    wait_for_head,
)


def _node(cpus, gpus=0.0):
    resources = {"CPU": float(cpus), "memory": 1e9}
    return {"Alive": True, "Resources": {**resources, "GPU": gpus} if gpus else resources}


@pytest.mark.parametrize(
    ("nodes", "cpus", "gpus", "n"),
    [
        ([_node(8), _node(3)], 2, 0.0, 5),  # 4 and 1
        ([_node(1)], 2, 0.0, 0),
        ([_node(16, 2.0), _node(16)], 2, 0.25, 8),  # 4 on each of two GPUs
        ([_node(4, 2.0)], 2, 0.25, 2),  # CPUs are what is short
        ([_node(16, 1.0)], 1, 0.4, 2),  # a third one would need parts of two GPUs
        ([_node(16, 5.0)], 1, 2.0, 2),
        ([_node(0)], 1, 0.0, 0),
    ],
)
def test_the_places_of_a_cluster(nodes, cpus, gpus, n):
    """A trial has its CPUs and its part of a GPU on one node."""
    assert places(nodes, cpus, gpus) == n


def test_defaults_follow_the_nodes():
    """Four CPUs as for a local worker, or all of the largest node; one GPU if there is any."""
    assert [default_cpus([_node(n), _node(1)]) for n in (0, 2, 64)] == [1, 2, 4]
    assert [default_gpus([_node(4), _node(4, n)]) for n in (0.0, 1.0)] == [0.0, 1.0]


def test_a_cluster_without_room_for_a_trial_is_refused(monkeypatch, tmp_path):
    """The line says what a trial needs and what the nodes have."""
    monkeypatch.setattr(module.ray, "is_initialized", lambda: True)
    monkeypatch.setattr(module, "living_nodes", lambda: [_node(2), _node(4, 1.0)])
    setup = ExecutorSetup(log=tmp_path / "worker.log", cpus=2, gpus_each=2.0)
    with pytest.raises(SettingsError, match=r"no node has the 2 CPUs and 2 GPUs of a trial;"):
        RayCluster(setup).connect()


def test_the_room_follows_the_nodes(monkeypatch, tmp_path):
    """A node that was lost leaves less room, at the next look."""
    monkeypatch.setattr(module.ray, "is_initialized", lambda: True)
    now, nodes = [0.0], [_node(4), _node(4)]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(module, "living_nodes", lambda: nodes)
    cluster = RayCluster(ExecutorSetup(log=tmp_path / "worker.log", cpus=2))
    cluster.connect()
    assert cluster.room() == 4
    nodes.pop()
    assert cluster.room() == 4
    now[0] = 1.5
    assert cluster.room() == 2


def test_a_cluster_whose_head_is_gone_is_one_line(monkeypatch):
    """The search ends, and can be resumed."""

    def gone():
        raise RayError("no answer\nwith details")

    monkeypatch.setattr(module, "_RAY", SimpleNamespace(nodes=gone))
    monkeypatch.setattr(module, "head_address", lambda: "127.0.0.1:1")
    monkeypatch.setattr(module, "wait_for_head", lambda address: None)
    with pytest.raises(AutocnnError, match=r"can no longer be reached \(no answer\); `autocnn res"):
        living_nodes()


@pytest.fixture
def head(monkeypatch):
    """A server that listens; each pause of a wait for it is one second and calls `pause`."""
    now = [0.0]
    server = socket.create_server(("127.0.0.1", 0))
    found = SimpleNamespace(
        server=server, address="127.0.0.1:{1}".format(*server.getsockname()), pause=lambda: None
    )

    def sleep(seconds):
        now[0] += seconds
        found.pause()

    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=sleep))
    yield found
    found.server.close()


def test_a_head_that_is_lost_ends_the_search_in_one_line(head):
    """After HEAD_S without a connection; Ray would end the process without an exception."""
    wait_for_head(head.address)
    head.server.close()
    line = rf"the head of the cluster, {head.address}, is lost \(.*refused\); `autocnn resume` goes"
    with pytest.raises(AutocnnError, match=line):
        wait_for_head(head.address)


def test_a_head_that_comes_back_is_waited_for(head):
    """A head that keeps its state in a database may be started again."""
    address = head.server.getsockname()
    head.server.close()
    pauses = []

    def pause():
        pauses.append(1)
        if len(pauses) == 3:
            head.server = socket.create_server(address)

    head.pause = pause
    wait_for_head(head.address)
    assert len(pauses) == 3


def test_an_address_without_a_ray_is_one_line(monkeypatch, tmp_path):
    """`auto` finds no cluster; the line says how to make this machine a node."""

    def init(**options):
        raise ConnectionError("Could not find any running Ray instance.\nDetails")

    monkeypatch.setattr(module.ray, "is_initialized", lambda: False)
    monkeypatch.setattr(module.ray, "init", init)
    setup = ExecutorSetup(log=tmp_path / "worker.log", address="auto")
    with pytest.raises(SettingsError, match=r"^--ray-address auto: no Ray answers there \(Could"):
        RayCluster(setup).connect()


def test_ray_does_not_keep_the_handler_of_sigterm():
    """Ray's own handler would end the search without a word."""
    before = signal.getsignal(signal.SIGTERM)
    with sigterm_kept():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    assert signal.getsignal(signal.SIGTERM) == before
