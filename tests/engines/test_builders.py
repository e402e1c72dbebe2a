"""The tables of names, and the builders that they name."""

from __future__ import annotations

import optuna
import pytest
from keras_tuner import Oracle

from autocnn.engines.builders import find_builder
from autocnn.engines.keras_tuner_oracles import build_oracle
from autocnn.engines.protocol import EngineSetup
from autocnn.engines.pruners import build_pruner
from autocnn.engines.samplers import Sampler
from autocnn.records.choices import AUTO, ENGINES, PRUNERS, SAMPLERS, TUNERS
from autocnn.records.study_settings import SETTINGS
from autocnn.space.parameters import Int
from autocnn.space.space import SearchSpace

SPACE = SearchSpace(name="one", parameters={"dense_layers": Int(low=0, high=2)})


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler_of_the_table_has_a_builder(name):
    """The entry of each sampler names a `Sampler`."""
    assert isinstance(find_builder(SAMPLERS, name), Sampler)


@pytest.mark.parametrize("name", TUNERS)
def test_every_tuner_of_the_table_has_an_oracle(name):
    """The entry of each tuner names the class and arguments of an oracle."""
    setup = EngineSetup(
        image_shape=(8, 8, 1), n_classes=10, horizon=9, seed=0, proposer=name, pruner="none"
    )
    assert isinstance(build_oracle(setup, SPACE, lambda values: True), Oracle)


@pytest.mark.parametrize("name", PRUNERS)
def test_every_pruner_of_the_table_has_a_builder(name):
    """The entry of each pruner names a function that makes a pruner of Optuna."""
    assert isinstance(build_pruner(name, 9), optuna.pruners.BasePruner)


@pytest.mark.parametrize("table", [SAMPLERS, TUNERS, PRUNERS])
def test_no_two_names_share_a_builder(table):
    """Each name of a table has its own builder."""
    assert len(set(table.values())) == len(table)


def test_the_settings_allow_the_names_of_the_tables():
    """The settings allow each proposer and pruner, and "auto" if the choice may be open."""
    allowed = {key: SETTINGS[key].rule.choices for key in ("engine", *ENGINES.values(), "pruner")}
    assert allowed == {
        "engine": tuple(ENGINES),
        "sampler": (AUTO, *SAMPLERS),
        "tuner": tuple(TUNERS),
        "pruner": (AUTO, *PRUNERS),
    }
