"""A SLURM cluster of this one machine, for the tests that need a real one.

munged, slurmctld and slurmd run with a configuration of their own, and end with the tests. The
tests that use it are skipped, with the reason, if the programs are missing or do not start.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scancel", "scontrol", "squeue", "sinfo")
STARTS_S = 30.0
CORES = 4  # that jobs may share, whatever the machine has
CONFIGURATION = """ClusterName=autocnn
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP
"""


@dataclass(frozen=True)
class Slurm:
    """A cluster whose only node is this machine."""

    folder: Path

    def run(self, *command: object, **environment: str) -> str:
        """What a command of SLURM prints; jobs inherit `environment`."""
        done = subprocess.run(
            [str(part) for part in command],
            env={**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf"), **environment},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def is_idle(self) -> bool:
        """True if the node takes jobs."""
        with suppress(subprocess.CalledProcessError):
            return self.run("sinfo", "--noheader", "--format=%t").strip() == "idle"
        return False

    def wait(self, jobs: str) -> None:
        """Until no job of these (numbers with commas between them) is left."""
        while self.run("squeue", "--noheader", "--jobs", jobs).strip():
            time.sleep(0.5)


@pytest.fixture
def slurm() -> Iterator[Slurm]:
    """A cluster without jobs; all of its processes and files are gone at the end."""
    _check_machine()
    folder = Path(tempfile.mkdtemp(prefix="autocnn-slurm-"))
    folder.chmod(0o755)
    try:
        _start(folder)
        cluster = Slurm(folder)
        ends = time.monotonic() + STARTS_S
        while not cluster.is_idle():
            if time.monotonic() > ends:
                pytest.skip("SLURM does not start on this machine (slurmctld, slurmd)")
            time.sleep(0.2)
        yield cluster
    finally:
        for name in ("slurmd.pid", "slurmctld.pid", "munge/pid"):
            _end(folder / name)
        shutil.rmtree(folder)


def _check_machine() -> None:
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        pytest.skip(f"SLURM is not installed ({', '.join(missing)})")
    if os.geteuid() != 0:
        pytest.skip("slurmd starts as root only")
    if "munge" not in {entry.pw_name for entry in pwd.getpwall()}:
        pytest.skip("there is no user munge")


def _start(folder: Path) -> None:
    for name in ("munge", "state", "spool"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    for path in (folder / "munge", key):
        shutil.chown(path, "munge", "munge")
    host = socket.gethostname().partition(".")[0]
    settings = CONFIGURATION.format(
        folder=folder, host=host, ports=(_free_port(), _free_port()), cores=CORES
    )
    (folder / "slurm.conf").write_text(settings)
    munge = folder / "munge"
    files = {"socket": "socket", "log-file": "log", "pid-file": "pid", "seed-file": "seed"}
    options = [f"--{option}={munge / name}" for option, name in files.items()]
    _run("runuser", "-u", "munge", "--", "munged", f"--key-file={key}", "--force", *options)
    for program in ("slurmctld", "slurmd"):
        _run(program, "-f", folder / "slurm.conf")


def _run(*command: object) -> None:
    """Start a program, which goes on in the background."""
    done = subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"{command[0]} does not start on this machine (exit code {done.returncode})")


def _end(pid_file: Path) -> None:
    if not pid_file.is_file():
        return
    number = int(pid_file.read_text().strip())
    with suppress(ProcessLookupError):
        os.kill(number, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
