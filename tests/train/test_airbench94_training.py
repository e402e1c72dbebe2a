"""A real, short training of airbench94, on small images."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from autocnn.data.dataset import TrainingImages
from autocnn.data.prepared import PreparedData, prepare_images
from autocnn.space.config import Augmentation, EarlyStopping, Loss, Optimizer, Schedule, TrialConfig
from autocnn.train.trainer import train_trial
from autocnn.trial import TrialState

CONFIG = TrialConfig(
    architecture="airbench94",
    head="global_max",
    logits_bias=False,
    logits_scale=1 / 9,
    batch_size=32,
    loss=Loss(label_smoothing=0.2),
    optimizer=Optimizer(name="nesterov", learning_rate=0.2, momentum=0.85, weight_decay=1e-3),
    schedule=Schedule(name="one_cycle", warmup=0.23),
    augmentation=Augmentation(alternating_flip=True, shift=1, shift_padding="reflect"),
    early_stopping=EarlyStopping(enabled=False),
)

SEVEN_STEPS = """
import json
import keras
import numpy as np
from autocnn.data.dataset import Images
from autocnn.nn.airbench94 import initialise
from autocnn.nn.model import ImageSpec, build_model
from autocnn.nn.optimizer import build_optimizer
from autocnn.space.config import Augmentation, Loss, Optimizer, TrialConfig
from autocnn.train.backend import build_stepper, find_device
from autocnn.train.stepper import TrainingParts
optimizer = Optimizer(name="nesterov", learning_rate=0.1, momentum=0.5, weight_decay=0.01)
config = TrialConfig(architecture="airbench94", head="global_max", optimizer=optimizer)
spec = ImageSpec(shape=(10, 10, 1), n_classes=3, mean=(100.0,), std=(50.0,))
images = np.random.default_rng(0).integers(0, 256, (48, 10, 10, 1)).astype(np.uint8)
labels = np.arange(48) % 3
model = build_model(config, spec)
initialise(model, images, spec.mean, spec.std, 0)
optimizer = build_optimizer(config, 7)
optimizer.build(model.trainable_variables)
stepper = build_stepper(TrainingParts(model=model, optimizer=optimizer, loss=Loss(),
    augmentation=Augmentation(), images=Images(images=images, labels=labels),
    train_indices=np.arange(48), val_indices=np.arange(48)), find_device())
before = model.get_weights()
indices = np.arange(56, dtype=np.int32).reshape(7, 8) % 48
stepper.train(indices, np.zeros((7, 8, 3), np.int32), np.full(7, 0.01, np.float32))
moved = [float(np.abs(a - b).mean()) for a, b in zip(model.get_weights(), before, strict=True)]
print(json.dumps([keras.backend.backend(), moved]))
"""


@pytest.fixture(scope="module")
def stripes() -> PreparedData:
    """240 noisy images of 10x10 in three colours: horizontal stripes, vertical ones, none."""
    rng = np.random.default_rng(0)
    labels = np.arange(240, dtype=np.int64) % 3
    waves = np.where(np.arange(10) % 4 < 2, 40, -40)
    pixels = rng.normal(128, 20, (240, 10, 10, 3))
    pixels[labels == 0] += waves[None, :, None, None]
    pixels[labels == 1] += waves[None, None, :, None]
    images = TrainingImages(images=pixels.clip(0, 255).astype(np.uint8), labels=labels)
    return prepare_images("stripes", ("across", "down", "none"), images)


@pytest.mark.training
def test_it_learns(stripes, make_job, make_hooks, device):
    """Four epochs of six steps distinguish stripes from none, and both directions."""
    job = make_job(config=CONFIG, horizon=4, last_epoch=4)
    result = train_trial(job, stripes, device, make_hooks())
    assert result.state is TrialState.COMPLETE
    losses = [epoch.train_loss for epoch in result.curve]
    assert losses[-1] < losses[0]
    assert max(epoch.val_accuracy for epoch in result.curve) >= 0.9


@pytest.mark.slow
@pytest.mark.training
def test_jax_takes_the_same_steps_as_tensorflow():
    """After seven steps, with a lookahead and the last one, all weights moved equally."""
    pytest.importorskip("jax", reason="JAX is not installed (the extra jax)")
    moved = {}
    for backend in ("tensorflow", "jax"):
        answer = subprocess.run(
            [sys.executable, "-c", SEVEN_STEPS],
            env=os.environ | {"KERAS_BACKEND": backend},
            capture_output=True,
            text=True,
        )
        assert answer.returncode == 0, answer.stderr
        name, moved[backend] = json.loads(answer.stdout.splitlines()[-1])
        assert name == backend
    assert moved["jax"][0] == 0  # the whitening filters
    assert min(moved["jax"][1:]) > 0
    assert moved["jax"] == pytest.approx(moved["tensorflow"], rel=1e-3)
