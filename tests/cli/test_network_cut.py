"""One study on two machines that have no common folder, one of which is cut off.

The machines are network namespaces, each with a pair of virtual interfaces to the host, where the
server is.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from postgres import PostgresServer, running_server
from processes import held

from autocnn.api.studies import load_study
from autocnn.records.leases import LEASE
from autocnn.trial import TrialState

pytestmark = [pytest.mark.training, pytest.mark.slow, pytest.mark.timeout(1800)]
N_TRIALS = 6


@dataclass(frozen=True)
class Machine:
    """A network namespace."""

    name: str
    host: str  # the address of the host, as this machine sees it

    @property
    def command(self) -> tuple[str, ...]:
        """What runs autocnn on this machine."""
        return ("ip", "netns", "exec", self.name, sys.executable, "-m", "autocnn")

    def cut_off(self) -> None:
        """Take the network away."""
        ip("-n", self.name, "link", "set", f"{self.name}n", "down")


def ip(*arguments: str) -> None:
    """Run iproute2; an error has its output."""
    done = subprocess.run(("ip", *arguments), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())


@contextmanager
def machine(number: int) -> Iterator[Machine]:
    """A namespace with the address 10.213.N.2, to which the host is 10.213.N.1."""
    name, host = f"ac{os.getpid() % 10_000}x{number}", f"10.213.{number}.1"
    if shutil.which("ip") is None:
        pytest.skip("iproute2 is not installed (ip)")
    try:
        ip("netns", "add", name)
    except RuntimeError as error:
        pytest.skip(f"this user may make no network namespaces: {error}")
    try:
        ip("link", "add", f"{name}h", "type", "veth", "peer", "name", f"{name}n", "netns", name)
        ip("addr", "add", f"{host}/24", "dev", f"{name}h")
        ip("link", "set", f"{name}h", "up")
        ip("-n", name, "addr", "add", f"10.213.{number}.2/24", "dev", f"{name}n")
        ip("-n", name, "link", "set", f"{name}n", "up")
        ip("-n", name, "link", "set", "lo", "up")
        yield Machine(name, host)
    finally:
        ip("netns", "del", name)  # the pair of interfaces goes with it


@pytest.fixture
def network() -> Iterator[tuple[Machine, Machine, PostgresServer]]:
    """Two machines, and a server that both reach."""
    with ExitStack() as stack:
        one, two = (stack.enter_context(machine(number)) for number in (1, 2))
        server = stack.enter_context(running_server("-F", listen="10.213.0.0/16"))
        server.execute("CREATE DATABASE studies")
        yield one, two, server


def wait_for(process: subprocess.Popen[str], text: str) -> None:
    """Read the lines of a process until one has `text`."""
    seen: list[Any] = []
    assert process.stderr is not None
    for line in process.stderr:
        seen.append(line)
        if text in line:
            return
    raise AssertionError("".join(seen))


def test_a_trial_of_a_machine_that_is_cut_off_goes_on_elsewhere(
    network, start, tmp_path, search_arguments
):
    """No trial is lost and none is on record twice; the machine that is cut off says so."""
    one, two, server = network
    urls = [server.url("studies", host=machine.host) for machine in (one, two)]
    limits = ("--trials", N_TRIALS, "--epochs", 8, "--pruner", "none", "--workers", 1)
    home = ("--study", "far", "--results", tmp_path / "home", "--storage", urls[0])
    search = start(
        *search_arguments[:5], *limits, "--no-report", "--no-recipes", *home, "-v",
        command=one.command,
    )  # fmt: skip
    wait_for(search, "  epoch ")
    away = ("--results", tmp_path / "away", "--storage", urls[1], "--workers", 1)
    with held(search):  # the worker needs time to start
        worker = start("worker", "far", *away, "-v", command=two.command)
        wait_for(worker, "  epoch ")
        with held(worker):  # in the middle of a trial
            two.cut_off()
            _, err = worker.communicate(timeout=300)
    assert worker.returncode == 1, err
    assert re.search(r"10\.213\.2\.1.*: the record can no longer be reached \(.*\); start", err)
    assert "Traceback" not in err
    _, err = search.communicate(timeout=900)
    assert search.returncode == 0, err
    view = load_study(tmp_path / "home", "far", urls[0])
    assert Counter(record.state for record in view.records) == {TrialState.COMPLETE: N_TRIALS}
    assert len({record.number for record in view.records}) == N_TRIALS
    leases = [view.study.record.trials[r.number].user_attrs[LEASE] for r in view.records]
    assert sorted(lease["handover"] for lease in leases) == [0] * (N_TRIALS - 1) + [1]
    assert len({lease["owner"] for lease in leases}) == 1  # each was ended by the search
    assert all(record.epochs == 8 for record in view.records)
    assert (tmp_path / "home" / "far" / "manifest.json").is_file()
