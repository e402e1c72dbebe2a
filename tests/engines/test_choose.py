"""The choice of the engine for a study, and what each engine refuses."""

from __future__ import annotations

import pytest

from autocnn.engines.choose import check_engine, choose_proposer, choose_pruner
from autocnn.errors import SettingsError, SpaceError
from autocnn.records.study_settings import StudySettings
from autocnn.space.parameters import Between, Float, Int
from autocnn.space.space import SearchSpace

STEPPED = SearchSpace(name="stepped", parameters={"dropout": Float(low=0.0, high=0.4, step=0.1)})
CONTINUOUS = SearchSpace(name="smooth", parameters={"dropout": Float(low=0.0, high=0.4)})
HANGING = SearchSpace(
    name="hanging",
    parameters={
        "dropout": Float(low=0.0, high=0.4),
        "patience": Int(low=1, high=3, when={"dropout": Between(low=0.1)}),
    },
)


def _settings(**changes):
    return StudySettings(study="s", **changes)


@pytest.mark.parametrize(
    ("changes", "is_blind", "expected"),
    [
        ({}, False, "halving"),
        ({"pruner": "median"}, False, "median"),
        ({"pruner": "median"}, True, "median"),
        ({"engine": "keras-tuner"}, False, "none"),  # its default Hyperband prunes by itself
        ({"engine": "keras-tuner", "tuner": "bayesian"}, False, "halving"),
        ({"engine": "optuna", "tuner": "hyperband"}, False, "halving"),  # no tuner of its own
        ({"sampler": "tpe"}, False, "halving"),
        ({}, True, "hyperband"),
        ({"sampler": "tpe"}, True, "hyperband"),
        ({"sampler": "random"}, True, "halving"),
        ({"engine": "keras-tuner", "tuner": "random"}, True, "halving"),
        ({"smallest": True, "target": 0.9}, False, "none"),
        ({"smallest": True, "target": 0.9}, True, "none"),
        ({"objective": "accuracy,size"}, False, "none"),
    ],
)
def test_auto_prunes_unless_the_engine_does(changes, is_blind, expected):
    """An explicit pruner is kept; TPE without recipes has hyperband, and Hyperband has none."""
    assert choose_pruner(_settings(**changes), 12, 400, is_blind=is_blind) == expected


@pytest.mark.parametrize(
    ("horizon", "steps", "expected"),
    [
        (6, 334, "halving"),  # the rung is epoch 3: 1,002 updates
        (6, 333, "none"),
        (5, 400, "none"),  # more than half of the trial
        (89, 17, "none"),  # epoch 23: 391 updates
        (12, 400, "halving"),
    ],
)
def test_short_trainings_are_not_judged_before_their_end(horizon, steps, expected):
    """Before a thousand updates late learners look like guesses; an explicit pruner is kept."""
    assert choose_pruner(_settings(), horizon, steps, is_blind=False) == expected
    given = _settings(pruner="halving")
    assert choose_pruner(given, horizon, steps, is_blind=False) == "halving"
    if steps == 400:
        assert (
            choose_pruner(_settings(sampler="random"), horizon, steps, is_blind=True) == "halving"
        )


@pytest.mark.parametrize(
    ("changes", "blind", "after_recipes"),
    [
        ({}, "tpe", "evolution"),
        ({"sampler": "tpe"}, "tpe", "tpe"),
        ({"sampler": "evolution"}, "evolution", "evolution"),
        ({"smallest": True, "target": 0.9}, "evolution", "evolution"),
        ({"objective": "accuracy,size"}, "tpe", "tpe"),
        ({"objective": "accuracy,size", "sampler": "nsga2"}, "nsga2", "nsga2"),
        ({"smallest": True, "target": 0.9, "sampler": "tpe"}, "tpe", "tpe"),
        ({"engine": "keras-tuner"}, "hyperband", "hyperband"),
    ],
)
def test_auto_chooses_a_sampler_that_uses_recipes_if_there_are_any(changes, blind, after_recipes):
    """An explicit sampler is kept."""
    assert choose_proposer(_settings(**changes), is_blind=True) == blind
    assert choose_proposer(_settings(**changes), is_blind=False) == after_recipes


def test_auto_serves_every_space():
    """The automatic choice serves conditions and continuous parameters."""
    check_engine(_settings(), HANGING)


def test_hyperband_excludes_a_pruner():
    """A pruner would end trials that Hyperband means to promote."""
    settings = _settings(engine="keras-tuner", pruner="halving")
    with pytest.raises(SettingsError, match=r"^--pruner halving: --tuner hyperband gives up"):
        check_engine(settings, STEPPED)
    check_engine(_settings(engine="keras-tuner", pruner="none"), STEPPED)
    check_engine(_settings(engine="keras-tuner", tuner="random", pruner="halving"), STEPPED)


@pytest.mark.parametrize("tuner", ["hyperband", "bayesian", "random", "grid"])
def test_a_condition_on_a_continuous_parameter_is_beyond_keras_tuner(tuner):
    """Keras Tuner's conditions list values; Optuna's TPE serves such a space."""
    with pytest.raises(SpaceError, match=r"^space hanging: a condition depends on dropout, which"):
        check_engine(_settings(engine="keras-tuner", tuner=tuner), HANGING)
    check_engine(_settings(), HANGING)


def test_a_grid_has_points():
    """A grid needs a step in each range; the other tuners take a range without one."""
    with pytest.raises(SpaceError, match=r"^space smooth: dropout is continuous, and a grid has"):
        check_engine(_settings(engine="keras-tuner", tuner="grid"), CONTINUOUS)
    check_engine(_settings(engine="keras-tuner", tuner="grid"), STEPPED)
    check_engine(_settings(engine="keras-tuner", tuner="bayesian"), CONTINUOUS)


def test_hyperband_compares_many():
    """Hyperband refuses a space of one point; the other tuners train it once."""
    fixed = SearchSpace(name="fixed", parameters={"batch_size": Int(low=32, high=32)})
    with pytest.raises(SpaceError, match=r"^space fixed: has one point only, and --tuner hyper"):
        check_engine(_settings(engine="keras-tuner"), fixed)
    check_engine(_settings(engine="keras-tuner", tuner="random"), fixed)


def test_a_sampler_is_checked_only_if_it_proposes():
    """Optuna's grid refuses the space; Keras Tuner ignores the setting of the sampler."""
    with pytest.raises(SettingsError, match=r"^--sampler grid cannot search the space smooth"):
        check_engine(_settings(sampler="grid"), CONTINUOUS)
    check_engine(_settings(engine="keras-tuner", sampler="grid"), CONTINUOUS)


def test_a_search_for_the_smallest_network_prunes_nothing():
    """A pruner compares scores alone."""
    smallest = {"smallest": True, "target": 0.9}
    with pytest.raises(SettingsError, match=r"^--pruner halving: --smallest prunes no trial"):
        check_engine(_settings(pruner="halving", **smallest), STEPPED)
    check_engine(_settings(pruner="none", **smallest), STEPPED)
    check_engine(_settings(**smallest), STEPPED)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"engine": "keras-tuner"}, r"^--engine keras-tuner: has one goal, got --objective acc"),
        (
            {"sampler": "evolution"},
            r"^--sampler evolution: has one goal, got .*; use tpe, ",
        ),
        ({"pruner": "median"}, r"^--pruner median: --objective accuracy,size prunes no trial"),
    ],
)
def test_several_goals_have_engines_of_their_own(changes, line):
    """What serves one goal only is refused, and what serves more is named."""
    with pytest.raises(SettingsError, match=line):
        check_engine(_settings(objective="accuracy,size", **changes), STEPPED)
    check_engine(_settings(objective="accuracy,size"), STEPPED)
