"""The number of workers, and the resources of each."""

from __future__ import annotations

import pytest

from autocnn.executors import resources as module
from autocnn.executors.gpus import Gpu
from autocnn.executors.resources import Share, default_workers, plan_shares


@pytest.fixture
def cores(monkeypatch):
    """A function that gives the machine so many cores, and enough memory."""

    def make(n):
        monkeypatch.setattr(module, "available_cores", lambda: tuple(range(n)))
        monkeypatch.setattr(module, "available_mb", lambda: 10**6)

    return make


@pytest.mark.parametrize(
    ("n_cores", "memory_mb", "n"),
    [(1, 16_000, 1), (2, 16_000, 1), (8, 16_000, 2), (64, 16_000, 3), (64, 1_000, 1)],
)
def test_the_number_of_workers_follows_cores_and_memory(n_cores, memory_mb, n):
    """There is one worker for every four cores and four GiB, at least one."""
    assert default_workers(n_cores, memory_mb) == n


def test_a_single_worker_has_the_machine(cores):
    """A single worker is not bound to any core."""
    cores(2)
    assert plan_shares(None, ()) == [Share()]


def test_cores_are_divided(cores):
    """Of five cores for two workers the second has three; workers share cores if too few."""
    cores(5)
    assert [share.cores for share in plan_shares(2, ())] == [(0, 1), (2, 3, 4)]
    cores(2)
    assert [share.cores for share in plan_shares(3, ())] == [(0,), (1,), (0,)]


def test_gpus_are_assigned_in_turn(cores):
    """Each GPU has one worker by default, or the given number."""
    cores(8)
    a, b = Gpu(identifier="GPU-a"), Gpu(identifier="GPU-b")
    assert [share.gpu for share in plan_shares(None, (a, b))] == [a, b]
    assert [share.gpu for share in plan_shares(None, (a, b), 2)] == [a, b, a, b]
    assert [share.gpu for share in plan_shares(1, (a, b))] == [a]


@pytest.mark.parametrize(
    ("gpu", "order"),
    [(Gpu(identifier="GPU-a", index=1), None), (Gpu(identifier="1", index=1), "PCI_BUS_ID")],
)
def test_a_worker_sees_its_card_alone(monkeypatch, gpu, order):
    """If it is named by its place on the bus, CUDA numbers the cards so, too."""
    environment = {"CUDA_VISIBLE_DEVICES": "0,1,2"}
    monkeypatch.setattr(module.os, "environ", environment)
    Share(gpu=gpu).take()
    assert environment["CUDA_VISIBLE_DEVICES"] == gpu.identifier
    assert environment.get("CUDA_DEVICE_ORDER") == order


def test_a_containers_memory_counts(monkeypatch, tmp_path):
    """The limit of a container counts if it is below the memory of the machine."""
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(module, "MAX_CGROUP", limit)
    free = module.available_mb()
    limit.write_text("max\n")
    assert module.available_mb() == pytest.approx(free, rel=0.2)
    limit.write_text(f"{64 * 2**20}\n")
    assert module.available_mb() == 64
