"""The runs that MLflow receives."""

from __future__ import annotations

import sqlite3
from types import SimpleNamespace

import pytest

pytest.importorskip("mlflow")

from autocnn.errors import RecordError
from autocnn.trackers.mlflow_runs import MlflowRuns
from autocnn.trackers.protocol import EpochTrained, TrackerSettings, TrialEnded
from autocnn.trackers.tracking import tracking
from autocnn.trial import FailureCause, TrialState


class FakeClient:
    """MLflow's client, which keeps the calls that write."""

    def __init__(self, *known: str) -> None:
        self.known, self.calls, self.error = list(known), [], None

    def get_experiment_by_name(self, name):
        """The experiment, if there is one of that name."""
        if self.error is not None:
            raise self.error
        return SimpleNamespace(experiment_id=f"id of {name}") if name in self.known else None

    def create_experiment(self, name):
        """Its identifier."""
        self.calls.append(("experiment", name))
        return f"id of {name}"

    def create_run(self, experiment, *, run_name, tags):
        """A run, numbered in the order of the calls."""
        n_runs = sum(call[0] == "run" for call in self.calls)
        self.calls.append(("run", experiment, run_name, tags))
        return SimpleNamespace(info=SimpleNamespace(run_id=str(n_runs)))

    def log_batch(self, run, *, params=(), metrics=()):
        """Keep names and values."""
        pairs = [(each.key, each.value) for each in params]
        if params:
            self.calls.append(("params", run, pairs))
        else:
            steps = {(each.timestamp, each.step) for each in metrics}
            self.calls.append(("metrics", run, steps, {each.key: each.value for each in metrics}))

    def set_tag(self, run, key, value):
        """Keep it."""
        self.calls.append(("tag", run, key, value))

    def set_terminated(self, run, *, status):
        """Keep it."""
        self.calls.append(("end", run, status))


@pytest.fixture
def proposal(make_proposal):
    """Trial 7, which continues trial 2."""
    return make_proposal(7, values={"filters": 8, "flip": True}, parent=2)


@pytest.fixture
def epochs(proposal, make_result):
    """A function that makes the events of the first epochs, at 1.5 s."""

    def make(*scores):
        curve = make_result(*scores).curve
        return [
            EpochTrained(proposal=proposal, number=number, epoch=epoch, time_s=1.5)
            for number, epoch in enumerate(curve, start=1)
        ]

    return make


def test_a_trial_is_a_run_of_the_experiment(proposal, epochs, make_result):
    """Parameters first, metrics by epoch, at last those of the trial, tags and the status."""
    client = FakeClient()
    runs = MlflowRuns(client, "mine")
    for event in epochs(0.5):
        runs.epoch(event)
    result = make_result(0.5, state=TrialState.FAILED, cause=FailureCause.DIVERGED, duplicate_of=3)
    runs.trial_ended(TrialEnded(proposal=proposal, result=result, time_s=2.0))
    runs.close()
    epoch = {"train/loss": 1.0, "train/accuracy": 0.25, "validation/loss": 0.5}
    epoch |= {"validation/accuracy": 0.5, "validation/score": 0.5}
    whole = {"trial/score": 0.5, "trial/epochs": 1.0, "trial/seconds": 2.5}
    whole |= {"trial/parameters": 1290.0, "trial/macs": 88000.0}
    tags = {"trial": "7", "origin": "tpe", "continues": "2"}
    assert client.calls == [
        ("experiment", "mine"),
        ("run", "id of mine", "trial 7", tags),
        ("params", "0", [("filters", "8"), ("flip", "True")]),
        ("metrics", "0", {(1500, 1)}, epoch),
        ("metrics", "0", {(2000, 1)}, whole),
        ("tag", "0", "state", "failed"),
        ("tag", "0", "cause", str(FailureCause.DIVERGED)),
        ("tag", "0", "repeats", "3"),
        ("end", "0", "FAILED"),
    ]


def test_an_experiment_is_continued(epochs):
    """A study that goes on has its runs in one place."""
    client = FakeClient("mine")
    MlflowRuns(client, "mine").epoch(epochs(0.5)[0])
    assert client.calls[0][:2] == ("run", "id of mine")


def test_a_trial_that_begins_again_has_a_new_run(epochs):
    """The earlier run is ended as killed, as is one that has not ended at the end."""
    client = FakeClient()
    runs = MlflowRuns(client, "mine")
    for event in (*epochs(0.5, 0.6), *epochs(0.4)):
        runs.epoch(event)
    runs.close()
    kinds = [call[:2] for call in client.calls if call[0] in ("metrics", "end")]
    assert kinds == [
        ("metrics", "0"),
        ("metrics", "0"),
        ("end", "0"),
        ("metrics", "1"),
        ("end", "1"),
    ]


def test_a_server_that_is_away_is_one_line(epochs):
    """Not the address of each library's class on the way."""
    from mlflow.exceptions import MlflowException

    client = FakeClient()
    client.error = MlflowException("API request\nto http://h failed")
    with pytest.raises(RecordError, match=r"^API request to http://h failed$"):
        MlflowRuns(client, "mine").epoch(epochs(0.5)[0])
    client.error.__cause__ = ConnectionRefusedError(111, "Connection refused")
    with pytest.raises(RecordError, match=r"^the server cannot be reached \(Connection refused\)$"):
        MlflowRuns(client, "mine").epoch(epochs(0.5)[0])


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_database_keeps_the_runs(tmp_path, proposal, make_result, monkeypatch):
    """The real client, in a process of its own."""
    monkeypatch.setattr("autocnn.trackers.tracking.CLOSE_S", 250.0)
    lines: list[str] = []
    listener = SimpleNamespace(progress=None, trial_finished=lambda *_: None, message=lines.append)
    settings = TrackerSettings(mlflow=f"sqlite:///{tmp_path}/runs.db")
    with tracking(listener, settings, "mine") as tracked:
        tracked.trial_finished(proposal, make_result(0.5, 0.75))
    assert lines == []
    with sqlite3.connect(tmp_path / "runs.db") as database:
        rows = database.execute(
            "select value, step from metrics where key = 'validation/score' order by step"
        )
        assert rows.fetchall() == [(0.5, 1), (0.75, 2)]
