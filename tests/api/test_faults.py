"""Real studies of digits in which most trials fail, and one whose workers are killed."""

from __future__ import annotations

import os
import signal
from functools import partial

import psutil
import pytest

from autocnn.api.search_study import SilentListener, search
from autocnn.api.studies import load_study
from autocnn.executors.local import open_local
from autocnn.executors.watch import Patience
from autocnn.records.study_settings import StudySettings

pytestmark = pytest.mark.training

SPACE = """
[limits]
parameters = 20_000_000
macs = 2_000_000_000

[parameters]
blocks = 2
downsampling = "none"
optimizer = "sgd"
filters = { choices = [8, 16, 768] }
learning_rate_scale = { choices = [1.0, 1e30] }
batch_size = 1024
"""


class Saboteur(SilentListener):
    """A listener that stops the process of a network of 16 filters, like a hanging driver."""

    def __init__(self):
        self.stopped = set()

    def progress(self, progress):
        """Stop the process of such a trial."""
        for running in progress.running:
            if running.proposal.values.get("filters") == 16 and not self.stopped:
                alive = [p for p in psutil.Process().children() if p.status() != "zombie"]
                (worker,) = (p for p in alive if "spawn_main" in str(p.cmdline()))
                os.kill(worker.pid, signal.SIGSTOP)
                self.stopped.add(worker.pid)


def test_a_study_survives_memory_nan_and_a_hanging_process(tmp_path):
    """The study finishes, and its leaderboard has all three failures with their causes."""
    (tmp_path / "faults.toml").write_text(SPACE)
    settings = StudySettings(
        study="faults",
        space=str(tmp_path / "faults.toml"),
        results=str(tmp_path),
        sampler="grid",
        pruner="none",
        recipes=False,
        trials=6,
        epochs=2,
        workers=1,
        worker_memory_mb=1024,
    )
    saboteur = Saboteur()
    impatient = partial(open_local, patience=Patience(silence_s=20.0))
    outcome = search(settings, saboteur, open_executor=impatient)
    assert outcome.state == "finished"
    assert outcome.test is not None
    assert len(saboteur.stopped) == 1
    causes = {}
    for record in load_study(tmp_path, "faults").records:
        values = record.values["filters"], record.values["learning_rate_scale"]
        causes[values] = None if record.cause is None else str(record.cause)
    assert causes[8, 1.0] is None
    assert causes[8, 1e30] == "diverged"
    assert [causes[16, scale] for scale in (1.0, 1e30)].count("timed_out") == 1
    assert [causes[768, scale] for scale in (1.0, 1e30)] == ["out_of_memory"] * 2


class Killer(SilentListener):
    """A listener that kills each of the first two training processes after some epochs."""

    def __init__(self):
        self.killed, self.n_reported = set(), 0

    def progress(self, progress):
        """Kill the process once its training has five epochs more than at the last kill."""
        for running in progress.running:
            if len(self.killed) < 2 and len(running.curve) >= self.n_reported + 5:
                self._kill(len(running.curve))

    def _kill(self, n_epochs):
        for process in psutil.Process().children():
            is_worker = "spawn_main" in str(process.cmdline()) and process.status() != "zombie"
            if is_worker and process.pid not in self.killed:
                self.killed.add(process.pid)
                self.n_reported = n_epochs
                os.kill(process.pid, signal.SIGKILL)


@pytest.mark.slow
def test_a_training_killed_twice_is_stopped_and_can_win(tmp_path):
    """Its epochs, seconds and curve are on record, and its best saved epoch is shipped."""
    one = SPACE.replace("{ choices = [8, 16, 768] }", "8").replace(
        "{ choices = [1.0, 1e30] }", "1.0"
    )
    (tmp_path / "one.toml").write_text(f"{one}early_stopping = false\n")
    settings = StudySettings(
        study="killed",
        space=str(tmp_path / "one.toml"),
        results=str(tmp_path),
        pruner="none",
        recipes=False,
        trials=1,
        epochs=2000,
        workers=1,
    )
    killer = Killer()
    outcome = search(settings, killer)
    assert len(killer.killed) == 2
    (record,) = load_study(tmp_path, "killed").records
    assert (str(record.state), str(record.cause)) == ("stopped", "crashed")
    assert record.result.attempts == 2
    assert record.epochs >= killer.n_reported
    assert record.duration > 0
    assert record.best_epoch is not None
    assert (outcome.state, outcome.winner) == ("finished", 0)
