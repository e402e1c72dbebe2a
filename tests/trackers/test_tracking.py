"""What trackers receive of a search, and what a search hears of them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from recorder import Recorder

from autocnn.errors import SettingsError
from autocnn.side_process import Said
from autocnn.trackers import tracking as module
from autocnn.trackers.protocol import EpochTrained, TrackerSettings, TrialEnded
from autocnn.trackers.tracking import (
    Side,
    TrackedListener,
    check_trackers,
    n_equal,
    tracking,
    without_secrets,
)
from autocnn.trial import Progress, Running


class FakeProcess:
    """A process that keeps what is sent, and says what it is given."""

    def __init__(self) -> None:
        self.sent: list[object] = []
        self.says: list[Said] = []
        self.ends = True

    def send(self, item: object) -> None:
        """Keep it."""
        self.sent.append(item)

    def received(self) -> list[Said]:
        """What it was given to say."""
        said, self.says = self.says, []
        return said

    def finish(self) -> None:
        """Nothing is under way."""

    def close(self, wait_s: float) -> bool:
        """True, or what it was given."""
        return self.ends


@pytest.fixture
def patient(monkeypatch) -> None:
    """On a busy machine a process of low priority takes long to start."""
    monkeypatch.setattr(module, "CLOSE_S", 120.0)


@pytest.fixture
def process() -> FakeProcess:
    """The process of a tracker."""
    return FakeProcess()


@pytest.fixture
def recorder() -> Recorder:
    """The listener that is wrapped."""
    return Recorder()


@pytest.fixture
def tracked(recorder, process) -> TrackedListener:
    """A listener with one tracker, which is called mlflow."""
    return TrackedListener(recorder, [Side("mlflow", process, "http://me:secret@host")])


def searching(proposal, curve) -> Progress:
    """A snapshot with one running trial."""
    return Progress(
        phase="searching", counts={}, running=(Running(proposal=proposal, curve=curve),)
    )


def described(sent) -> list[tuple[int, int | str]]:
    """The trial and the epoch of each event, "end" for the end of a trial."""
    return [
        (each.proposal.number, each.number if isinstance(each, EpochTrained) else "end")
        for each in sent
    ]


def test_each_epoch_is_sent_once(tracked, process, recorder, make_proposal, make_result):
    """However often a snapshot shows it; the listener receives all as before."""
    proposal, result = make_proposal(3), make_result(0.1, 0.2, 0.3)
    for n in (0, 1, 1, 2):
        tracked.progress(searching(proposal, result.curve[:n]))
    tracked.trial_finished(proposal, result)
    assert described(process.sent) == [(3, 1), (3, 2), (3, 3), (3, "end")]
    assert [event.epoch for event in process.sent[:3]] == list(result.curve)
    assert isinstance(process.sent[3], TrialEnded)
    assert recorder.events == ["searching"] * 4 + [3]


def test_a_trial_that_begins_again_is_sent_again(tracked, process, make_proposal, make_result):
    """As the second try after a crash: its first epoch replaces the one before."""
    first, second = make_result(0.1, 0.2), make_result(0.15, 0.2, 0.3)
    tracked.progress(searching(make_proposal(0), first.curve))
    tracked.progress(searching(make_proposal(0), ()))
    tracked.progress(searching(make_proposal(0), second.curve[:1]))
    tracked.trial_finished(make_proposal(0), second)
    numbers = [1, 2, 1, 2, 3, "end"]
    assert [number for _, number in described(process.sent)] == numbers


def test_equal_epochs_are_counted_from_the_first(make_result):
    """One that differs ends the count."""
    curve = make_result(0.1, 0.2, 0.3).curve
    other = (*curve[:1], replace(curve[1], score=0.5), curve[2])
    assert [n_equal(curve, each) for each in (curve, other, curve[:2], ())] == [3, 1, 2, 0]


def test_a_failure_is_one_line_and_the_last(tracked, process, recorder, make_proposal):
    """Without the password, and nothing is sent any more."""
    process.says = [
        Said(text="http://me:secret@host is away", is_failure=True),
        Said(text="once more", is_failure=True),
    ]
    tracked.progress(searching(make_proposal(0), ()))
    tracked.message("a line")
    tracked.close()
    line = "--mlflow: http://host is away; the search goes on without it"
    assert recorder.events == [line, "searching", "a line"]
    tracked._send(object())
    assert process.sent == []


def test_a_bug_has_its_traceback(tracked, process, recorder, capsys):
    """On stderr, without the password."""
    said = Said(text="KeyError: 1", is_failure=True, traceback="Traceback: secret")
    process.says = [said]
    tracked.close()
    assert recorder.events == ["--mlflow: KeyError: 1; the search goes on without it"]
    assert capsys.readouterr().err == "Traceback: ***\n"


def test_a_tracker_that_is_too_slow_is_named(tracked, process, recorder):
    """At the end of the search, once: that its process was killed is no news."""
    process.ends = False
    process.says = [Said(text="its process ended with code -15", is_failure=True)]
    tracked.close()
    assert recorder.events == ["--mlflow: not all was written within 30 s of the search's end"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("at http://me:secret@host/x: away", "at http://host/x: away"),
        ("postgresql://me:p%40ss@host/db and p@ss", "postgresql://host/db and ***"),
        ("https://host?token=abc&x=1", "https://host?token=***&x=1"),
        ("no URL", "no URL"),
    ],
)
def test_a_password_is_left_out(text, expected):
    """That of a URL in the text, and that of the URI wherever it stands."""
    assert without_secrets(text, "postgresql://me:p%40ss@host/db") == expected


@pytest.mark.parametrize("name", ["tensorboard", "mlflow"])
def test_a_missing_package_is_named(monkeypatch, tmp_path, name):
    """With the command that installs it."""
    monkeypatch.setattr(module, "find_spec", lambda package: None)
    with pytest.raises(SettingsError, match=rf"--{name}: not installed: .*'autocnn\[{name}\]'"):
        check_trackers(TrackerSettings(**{name: "place"}), tmp_path / "study")


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("mlruns", "mlruns"),
        ("file:mlruns", "file:mlruns"),
        ("file:///mlruns", "file://..."),
        ("http://[::1", "http://..."),
        ("nosuch://u:secret@h", "nosuch://..."),
        ("u:secret@h", "..."),
    ],
)
def test_what_is_no_uri_is_refused(monkeypatch, tmp_path, uri, shown):
    """Before anything is trained; what may be a password is not shown."""
    monkeypatch.setattr(module, "find_spec", lambda package: package)
    with pytest.raises(SettingsError) as caught:
        check_trackers(TrackerSettings(mlflow=uri), tmp_path)
    assert str(caught.value).endswith(f"or sqlite:///mlflow.db, got {shown!r}")


@pytest.mark.parametrize(
    "uri", ["http://u:p@h:5000", "sqlite:///a.db", "postgresql+psycopg2://h/d", "databricks"]
)
def test_servers_and_databases_are_accepted(monkeypatch, tmp_path, uri):
    """Whether they can be reached is seen later."""
    monkeypatch.setattr(module, "find_spec", lambda package: package)
    check_trackers(TrackerSettings(mlflow=uri), tmp_path)


def test_the_folder_must_be_another_one(monkeypatch, tmp_path):
    """No file, and not in the folder of the study, also if that is a link."""
    monkeypatch.setattr(module, "find_spec", lambda package: package)
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(SettingsError, match="is a file; name a folder"):
        check_trackers(TrackerSettings(tensorboard=str(file)), tmp_path / "results" / "mine")
    study = tmp_path / "results" / "mine"
    for folder in (tmp_path / "results", study, study / "runs"):
        with pytest.raises(SettingsError, match="lies in the folder of the study"):
            check_trackers(TrackerSettings(tensorboard=str(folder)), study)
    check_trackers(TrackerSettings(tensorboard=str(tmp_path / "runs")), study)


def test_without_trackers_nothing_is_wrapped(recorder):
    """Nor is a process started."""
    with tracking(recorder, TrackerSettings(tensorboard="", mlflow=None), "mine") as listener:
        assert listener is recorder


def test_no_library_is_imported_by_the_search():
    """Each tracker imports its own in its process."""
    code = (
        "import sys, autocnn.trackers.tracking; "
        "print({'mlflow', 'tensorboardX', 'tensorflow', 'keras'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.usefixtures("patient")
def test_a_search_is_written_by_another_process(tmp_path, recorder, make_proposal, make_result):
    """The whole way, from the events to files."""
    pytest.importorskip("tensorboardX")
    settings = TrackerSettings(tensorboard=str(tmp_path / "runs"))
    with tracking(recorder, settings, "mine") as listener:
        listener.trial_finished(make_proposal(0), make_result(0.5))
    files = [path.parent for path in tmp_path.rglob("events.out.tfevents.*")]
    assert files == [tmp_path / "runs" / "mine" / "trial-00000"]
    assert recorder.events == [0]


@pytest.mark.usefixtures("patient")
def test_a_full_disk_is_one_line(tmp_path, recorder, make_proposal, make_result):
    """Or a folder that cannot be made, as here."""
    pytest.importorskip("tensorboardX")
    settings = TrackerSettings(tensorboard=str(tmp_path / "file" / "runs"))
    (tmp_path / "file").touch()
    with tracking(recorder, settings, "mine") as listener:
        listener.trial_finished(make_proposal(0), make_result(0.5))
    reason = f"{tmp_path}/file/runs/mine: cannot be written (Not a directory)"
    assert recorder.events == [0, f"--tensorboard: {reason}; the search goes on without it"]
