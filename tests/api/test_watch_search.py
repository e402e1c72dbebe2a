"""A search that is watched: what its page is told, and what the search hears of the page."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace

import pytest
from recorder import Recorder

from autocnn.api import watch_search
from autocnn.api.watch_search import LastPage, Watch, describe_progress, watching
from autocnn.errors import SettingsError
from autocnn.objectives import ACCURACY
from autocnn.records.open_study import open_folder
from autocnn.serve.address import open_socket
from autocnn.side_process import Said
from autocnn.trial import Progress, Running, TrialState

WAIT_S = 120.0  # on a busy machine, for a process of low priority


class FakeProcess:
    """A process that keeps what is sent, and says what it is given."""

    def __init__(self) -> None:
        self.sent: list[object] = []
        self.says: list[Said] = []

    def send(self, item: object) -> None:
        """Keep it."""
        self.sent.append(item)

    def received(self) -> list[Said]:
        """What it was given to say."""
        said, self.says = self.says, []
        return said


@pytest.fixture
def progress(make_proposal, make_result) -> Progress:
    """One trial has ended, and another one has trained two epochs of twelve."""
    curve = make_result(0.1, 0.2).curve
    running = (Running(proposal=make_proposal(1), curve=curve),)
    counts = {TrialState.COMPLETE: 1}
    return Progress(phase="searching", counts=counts, best=(0, 0.5), running=running)


def test_a_search_in_one_line(progress):
    """Its phase, what has ended and what is under way."""
    assert describe_progress(progress, ACCURACY) == (
        "searching: 1 done, 0 pruned, 0 failed; best 50.00 % (trial 0) · trial 1, epoch 2 of 12"
    )


def test_a_line_a_second_is_sent(progress, monkeypatch):
    """Every event is passed on."""
    now = [0.0]
    monkeypatch.setattr(watch_search.time, "monotonic", lambda: now[0])
    recorder, process = Recorder(), FakeProcess()
    watch = Watch(recorder, ACCURACY, process)
    for now[0] in (10.0, 10.5, 11.2):
        watch.progress(progress)
    assert process.sent == [describe_progress(progress, ACCURACY)] * 2
    assert recorder.events == ["searching"] * 3


def test_failures_are_lines(progress, capsys):
    """A bug has its traceback on stderr; a process that has ended says so."""
    recorder, process = Recorder(), FakeProcess()
    process.says = [
        Said(text="not updated", traceback="Traceback"),
        Said(text="x", is_failure=True),
    ]
    Watch(recorder, ACCURACY, process).progress(progress)
    ends = "--watch: x; the page ends here, and the search goes on"
    assert recorder.events == ["--watch: not updated", ends, "searching"]
    assert capsys.readouterr().err == "Traceback\n"


def test_the_report_is_the_last_page(tmp_path):
    """If there is one."""
    process = FakeProcess()
    watch = Watch(Recorder(), ACCURACY, process)
    for report in (None, str(tmp_path)):
        watch.end(report)
    assert process.sent == [LastPage(file=tmp_path)]


def test_without_a_port_nothing_is_served(study, progress, make_proposal, make_result):
    """Events are passed on."""
    recorder = Recorder()
    with watching(recorder, open_folder(study.root).settings, None) as watch:
        watch.progress(progress)
        watch.trial_finished(make_proposal(3), make_result(0.5))
        watch.end("report.html")
    assert recorder.events == ["searching", 3]


def test_a_port_in_use_is_refused(study):
    """Before the search begins."""
    settings = open_folder(study.root).settings
    with open_socket("127.0.0.1", 0) as bound:
        bound.listen()
        port = bound.getsockname()[1]
        with (
            pytest.raises(SettingsError, match=f"--watch-port {port}: cannot be used"),
            watching(Recorder(), settings, port),
        ):
            pass


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_study_in_postgresql_is_watched(postgres_study, postgres_url, monkeypatch):
    """The process beside the search reads the record with the password of the search."""
    monkeypatch.setattr(watch_search, "CLOSE_S", WAIT_S)
    settings = replace(open_folder(postgres_study.root).settings, storage=postgres_url)
    recorder = Recorder()
    with watching(recorder, settings, 0) as watch:
        assert watch.url is not None
        _wait_for_version(watch.url, "1")
        assert "90.00" in _text(watch.url)
    assert recorder.events == [f"the search can be watched at {watch.url}"]


def test_a_search_does_not_import_what_makes_the_page():
    """Its process does."""
    code = (
        "import sys, autocnn.api.watch_search; "
        "print({'matplotlib', 'jinja2', 'pyarrow', 'keras'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def _text(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode()


def _wait_for_version(url: str, version: str) -> None:
    end = time.monotonic() + WAIT_S
    while _version(url) != version:
        assert time.monotonic() < end
        time.sleep(0.2)


def _version(url: str) -> str | None:
    try:
        return str(json.loads(_text(f"{url}state"))["version"])
    except OSError:  # the process has not begun to listen
        return None


@pytest.mark.timeout(600)
def test_a_study_is_served_until_the_search_ends(study, monkeypatch):
    """By another process: the page of its trials, then the report, then nothing."""
    monkeypatch.setattr(watch_search, "CLOSE_S", WAIT_S)
    recorder, report = Recorder(), study.root / "report.html"
    report.write_text("the report")
    with watching(recorder, open_folder(study.root).settings, 0) as watch:
        (line,) = recorder.events
        url = re.fullmatch(r"the search can be watched at (http://127\.0\.0\.1:\d+/)", line)[1]
        _wait_for_version(url, "1")
        assert "digits-1 on digits" in _text(url)
        watch.end(str(report))
        _wait_for_version(url, "last")
        assert _text(url) == "the report"
    with pytest.raises(OSError, match="refused"):
        _text(url)
    assert recorder.events == [line]
