"""The private names of Keras Tuner: each exists with the behaviour that autocnn uses."""

from __future__ import annotations

from importlib import import_module, metadata
from typing import Any

import pytest

from autocnn.engines.keras_tuner_oracles import build_oracle, declare, unpromoted
from autocnn.engines.protocol import EngineSetup
from autocnn.objectives import ACCURACY, LOSS
from autocnn.space.parameters import Categorical, Float, Int, OneOf
from autocnn.space.space import SearchSpace

ADVICE = (
    f"Keras Tuner {metadata.version('keras-tuner')} has no {{}} any more: find its new way, change "
    "autocnn/engines/keras_tuner_oracles.py, or lower the bound of keras-tuner in pyproject.toml"
)
SPACE = SearchSpace(
    name="test",
    parameters={
        "dense_layers": Int(low=0, high=2),
        "flip": Categorical(choices=(False, True)),
        "dense_dropout": Float(
            low=0.0, high=0.4, step=0.2, when={"dense_layers": OneOf((1,)), "flip": OneOf((True,))}
        ),
    },
)


def oracle_of(tuner: str) -> Any:
    """An oracle over SPACE, in which any point is feasible."""
    setup = EngineSetup(
        image_shape=(8, 8, 1), n_classes=10, horizon=9, seed=0, proposer=tuner, pruner="none"
    )
    return build_oracle(setup, SPACE, lambda values: True)


@pytest.mark.parametrize(
    ("tuner", "name"),
    [
        ("random", "_save_trial"),
        ("random", "_random_values"),
        ("random", "_tried_so_far"),
        ("random", "_compute_values_hash"),
        ("random", "_seed_state"),
        ("bayesian", "_random_state"),
        ("hyperband", "_brackets"),
    ],
)
def test_a_private_name_of_an_oracle_exists(tuner, name):
    """If a name of Keras Tuner's classes is missing, the message has a remedy."""
    oracle = oracle_of(tuner)
    own = {"autocnn.engines.keras_tuner_oracles"}
    classes = [kind for kind in type(oracle).__mro__ if kind.__module__ not in own]
    is_method = any(name in vars(kind) for kind in classes)
    assert is_method or name in vars(oracle), ADVICE.format(name)


def test_a_parameter_may_have_two_conditions():
    """A parameter may depend on two others."""
    conditions = import_module("keras_tuner.src.engine.conditions")
    assert hasattr(conditions, "Parent"), ADVICE.format("src.engine.conditions.Parent")
    hp = declare(SPACE, is_grid=False)
    assert hasattr(hp, "_conditions"), ADVICE.format("HyperParameters._conditions")
    dropout = next(parameter for parameter in hp.space if parameter.name == "dense_dropout")
    assert [condition.name for condition in dropout.conditions] == ["dense_layers", "flip"]


def test_trials_of_a_bracket_are_unpromoted():
    """Trials count as unpromoted once Hyperband has drawn them; other oracles have none."""
    oracle = oracle_of("hyperband")
    drawn = [oracle.create_trial(f"tuner {i}").trial_id for i in range(3)]
    assert unpromoted(oracle) == set(drawn)
    assert unpromoted(oracle_of("random")) == set()


@pytest.mark.parametrize(("objective", "direction"), [(ACCURACY, "max"), (LOSS, "min")])
def test_an_oracle_has_the_direction_of_the_objective(objective, direction):
    """Keras Tuner maximises an accuracy and minimises a loss."""
    setup = EngineSetup(
        image_shape=(8, 8, 1),
        n_classes=10,
        horizon=9,
        seed=0,
        proposer="random",
        pruner="none",
        objective=objective,
    )
    assert build_oracle(setup, SPACE, lambda values: True).objective.direction == direction
