"""Ctrl-C during a command, and the line of a search without a network."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from autocnn.api import SearchOutcome
from autocnn.cli.running import Interrupt, _why_failed
from autocnn.errors import Interrupted


@pytest.fixture
def interrupt() -> Iterator[Interrupt]:
    """An interrupt with the signal handlers of this process, which are restored after it."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield Interrupt()
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_before_the_first_poll_a_signal_ends_the_command(interrupt, number):
    """No loop polls while libraries and data are loaded."""
    with pytest.raises(Interrupted):
        signal.raise_signal(number)
    assert interrupt.is_set()  # a library may have swallowed the exception


def test_after_a_poll_the_first_signal_requests_a_clean_end(interrupt):
    """The second signal ends the command at once."""
    assert not interrupt.is_set()
    signal.raise_signal(signal.SIGINT)
    assert interrupt.is_set()
    with pytest.raises(Interrupted):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.training
def test_ctrl_c_while_a_search_starts_leaves_nothing(tmp_path):
    """The exit code is 130, one line is printed, and no empty study is left."""
    command = [sys.executable, "-m", "autocnn", "search", "--study", "s", "--results", "results"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=-2, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "starting …\n"
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert (process.returncode, output) == (130, "autocnn: interrupted\n")
    assert list((tmp_path / "results").iterdir()) == []


def _outcome(**changes) -> SearchOutcome:
    """The outcome of a search without a network: no trial, the time was over."""
    fields = {
        **dict.fromkeys(SearchOutcome.__dataclass_fields__),
        "study": "s",
        "state": "failed",
        "ending": "budget",
        "least_seconds": 71.2,
        "causes": {},
        **dict.fromkeys(("trials", "complete", "pruned", "stopped", "failed"), 0),
    }
    return SearchOutcome(**{**fields, **changes})


def test_a_search_without_time_names_a_time():
    """The shortest search that gives a network is predicted, and rounded up to ten seconds."""
    assert _why_failed(_outcome()) == (
        "autocnn: error: the time was over before a network had a score; --time-budget 80s may be "
        "enough here"
    )
    line = _why_failed(_outcome(trials=1, stopped=1, ending="budget"))
    assert line.startswith("autocnn: error: the time was over")


def test_a_search_of_failed_trials_names_the_causes():
    """The line counts them, whatever ended the search."""
    outcome = _outcome(trials=3, failed=3, causes={"diverged": 2, "crashed": 1}, ending="budget")
    assert _why_failed(outcome) == (
        "autocnn: error: none of 3 trials gave a network (3 failed: 1 crashed, 2 diverged; "
        "0 pruned); see autocnn leaderboard s, or give more time"
    )
