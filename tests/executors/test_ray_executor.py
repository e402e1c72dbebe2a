"""The Ray executor on a cluster of this machine, with tiny data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import psutil
import pytest

from autocnn.data.prepared import refer_to
from autocnn.executors.protocol import EpochEnded, ExecutorSetup
from autocnn.space.config import EarlyStopping
from autocnn.train.checkpoint import load_checkpoint
from autocnn.trial import FailureCause, TrialJob, TrialState

pytest.importorskip("ray", reason="Ray is not installed: pip install -e '.[ray]'")

from ray.cluster_utils import Cluster

from autocnn.executors.ray_executor import RayExecutor, open_ray

pytestmark = [pytest.mark.training, pytest.mark.timeout(900)]

EPOCHS = 30
OPTIONS: dict[str, Any] = {"object_store_memory": 100 * 2**20, "include_dashboard": False}
LISTENING = """
import json, sys
from pathlib import Path
import psutil
from autocnn.executors.choose import open_executor
from autocnn.executors.protocol import ExecutorSetup
from autocnn.keras_startup import load_keras

executor = open_executor(ExecutorSetup(log=Path(sys.argv[1]), kind="ray", workers=1, cpus=1))
ours = [psutil.Process(), *psutil.Process().children(recursive=True)]
found = {
    connection.laddr.ip
    for process in ours
    for connection in process.net_connections(kind="inet")
    if connection.status == psutil.CONN_LISTEN
}
lines = [" ".join(process.cmdline()) for process in ours]
print(json.dumps({
    "listens": sorted(found),
    "pages": [line for line in lines if "dashboard.py" in line and "--disable-fro" not in line],
    "capacity": executor.capacity,
}))
executor.close()
"""

UNTIL_LOST = """
import sys, time
from pathlib import Path
from autocnn.errors import AutocnnError
from autocnn.executors.choose import open_executor
from autocnn.executors.protocol import ExecutorSetup
from autocnn.keras_startup import load_keras

setup = ExecutorSetup(log=Path(sys.argv[1]), kind="ray", address=sys.argv[2], workers=1, cpus=1)
executor = open_executor(setup)
executor.start()
print("ready", flush=True)
try:
    while executor.capacity == 1:
        time.sleep(0.1)
except AutocnnError as error:
    print(error)
executor.close()
print("closed")
"""


def _patiently(start: Callable[[], object]) -> None:
    """Start a node; Ray gives one 30 s to come up, which a busy machine may not keep."""
    for attempt in range(4):
        try:
            start()
            return
        except Exception:  # Ray raises no other class
            if attempt == 3:
                raise


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A head without CPUs, and two nodes with one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_worker_niceness", "0")
        made = Cluster()
        try:
            for n_cpus in (0, 1, 1):
                _patiently(partial(made.add_node, num_cpus=n_cpus, **OPTIONS))
            yield made
        finally:
            made.shutdown()


@pytest.fixture
def job(config, tmp_path) -> TrialJob:
    """A job of so many epochs that something can happen meanwhile."""
    return TrialJob(
        number=0,
        config=replace(config, early_stopping=EarlyStopping(patience=EPOCHS)),
        seed=7,
        horizon=EPOCHS,
        last_epoch=EPOCHS,
        precision="float32",
        folder=tmp_path / "trials" / "0",
    )


@pytest.fixture
def executor(cluster, data, tmp_path) -> Iterator[RayExecutor]:
    """An executor of two actors on the cluster, with data."""
    setup = ExecutorSetup(log=tmp_path / "worker.log", address=cluster.address, cpus=1, workers=2)
    made = open_ray(setup)
    try:
        made.start()
        made.use(refer_to(data))
        yield made
    finally:
        made.close()


def _train(executor, jobs, lose):
    """The results of the jobs, each submitted again after it was lost; `lose` sees the epochs."""
    results, causes = {}, []
    for job in jobs:
        executor.submit(job)
    while len(results) < len(jobs):
        for event in executor.events(1.0):
            if isinstance(event, EpochEnded):
                lose(event)
                executor.answer(event.number, prune=False)
            elif event.result.cause in (FailureCause.CRASHED, FailureCause.NODE_LOST):
                causes.append((event.number, event.result.cause))
                executor.submit(jobs[event.number])
            else:
                results[event.number] = event.result
    return results, causes


def _wait_for(executor, capacity):
    """Return once the executor has this capacity; fail after two minutes."""
    deadline = time.monotonic() + 120.0
    while executor.capacity != capacity and time.monotonic() < deadline:
        time.sleep(0.5)
    assert executor.capacity == capacity


def test_a_lost_process_and_a_lost_node_cost_nothing_but_time(cluster, executor, job, tmp_path):
    """Three equal jobs on two actors: the first loses its process, then the second its node.

    Both go on from a checkpoint that lies here; all curves are the same, bit by bit.
    """
    assert (executor.capacity, executor.device().backend) == (2, "tensorflow")
    assert executor.measure(job.config, "float32", 0.1)[1] > 0
    jobs = [replace(job, number=n, folder=tmp_path / "trials" / str(n)) for n in range(3)]
    lost: list[int] = []

    def lose(event):
        about = executor._busy[event.number].link._about
        if event.number in lost or event.epoch < 3 or event.number == 2:
            return
        if event.number == 0:
            psutil.Process(about.pid).kill()
        else:
            (node,) = (each for each in cluster.worker_nodes if each.node_id == about.node)
            cluster.remove_node(node, allow_graceful=False)
        lost.append(event.number)

    results, causes = _train(executor, jobs, lose)
    assert sorted(causes) == [(0, FailureCause.CRASHED), (1, FailureCause.NODE_LOST)]
    assert {result.state for result in results.values()} == {TrialState.COMPLETE}
    scores = [[epoch.val_loss for epoch in results[number].curve] for number in range(3)]
    assert len(scores[0]) == EPOCHS
    assert scores[0] == scores[1] == scores[2]
    for each in jobs:
        assert (each.folder / "best.npz").is_file()
        assert load_checkpoint(each.folder / "checkpoint.npz").curve
    _wait_for(executor, 1)  # one node is left


@pytest.mark.slow
def test_a_node_that_joins_is_used(cluster, executor, job, tmp_path):
    """With room for one of two actors a second job waits; on a new node both train at once."""
    for node in sorted(cluster.worker_nodes, key=str)[1:]:
        cluster.remove_node(node, allow_graceful=False)
    _wait_for(executor, 1)
    _patiently(partial(cluster.add_node, num_cpus=1, **OPTIONS))
    _wait_for(executor, 2)
    jobs = [replace(job, number=n, folder=tmp_path / "trials" / str(n)) for n in range(2)]
    together = set[str]()

    def look(event):
        if len(executor._busy) == 2:
            together.update(each.link._about.node for each in executor._busy.values())

    results, causes = _train(executor, jobs, look)
    assert (len(results), causes, len(together)) == (2, [], 2)


@pytest.mark.slow
def test_a_lost_head_is_one_line(tmp_path):
    """The process of the search goes on for HEAD_S, and then ends as after any error."""
    made = Cluster()
    try:
        for n_cpus in (0, 1):
            _patiently(partial(made.add_node, num_cpus=n_cpus, **OPTIONS))
        address = made.address  # the cluster forgets it with its head
        command = [sys.executable, "-c", UNTIL_LOST, str(tmp_path / "worker.log"), address]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as search:
            assert search.stdout is not None
            assert search.stdout.readline() == "ready\n"
            made.head_node.kill_gcs_server()
            lost, closed = search.stdout.read().splitlines()
        lines = (
            f"the head of the cluster, {address}, is lost",
            "the cluster can no longer be reached",
        )
        assert lost.removeprefix("--executor ray: ").startswith(lines)
        assert (closed, search.returncode) == ("closed", 0)
    finally:
        made.shutdown()


def test_a_ray_of_our_own_listens_on_this_machine_only(tmp_path):
    """Nothing listens beyond 127.0.0.1, and there is no dashboard."""
    done = subprocess.run(
        [sys.executable, "-c", LISTENING, str(tmp_path / "worker.log")],
        stdout=subprocess.PIPE,
        text=True,
        timeout=600,
        env={**os.environ, "RAY_ADDRESS": ""},
        check=True,
    )
    found = json.loads(done.stdout)
    assert {address.removeprefix("::ffff:") for address in found["listens"]} == {"127.0.0.1"}
    assert (found["pages"], found["capacity"]) == ([], 1)
