"""The compiled programs of JAX: loop against single steps, and shared programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("jax", reason="JAX is not installed (the extra jax)")

# Eighteen steps on 8x8 images. "plain" calls step by step, "loop" compiles the loop over them;
# "shared" trains the second network by the program that the first one left, "own" by a new one.
SCRIPT = """
import json
import sys
import numpy as np
from autocnn.data.dataset import Images
from autocnn.nn import augmentation
from autocnn.nn.model import ImageSpec, build_model
from autocnn.nn.optimizer import build_optimizer
from autocnn.nn.run_time import program_of
from autocnn.space.config import *
from autocnn.train import jax_loop
from autocnn.train.jax_loop import JaxStepper
from autocnn.train.stepper import TrainingParts

SPEC = ImageSpec(shape=(8, 8, 1), n_classes=2, mean=(100.0,), std=(50.0,))
rng = np.random.default_rng(0)
images = rng.integers(0, 256, (48, 8, 8, 1)).astype(np.uint8)
labels = (images.mean((1, 2, 3)) > 127).astype(np.int64)
IMAGES = Images(images=images, labels=labels)
indices = np.stack([rng.permutation(48)[:8] for _ in range(18)]).astype(np.int32)
rates = np.linspace(0.02, 0.0, 18, dtype=np.float32)

def config(number):
    block = Block(filters=(4, 4), normalisation="batch", dropout=0.1 + 0.2 * number)
    spatial = Block(filters=(6,), dropout=0.3 - 0.2 * number, dropout_kind="spatial")
    return TrialConfig(blocks=(block, spatial), dense=(Dense(units=5, dropout=0.1),),
        loss=Loss(label_smoothing=0.1 * number),
        optimizer=Optimizer(name=sys.argv[1], momentum=0.5 + 0.3 * number,
            weight_decay=0.01 + 0.05 * number),
        augmentation=Augmentation(flip=number == 0, shift=1 + number, mixup=0.2))

def train(number, loops, program):
    c = config(number)
    model = build_model(c, SPEC, seed=number)
    optimizer = build_optimizer(c, 18)
    optimizer.build(model.trainable_variables)
    key = program_of(c) if program else None
    parts = TrainingParts(model=model, optimizer=optimizer, loss=c.loss,
        augmentation=c.augmentation, images=IMAGES, train_indices=np.arange(48),
        val_indices=np.arange(48), chunk=12, program=key)
    stepper = JaxStepper(parts, loops=loops)
    draws = augmentation.draw_epoch(c.augmentation, indices, number, 1, 48)
    sums = [stepper.train(indices[a:b], draws[a:b], rates[a:b]) for a, b in ((0, 12), (12, 18))]
    weights = np.ones((6, 8), np.float32)
    end = stepper.evaluate(np.arange(48, dtype=np.int32).reshape(6, 8), weights)
    moved = [float(np.abs(w).sum()) for w in model.get_weights()]
    return [sums[0].loss, sums[1].loss, sums[1].correct, end.loss, *moved]

first = train(0, True, True)
print(json.dumps({
    "plain": train(0, False, False), "loop": first,
    "shared": train(1, True, True), "own": train(1, True, False),
    "kept": len(jax_loop._programs),
}))
"""


@pytest.mark.training
@pytest.mark.parametrize(
    "optimizer",
    [
        pytest.param("nesterov", marks=pytest.mark.slow),
        "adamw",
        pytest.param("muon", marks=pytest.mark.slow),  # its compilation takes a minute
    ],
)
def test_a_loop_and_a_shared_program_train_as_single_steps_do(optimizer):
    """Losses and weights are equal; dropout, decay and smoothing are arguments."""
    answer = subprocess.run(
        [sys.executable, "-c", SCRIPT, optimizer],
        env=os.environ | {"KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout.splitlines()[-1])
    assert found["loop"] == pytest.approx(found["plain"], rel=1e-4, abs=1e-4)
    assert found["shared"] == pytest.approx(found["own"], rel=1e-4, abs=1e-4)
    assert found["shared"][0] != pytest.approx(found["loop"][0], rel=1e-2)
    assert found["kept"] == 1
