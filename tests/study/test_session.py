"""What a study finds out when it is created."""

from __future__ import annotations

import pytest

from autocnn.engines.recipes import Recipe
from autocnn.records.settings import StudySettings
from autocnn.space.parameters import Fixed, Int
from autocnn.space.space import SearchSpace
from autocnn.study import session

SPACE = SearchSpace(
    name="test",
    parameters={"blocks": Fixed(value=2), "filters": Int(low=4, high=8), "kernel": Fixed(value=3)},
)


@pytest.mark.parametrize("recipes", [True, False])
def test_the_probe_is_a_whole_configuration(monkeypatch, data, recipes):
    """What the space fixes is part of the network whose speed is measured."""
    recipe = Recipe(name="one", values={"blocks": 2, "filters": 8})
    monkeypatch.setattr(session, "load_recipes", lambda shape: [recipe])
    configs = session._probe_configs(StudySettings(study="x", recipes=recipes), SPACE, data)
    assert {len(config.blocks) for config in configs} == {2}
