"""`autocnn studies` and `autocnn studies clean`."""

from __future__ import annotations

import io
import sys

import pytest

from autocnn.records.settings import StudySettings, settings_to_toml


@pytest.fixture
def results(tmp_path):
    """A folder with one study, called a."""
    folder = tmp_path / "r" / "a"
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text(settings_to_toml(StudySettings(study="a")))
    return folder.parent


def test_studies_are_listed(autocnn, results):
    """By name, with state and size."""
    done = autocnn("studies", "--results", results)
    assert (done.code, done.err) == (0, "")
    assert " a " in done.out
    assert "unfinished" in done.out


def test_an_empty_folder_says_how_to_begin(autocnn, tmp_path):
    """It is no error."""
    done = autocnn("studies", "--results", tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("holds no study yet; `autocnn search` starts one\n")


def test_a_study_is_deleted_where_nobody_asks(autocnn, results):
    """With --yes."""
    done = autocnn("studies", "--results", results, "clean", "a", "--yes")
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("freed\n")
    assert not (results / "a").exists()


@pytest.mark.parametrize("answer", ["", "n\n", "\n"])
def test_nothing_is_deleted_without_a_yes(autocnn, results, monkeypatch, answer):
    """Nobody is there to answer, or the answer is no, or just Enter."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    done = autocnn("studies", "--results", results, "clean", "a")
    assert done.code == 130
    assert "for good?" in done.err
    assert (results / "a" / "study.toml").exists()


def test_an_unknown_study_is_told(autocnn, results):
    """One line, with those that there are."""
    done = autocnn("studies", "--results", results, "clean", "b", "--yes")
    assert (done.code, done.out) == (1, "")
    assert done.err.endswith("known: a\n")
