"""A process beside a search: what it receives, what it says, and how it ends."""

from __future__ import annotations

import os
import signal
import time

import pytest

from autocnn.errors import RecordError
from autocnn.side_process import Said, SideProcess

WAIT_S = 60.0


def echo(inbox, say, prefix):
    """Say each text that arrives."""
    for item in inbox:
        print("this is dropped")
        say(f"{prefix} {item}")


def fail(inbox, say, kind):
    """Fail at the first item, in the way that is asked for."""
    for item in inbox:
        if kind == "known":
            raise RecordError("two\nlines")
        if kind == "bug":
            raise ZeroDivisionError(item)
        os.kill(os.getpid(), signal.SIGKILL)


def hang(inbox, say):
    """Never read what arrives."""
    time.sleep(600)


def everything(side: SideProcess) -> list[Said]:
    """What the process says until it has ended."""
    found = []
    end = time.monotonic() + WAIT_S
    while not side._has_ended and time.monotonic() < end:
        found += side.received()
        time.sleep(0.01)
    return found


def test_everything_is_handled_before_the_end(capfd):
    """In the order in which it was sent; prints are dropped."""
    side = SideProcess(echo, "got")
    for number in range(3):
        side.send(number)
    assert side.close(WAIT_S)
    assert everything(side) == [Said(text=f"got {number}") for number in range(3)]
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    ("kind", "text", "traced"),
    [
        ("known", "two lines", False),
        ("bug", "ZeroDivisionError: 1", True),
        ("killed", "its process ended with code -9", False),
    ],
)
def test_a_failure_is_one_line(kind, text, traced):
    """A bug has its traceback, too; nothing that is sent later waits or raises."""
    side = SideProcess(fail, kind)
    side.send(1)
    (said,) = everything(side)
    assert (said.text, said.is_failure, "Traceback" in said.traceback) == (text, True, traced)
    side.send(2)
    assert side.received() == []
    assert side.close(WAIT_S)


def test_a_process_that_hangs_holds_nothing_up():
    """More than a pipe holds is sent at once, and the process is ended by force."""
    side = SideProcess(hang)
    start = time.monotonic()
    for _ in range(100):
        side.send(bytes(100_000))
    assert side.received() == []
    assert not side.close(0.1)
    assert time.monotonic() - start < 10
    assert side._process.exitcode in (-signal.SIGTERM, -signal.SIGKILL)


def test_ctrl_c_does_not_end_it():
    """It reaches all processes of a terminal, and a search that ends cleanly ends this one."""
    side = SideProcess(echo, "got")
    side.send("first")
    while not (said := side.received()):
        time.sleep(0.01)
    os.kill(side._process.pid, signal.SIGINT)
    side.send("second")
    assert side.close(WAIT_S)
    assert [each.text for each in [*said, *everything(side)]] == ["got first", "got second"]
