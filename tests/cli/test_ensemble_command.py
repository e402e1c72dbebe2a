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


def test_a_quantised_ensemble_has_a_card(autocnn, stored, tmp_path):
    """In 8 bits, calibrated on the study's images; the card has the ensemble's own scores."""
    pytest.importorskip("ai_edge_litert")
    target = tmp_path / "small.tflite"
    arguments = ("ensemble", "alpha", "--results", stored, "-o", target, "--quantize", "int8")
    done = autocnn(*arguments, "--card", "--json")
    assert done.code == 0, done.err
    *lines, last = done.out.splitlines()
    said = json.loads(last)
    assert said["file"]["quantize"] == "int8"
    assert f"card           {tmp_path / 'README.md'}" in lines
    card = (tmp_path / "README.md").read_text("utf-8")
    assert "- small.tflite" in card
    assert "networks of the study, chosen by their cross\\-entropy on 145 validation images" in card
    assert (tmp_path / "model.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--card",), "--card: give --output, the file beside which the card is written"),
        (("--quantize", "int8"), "--quantize int8: give --output, the file to write"),
        (
            ("-o", "both.onnx", "--quantize", "int8"),
            "--quantize int8: autocnn does not quantise ONNX files; it is for --format litert",
        ),
        (
            ("-o", "both.tflite", "--quantize", "int4"),
            "--quantize must be one of float16, dynamic, int8, got 'int4'",
        ),
    ],
)
def test_wrong_options_are_one_line(autocnn, stored, tmp_path, monkeypatch, arguments, line):
    """Before any network predicts."""
    monkeypatch.chdir(tmp_path)
    done = autocnn("ensemble", "alpha", "--results", stored, *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines() == [f"autocnn: error: {line}"]
    assert list(tmp_path.iterdir()) == []
