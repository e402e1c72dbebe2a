"""Running one command in this process, within limits of time and memory."""

from __future__ import annotations

import io
import os
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from unittest import mock

from scripted import CPU, ScriptedExecutor, Training

import autocnn.api.ablate_trial
import autocnn.api.compare_networks
import autocnn.executors.choose
from autocnn.cli import limits
from autocnn.cli.main import main
from autocnn.errors import AutocnnError
from autocnn.trial import Device, TrialJob

EXIT_CODES = (0, 1, 2, 3, 130)
MOST_LINES = 6  # of an error
CPU_S = 10.0  # that one command may take
WALL_S = 120  # after which a command hangs
MEMORY = 2 << 30  # bytes of addresses that a command may add to those of the process
KEPT_VARIABLES = ("PATH", "HOME", "TF_CPP_MIN_LOG_LEVEL", "TF_ENABLE_ONEDNN_OPTS", "PYTHONPATH")


class TooSlow(BaseException):
    """The time of a command is over."""


class TrainingStarted(AutocnnError):
    """A command has come as far as its first training."""

    exit_code = 0


class _Untrained(ScriptedExecutor):
    """An executor that ends the command at the first job."""

    def device(self) -> Device:
        return CPU

    def submit(self, job: TrialJob) -> None:
        raise TrainingStarted("the first training would begin")

    def train(self, job: TrialJob) -> Training:
        raise NotImplementedError


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str
    trace: str  # of an exception that the command line does not know; else empty
    cpu_s: float

    def faults(self) -> list[str]:
        """What is wrong with it, one text a fault."""
        lines = self.err.splitlines()
        found = []
        if self.trace:
            found.append(self.trace)
        elif self.code not in EXIT_CODES:
            found.append(f"exit code {self.code}")
        elif self.code and not any(line.startswith("autocnn: ") for line in lines):
            found.append(f"exit code {self.code} without a line of error: {self.err[-300:]}")
        if "Traceback" in self.err or re.search(r"\w+Warning: ", self.err):
            found.append(f"stderr: {self.err[-600:]}")
        if self.code and len(lines) > MOST_LINES:
            found.append(f"{len(lines)} lines of error: {self.err[:600]}")
        if "\x1b" in self.out + self.err:
            found.append("an escape character is printed")
        if limits.MEMORY in self.err:
            found.append(f"more than {MEMORY >> 20} MiB")
        if self.cpu_s > CPU_S:
            found.append(f"{self.cpu_s:.1f} CPU seconds")
        return found


def run_command(arguments: Sequence[str], variables: Mapping[str, str] | None = None) -> Outcome:
    """Run `autocnn ARGUMENTS` here, with these environment variables; no training begins."""
    files = [tempfile.TemporaryFile() for _ in range(2)]  # noqa: SIM115  closed with the streams
    streams = [io.TextIOWrapper(file, encoding="utf-8", newline="") for file in files]
    code, trace = 0, ""
    begun = time.process_time()
    with _surroundings(arguments, variables or {}, *streams):
        try:
            with _limited():
                main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            trace = _shortened(error)
        finally:
            cpu_s = time.process_time() - begun
    out, err = (_text(stream) for stream in streams)
    return Outcome(code, out, err, trace, cpu_s)


@contextmanager
def _surroundings(
    arguments: Sequence[str],
    variables: Mapping[str, str],
    out: io.TextIOWrapper,
    err: io.TextIOWrapper,
) -> Iterator[None]:
    """Arguments, environment, streams and signals of a command; no training begins inside."""
    signals = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    environment = {k: v for k, v in os.environ.items() if k in KEPT_VARIABLES} | dict(variables)
    opened = {"local": lambda setup: _Untrained()}
    with (
        mock.patch.object(sys, "argv", ["autocnn", *arguments]),
        mock.patch.object(sys, "stdout", out),
        mock.patch.object(sys, "stderr", err),
        mock.patch.object(sys, "stdin", io.StringIO()),
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch.dict(autocnn.executors.choose.EXECUTORS, opened),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("default")  # as Python does, in place of the filters of the tests
        for kind in (DeprecationWarning, PendingDeprecationWarning, ResourceWarning, ImportWarning):
            warnings.simplefilter("ignore", kind)
        try:
            yield
        finally:
            for each, handler in signals.items():
                signal.signal(each, handler)


@contextmanager
def _limited() -> Iterator[None]:
    """Wall seconds and addresses have a limit inside.

    Raises: TooSlow; MemoryError.
    """

    def end(number: int, frame: FrameType | None) -> None:
        raise TooSlow

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm", encoding="ascii") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    before = signal.signal(signal.SIGALRM, end)
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, hard))
    signal.setitimer(signal.ITIMER_REAL, WALL_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        signal.signal(signal.SIGALRM, before)


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    with stream:
        return stream.read()


def _shortened(error: BaseException) -> str:
    """The kind of the error, and the places of autocnn and the last place that it passed."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "/autocnn/" in f.filename and "/site-packages/" not in f.filename]
    places = [f"{f.filename.rpartition('/autocnn/')[2]}:{f.lineno}" for f in ours[-4:]]
    last = f"{'/'.join(frames[-1].filename.split('/')[-2:])}:{frames[-1].lineno}"
    text = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {text} [{' > '.join([*places, last])}]"
