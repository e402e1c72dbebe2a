"""Ctrl-C during a command."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from autocnn.cli.running import Interrupt
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
