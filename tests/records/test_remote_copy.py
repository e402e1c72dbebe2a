"""A copy of a study at a URL: what is pushed, refused and fetched."""

from __future__ import annotations

import json
import os

import pytest

from autocnn.errors import RecordError, SettingsError, StudyError
from autocnn.records.remote_copy import INDEX, StudyCopy, fetch_copy, open_remote
from autocnn.records.settings_file import settings_to_toml
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings

CREATED = "2026-11-22T10:00:00+00:00"


@pytest.fixture
def paths(tmp_path):
    """A study with two lines in its journal, and the weights of one trial."""
    paths = StudyPaths(tmp_path / "results" / "one")
    paths.trial(0).mkdir(parents=True)
    settings = StudySettings(study="one", created=CREATED)
    paths.study_toml.write_text(settings_to_toml(settings))
    paths.journal.write_bytes(b'{"op_code": 1, "worker_id": ""}\n{"op_code": 2, "worker_id": ""}\n')
    paths.weights(0).write_bytes(b"weights")
    paths.lock.touch()
    (paths.root / "journal.log.lock").touch()
    (paths.root / ".leaderboard.parquet.1.tmp").touch()
    return paths


@pytest.fixture
def url(tmp_path):
    """The URL below which studies are copied."""
    return f"file://{tmp_path}/far"


@pytest.fixture
def copy(paths, url):
    """The copy of the study, of which nothing is pushed yet."""
    return StudyCopy(paths, open_remote(url).child("one"))


def _content(root):
    files = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def test_a_study_is_pushed_and_fetched(copy, paths, url, tmp_path):
    """Locks and drafts stay here; the journal has its whole lines only."""
    copy.check()
    paths.journal.write_bytes(
        b'{"op_code": 1, "worker_id": ""}\n{"op_code": 2, "worker_id": ""}\n{"op_c'
    )
    assert copy.push() == 3
    assert copy.push() == 0
    folder = fetch_copy(f"{url}/one", tmp_path / "elsewhere")
    assert folder == tmp_path / "elsewhere" / "one"
    assert _content(folder) == {
        "study.toml": paths.study_toml.read_bytes(),
        "journal.log": b'{"op_code": 1, "worker_id": ""}\n{"op_code": 2, "worker_id": ""}\n',
        "trials/00000/best.npz": b"weights",
    }


def test_only_what_has_changed_is_pushed(copy, paths, tmp_path):
    """What is gone is deleted there, too."""
    copy.push()
    paths.weights(0).unlink()
    paths.leaderboard.write_bytes(b"ranked")
    with paths.journal.open("ab") as file:
        file.write(b'{"op_code": 3, "worker_id": ""}\n')
    assert copy.push() == 2
    far = _content(tmp_path / "far" / "one")
    assert sorted(far) == [INDEX, "journal.log", "leaderboard.parquet", "study.toml"]
    assert far["journal.log"].endswith(b'{"op_code": 3, "worker_id": ""}\n')


def test_the_journal_is_pushed_last_as_it_was_first(copy, paths, monkeypatch, tmp_path):
    """A trial that ends while files are pushed is in the next copy."""
    pushed = []
    write = type(copy.remote).write

    def and_a_line(remote, name, content):
        pushed.append(name)
        with paths.journal.open("ab") as file:
            file.write(b'{"op_code": 9, "worker_id": ""}\n')
        write(remote, name, content)

    monkeypatch.setattr(type(copy.remote), "write", and_a_line)
    copy.push()
    assert pushed[-2:] == ["journal.log", INDEX]
    far = tmp_path / "far" / "one"
    assert (
        far / "journal.log"
    ).read_bytes() == b'{"op_code": 1, "worker_id": ""}\n{"op_code": 2, "worker_id": ""}\n'
    assert json.loads((far / INDEX).read_text())["journal_bytes"] == 64


def test_the_copy_of_another_study_is_refused(copy, paths, url):
    """By the moment at which the study was made, since names repeat."""
    copy.push()
    StudyCopy(paths, copy.remote).check()
    other = StudySettings(study="one", created="2026-11-23T10:00:00+00:00")
    paths.study_toml.write_text(settings_to_toml(other))
    with pytest.raises(SettingsError, match="holds another study of that name"):
        StudyCopy(paths, copy.remote).check()
    new = StudyPaths(paths.root.parent / "new")
    with pytest.raises(SettingsError, match="holds another study of that name"):
        StudyCopy(new, copy.remote).check()


def test_a_copy_that_is_ahead_is_refused(copy, paths):
    """It was made by a run on another machine, whose trials would be lost."""
    copy.push()
    paths.journal.write_bytes(b'{"op_code": 1, "worker_id": ""}\n')
    with pytest.raises(SettingsError, match=r"has trials that .* lacks; fetch it"):
        StudyCopy(paths, copy.remote).check()


def test_other_files_are_not_overwritten(copy, tmp_path):
    """The place of a copy is empty, or a copy."""
    (tmp_path / "far" / "one").mkdir(parents=True)
    (tmp_path / "far" / "one" / "thesis.tex").touch()
    with pytest.raises(SettingsError, match="holds files of another kind"):
        copy.check()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("results", "--copy-to must be such as s3://bucket/results"),
        ("C:\\results", "--copy-to must be such as"),
        ("s3://me:secret@bucket/x", "--copy-to s3://bucket/x: has a name, key or password"),
        ("s3://bucket/x?secret_key=secret", "--copy-to s3://bucket/x: has a name, key"),
        ("nowhere://x/y", "--copy-to nowhere://x/y: cannot be opened"),
        ("http://[::1/y", "--copy-to: is no URL"),
    ],
)
def test_a_wrong_url_is_refused(url, message):
    """In one line, without a secret."""
    with pytest.raises(SettingsError) as raised:
        open_remote(url)
    assert str(raised.value).startswith(message)
    assert "secret" not in str(raised.value).replace("secret_key", "")


def test_what_is_no_copy_is_not_fetched(copy, url, tmp_path):
    """Nor what would replace a study, or leave the folder."""
    results = tmp_path / "elsewhere"
    with pytest.raises(StudyError, match=f"holds no copy of a study \\({INDEX} is missing\\)"):
        fetch_copy(f"{url}/one", results)
    copy.push()
    index = tmp_path / "far" / "one" / INDEX
    for text, message in (
        ("{", "copy.json is damaged"),
        ("[]", "copy.json is damaged"),
        ('{"study": "../x"}', "copy.json names no study"),
        ('{"study": 3}', "copy.json names no study"),
    ):
        index.write_text(text)
        with pytest.raises(StudyError, match=message):
            fetch_copy(f"{url}/one", results)
    index.write_text('{"study": "one"}')
    fetch_copy(f"{url}/one", results)
    with pytest.raises(StudyError, match="exists already; name another folder"):
        fetch_copy(f"{url}/one", results)
    assert os.listdir(results) == ["one"]


def test_a_place_that_cannot_be_written_is_one_line(copy, tmp_path):
    """With the reason of the file system."""
    (tmp_path / "far").write_text("a file")
    with pytest.raises(RecordError, match=r"far/one: cannot be written \(.*\)"):
        copy.push()
