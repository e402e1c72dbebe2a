"""Samplers that draw each parameter independently."""

from __future__ import annotations

import optuna

from autocnn.engines.independent import SeededRandomSampler


def _draw(names: str, seed: int) -> dict[str, float]:
    study = optuna.create_study(sampler=SeededRandomSampler(seed))
    trial = study.ask()
    return {name: trial.suggest_float(name, 0.0, 1.0) for name in names}


def test_a_value_does_not_depend_on_the_order_of_draws():
    """A value is unchanged even if a killed process drew other parameters before."""
    drawn = _draw("abc", 0)
    assert len(set(drawn.values())) == 3
    assert _draw("cab", 0) == drawn
    assert _draw("b", 0) == {"b": drawn["b"]}
    assert _draw("b", 1) != {"b": drawn["b"]}
