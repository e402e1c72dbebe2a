"""The program that trains a network again without autocnn."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from export_fixtures import CONTRACT
from script_fixtures import NETWORKS, PLAN, plan_for, plan_of, run

from autocnn.data.value_range import ValueRange
from autocnn.exports.script_text import script_text
from autocnn.nn.loss import balanced_weights, sample_losses
from autocnn.nn.schedule import learning_rates
from autocnn.space.config import Augmentation, Block, Loss, Optimizer, Schedule, TrialConfig
from autocnn.train.averaging import Average

EVERYTHING = Augmentation(rotation=9, alternating_flip=True, shift=1, cutout=2, mixup=0.2)


@pytest.mark.parametrize("name", ["constant", "step", "cosine", "one_cycle"])
@pytest.mark.parametrize("warmup", [0.0, 0.25])
def test_the_rate_of_each_step_is_that_of_the_search(name, warmup):
    """Twelve steps."""
    plan = plan_of(schedule=Schedule(name=name, warmup=warmup))
    rate = run(plan)["Rate"](12)
    found = [float(rate(step)) for step in range(12)]
    expected = learning_rates(plan.config.schedule, plan.config.optimizer.learning_rate, 12)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize(
    "loss", [Loss(), Loss(label_smoothing=0.1), Loss(name="focal", focal_gamma=1.5)]
)
@pytest.mark.parametrize("weighted", [False, True])
def test_the_loss_of_each_image_is_that_of_the_search(loss, weighted):
    """With and without class weights, which are those of the search too."""
    plan = replace(plan_of(loss=loss), class_weights=weighted)
    names = run(plan)
    labels = np.array([0, 1, 1, 3])
    targets, weights = names["TARGETS"], None
    if weighted:
        weights = balanced_weights(labels, 4)
        np.testing.assert_allclose(names["class_weights"](labels), weights)
        targets = targets * names["class_weights"](labels)[:, None]
    logits = np.random.default_rng(0).normal(size=(4, 4)).astype(np.float32)
    found = names["loss"](targets[labels].astype("float32"), logits)
    np.testing.assert_allclose(found, sample_losses(loss, labels, logits, weights), rtol=1e-5)


def test_the_average_is_that_of_the_search():
    """Of weights that change from step to step."""

    class Model:
        def get_weights(self):
            return [np.array([float(self.step), 1.0])]

    average, expected = run(PLAN)["Average"](100), Average(3.0)
    model = Model()
    average.set_model(model)
    for model.step in range(7):
        average.on_train_batch_end(0)
        expected.add(model.get_weights(), 1)
    np.testing.assert_allclose(average.weights[0], expected.values[0])


def test_each_image_is_in_each_epoch():
    """The first ones of the epoch fill its last batch; the order changes."""
    names = run(plan_of(batch_size=4))
    images, labels = np.arange(6, dtype=np.uint8).reshape(6, 1, 1, 1), np.zeros(6, int)
    batches = names["Batches"](images, labels, names["TARGETS"], 0)
    assert len(batches) == 2

    def epoch():
        return np.concatenate([batches[i][0].ravel() for i in range(2)])

    first = epoch()
    assert (set(first[:6]), first[6:].tolist()) == (set(range(6)), first[:2].tolist())
    batches.on_epoch_end()
    assert epoch().tolist() != first.tolist()


def test_alternating_flips_change_with_the_epoch():
    """Each image is flipped in every other epoch."""
    names = run(plan_of(augmentation=Augmentation(alternating_flip=True), batch_size=8))
    images = np.tile(np.array([0, 1], np.uint8).reshape(1, 1, 2, 1), (8, 1, 1, 1))
    images = images + 2 * np.arange(8, dtype=np.uint8).reshape(8, 1, 1, 1)
    batches = names["Batches"](images, np.zeros(8, int), names["TARGETS"], 0)

    def flipped():
        return {int(i[0, 0, 0] // 2): bool(i[0, 0, 0] % 2) for i in batches[0][0]}

    first = flipped()
    batches.on_epoch_end()
    assert flipped() == {image: not side for image, side in first.items()}


@pytest.mark.parametrize(
    ("values", "stored"),
    [
        (ValueRange("integers", 4095), np.array([0, 4095, 2048], np.uint16)),
        (ValueRange("floats", 1), np.array([0.0, 1.0, 0.5])),
        (ValueRange("booleans", 1), np.array([False, True, True])),
        (ValueRange(), np.array([0, 255, 7], np.uint8)),
    ],
)
def test_stored_values_become_8_bits_as_in_the_search(tmp_path, values, stored):
    """The arrays of a .npz file."""
    images = np.broadcast_to(stored[:, None, None, None], (3, 8, 8, 3))
    arrays = {"x_train": images, "x_test": images, "y_train": [0, 1, 2], "y_test": [0, 1, 2]}
    np.savez(tmp_path / "data.npz", **arrays)
    (x, _), _ = run(replace(PLAN, value_range=values))["load_data"](str(tmp_path / "data.npz"))
    np.testing.assert_array_equal(x, values.to_bytes(images))
    assert x.dtype == np.uint8


def test_only_what_is_used_is_in_the_program():
    """No optimizer, no types and no changes that the training does not have."""
    text = script_text(PLAN, CONTRACT)
    for absent in ("Muon", "Nesterov", "typing", "rng)", "sides", "class_weights"):
        assert absent not in text
    lines = text.splitlines()
    assert max(len(line) for line in lines if not line.startswith("# contract: ")) <= 160


def test_no_name_can_become_code():
    """Names of data sets and classes come from files."""
    evil = 'x"""\nraise SystemExit  # \\'
    names = ("a\nraise SystemExit", '"""', "c", "d")
    plan = replace(PLAN, score=evil)
    text = script_text(plan, replace(CONTRACT, class_names=names, dataset=evil))
    exec(compile(text, "script", "exec"), {"__name__": "exported"})
    assert "\nraise SystemExit" not in text


def two_brightnesses(folder, side):
    """A .npz file of 200 square images in two classes."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200)
    images = labels[:, None, None, None] * 150 + rng.integers(0, 100, (200, side, side, 3))
    images = images.astype(np.uint8)
    pairs = {"x_train": images[:160], "y_train": labels[:160]}
    np.savez(folder / "data.npz", **pairs, x_test=images[160:], y_test=labels[160:])
    return folder / "data.npz"


TRAININGS = {
    "everything": replace(
        PLAN,
        config=TrialConfig(
            blocks=(
                Block(filters=(4,), normalisation="batch"),
                Block(filters=(4,), residual=True, normalisation="batch"),
            ),
            head="global_average",
            batch_size=16,
            loss=Loss(name="focal"),
            optimizer=Optimizer(name="muon", learning_rate=0.03, weight_decay=0.01),
            schedule=Schedule(name="one_cycle", warmup=0.25),
            augmentation=EVERYTHING,
        ),
        class_weights=True,
    ),
    "airbench94": replace(
        plan_for("airbench94"),
        config=replace(NETWORKS["airbench94"], batch_size=32, augmentation=EVERYTHING),
    ),
}


@pytest.mark.training
@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow) if n == "airbench94" else n for n in TRAININGS],
)
def test_the_program_learns(tmp_path, name):
    """Two brightnesses are told apart after a few epochs, in a process of its own."""
    plan, script = TRAININGS[name], tmp_path / "train.py"
    data = two_brightnesses(tmp_path, plan.image.shape[0])
    script.write_text(script_text(replace(plan, epochs=5, schedule_epochs=5), CONTRACT))
    done = subprocess.run(
        [sys.executable, str(script), str(data), "1"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    last = done.stdout.splitlines()[-1]
    assert last.endswith(" of 40 images")
    assert float(last.split()[2]) > 0.9
