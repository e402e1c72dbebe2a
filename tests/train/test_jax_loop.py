"""The JAX backend, in a process of its own: Keras takes one backend only."""

import json
import os
import subprocess
import sys

import pytest

from autocnn import load_study

pytest.importorskip("jax", reason="JAX is not installed (the extra jax)")

SPACE = """
[parameters]
blocks = 1
filters = { choices = [4, 8] }
normalisation = "batch"
dropout = 0.1
head = "global_max"
learning_rate_scale = { low = 1.0, high = 4.0 }
flip = true
shift = 1
"""


@pytest.mark.training
@pytest.mark.parametrize("engine", ["optuna", "keras-tuner"])
def test_a_whole_search_runs_on_jax_without_tensorflow(engine, tmp_path):
    """Search, refit, export and test on JAX, where importing tensorflow fails.

    Keras Tuner's Hyperband trains three networks for one epoch, and goes on with the best to three.
    """
    (tmp_path / "blocked").mkdir()
    (tmp_path / "blocked" / "tensorflow.py").write_text("raise ImportError('blocked')\n")
    (tmp_path / "space.toml").write_text(SPACE)
    options = ["--space", "space.toml", "--engine", engine, "--study", "a"]
    options += ["--trials", "4", "--epochs", "3", "--no-recipes", "--json"]
    answer = subprocess.run(
        [sys.executable, "-m", "autocnn", "search", *options],
        cwd=tmp_path,
        env=os.environ | {"KERAS_BACKEND": "jax", "PYTHONPATH": str(tmp_path / "blocked")},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    outcome = json.loads(answer.stdout.splitlines()[-1])
    assert outcome["state"] == "finished"
    assert outcome["complete"] >= 1
    assert 0.1 < outcome["test"] <= 1
    records = sorted(load_study(tmp_path / "results", "a").records, key=lambda r: r.number)
    spans = [(r.first_epoch, r.last_epoch) for r in records]
    expected = [(0, 1)] * 3 + [(1, 3)] if engine == "keras-tuner" else [(0, 3)] * 4
    assert spans == expected
    assert records[-1].epochs == 3 or engine == "optuna"
