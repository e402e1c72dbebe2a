"""The worker's end of a Ray actor's channel, without a cluster."""

from __future__ import annotations

import os
import threading
from dataclasses import replace

import pytest

from autocnn.executors.link import FileChanged
from autocnn.trial import TrialJob, TrialResult, TrialState

pytest.importorskip("ray", reason="Ray is not installed: pip install -e '.[ray]'")

from autocnn.executors import ray_actor as module
from autocnn.executors.ray_actor import Mailbox, pack_job, remove_scratch, unpack_job


@pytest.fixture
def mailbox(tmp_path) -> Mailbox:
    """A mailbox whose files go to `scratch`."""
    (tmp_path / "scratch").mkdir()
    return Mailbox(tmp_path / "scratch")


@pytest.fixture
def job(job, tmp_path) -> TrialJob:
    """Job 3 with a checkpoint of its own and a parent."""
    folder = tmp_path / "study" / "trials" / "3"
    folder.mkdir(parents=True)
    (folder / "checkpoint.npz").write_bytes(b"own")
    (folder / "best.npz").write_bytes(b"is not needed")
    parent = tmp_path / "study" / "trials" / "1.npz"
    parent.write_bytes(b"parent")
    return replace(job, number=3, folder=folder, continue_from=parent)


def test_orders_are_done_once_and_in_order(mailbox):
    """An exchange that was repeated, or overtaken by a later one, changes nothing."""
    mailbox.exchange([(1, "device"), (2, "data")], 0, 0.0)
    mailbox.exchange([(1, "device")], 0, 0.0)
    reply = mailbox.exchange([(2, "data"), (3, "go")], 0, 0.0)
    assert reply.n_taken == 3
    assert [mailbox.recv(), mailbox.recv(), mailbox.poll(), mailbox.recv()] == [
        "device",
        "data",
        True,
        "go",
    ]
    assert not mailbox.poll()


def test_an_order_before_its_predecessor_is_not_taken(mailbox):
    """The supervisor sends it again, after the one that is missing."""
    assert mailbox.exchange([(2, "data")], 0, 0.0).n_taken == 0
    assert not mailbox.poll()


def test_messages_are_kept_until_they_were_received(mailbox):
    """The reply to the first exchange was lost; the second one acknowledges one message."""
    mailbox.send("first")
    mailbox.send("second")
    assert mailbox.exchange([], 0, 0.0).messages == ((1, "first"), (2, "second"))
    assert mailbox.exchange([], 1, 0.0).messages == ((2, "second"),)
    reply = mailbox.exchange([], 2, 0.0)
    assert (reply.messages, reply.usage.memory_mb > 0) == ((), True)


def test_an_exchange_waits_for_a_message(mailbox):
    """It returns as soon as the training sends one."""
    timer = threading.Timer(0.05, mailbox.send, args=("epoch",))
    timer.start()
    assert mailbox.exchange([], 0, 30.0).messages == ((1, "epoch"),)
    timer.join()


def test_a_job_travels_with_the_files_that_it_reads(mailbox, job, tmp_path):
    """On the other machine both checkpoints lie in the scratch folder, and it has all paths."""
    mailbox.exchange([(1, pack_job(job))], 0, 0.0)
    here = mailbox.recv()
    assert here.folder == tmp_path / "scratch" / "trials" / "3"
    assert here.root == tmp_path / "scratch"
    assert (here.folder / "checkpoint.npz").read_bytes() == b"own"
    assert here.continue_from.read_bytes() == b"parent"
    assert not (here.folder / "best.npz").exists()
    assert replace(here, folder=job.folder, continue_from=job.continue_from) == job


def test_a_job_without_files_has_an_empty_folder(job, tmp_path):
    """What an earlier try left there is deleted."""
    (job.folder / "checkpoint.npz").unlink()
    left = tmp_path / "trials" / "3" / "checkpoint.npz"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"of an earlier try")
    here = unpack_job(pack_job(replace(job, continue_from=None)), tmp_path)
    assert (list(here.folder.iterdir()), here.continue_from) == ([], None)


def test_files_are_sent_when_they_change_and_deleted_with_the_job(mailbox, job, tmp_path):
    """A file that was deleted is sent without content."""
    here = unpack_job(pack_job(job), tmp_path / "scratch")
    path = here.folder / "checkpoint.npz"
    mailbox.file_changed(path)
    path.unlink()
    mailbox.file_changed(path)
    assert [message for _, message in mailbox.exchange([], 0, 0.0).messages] == [
        FileChanged(name="checkpoint.npz", content=b"own"),
        FileChanged(name="checkpoint.npz", content=None),
    ]
    mailbox.send(TrialResult(state=TrialState.COMPLETE))
    assert list((tmp_path / "scratch").iterdir()) == []


def test_only_old_folders_of_processes_that_are_gone_are_deleted(monkeypatch, tmp_path):
    """A folder stays if its process lives, if it is younger than a day, or has another name."""
    monkeypatch.setattr(module.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(module.psutil, "pid_exists", lambda pid: pid == 11)
    for name in ("autocnn-ray-11-a", "autocnn-ray-12-b", "autocnn-ray-notes", "other"):
        (tmp_path / name).mkdir()
    made = (tmp_path / "autocnn-ray-12-b").stat().st_mtime
    remove_scratch(made + 86_000)
    assert len(os.listdir(tmp_path)) == 4
    remove_scratch(made + 86_500)
    assert sorted(os.listdir(tmp_path)) == ["autocnn-ray-11-a", "autocnn-ray-notes", "other"]
