"""Files appear whole or not at all."""

from __future__ import annotations

import os
import pwd

import pytest

from autocnn.data.keras_cache import cache_home
from autocnn.errors import RecordError
from autocnn.files import cache_root, make_folder_in, remove_leftovers, write_atomic, write_together
from autocnn.records.trusted import is_named


@pytest.mark.parametrize(("data", "written"), [("é\n", b"\xc3\xa9\n"), (b"\x00\xff", b"\x00\xff")])
def test_data_replaces_what_was_there(tmp_path, data, written):
    """Text is written as UTF-8 and bytes unchanged, and no other file is left."""
    path = tmp_path / "file"
    path.write_bytes(b"old and longer")
    write_atomic(path, data)
    assert path.read_bytes() == written
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    """A full disk leaves the old content, and no incomplete file."""
    path = tmp_path / "file"
    path.write_text("old")

    def no_space(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(RecordError, match=r"file: cannot be written \(No space left on device\)"):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_files_are_replaced_together(tmp_path):
    """Each path gets its content, and no other file is left."""
    (tmp_path / "a").write_text("old")
    write_together({tmp_path / "a": "new", tmp_path / "b": b"also new"})
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"a": "new", "b": "also new"}


def test_no_file_is_replaced_if_one_cannot_be_written(tmp_path):
    """The error names the one that cannot be written."""
    (tmp_path / "a").write_text("old")
    with pytest.raises(RecordError, match=r"nowhere/b: cannot be written \(No such file"):
        write_together({tmp_path / "a": "new", tmp_path / "nowhere" / "b": "new"})
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"a": "old"}


def test_a_missing_folder_is_one_clear_line(tmp_path):
    """A missing folder is an error of records, in one line."""
    with pytest.raises(RecordError, match="No such file or directory") as raised:
        write_atomic(tmp_path / "nowhere" / "file", "x")
    assert "\n" not in str(raised.value)


def test_a_file_gets_the_usual_permissions(tmp_path):
    """The permissions are those of any new file."""
    (tmp_path / "plain").write_text("x")
    write_atomic(tmp_path / "file", "x")
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_the_cache_is_at_the_configured_place(monkeypatch, tmp_path):
    """AUTOCNN_CACHE, else the user's cache; a relative XDG_CACHE_HOME does not count."""
    monkeypatch.setenv("AUTOCNN_CACHE", "~/mine")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_root() == tmp_path / "mine"
    monkeypatch.setenv("AUTOCNN_CACHE", "")
    assert cache_root() == tmp_path / "xdg" / "autocnn"
    for other in ("relative", ""):
        monkeypatch.setenv("XDG_CACHE_HOME", other)
        assert cache_root() == tmp_path / ".cache" / "autocnn"


@pytest.mark.parametrize("chosen", ["", "~/mine", "~nobody-here/mine"])
def test_a_user_without_a_home_folder_must_name_the_cache(monkeypatch, chosen):
    """One line names the variable, as in a container whose user has no entry and no HOME."""
    for name in ("HOME", "XDG_CACHE_HOME", "KERAS_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AUTOCNN_CACHE", chosen)
    monkeypatch.setattr(pwd, "getpwuid", lambda number: {}[number])
    with pytest.raises(RecordError, match=r"^~.*: no home folder is known; set AUTOCNN_CACHE"):
        cache_root()
    assert not is_named("sqlite:///some.db")  # without a list, none is
    assert cache_home().parts[-1] == ".keras"


def test_leftovers_are_removed_but_not_in_folders_apart(tmp_path):
    """Incomplete files stay in folders in which another process may be writing."""
    for name in ("a/b", "apart/b"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / ".file.0123.tmp").touch()
        (tmp_path / name / "file").touch()
    remove_leftovers(tmp_path, [tmp_path / "apart"])
    left = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())
    assert left == ["a/b/file", "apart/b/.file.0123.tmp", "apart/b/file"]


def test_a_folder_is_made_in_one_that_is_there(tmp_path):
    """Folders between are made, too; one that exists is left as it is."""
    for _ in range(2):
        make_folder_in(tmp_path, tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


@pytest.mark.parametrize("inner", ["a", "a/b", "a/b/c"])
def test_a_folder_that_was_deleted_is_not_made_again(tmp_path, inner):
    """Nothing is made in it."""
    with pytest.raises(FileNotFoundError):
        make_folder_in(tmp_path / "gone", tmp_path / "gone" / inner)
    assert list(tmp_path.iterdir()) == []
