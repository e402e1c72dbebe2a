"""The command line inside this process and outside of it, and one small study for all tests."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autocnn.cli.main import main

TINY_SPACE = """description = "one small convolution"
[parameters]
blocks = 1
convolutions = 1
filters = 8
kernel = { choices = [2, 3] }
downsampling = { choices = ["max", "stride"] }
head = { choices = ["flatten", "global_max"] }
dense_layers = 0
learning_rate_scale = { low = 0.5, high = 4.0, log = true }
batch_size = 64
early_stopping = false
"""


@dataclass(frozen=True)
class Done:
    """The exit code and output of a command."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch):
    """Delete the options of autocnn from the environment; reports take some seconds each."""
    for name in list(os.environ):
        if name.startswith("AUTOCNN_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AUTOCNN_REPORT", "0")


@pytest.fixture
def autocnn(monkeypatch, capsys) -> Callable[..., Done]:
    """A function that runs the command line in this process."""

    def run(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["autocnn", *map(str, arguments)])
        before = signal.getsignal(signal.SIGINT)
        capsys.readouterr()
        try:
            with pytest.raises(SystemExit) as ended:
                main()
        finally:
            signal.signal(signal.SIGINT, before)
        code = ended.value.code
        return Done(0 if code is None else int(code), *capsys.readouterr())

    return run


def clean_environment() -> dict[str, str]:
    """The environment without options of autocnn or reports, and with the default buffering."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AUTOCNN_") and name != "PYTHONUNBUFFERED"
    }
    return {**kept, "AUTOCNN_REPORT": "0"}


@pytest.fixture(scope="session")
def start() -> Callable[..., subprocess.Popen[str]]:
    """A function that starts the command line in another process, with its output in pipes."""

    def start(*arguments: object, command: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*(command or (sys.executable, "-m", "autocnn")), *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=clean_environment(),
        )

    return start


@pytest.fixture(scope="session")
def call(start) -> Callable[..., Done]:
    """A function that runs the command line in another process."""

    def call(*arguments: object, command: tuple[str, ...] = ()) -> Done:
        process = start(*arguments, command=command)
        out, err = process.communicate(timeout=300)
        return Done(process.returncode, out, err)

    return call


@dataclass(frozen=True)
class Finished:
    """A finished search and its folder."""

    results: Path
    name: str
    done: Done

    @property
    def folder(self) -> Path:
        """The study's folder."""
        return self.results / self.name

    @property
    def outcome(self) -> dict[str, Any]:
        """The object that --json printed."""
        return json.loads(self.done.out.splitlines()[-1])


@pytest.fixture(scope="session")
def search_arguments(tmp_path_factory) -> tuple[object, ...]:
    """Arguments of three small networks on digits for two epochs, without study and results.

    No page is written, which takes longer than the trainings.
    """
    space = tmp_path_factory.mktemp("spaces") / "tiny.toml"
    space.write_text(TINY_SPACE)
    limits = ("--trials", 3, "--epochs", 2, "--seed", 0, "--no-recipes", "--no-report")
    return ("search", "--dataset", "digits", "--space", space, *limits)


@pytest.fixture(scope="session")
def finished(call, search_arguments, tmp_path_factory) -> Finished:
    """The study "tiny", which tests must not change."""
    results = tmp_path_factory.mktemp("finished")
    done = call(*search_arguments, "--study", "tiny", "--results", results, "--json")
    assert done.code == 0, done.err
    return Finished(results, "tiny", done)


@pytest.fixture(scope="session")
def stored(tmp_path_factory) -> Path:
    """The folder of two finished studies, alpha and beta, that no training made."""
    from fuzz.stored import make_studies  # it imports Keras

    return make_studies(tmp_path_factory.mktemp("stored"))


@pytest.fixture
def copied(finished: Finished, tmp_path: Path) -> Finished:
    """A copy of the study "tiny", which a test may change."""
    results = tmp_path / "results"
    shutil.copytree(finished.results, results)
    return Finished(results, finished.name, finished.done)
