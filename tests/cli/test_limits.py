"""A process with little memory or few open files ends with one line."""

from __future__ import annotations

import errno
import resource
import subprocess
import sys

import pytest

from autocnn.cli.limits import FILES, MEMORY, exceeded_limit

MAP = "libarrow.so.2600: failed to map segment from shared object"


def run(words, kind, limit):
    """Run the command line in a process with a limit of the system."""
    return subprocess.run(
        [sys.executable, "-m", "autocnn", *words],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(kind, (limit, limit)),
    )


@pytest.mark.parametrize("words", [["spaces"], ["search", "--dry-run"]])
def test_eight_open_files_are_enough_for_what_trains_nothing(words):
    """Three of them are standard input, output and error."""
    done = run(words, resource.RLIMIT_NOFILE, 8)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("megabytes", [60, 150, 220])
def test_little_memory_is_one_line(megabytes):
    """Of autocnn, or of a library that ends the process itself; or it was enough.

    OpenBLAS writes lines of its own if it cannot start its threads, and interrupts the process.
    """
    done = run(["search", "--dry-run"], resource.RLIMIT_AS, megabytes << 20)
    assert "Traceback" not in done.stderr
    lines = [each for each in done.stderr.splitlines() if not each.startswith("OpenBLAS")]
    assert len(lines) <= 1
    assert (done.returncode == 0) == (done.stderr == "")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (MemoryError(), MEMORY),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), MEMORY),
        (OSError(errno.EMFILE, "Too many open files"), FILES),
        (ImportError(MAP), MEMORY),
        (SystemError("error return without exception set"), MEMORY),
        (SystemError("bad argument to internal function"), None),
        (ImportError("No module named x"), None),
        (OSError(errno.ENOENT, "No such file"), None),
        (KeyError("x"), None),
    ],
)
def test_an_error_of_a_limit_is_known(error, line):
    """Also if another error was raised from it."""
    assert exceeded_limit(error) == line
    outer = ValueError("x")
    outer.__cause__ = error
    assert exceeded_limit(outer) == line
