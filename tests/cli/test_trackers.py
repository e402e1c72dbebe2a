"""`--tensorboard`, `--mlflow` and `--copy-to`, before anything is trained."""

from __future__ import annotations

import pytest

pytest.importorskip("tensorboardX")


@pytest.mark.parametrize("by_variable", [False, True])
def test_a_wrong_folder_is_refused_first(autocnn, tmp_path, monkeypatch, by_variable):
    """In one line, and no study is made; the environment gives the option, too."""
    file = tmp_path / "file"
    file.touch()
    options = () if by_variable else ("--tensorboard", file)
    if by_variable:
        monkeypatch.setenv("AUTOCNN_TENSORBOARD", str(file))
    results = tmp_path / "results"
    done = autocnn("search", *options, "--results", results)
    expected = f"autocnn: error: --tensorboard {file}: is a file; name a folder\n"
    assert (done.code, done.out, done.err) == (2, "", expected)
    assert not results.exists()


def test_an_unknown_study_has_no_tracker(autocnn, tmp_path):
    """`resume` looks for the study first."""
    done = autocnn("resume", "absent", "--mlflow", "http://u:secret@h", "--results", tmp_path)
    assert done.code == 1
    assert "secret" not in done.err


@pytest.mark.parametrize("url", ["far", "s3://me:secret@bucket/x"])
def test_a_wrong_place_for_a_copy_is_refused_first(autocnn, tmp_path, url):
    """In one line without a secret, and no study is made."""
    results = tmp_path / "results"
    done = autocnn("search", "--copy-to", url, "--results", results, "--quiet")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("autocnn: error: --copy-to ")
    assert "secret" not in done.err
    assert not results.exists()
