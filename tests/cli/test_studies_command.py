"""`autocnn studies`, `autocnn studies clean` and `autocnn studies fetch`."""

from __future__ import annotations

import io
import sys

import pytest

from autocnn.records.remote_copy import StudyCopy, open_remote
from autocnn.records.settings_file import settings_to_toml
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings


@pytest.fixture
def results(tmp_path):
    """A folder with one study, called a."""
    folder = tmp_path / "r" / "a"
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text(settings_to_toml(StudySettings(study="a")))
    return folder.parent


def test_studies_are_listed(autocnn, results):
    """The list is by name, with state and size."""
    done = autocnn("studies", "--results", results)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[2].split()[:2] == ["a", "unfinished"]


def test_an_empty_folder_names_the_search_command(autocnn, tmp_path):
    """An empty folder is no error."""
    done = autocnn("studies", "--results", tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("holds no study yet; `autocnn search` starts one\n")


def test_a_study_is_deleted_without_confirmation_by_yes(autocnn, results):
    """The option --yes needs no terminal."""
    done = autocnn("studies", "--results", results, "clean", "a", "--yes")
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("freed\n")
    assert not (results / "a").exists()


@pytest.mark.parametrize("place", ["before", "after", "both"])
def test_the_folder_may_be_named_on_either_side(autocnn, results, tmp_path, monkeypatch, place):
    """The option nearest to the end counts, and comes before the environment."""
    monkeypatch.setenv("AUTOCNN_RESULTS", str(tmp_path / "elsewhere"))
    before = {"before": results, "both": tmp_path}.get(place)
    first = [] if before is None else ["--results", before]
    last = [] if place == "before" else ["--results", results]
    done = autocnn("studies", *first, "clean", "a", "--yes", *last)
    assert (done.code, done.err) == (0, "")
    assert not (results / "a").exists()


def test_a_copy_is_fetched(autocnn, results, tmp_path):
    """Into the folder of all studies."""
    url = f"file://{tmp_path}/far"
    StudyCopy(StudyPaths(results / "a"), open_remote(url).child("a")).push()
    done = autocnn("studies", "--results", tmp_path / "new", "fetch", f"{url}/a")
    assert (done.code, done.out, done.err) == (0, f"{tmp_path}/new/a: fetched\n", "")
    done = autocnn("studies", "fetch", f"{url}/a", "--results", results)
    assert done.code == 1
    assert done.err.endswith("/r/a: exists already; name another folder with --results\n")
    done = autocnn("studies", "fetch", str(tmp_path))
    assert done.err.startswith("autocnn: error: URL must be such as s3://bucket/results")


class Typed(io.StringIO):
    """A terminal with this input."""

    def isatty(self):
        """True."""
        return True


@pytest.mark.parametrize("answer", ["", "n\n", "\n"])
def test_nothing_is_deleted_without_a_yes(autocnn, results, monkeypatch, answer):
    """End of input, "no", or just Enter deletes nothing."""
    monkeypatch.setattr(sys, "stdin", Typed(answer))
    done = autocnn("studies", "--results", results, "clean", "a")
    assert done.code == 130
    assert "for good?" in done.err
    assert (results / "a" / "study.toml").exists()


def test_a_yes_deletes(autocnn, results, monkeypatch):
    """The study is deleted after the answer yes."""
    monkeypatch.setattr(sys, "stdin", Typed("y\n"))
    done = autocnn("studies", "clean", "a", "--results", results)
    assert done.code == 0
    assert not (results / "a").exists()


@pytest.mark.parametrize("stdin", [None, io.StringIO("y\n")])
def test_deletion_without_a_terminal_needs_yes(autocnn, results, monkeypatch, stdin):
    """One line names the option to give."""
    monkeypatch.setattr(sys, "stdin", stdin)
    done = autocnn("studies", "clean", "a", "--results", results)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "autocnn: error: no terminal to ask on: give --yes to delete without asking\n"
    )
    assert (results / "a" / "study.toml").exists()


def test_an_unknown_study_lists_the_existing_ones(autocnn, results):
    """The error is one line with the existing studies."""
    done = autocnn("studies", "--results", results, "clean", "b", "--yes")
    assert (done.code, done.out) == (1, "")
    assert done.err.endswith("known: a\n")
