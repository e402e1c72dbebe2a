"""The local executor, with real worker processes and tiny data."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from autocnn.data.prepared import refer_to
from autocnn.executors.local import wait_for_pipes
from autocnn.executors.local_process import LocalProcess
from autocnn.executors.protocol import EpochEnded, JobEnded
from autocnn.executors.resources import Share
from autocnn.executors.worker_handle import WorkerHandle, WorkerLimits
from autocnn.executors.worker_pool import WorkerPool
from autocnn.trial import TrialJob, TrialState

pytestmark = pytest.mark.training


@pytest.fixture
def job(config, tmp_path) -> TrialJob:
    """A job of two epochs on a tiny network."""
    return TrialJob(
        number=0,
        config=config,
        seed=7,
        horizon=2,
        last_epoch=2,
        precision="float32",
        folder=tmp_path / "trial",
    )


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
