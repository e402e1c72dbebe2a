"""Only one search at a time runs in the folder of a study."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys

import pytest

from autocnn.errors import RecordError, StudyError
from autocnn.records.lock import Owner, is_running, lock_study
from autocnn.records.study_folder import StudyPaths, claim_folder

HOLD = """
import sys
from pathlib import Path
from autocnn.records.lock import lock_study
from autocnn.records.study_folder import StudyPaths
with lock_study(StudyPaths(Path(sys.argv[1]))):
    print("locked", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def paths(tmp_path) -> StudyPaths:
    """The empty folder of a study called a."""
    paths = StudyPaths(tmp_path / "a")
    paths.root.mkdir()
    return paths


def test_a_second_process_is_refused_with_the_owners_number(paths):
    """The error names the owner's process number; the lock is free once the owner is killed."""
    command = [sys.executable, "-c", HOLD, str(paths.root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"locked\n"
        message = rf"^study a is in use by process {other.pid}; wait until it has ended, or give"
        with pytest.raises(StudyError, match=message), lock_study(paths):
            pass
        other.kill()
    with lock_study(paths):
        assert paths.lock.read_text() == f"{os.getpid()}\n"


def test_a_lock_is_no_study(paths):
    """A crash before the settings are written leaves a folder that a new study can claim."""
    with lock_study(paths):
        pass
    assert claim_folder(paths.root.parent, "a") == paths


def test_a_missing_folder_is_refused(tmp_path):
    """The error of a folder that does not exist is one line."""
    with (
        pytest.raises(RecordError, match=r"\.lock: cannot be written"),
        lock_study(StudyPaths(tmp_path / "none")),
    ):
        pass


def test_a_study_runs_while_its_lock_is_held(paths):
    """A study is running until its lock is released, though the lock file stays."""
    assert not is_running(paths)
    with lock_study(paths):
        assert is_running(paths)
    assert paths.lock.exists()
    assert not is_running(paths)


def test_a_study_runs_while_another_process_trains_its_trials(paths):
    """The study still runs if the process that began it has ended."""
    owner = Owner(paths)
    assert is_running(paths)
    owner.leave()
    assert not is_running(paths)


def test_the_lock_of_a_deleted_study_is_not_taken(paths, monkeypatch):
    """A folder deleted between opening its lock file and locking it is refused."""
    flock = fcntl.flock

    def delete_first(file, how):
        paths.lock.unlink(missing_ok=True)
        flock(file, how)

    monkeypatch.setattr(fcntl, "flock", delete_first)
    with pytest.raises(StudyError, match="study a was deleted just now"), lock_study(paths):
        pass


def test_a_lock_that_is_a_link_is_not_written_through(paths, tmp_path):
    """The file that the link leads to keeps its content, and counts for no lock."""
    target = tmp_path / "target"
    target.write_text("precious")
    paths.lock.symlink_to(target)
    with (
        pytest.raises(RecordError, match=r"\.lock: cannot be written \(it is a link\)$"),
        lock_study(paths),
    ):
        pass
    assert target.read_text() == "precious"
    assert not is_running(paths)


def test_a_pipe_in_place_of_the_lock_is_not_waited_for(paths):
    """A named pipe would hold up a process that opens it until another one writes."""
    os.mkfifo(paths.lock)
    assert not is_running(paths)
    with pytest.raises(RecordError, match=r"\.lock: cannot be written"), lock_study(paths):
        pass


def test_an_owner_does_not_write_through_a_link(paths, tmp_path):
    """The folder of the owners may not lead out of the study."""
    paths.owners.symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(RecordError, match=r"\.owners: is a link"):
        Owner(paths)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
