"""One study in PostgreSQL, searched by a job of SLURM and by an array of further ones."""

from __future__ import annotations

import shlex
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from autocnn.api.studies import load_study
from autocnn.records.leases import LEASE
from autocnn.trial import TrialState

pytestmark = [pytest.mark.training, pytest.mark.slow]
N_TRIALS = 12


def wait_for(text: str, file: Path) -> None:
    """Until a job has written `text` into its output."""
    while not (file.is_file() and text in file.read_text()):
        time.sleep(0.5)


def test_an_array_of_workers_joins_and_one_is_cancelled(
    slurm, tmp_path, search_arguments, postgres_url
):
    """The trial of the cancelled worker is taken over, and each trial is trained once.

    The URL with the password is in the environment of the jobs. The search is suspended until the
    workers train: they need time to start.
    """

    def submit(name, *arguments, array=None):
        command = shlex.join([sys.executable, "-m", "autocnn", *map(str, arguments), "-v"])
        options = [f"--output={tmp_path / name}", "--parsable", f"--wrap={command}"]
        options += [] if array is None else [f"--array={array}"]
        return slurm.run("sbatch", *options, OPTUNA_STORAGE=postgres_url).strip()

    shared = ("--study", "shared", "--results", tmp_path / "results", "--workers", 1)
    long = ("--trials", N_TRIALS, "--epochs", 8, "--pruner", "none", "--no-report")
    arguments = [*search_arguments[:5], "--no-recipes", *long]
    search = submit("search.txt", *arguments, *shared)
    wait_for("  epoch ", tmp_path / "search.txt")
    slurm.run("scontrol", "suspend", search)
    workers = submit("worker-%a.txt", "worker", *shared, array="1-2")
    for number in (1, 2):
        wait_for("  epoch ", tmp_path / f"worker-{number}.txt")
    slurm.run("scancel", f"{workers}_1")
    slurm.run("scontrol", "resume", search)
    slurm.wait(f"{search},{workers}")
    assert "test accuracy" in (tmp_path / "search.txt").read_text()
    assert "of study shared were trained here" in (tmp_path / "worker-2.txt").read_text()
    view = load_study(tmp_path / "results", "shared", postgres_url)
    assert Counter(record.state for record in view.records) == {TrialState.COMPLETE: N_TRIALS}
    leases = [view.study.record.trials[record.number].user_attrs[LEASE] for record in view.records]
    assert sum(lease["handover"] for lease in leases) >= 1
