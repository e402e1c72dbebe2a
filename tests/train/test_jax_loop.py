"""The JAX backend in another process, because Keras takes one backend only."""

import json
import math
import os
import subprocess
import sys

import pytest

from autocnn.api import load_study

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
cutout = 2
mixup = 0.2
"""


ONE_MIXED_STEP = """
import json
import numpy as np
from autocnn.data.dataset import Images
from autocnn.nn.model import ImageSpec, build_model
from autocnn.nn.optimizer import build_optimizer
from autocnn.space.config import Augmentation, Loss, Optimizer, TrialConfig
from autocnn.train.jax_loop import JaxStepper
from autocnn.train.stepper import TrainingParts
spec = ImageSpec(shape=(1, 1, 1), n_classes=2, mean=(0.0,), std=(1.0,))
model = build_model(TrialConfig(pixels="unit"), spec)
model.set_weights([np.zeros_like(w) for w in model.get_weights()])
optimizer = build_optimizer(TrialConfig(optimizer=Optimizer(name="sgd")), 1)
optimizer.build(model.trainable_variables)
images, labels = np.array([0, 255], np.uint8).reshape(2, 1, 1, 1), np.array([1, 0])
stepper = JaxStepper(TrainingParts(model=model, optimizer=optimizer, loss=Loss(),
    augmentation=Augmentation(mixup=0.2), images=Images(images=images, labels=labels),
    train_indices=np.array([1, 0]), val_indices=np.array([1, 0])))
draws = np.array([[[0, 0, 0, 0.75], [0, 0, 0, 0.25]]], np.float32)
sums = stepper.train(np.array([[0, 1]], np.int32), draws, np.array([1.0], np.float32))
kernel, bias = (w.ravel().tolist() for w in model.get_weights())
found = stepper.evaluate(np.array([[0, 1], [1, 0]]), np.array([[1, 1], [1, 0]], np.float32))
print(json.dumps({"kernel": kernel, "bias": bias, "loss": sums.loss, "correct": sums.correct,
    "confusion": found.confusion.tolist()}))
"""


def test_a_mixed_image_teaches_both_classes():
    """The step equals the one that test_tf_loop.py works by hand."""
    answer = subprocess.run(
        [sys.executable, "-c", ONE_MIXED_STEP],
        env=os.environ | {"KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    step = json.loads(answer.stdout)
    assert step["bias"] == pytest.approx([0.25, -0.25], rel=1e-5)
    assert step["kernel"] == pytest.approx([0.1875, -0.1875], rel=1e-5)
    assert step["loss"] == pytest.approx(2 * math.log(2), rel=1e-6)
    assert step["correct"] == pytest.approx(1.5)
    # Both images are taken for class 0; the one of class 1 is counted twice, the padding never.
    assert step["confusion"] == [[1, 0], [2, 0]]


MAPPED = """
import sys
from pathlib import Path
import numpy as np
from autocnn.data.dataset import Images
from autocnn.data.mapped_array import map_array, writable_view
from autocnn.train.jax_loop import load_images
file = Path(sys.argv[1]) / "x.npy"
np.save(file, np.arange(100, dtype=np.uint8).reshape(100, 1, 1, 1))
mapped = map_array(file)
images = Images(images=mapped, labels=np.zeros(100, np.int64))
pixels, labels = load_images(images)
assert load_images(images)[0] is pixels
assert np.array_equal(np.asarray(pixels), mapped)
writable_view(mapped)[7] = 200
print(pixels.device.platform, int(pixels[7, 0, 0, 0]), labels.dtype)
"""


def test_mapped_images_are_not_copied(tmp_path):
    """On a CPU the array is the mapping of the file; a GPU has its own memory."""
    answer = subprocess.run(
        [sys.executable, "-c", MAPPED, str(tmp_path)],
        env=os.environ | {"KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.split() in (["cpu", "200", "int32"], ["gpu", "7", "int32"])


@pytest.mark.training
@pytest.mark.parametrize("engine", ["optuna", pytest.param("keras-tuner", marks=pytest.mark.slow)])
def test_a_whole_search_runs_on_jax_without_tensorflow(engine, tmp_path):
    """Search, refit, export and test run on JAX, with any import of tensorflow failing."""
    # Keras Tuner's Hyperband trains three networks for one epoch, then the best one up to three.
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
