"""`autocnn ensemble`, and what other commands make of its file."""

from __future__ import annotations

import json
import shutil

import pytest


def test_an_ensemble_is_chosen_written_and_evaluated(autocnn, stored, tmp_path):
    """The networks of three trials that were not trained, with mirrored views, as one file."""
    target = tmp_path / "both.keras"
    arguments = ("ensemble", "alpha", "--results", stored, "--views", "mirror", "-o", target)
    done = autocnn(*arguments, "--json")
    assert done.code == 0, done.err
    *lines, last = done.out.splitlines()
    said = json.loads(last)
    assert lines[0].startswith(f"alpha: an ensemble of {len(said['members'])} of 3 networks")
    for start in ("best alone", "ensemble", "cross-fitted", "views", "cost", "file", "outputs:"):
        assert any(line.startswith(start) for line in lines), start
    assert sum(each["weight"] for each in said["members"]) == pytest.approx(1)
    assert said["n"] == 145
    assert target.is_file()
    contract = json.loads((tmp_path / "both.json").read_text())
    assert contract == said["contract"]
    assert contract["views"] == "mirror"
    done = autocnn("evaluate", target, "digits", "--split", "test", "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out.splitlines()[-1])
    assert (found["n"], found["study"], found["trial"]) == (360, "alpha", contract["trial"])


def test_a_study_without_weights_is_one_line(autocnn, stored, tmp_path):
    """Nothing is written."""
    results = shutil.copytree(stored, tmp_path / "results")
    for weights in results.glob("alpha/trials/*/best.npz"):
        weights.unlink()
    done = autocnn("ensemble", "alpha", "--results", results, "-o", tmp_path / "a.keras")
    assert (done.code, done.out) == (1, "")
    assert "study alpha has no trial with weights on disk" in done.err
    assert done.err.count("\n") == 1
    assert not (tmp_path / "a.keras").exists()
