"""The program that trains a network again without autocnn."""

from __future__ import annotations

import ast
import sys
from dataclasses import replace

import keras
import numpy as np
import pytest
from export_fixtures import CONFIGS, CONTRACT, SPEC

from autocnn.data.value_range import EIGHT_BITS, ValueRange
from autocnn.errors import AutocnnError, RecordError, SettingsError
from autocnn.exports.formats import SCRIPT, export_as, read_contract
from autocnn.exports.script_file import for_training, script_text
from autocnn.exports.script_lines import check_plan
from autocnn.models.script_plan import ScriptPlan
from autocnn.nn.optimizer import build_optimizer
from autocnn.nn.schedule import learning_rates
from autocnn.space.config import Augmentation, Block, Dense, Loss, Optimizer, Schedule, TrialConfig

NETWORKS = {
    **CONFIGS,
    "separable": TrialConfig(
        blocks=(Block(filters=(4,), convolution="separable", padding="valid", dropout=0.1),),
        logits_bias=False,
        logits_scale=0.5,
    ),
    "mlp": TrialConfig(dense=(Dense(units=5, normalisation="batch", dropout=0.2),)),
}
AUGMENTED = Augmentation(rotation=10, zoom=0.1, shift=1, flip=True)
PLAN = ScriptPlan(
    config=CONFIGS["unit"],
    image=SPEC,
    value_range=EIGHT_BITS,
    trial=7,
    keras_dataset=None,
    epochs=2,
    schedule_epochs=3,
    class_weights=False,
    score="The search measured 99.00 %.",
)


def plan_of(**changes):
    """PLAN with these changes of its configuration."""
    return replace(PLAN, config=replace(PLAN.config, **changes))


def run(plan):
    """The names that the program of the plan defines."""
    names = {"__name__": "exported"}
    exec(compile(script_text(plan, CONTRACT), "script", "exec"), names)
    return names


@pytest.mark.parametrize("name", NETWORKS)
def test_the_program_builds_the_same_network(tmp_path, make_model, name):
    """With the trained weights it has the answers of the network; the contract is in it."""
    model = make_model(NETWORKS[name])
    chosen = for_training(SCRIPT, replace(PLAN, config=NETWORKS[name]), model)
    exported = export_as(chosen, model, CONTRACT, tmp_path / "train.py")
    assert exported.difference <= SCRIPT.tolerance
    assert SCRIPT.read_contract(exported.path) == CONTRACT
    assert "autocnn" not in {
        name.name
        for node in ast.walk(ast.parse(exported.path.read_text()))
        if isinstance(node, ast.Import)
        for name in node.names
    }
    lines = exported.path.read_text().splitlines()
    assert max(len(line) for line in lines if not line.startswith("# contract: ")) <= 160


def test_another_network_is_refused(tmp_path, make_model):
    """The check compares the answers."""
    model = make_model(CONFIGS["standardize"])
    smooth = replace(CONFIGS["standardize"], head="global_average")
    with pytest.raises(AutocnnError, match=r"^train\.py: its probabilities differ"):
        export_as(
            for_training(SCRIPT, replace(PLAN, config=smooth), model),
            model,
            CONTRACT,
            tmp_path / "train.py",
        )


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
    "name",
    [
        "sgd",
        "momentum",
        "nesterov",
        "rmsprop",
        "adagrad",
        "adadelta",
        "adam",
        "adamw",
        "nadam",
        "lion",
    ],
)
@pytest.mark.parametrize("decay", [0.0, 0.01])
def test_the_optimizer_is_that_of_the_search(name, decay):
    """All of its settings but the rate, which is a schedule in the program."""
    settings = Optimizer(name=name, weight_decay=decay, momentum=0.8)
    text = script_text(plan_of(optimizer=settings), CONTRACT)
    (line,) = (each for each in text.splitlines() if each.startswith("    optimizer = "))
    found = eval(line.partition(" = ")[2], {"keras": keras, "rate": settings.learning_rate})
    expected = build_optimizer(replace(PLAN.config, optimizer=settings), 10)
    assert type(found).__name__ == type(expected).__name__.replace("RunTimeSGD", "SGD")
    configs = [each.get_config() for each in (found, expected)]
    for each in configs:
        assert each.pop("learning_rate") == pytest.approx(1e-3)
        each.pop("name")  # numbered
    assert configs[0] == configs[1]


def test_augmentation_is_made_of_layers():
    """The random layers keep shape and range; where they differ from the search is said."""
    plan = plan_of(augmentation=AUGMENTED)
    images = np.full((3, *SPEC.shape), 255.0, np.float32)
    changed = run(plan)["build_augmentation"]()(images, training=True)
    assert changed.shape == images.shape
    assert float(keras.ops.max(changed)) <= 255.5
    assert "whole pixels" in script_text(plan, CONTRACT)
    assert "build_augmentation" not in script_text(PLAN, CONTRACT)


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        (plan_of(blocks=(Block(filters=(4,), residual=True),)), "residual blocks"),
        (plan_of(optimizer=Optimizer(name="muon")), "the optimizer muon"),
        (plan_of(loss=Loss(name="focal")), "the loss focal"),
        (plan_of(augmentation=Augmentation(cutout=2, mixup=0.2)), "cutout and mixup"),
        (plan_of(augmentation=Augmentation(shear=2)), "images sheared at random"),
        (replace(PLAN, config=TrialConfig(architecture="airbench94")), "the network airbench94"),
        (replace(PLAN, class_weights=True), "a loss with class weights"),
        (replace(PLAN, value_range=ValueRange("integers", 4095)), "pixels that are scaled from"),
    ],
)
def test_what_a_script_cannot_hold_is_refused(plan, reason):
    """One line names it, and the trial."""
    with pytest.raises(SettingsError, match=f"^--format script: a script cannot hold {reason}"):
        check_plan(plan)


def test_no_name_can_become_code():
    """Names of data sets and classes come from files."""
    evil = 'x"""\nraise SystemExit  # \\'
    names = ("a\nraise SystemExit", '"""', "c", "d")
    plan = replace(PLAN, score=evil)
    text = script_text(plan, replace(CONTRACT, class_names=names, dataset=evil))
    exec(compile(text, "script", "exec"), {"__name__": "exported"})
    assert "\nraise SystemExit" not in text


def test_a_script_is_no_model(tmp_path):
    """It is not loaded; another file has no contract."""
    (tmp_path / "other.py").write_text("print('hello')\n")
    with pytest.raises(SettingsError, match="expected a model's file"):
        read_contract(tmp_path / "other.py")
    with pytest.raises(RecordError, match=r"other\.py: expected a line '# contract: '"):
        SCRIPT.read_contract(tmp_path / "other.py")


@pytest.mark.training
def test_the_program_learns(tmp_path, monkeypatch, capsys):
    """Two brightnesses are told apart after a few epochs, with augmentation."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200)
    images = labels[:, None, None, None] * 150 + rng.integers(0, 100, (200, 8, 8, 3))
    pairs = {"x_train": images[:160], "y_train": labels[:160]}
    np.savez(tmp_path / "data.npz", **pairs, x_test=images[160:], y_test=labels[160:])
    config = TrialConfig(
        blocks=(Block(filters=(4,), normalisation="batch"),),
        head="global_average",
        batch_size=16,
        optimizer=Optimizer(name="adamw", learning_rate=0.05, weight_decay=0.01),
        schedule=Schedule(name="one_cycle", warmup=0.25),
        augmentation=Augmentation(flip=True),
    )
    monkeypatch.setattr(sys, "argv", ["train.py", str(tmp_path / "data.npz")])
    run(replace(PLAN, config=config, epochs=4, schedule_epochs=4))["main"]()
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.endswith(" of 40 images")
    assert float(last.split()[2]) > 0.9
