"""The number of workers, and the resources of each."""

from __future__ import annotations

import pytest

from autocnn.executors import resources as module
from autocnn.executors.resources import Share, default_workers, plan_shares, visible_gpus


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
    assert [share.gpu for share in plan_shares(None, ("0", "1"))] == ["0", "1"]
    assert [share.gpu for share in plan_shares(None, ("0", "3"), 2)] == ["0", "3", "0", "3"]
    assert [share.gpu for share in plan_shares(1, ("2", "3"))] == ["2"]


@pytest.mark.parametrize(
    ("wanted", "visible", "gpus"),
    [
        ("0,1", "3", ("0", "1")),
        (None, "3, 4", ("3", "4")),
        (None, "", ()),
        ("GPU-a1", "", ("GPU-a1",)),
    ],
)
def test_gpus_are_those_that_are_named(monkeypatch, wanted, visible, gpus):
    """GPUs are those of the option, else of the environment."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert visible_gpus(wanted) == gpus


def test_a_containers_memory_counts(monkeypatch, tmp_path):
    """The limit of a container counts if it is below the memory of the machine."""
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(module, "MAX_CGROUP", limit)
    free = module.available_mb()
    limit.write_text("max\n")
    assert module.available_mb() == pytest.approx(free, rel=0.2)
    limit.write_text(f"{64 * 2**20}\n")
    assert module.available_mb() == 64
