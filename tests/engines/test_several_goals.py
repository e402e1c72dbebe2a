"""Samplers for a score and what a network costs."""

from __future__ import annotations

import math

import optuna
import pytest

from autocnn.engines.samplers import samplers_for_several
from autocnn.engines.several_goals import costs_on_record
from autocnn.space.parameters import Categorical, Int
from autocnn.space.space import SearchSpace

SPACE = SearchSpace(
    name="sizes",
    parameters={
        "filters": Int(low=1, high=64),
        "kernel": Categorical(choices=(1, 2, 3, 5)),
        "convolutions": Int(low=1, high=2),
        "dense_units": Int(low=8, high=64),
        "dense_layers": Categorical(choices=(0, 1)),
    },
)
N = 60


def _sizes(trials, make_result):
    """The parameters of N trials whose score does not depend on the network."""
    found = []
    for _ in range(N):
        proposal = trials.next()
        found.append(proposal.parameters)
        trials.end(proposal.number, make_result(0.5))
    return found


@pytest.fixture
def drawn(make_trials, make_result):
    """A function: the sizes that a sampler draws with these goals besides the score."""

    def draw(sampler, costs):
        study = optuna.create_study(direction="maximize")
        trials = make_trials(study, SPACE, proposer=sampler, costs=costs)
        return _sizes(trials, make_result)

    return draw


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_smaller_networks_are_drawn_if_the_size_is_a_goal(sampler, drawn):
    """With equal scores the last ten draws are much smaller than the first ten."""
    sizes = drawn(sampler, ("size",))
    assert sum(sizes[-10:]) < 0.6 * sum(sizes[:10])


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_draws_follow_from_the_record(sampler, drawn):
    """A second study with the same scores draws the same networks."""
    assert drawn(sampler, ("macs",)) == drawn(sampler, ("macs",))


def test_a_trial_without_a_latency_is_no_point_of_the_model(drawn):
    """Nothing is known of the second goal, so that draws are as in a study without trials."""
    assert len(drawn("tpe", ("latency",))) == N


def test_samplers_that_serve_several_goals():
    """CMA-ES, the Gaussian process and evolution have one goal."""
    assert samplers_for_several() == ("tpe", "random", "grid", "qmc", "nsga2")


def test_a_cost_that_was_not_measured_is_infinite():
    """The attributes of a trial hold its proposal and its result as plain values."""
    attributes = {"proposal": {"parameters": 7, "macs": 9}, "result": {"latency_ms": 1.5}}
    assert costs_on_record(attributes, ("latency", "size", "macs")) == (1.5, 7.0, 9.0)
    assert costs_on_record({"proposal": {"parameters": 7}}, ("size", "latency")) == (7.0, math.inf)
    assert costs_on_record({}, ("size",)) == (math.inf,)
