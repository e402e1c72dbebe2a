"""No command line, file or study ends in a traceback, hangs, or harms what lies on the disk.

A failure names its case; `scripts/fuzz --case NUMBER` shows it. AUTOCNN_FUZZ_CASES runs more.
"""

from __future__ import annotations

import os
import shutil
from random import Random

import pyarrow.parquet as pq
import pytest
from fuzz.cases import changes, lost, ranked, run_case
from fuzz.grammar import options_of
from fuzz.odd_values import json_text, mutated
from fuzz.runner import Outcome, run_command
from fuzz.stored import make_studies

from autocnn.cli.limits import MEMORY

N_CASES = int(os.environ.get("AUTOCNN_FUZZ_CASES", "150"))
AT_ONCE = 25  # cases of one test


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """The folder of two finished studies."""
    return make_studies(tmp_path_factory.mktemp("stored"))


@pytest.mark.timeout(900)
@pytest.mark.parametrize("first", range(0, N_CASES, AT_ONCE))
def test_no_case_has_a_fault(stored, tmp_path, first):
    """Each case ends with a known exit code and one line, in time, and reading changes nothing."""
    faulty = []
    for number in range(first, min(first + AT_ONCE, N_CASES)):
        folder = tmp_path / str(number)
        folder.mkdir()
        done = run_case(number, stored, folder)
        if done.faults:
            faulty.append(str(done))
    assert not faulty, "\n".join(faulty)


@pytest.mark.parametrize(
    ("outcome", "fault"),
    [
        (Outcome(0, "", "", "", 0.1), None),
        (Outcome(2, "", "autocnn: error: wrong\n", "", 0.1), None),
        (Outcome(4, "", "autocnn: error: wrong\n", "", 0.1), "exit code 4"),
        (Outcome(1, "", "wrong\n", "", 0.1), "exit code 1 without a line of error: wrong\n"),
        (Outcome(1, "", "autocnn: x\n" * 7, "", 0.1), "7 lines of error: "),
        (Outcome(0, "", "", "KeyError: x", 0.1), "KeyError: x"),
        (Outcome(0, "\x1b[2J", "", "", 0.1), "an escape character is printed"),
        (Outcome(1, "", f"autocnn: error: {MEMORY}\n", "", 0.1), "more than 2048 MiB"),
        (Outcome(0, "", "", "", 99.0), "99.0 CPU seconds"),
        (Outcome(0, "", "x.py:1: UserWarning: x\n", "", 0.1), "stderr: x.py"),
    ],
)
def test_a_fault_is_noticed(outcome, fault):
    """Exit codes, lines of error, escape characters, warnings and time are checked."""
    found = outcome.faults()
    assert found == [] if fault is None else found[0].startswith(fault)


def test_a_change_on_the_disk_is_noticed():
    """What is new, gone or different counts, except below the folders that may be written to."""
    before = {"a": (1, b"x"), "b": (1, b"x"), "out/c": (1, b"x")}
    after = {"a": (1, b"y"), "d": (1, b"x"), "out/c": (1, b"z")}
    assert changes(before, after, ("out",)) == ["changed on the disk: a, b, d"]
    assert changes(before, before, ()) == []


def test_a_trial_that_is_lost_is_noticed(stored, tmp_path):
    """A leaderboard with fewer rows is a fault; a deleted study and a new one are none."""
    shutil.copytree(stored, tmp_path / "results")
    before = ranked(tmp_path)
    assert before == {"alpha": 3, "beta": 3}
    file = tmp_path / "results" / "alpha" / "leaderboard.parquet"
    pq.write_table(pq.read_table(file).slice(0, 2), file)
    (tmp_path / "results" / "beta" / "leaderboard.parquet").write_bytes(b"x")
    after = ranked(tmp_path)
    assert after == {"alpha": 2}
    assert lost(before, after) == ["trials were lost from the leaderboard of alpha"]
    assert lost({}, before) == lost(before, {}) == []


def test_a_command_runs_here():
    """Output and exit code are those of the command line; the options come from the commands."""
    assert run_command(["baselines"]).code == 0
    assert run_command(["--bogus"]).err.startswith("autocnn: error: No such option: --bogus")
    assert "--rebuild" in [name for option in options_of("leaderboard") for name in option.opts]


def test_a_mutated_value_is_another_one():
    """A case is the same whenever it runs, and one place of the value is changed."""
    value = {"a": [1, 2], "b": {"c": "x"}}
    texts = [json_text(mutated(value, Random(number))) for number in range(20)]
    assert texts == [json_text(mutated(value, Random(number))) for number in range(20)]
    assert len(set(texts)) > 10
