"""The local executor, with real worker processes and tiny data."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from fake_nvml import Card, fake_nvml

from autocnn.data.prepared import refer_to
from autocnn.executors.local import open_local, wait_for_pipes
from autocnn.executors.local_process import LocalProcess
from autocnn.executors.protocol import EpochEnded, ExecutorSetup, JobEnded
from autocnn.executors.resources import Share
from autocnn.executors.worker_handle import WorkerHandle, WorkerLimits
from autocnn.executors.worker_pool import WorkerPool
from autocnn.trial import TrialState


@pytest.fixture
def two_cards(monkeypatch):
    """Two cards with 36,000 MiB that are free."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    cards = [Card("GPU-aa", 1, free_mb=36_000), Card("GPU-bb", 2, free_mb=3_000)]
    fake_nvml(monkeypatch, cards)
    return cards


@pytest.mark.parametrize(
    ("settings", "capacity", "places", "parts"),
    [
        ({}, 2, 2, [1, 1]),
        ({"workers_per_gpu": 2}, 4, 4, [2, 2, 2, 2]),
        ({"workers": 3}, 3, 3, [2, 1, 2]),
        ({"workers_per_gpu": 0}, 2, 16, [1] * 16),
        ({"workers_per_gpu": 0, "workers": 1}, 1, 16, [1] * 16),
        ({"workers_per_gpu": 2, "gpus": "1"}, 2, 2, [2, 2]),
    ],
)
def test_the_settings_say_how_many_processes_a_gpu_has(
    two_cards, tmp_path, settings, capacity, places, parts
):
    """With auto there is one each, and room for eight; no process is started."""
    lines: list[str] = []
    setup = ExecutorSetup(log=tmp_path / "worker.log", message=lines.append, **settings)
    pool = open_local(setup)
    links = [worker.link for worker in pool._workers]
    assert (pool.capacity, len(links)) == (capacity, places)
    assert [link.share.part for link in links] == parts
    (line,) = lines
    assert line.startswith("GPU 1 (NVIDIA A) has 3,000 of 40,000 MiB free")


def test_auto_needs_the_memory_of_the_cards(two_cards, tmp_path):
    """Without it each GPU has one process, and a line says so."""
    two_cards[1].total_mb = None
    lines: list[str] = []
    setup = ExecutorSetup(log=tmp_path / "w", workers_per_gpu=0, message=lines.append)
    assert open_local(setup).capacity == 2
    (line,) = lines
    assert line.startswith("--workers-per-gpu auto: the memory of GPU GPU-bb is not known")


@pytest.mark.training
def test_two_processes_train_side_by_side(data, job, tmp_path):
    """Each process has its share of the cores; the second is replaced after every job."""
    log, one_core = tmp_path / "worker.log", Share(cores=(min(os.sched_getaffinity(0)),))
    handles = [
        WorkerHandle(LocalProcess(log)),
        WorkerHandle(LocalProcess(log, one_core), WorkerLimits(recycle=1)),
    ]
    executor = WorkerPool(handles, wait_for_pipes)
    assert executor.capacity == 2
    executor.use(refer_to(data))
    for number in (1, 2):
        executor.submit(replace(job, number=number, folder=tmp_path / str(number)))
    results, shares = {}, {}
    while len(results) < 2:
        for event in executor.events(10.0):
            if isinstance(event, JobEnded):
                results[event.number] = event.result
            elif isinstance(event, EpochEnded):
                pid = handles[event.number - 1].link._process.pid
                shares[event.number] = os.sched_getaffinity(pid)
                executor.answer(event.number, prune=False)
    assert {number: result.state for number, result in results.items()} == {
        1: TrialState.COMPLETE,
        2: TrialState.COMPLETE,
    }
    assert results[1].curve[0].val_accuracy == results[2].curve[0].val_accuracy
    assert shares == {1: os.sched_getaffinity(0), 2: set(one_core.cores)}
    assert [handle.link._process is None for handle in handles] == [False, True]
    executor.close()
    assert [handle.link._process for handle in handles] == [None, None]
