"""How many workers there are, and what each may use."""

from __future__ import annotations

import pytest

from autocnn.executors import resources as module
from autocnn.executors.resources import Share, default_workers, plan_shares, visible_gpus


@pytest.fixture
def cores(monkeypatch):
    """Makes the machine have so many cores, and memory enough."""

    def make(n):
        monkeypatch.setattr(module, "available_cores", lambda: tuple(range(n)))
        monkeypatch.setattr(module, "available_mb", lambda: 10**6)

    return make


@pytest.mark.parametrize(
    ("n_cores", "memory_mb", "n"),
    [(1, 16_000, 1), (2, 16_000, 1), (8, 16_000, 2), (64, 16_000, 3), (64, 1_000, 1)],
)
def test_the_number_of_workers_follows_cores_and_memory(n_cores, memory_mb, n):
    """One for every four cores and four GiB, at least one."""
    assert default_workers(n_cores, memory_mb) == n


def test_a_single_worker_has_the_machine(cores):
    """It is not bound to anything."""
    cores(2)
    assert plan_shares(None, ()) == [Share()]


def test_cores_are_divided(cores):
    """Five among two: the second has one more; where there are fewer cores they are shared."""
    cores(5)
    assert [share.cores for share in plan_shares(2, ())] == [(0, 1), (2, 3, 4)]
    cores(2)
    assert [share.cores for share in plan_shares(3, ())] == [(0,), (1,), (0,)]


def test_gpus_are_dealt_out_in_turn(cores):
    """One worker each by default, or as many as is said."""
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
    """By the option, else by the environment."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert visible_gpus(wanted) == gpus


def test_a_containers_memory_counts(monkeypatch, tmp_path):
    """Where it has less than the machine."""
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(module, "MAX_CGROUP", limit)
    free = module.available_mb()
    limit.write_text("max\n")
    assert module.available_mb() == pytest.approx(free, rel=0.2)
    limit.write_text(f"{64 * 2**20}\n")
    assert module.available_mb() == 64
