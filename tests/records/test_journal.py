"""The journal of a study: a tail that a crash left is cut once, and reading changes nothing."""

from __future__ import annotations

import json
import os
import shutil
import time
from contextlib import suppress
from dataclasses import replace

import pytest

from autocnn.errors import RecordError, StudyError
from autocnn.records.journal import open_journal
from autocnn.records.journal_lines import split_tail
from autocnn.records.optuna_record import create_study, open_study, read_records, write_proposal
from autocnn.records.transactions import one_transaction

TAILS = {
    "torn": b'{"op_code":8,"worker',
    "zeros": bytes(300),
    "many-zeros": bytes(70_000),
    "broken": b'{"op_code":6,"wor\n',
    "broken-twice": b'{"op_code":6,"wor\n{"op_c\n',
    "not-utf-8": b'{"op_code":6,"\xff":1}\n',
    "a-number": b"5\n",
    "deep": b"[" * 20_000 + b"\n",
    "zeros-and-more": bytes(40) + b'{"op_code":8,"worker_id":"x"}\n',
}


@pytest.fixture
def whole(paths, settings, make_proposal):
    """The bytes of a journal with one trial."""
    write_proposal(create_study(paths, settings).ask(), make_proposal(0))
    return paths.journal.read_bytes()


@pytest.mark.parametrize("tail", TAILS.values(), ids=TAILS)
def test_a_bad_tail_is_kept_beside_the_journal_before_a_write(paths, whole, tail, make_proposal):
    """After a crash the study goes on, and what was cut is not lost."""
    paths.journal.write_bytes(whole + tail)
    write_proposal(open_study(paths).ask(), make_proposal(1))
    assert [record.number for record in read_records(open_study(paths))] == [0, 1]
    assert paths.journal.read_bytes().startswith(whole)
    assert (paths.root / "journal.log.cut-1").read_bytes() == tail


@pytest.mark.parametrize("tail", TAILS.values(), ids=TAILS)
def test_reading_leaves_a_bad_tail_out_and_in_place(paths, whole, tail):
    """A process that reads changes no file."""
    paths.journal.write_bytes(whole + tail)
    trials = read_records(open_study(paths, writes=False))
    assert [record.number for record in trials] == [0]
    assert not list(paths.root.glob("journal.log?*"))
    assert paths.journal.read_bytes() == whole + tail


def test_a_gathered_block_is_one_append(paths, settings, monkeypatch):
    """Three values are one write to the disk; after an exception nothing of them is on record."""
    study, flushed = create_study(paths, settings), []
    trial = study.ask()
    monkeypatch.setattr(os, "fsync", flushed.append)
    with one_transaction(study, gathers=True), one_transaction(study, gathers=True):
        for name in "abc":
            trial.suggest_float(name, 0, 1)
        assert not flushed
    assert len(flushed) == 1
    with suppress(KeyboardInterrupt), one_transaction(study, gathers=True):
        trial.suggest_float("d", 0, 1)
        raise KeyboardInterrupt
    trial.set_user_attr("later", 1)
    (found,) = open_study(paths).trials
    assert (set(found.params), found.user_attrs["later"]) == (set("abc"), 1)


def test_a_tail_that_appears_later_is_cut_before_the_next_write(paths, whole):
    """A write that fails half way does not spoil the next one of the same process."""
    study = open_study(paths)
    paths.journal.write_bytes(whole + b'{"op_code":8,"wor')
    study.ask()
    assert all(json.loads(line) for line in paths.journal.read_bytes().splitlines())


def test_cuts_are_numbered(paths, whole):
    """A second cut does not replace the first one."""
    for tail in (b"{1", b"{2"):
        paths.journal.write_bytes(whole + tail)
        open_study(paths)
    cuts = [(paths.root / f"journal.log.cut-{number}").read_bytes() for number in (1, 2)]
    assert cuts == [b"{1", b"{2"]


def test_a_bad_line_in_the_middle_is_named(paths, whole):
    """Damage that is followed by records is refused, and nothing is cut."""
    lines = whole.splitlines(keepends=True)
    damaged = b"".join([*lines[:2], b"x\n", *lines[2:]])
    paths.journal.write_bytes(damaged)
    with pytest.raises(RecordError, match=r"journal.log: .* line 3 is no record"):
        open_study(paths, writes=False)
    with pytest.raises(RecordError, match=r"journal.log: the record of the study cannot be read"):
        open_study(paths)
    assert paths.journal.read_bytes() == damaged


def test_a_record_across_two_blocks_is_whole(paths):
    """The end of the file is read in blocks, and a record may be longer than one."""
    line = b'{"op_code":8,"worker_id":"x","value":"' + b"y" * 200_000 + b'"}\n'
    paths.journal.write_bytes(line + b"{")
    assert split_tail(paths.journal) == (len(line), b"{")


def test_a_journal_behind_a_link_is_read_and_not_written(paths, whole, tmp_path):
    """The file behind a link stays as it is."""
    target = tmp_path / "target"
    target.write_bytes(whole + b"{")
    paths.journal.unlink()
    paths.journal.symlink_to(target)
    assert len(read_records(open_study(paths, writes=False))) == 1
    with pytest.raises(RecordError, match=r"journal.log: is a link"):
        open_journal(paths)
    assert target.read_bytes() == whole + b"{"


def test_the_journal_of_another_study_is_refused(paths, whole, settings, make_proposal):
    """The time of creation on record must be that of study.toml."""
    others = replace(settings, created="2020-01-01T00:00:00+00:00")
    with pytest.raises(StudyError, match=r"created at .*, and study.toml says 2020-01-01"):
        open_study(paths, others)


def test_locks_that_a_crash_left_are_deleted(paths, whole, tmp_path):
    """The folder was moved since: Optuna would wait without end for a lock that leads nowhere."""
    for name in ("journal.log.lock", "journal.log.lock0123.rename"):
        lock = paths.root / name
        lock.symlink_to(tmp_path / "elsewhere" / "journal.log")
        hour_ago = time.time() - 3600
        os.utime(lock, (hour_ago, hour_ago), follow_symlinks=False)
    open_study(paths).ask()
    assert not list(paths.root.glob("journal.log?*"))


def test_a_lock_that_may_be_held_is_left(paths, whole):
    """Another program may be writing a record just now; a file of that name is no lock."""
    lock, file = paths.root / "journal.log.lock", paths.root / "journal.log.lock-of-mine"
    lock.symlink_to(paths.journal)
    file.touch()
    os.utime(file, (0, 0))
    open_journal(paths)
    assert lock.is_symlink()
    assert file.exists()


@pytest.mark.parametrize("gone", ["before", "while the lock is held"])
def test_a_journal_that_is_deleted_is_not_made_again(paths, settings, monkeypatch, gone):
    """The missing file is the error, which the folder of the study makes one line of."""
    study = create_study(paths, settings)
    if gone == "before":
        shutil.rmtree(paths.root)
    else:
        flush = os.fsync
        monkeypatch.setattr(os, "fsync", lambda file: (shutil.rmtree(paths.root), flush(file)))
    with pytest.raises(FileNotFoundError):
        study.ask()
    assert not paths.root.exists()
