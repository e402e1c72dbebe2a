"""The report at the end of a search."""

from __future__ import annotations

from dataclasses import replace

import pytest

import autocnn.api.search_report as search_report
from autocnn.api import SearchOutcome, load_study
from autocnn.errors import Interrupted, RecordError


class Recorder:
    """A listener that keeps phases and messages."""

    def __init__(self) -> None:
        self.phases: list[str] = []
        self.messages: list[str] = []

    def progress(self, progress) -> None:
        """Keep the phase."""
        self.phases.append(progress.phase)

    def trial_finished(self, proposal, result) -> None:
        """Ignore the trial."""

    def message(self, text) -> None:
        """Keep the line."""
        self.messages.append(text)


@pytest.fixture
def outcome() -> SearchOutcome:
    """A finished search, of which only state and counts matter here."""
    fields = dict.fromkeys(SearchOutcome.__slots__)
    counts = dict.fromkeys(("complete", "pruned", "stopped", "failed"), 1)
    return SearchOutcome(**{**fields, **counts, "state": "finished"})


@pytest.fixture
def opened(study, results):
    """The study digits-1."""
    return load_study(results, study.name).study


def test_a_report_lies_in_the_folder_of_the_study(outcome, opened):
    """The outcome names it."""
    recorder = Recorder()
    found = search_report.report_search(outcome, opened, recorder)
    file = opened.paths.root / "report.html"
    assert found.report == str(file)
    assert "digits-1 on digits" in file.read_text("utf-8")
    assert (recorder.phases, recorder.messages) == (["reporting", "finished"], [])


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RecordError("the disk\nis full"), "(RecordError: the disk is full)"),
        (ZeroDivisionError("oops"), "(ZeroDivisionError: oops)"),
        (Interrupted(), "interrupted"),
    ],
)
def test_a_failure_is_one_line(outcome, opened, monkeypatch, capsys, error, reason):
    """Nothing else is lost: the outcome stays as it is. A bug has its traceback on stderr."""

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(search_report, "write_report", fail)
    recorder = Recorder()
    assert search_report.report_search(outcome, opened, recorder) == outcome
    (line,) = recorder.messages
    assert line.startswith("the report was not made")
    assert reason in line
    assert "\n" not in line
    assert ("Traceback" in capsys.readouterr().err) is isinstance(error, ZeroDivisionError)


def test_a_search_that_did_not_finish_has_no_report(outcome, opened):
    """Its trials change as it goes on."""
    recorder = Recorder()
    ended = replace(outcome, state="interrupted")
    assert search_report.report_search(ended, opened, recorder) == ended
    assert not (opened.paths.root / "report.html").exists()
    assert recorder.phases == []
