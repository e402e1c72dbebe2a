"""A search whose study is copied while it runs."""

from __future__ import annotations

import threading

import pytest
from recorder import Recorder

from autocnn.api import copies
from autocnn.api.copies import Copier, copying
from autocnn.errors import RecordError, SettingsError
from autocnn.records.remote_copy import fetch_copy
from autocnn.trial import Progress


class FakeCopy:
    """Fails as often as it is given reasons."""

    def __init__(self, paths, *reasons: str) -> None:
        self.paths, self.reasons, self.n = paths, list(reasons), 0

    def push(self) -> int:
        """Count, or fail."""
        self.n += 1
        if self.reasons:
            raise RecordError(self.reasons.pop(0))
        return 0


def test_a_copy_that_fails_is_said_once_and_tried_again(study):
    """The search goes on; the listener receives what it receives without a copy."""
    recorder, copy = Recorder(), FakeCopy(study, "full", "full", "gone")
    copier = Copier(recorder, copy)
    for _ in range(4):
        copier.push()
        copier.progress(Progress(phase="searching", counts={}))
    goes_on = "; the search goes on"
    expected = ["searching", "searching", "searching", "searching"]
    expected.insert(0, f"--copy-to: full{goes_on}")
    expected.insert(3, f"--copy-to: gone{goes_on}")
    assert recorder.events == expected
    assert copy.n == 4


def test_a_study_is_copied_again_and_again(study, monkeypatch):
    """Until the search ends."""
    monkeypatch.setattr(copies, "PUSH_EVERY_S", 0.001)
    copy, ended = FakeCopy(study), threading.Event()
    thread = threading.Thread(target=Copier(Recorder(), copy).run, args=(ended,))
    thread.start()
    while copy.n < 3:
        ended.wait(0.001)
    ended.set()
    thread.join()
    assert copy.n >= 3


def test_a_study_is_copied_at_the_end(study, tmp_path, make_proposal, make_result):
    """What the block wrote is in the copy; events are passed on."""
    recorder, url = Recorder(), f"file://{tmp_path}/far"
    with copying(recorder, study.root, url) as listener:
        (study.root / "report.html").write_text("the report")
        listener.trial_finished(make_proposal(3), make_result(0.5))
        listener.message("a line")
    assert recorder.events == [3, "a line"]
    folder = fetch_copy(f"{url}/digits-1", tmp_path / "elsewhere")
    assert (folder / "report.html").read_text() == "the report"


def test_without_a_url_nothing_is_copied(study):
    """The listener is the same."""
    recorder = Recorder()
    with copying(recorder, study.root, None) as listener:
        assert listener is recorder


def test_a_wrong_place_is_refused_before_the_search(study):
    """In one line."""
    with (
        pytest.raises(SettingsError, match="--copy-to must be such as"),
        copying(Recorder(), study.root, "far"),
    ):
        pass
