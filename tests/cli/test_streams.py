"""Standard output that is closed, full or not UTF-8, and arguments that are not."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

COMMAND = (sys.executable, "-m", "autocnn")


def run(words, **options):
    """Run the command line in a process of its own."""
    return subprocess.run(
        [*COMMAND, *words], stderr=subprocess.PIPE, text=True, check=False, **options
    )


def test_a_closed_output_takes_everything():
    """As `autocnn spaces >&-`: nothing is printed, and that is no error."""
    done = run(["spaces"], preexec_fn=lambda: os.close(1))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_full_output_is_one_line():
    """The exit code is 1."""
    with open("/dev/full", "w") as full:
        done = run(["spaces"], stdout=full)
    assert done.returncode == 1
    expected = "autocnn: error: standard output cannot be written (No space left on device)\n"
    assert done.stderr == expected


def test_what_an_encoding_lacks_is_escaped():
    """The times sign of sizes is no letter of ASCII."""
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = run(["datasets"], stdout=subprocess.PIPE, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert r"28\xd728" in done.stdout


def test_an_argument_that_is_no_text_is_one_line(autocnn):
    """A byte that is not UTF-8."""
    done = autocnn("show", b"\xff".decode(errors="surrogateescape"))
    assert done.code == 2
    assert done.err == "autocnn: error: argument '\\udcff': expected text in UTF-8\n"
