"""A small search under faults of the machine; ended trials stay on record."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import held

from autocnn.api.studies import load_study
from autocnn.records.leases import LEASE
from autocnn.trial import TrialState

pytestmark = pytest.mark.training


def read_until(process, word, n=1):
    """Read the process's stderr until `n` lines contain `word`; return those lines."""
    found, all_lines = [], []
    for line in process.stderr:
        all_lines.append(line)
        if word in line:
            found.append(line)
        if len(found) == n:
            return found
    raise AssertionError(f"{word!r} did not come {n} times:\n{''.join(all_lines)}")


def ended(results, name):
    """The state, score and seed of each ended trial, by number."""
    records = load_study(results, name).records
    return {r.number: (r.state, r.score, r.seed) for r in records if r.state != TrialState.RUNNING}


# --- a process that shares the study dies --------------------------------------------------------


def test_a_trial_of_a_killed_worker_is_continued_by_another(start, tmp_path, search_arguments):
    """No trial is missing or trained twice, and each was ended by one of the two processes."""
    shared = ("--study", "shared", "--results", tmp_path)
    long = ("--trials", 5, "--epochs", 20, "--pruner", "none")
    arguments = [*search_arguments[:5], "--no-report", "--no-recipes", *long]
    storage = ("--storage", f"sqlite:///{tmp_path}/shared.db")
    search = start(*arguments, *shared, *storage, "--workers", 1, "-v")
    read_until(search, "  epoch ")
    with held(search):  # a worker needs time to start
        worker = start("worker", *shared, "--workers", 1, "-v")
        read_until(worker, "  epoch ")
        worker.kill()
        worker.communicate()
    _, err = search.communicate(timeout=300)
    assert search.returncode == 0, err
    records = load_study(tmp_path, "shared").records
    assert len(records) == 5
    assert {record.state for record in records} == {TrialState.COMPLETE}
    study = load_study(tmp_path, "shared").study.record
    leases = [study.trials[record.number].user_attrs[LEASE] for record in records]
    assert sum(lease["handover"] for lease in leases) == 1
    assert len({lease["owner"] for lease in leases}) == 1  # the killed worker had ended no trial


# --- a full disk ---------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A file system of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a small file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder):
    """Fill the disk to the last byte."""
    with open(folder / "filler", "wb", buffering=0) as file:
        for size in (4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue


def test_a_full_disk_loses_no_trial(start, call, small_disk, search_arguments):
    """The search ends with one line, and resumes once there is space again."""
    study = ("--study", "full", "--results", small_disk)
    arguments = [*search_arguments[:5], "--no-report", "--no-recipes", "--trials", 5, "--epochs", 3]
    search = start(*arguments, *study)
    read_until(search, "trial ", 2)
    before = ended(small_disk, "full")
    fill(small_disk)
    out, err = search.communicate(timeout=300)
    assert (search.returncode, out) == (1, "")
    last = [line for line in err.splitlines() if not line.startswith("trial ")]
    assert len(last) == 1, err
    assert last[0].startswith("autocnn: error: ")
    assert "No space left on device" in last[0]
    (small_disk / "filler").unlink()
    kept = ended(small_disk, "full")
    assert before.items() <= kept.items()
    done = call("resume", "full", "--results", small_disk)
    assert done.code == 0, done.err
    now = ended(small_disk, "full")
    assert len(now) == 5
    assert kept.items() <= now.items()
    assert not list(small_disk.rglob("*.tmp"))


# --- a clock that jumps --------------------------------------------------------------------------

FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


@pytest.mark.slow
@pytest.mark.skipif(not FAKETIME, reason="needs libfaketime (Debian's package faketime)")
def test_a_clock_that_jumps_changes_nothing(start, tmp_path, search_arguments, monkeypatch):
    """The clock jumps by days, both ways, in a search with a budget and leases."""
    clock = tmp_path / "clock"
    clock.write_text("+0")
    for name, value in {
        "LD_PRELOAD": str(FAKETIME[0]),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }.items():
        monkeypatch.setenv(name, value)
    arguments = [*search_arguments[:5], "--no-report", "--no-recipes", "--trials", 6, "--epochs", 3]
    storage = ("--storage", f"sqlite:///{tmp_path}/clock.db", "--time-budget", "10m")
    search = start(*arguments, *storage, "--study", "jumps", "--results", tmp_path, "--json")
    for jump in ("+3d", "-5d"):
        read_until(search, "trial ", 2)
        clock.write_text(jump)
    out, err = search.communicate(timeout=300)
    assert search.returncode == 0, err
    outcome = json.loads(out.splitlines()[-1])
    assert (outcome["trials"], outcome["stopped"], outcome["failed"]) == (6, 0, 0)
    assert 0 < outcome["seconds"] < 300
    study = load_study(tmp_path, "jumps").study.record
    moments = [trial.datetime_start for trial in study.trials]
    assert (max(moments) - min(moments)).days >= 5  # the clock did jump
