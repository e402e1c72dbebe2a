"""The lines of a script for layers and optimizers."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest
from script_fixtures import NETWORKS, PLAN, plan_for, plan_of, run, trained

from autocnn.exports.script_lines import layer_lines, optimizer_line
from autocnn.nn.model import build_model
from autocnn.nn.muon import Muon
from autocnn.nn.optimizer import build_optimizer
from autocnn.space.config import OPTIMIZERS, Optimizer


@pytest.mark.parametrize("name", NETWORKS)
def test_the_lines_build_the_network_of_the_search(name):
    """The same weights in the same order, and with them the same answers."""
    plan = plan_for(name)
    model, _ = trained(plan)
    network = run(plan)["build_network"]()
    assert [w.shape for w in network.get_weights()] == [np.shape(w) for w in model.weights]
    assert network.count_params() == model.build().count_params()
    network.set_weights(list(model.weights))
    images = np.random.default_rng(0).uniform(0, 255, (5, *plan.image.shape)).astype(np.float32)
    found = keras.ops.softmax(network(images, training=False))
    np.testing.assert_allclose(found, model.predict(images), atol=1e-5)


def test_a_block_with_a_bypass_reads_from_top_to_bottom():
    """Its input is `start`, its projection `bypass`; each part has a comment."""
    plan = replace(PLAN, config=NETWORKS["residual"])
    lines = layer_lines(plan)
    assert lines[1:3] == ["# block 1", "start = x"]
    assert "x = layers.Add()([x, start])" in lines
    assert "x = layers.Add()([x, bypass])" in lines
    assert [line for line in lines if line.startswith("bypass")] == [
        'bypass = layers.Conv2D(4, 1, strides=2, padding="same", use_bias=False, '
        'kernel_initializer="he_normal")(start)',
        "bypass = layers.BatchNormalization(momentum=0.9)(bypass)",
    ]
    assert lines[-2:] == [
        "x = layers.GlobalAveragePooling2D()(x)",
        'x = layers.Dense(4, kernel_initializer="glorot_uniform", name="logits")(x)',
    ]


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("decay", [0.0, 0.01])
def test_the_optimizer_is_that_of_the_search(name, decay):
    """All of its settings but the rate, which is a schedule in the program."""
    settings = Optimizer(name=name, weight_decay=decay, momentum=0.8)
    config = plan_of(optimizer=settings).config
    names = {"keras": keras, "rate": settings.learning_rate, "Muon": Muon}
    found = eval(optimizer_line(config), names)
    expected = build_optimizer(config, 10)
    assert type(found).__name__ == type(expected).__name__.replace("RunTimeSGD", "SGD")
    configs = [each.get_config() for each in (found, expected)]
    for each in configs:
        assert each.pop("learning_rate") == pytest.approx(1e-3)
        each.pop("name")  # numbered
    assert configs[0] == configs[1]


def test_airbench94_has_an_optimizer_of_its_own():
    """Its groups take the settings by position."""
    line = optimizer_line(NETWORKS["airbench94"])
    assert line == "GroupedNesterov(rate, 0.85, 0.001, n_steps)"


@pytest.mark.parametrize("name", ["muon", "airbench94"])
def test_the_groups_of_an_optimizer_find_their_weights(name):
    """Names of layers in the program are those that the optimizers ask for."""
    plan = plan_for("airbench94")
    if name == "muon":
        plan = plan_for("residual")
        plan = replace(plan, config=replace(plan.config, optimizer=Optimizer(name="muon")))
    names, config = run(plan), plan.config
    network, ours = names["build_network"](), build_model(config, plan.image)
    found = eval(optimizer_line(config), {**names, "rate": 0.1, "n_steps": 9})
    expected = build_optimizer(config, 9)
    for optimizer, model in ((found, network), (expected, ours)):
        optimizer.build(model.trainable_variables)
    if name == "muon":
        groups = [[v is None for v in each.velocities] for each in (found, expected)]
    else:
        groups = [[each.factors, each.freezes] for each in (found, expected)]
    assert groups[0] == groups[1]
