"""The worker process of a Ray actor: it answers orders as a local one does (`worker_process.py`).

The supervisor exchanges numbered orders and messages with it. An exchange that was lost on its way
is repeated, so that no order is done twice and no message is missed. Nothing that the training
writes stays on this machine: its files travel with the messages.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import threading
import time
import traceback
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil
import ray

from autocnn.data.prepared import DataReference
from autocnn.errors import AutocnnError
from autocnn.executors.link import FileChanged
from autocnn.executors.watch import Usage, read_usage
from autocnn.executors.worker_process import Answer, answer_orders
from autocnn.keras_startup import load_keras, own_process
from autocnn.trial import CHECKPOINT_FILE, TrialJob, TrialResult

SCRATCH = "autocnn-ray-"  # begins the name of an actor's folder; the id of its process follows
SCRATCH_S = 86_400.0  # after which the folder of a process that is gone is deleted
PARENT_FILE = "parent.npz"  # the checkpoint that a job continues


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What the supervisor has to know of an actor."""

    node: str  # Ray's id of the node
    host: str  # the address of the node
    pid: int
    autocnn: str  # the installed version


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What an exchange returns."""

    messages: tuple[tuple[int, Any], ...]  # numbered from 1; those not acknowledged yet
    n_taken: int  # orders that have arrived
    usage: Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedData:
    """Prepared data whose arrays lie in Ray's object store, once on each node."""

    reference: DataReference  # without arrays
    pixels: Any  # ObjectRef of uint8, (n, height, width, channels)
    labels: Any  # ObjectRef of int64, (n,)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedJob:
    """A job with the files that its training reads."""

    job: TrialJob
    checkpoint: bytes | None  # its own
    parent: bytes | None  # that of the trial that it continues


def pack_job(job: TrialJob) -> PackedJob:
    """`job` with the files that its training reads."""
    parent = None if job.continue_from is None else _content(job.continue_from)
    return PackedJob(job=job, checkpoint=_content(job.folder / CHECKPOINT_FILE), parent=parent)


def unpack_job(packed: PackedJob, scratch: Path) -> TrialJob:
    """The job, with its files in a new folder below `scratch`."""
    folder = scratch / "trials" / str(packed.job.number)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if packed.checkpoint is not None:
        (folder / CHECKPOINT_FILE).write_bytes(packed.checkpoint)
    parent = None
    if packed.parent is not None:
        parent = folder / PARENT_FILE
        parent.write_bytes(packed.parent)
    return replace(packed.job, folder=folder, continue_from=parent)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


class Mailbox:
    """The worker's end of the channel, as `Orders` describes; threads of the actor fill it."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._changed = threading.Condition()
        self._orders: deque[Any] = deque()
        self._n_taken = 0
        self._messages: deque[tuple[int, Any]] = deque()
        self._n_sent = 0

    def exchange(self, orders: Sequence[tuple[int, Any]], n_received: int, wait_s: float) -> Reply:
        """Take new orders, forget messages that were received, and return the others.

        Waits up to `wait_s` for the first one.
        """
        with self._changed:
            for number, order in orders:
                if number == self._n_taken + 1:
                    self._orders.append(order)
                    self._n_taken = number
            while self._messages and self._messages[0][0] <= n_received:
                self._messages.popleft()
            self._changed.notify_all()
            self._changed.wait_for(lambda: bool(self._messages), wait_s)
            return Reply(
                messages=tuple(self._messages),
                n_taken=self._n_taken,
                usage=read_usage(os.getpid()),
            )

    def send(self, message: Any, /) -> None:
        """Keep a message until it was received; the files of a job that has ended are deleted."""
        if isinstance(message, TrialResult):
            shutil.rmtree(self._scratch / "trials", ignore_errors=True)
        with self._changed:
            self._n_sent += 1
            self._messages.append((self._n_sent, message))
            self._changed.notify_all()

    def recv(self) -> Any:
        """The next order, with the files of a job on disk and the arrays of data in memory."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._orders))
            order = self._orders.popleft()
        if isinstance(order, PackedJob):
            return unpack_job(order, self._scratch)
        if isinstance(order, SharedData):
            pixels, labels = ray.get([order.pixels, order.labels])
            return replace(order.reference, pixels=pixels, labels=labels)
        return order

    def poll(self) -> bool:
        """True if an order waits."""
        with self._changed:
            return bool(self._orders)

    def file_changed(self, path: Path) -> None:
        """Send a file of the job that was written, or the news that it was deleted."""
        self.send(FileChanged(name=path.name, content=_content(path)))


class TrainingActor:
    """A worker process; `environment` are variables that are set before Keras is loaded."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        os.environ.update(environment)
        remove_scratch(time.time())
        self._scratch = Path(tempfile.mkdtemp(prefix=f"{SCRATCH}{os.getpid()}-"))
        self._mailbox = Mailbox(self._scratch)
        threading.Thread(target=_work, args=(self._mailbox,), daemon=True).start()

    def about(self) -> About:
        """The place of this process."""
        context = ray.get_runtime_context()
        util: Any = ray.util  # of this function the types are not stated
        return About(
            node=context.get_node_id(),
            host=str(util.get_node_ip_address()),
            pid=os.getpid(),
            autocnn=own_version(),
        )

    def exchange(self, orders: Sequence[tuple[int, Any]], n_received: int, wait_s: float) -> Reply:
        """As `Mailbox.exchange`."""
        return self._mailbox.exchange(orders, n_received, wait_s)

    def leave(self) -> None:
        """Delete the files of this process, before it is ended."""
        shutil.rmtree(self._scratch, ignore_errors=True)


def own_version() -> str:
    """The version of autocnn that is installed here."""
    try:
        return metadata.version("autocnn")
    except metadata.PackageNotFoundError:  # run from a source tree
        return ""


def _work(mailbox: Mailbox) -> None:
    """Load Keras and answer orders; an error becomes a message, which the supervisor raises."""
    try:
        own_process()
        load_keras()
        answer_orders(mailbox, mailbox.file_changed)
    except AutocnnError as error:
        mailbox.send(Answer(error=str(error)))
    except Exception:
        mailbox.send(Answer(bug=traceback.format_exc()))


def remove_scratch(now: float) -> None:
    """Delete what actors of this user that were ended by force left behind a day before `now`."""
    for folder in Path(tempfile.gettempdir()).glob(f"{SCRATCH}*"):
        pid = folder.name.removeprefix(SCRATCH).partition("-")[0]
        if pid.isdigit() and not psutil.pid_exists(int(pid)) and _is_old(folder, now):
            shutil.rmtree(folder, ignore_errors=True)


def _is_old(folder: Path, now: float) -> bool:
    """True if the folder is this user's and nothing was put into it for SCRATCH_S seconds."""
    try:
        found = folder.lstat()
    except OSError:  # another actor has deleted it
        return False
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return is_ours and now - found.st_mtime > SCRATCH_S
