"""Search spaces as distributions of Optuna."""

from __future__ import annotations

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from autocnn.records.distributions import suggest, to_distribution
from autocnn.space.activity import conditional_parameters, steady_parameters
from autocnn.space.parameters import Between, Categorical, Fixed, Float, Int, OneOf
from autocnn.space.space import SearchSpace

PAIRS = [
    (Int(low=1, high=6, step=2), IntDistribution(1, 5, step=2)),
    (Int(low=1, high=64, log=True), IntDistribution(1, 64, log=True)),
    (Float(low=0.0, high=0.5, step=0.2), FloatDistribution(0.0, 0.4, step=0.2)),
    (Float(low=0.1, high=4.0, log=True), FloatDistribution(0.1, 4.0, log=True)),
    (Categorical(choices=(False, True)), CategoricalDistribution((False, True))),
]


@pytest.mark.parametrize(("parameter", "distribution"), PAIRS)
def test_each_kind_has_one_of_optunas(parameter, distribution):
    """A range ends on its grid, because Optuna warns of any other end."""
    assert to_distribution(parameter) == distribution
    study = optuna.create_study()
    for _ in range(9):
        assert parameter.contains(suggest(study.ask(), "x", distribution))


def test_a_value_that_was_drawn_stays():
    """A second call for the same parameter returns the same value."""
    trial = optuna.create_study().ask()
    assert len({suggest(trial, "x", FloatDistribution(0.0, 1.0)) for _ in range(5)}) == 1


def _space(**parameters) -> SearchSpace:
    return SearchSpace(name="test", parameters=parameters)


@pytest.mark.parametrize(
    ("other", "rule", "expected"),
    [
        (Int(low=0, high=2), Between(low=1), "conditional"),
        (Int(low=1, high=2), Between(low=1), "steady"),
        (Int(low=0, high=2), Between(low=3), "never"),
        (Fixed(value=1), Between(low=1), "steady"),
        (Fixed(value=0), Between(low=1), "never"),
        (Float(low=1.0, high=2.0), Between(low=1), "conditional"),  # too many values to enumerate
        (Categorical(choices=("sgd", "adam")), OneOf(("sgd",)), "conditional"),
        (Categorical(choices=("sgd", "adam")), OneOf(("sgd", "adam")), "steady"),
    ],
)
def test_a_condition_counts_if_it_holds_at_some_points_only(other, rule, expected):
    """A parameter active at all points is unconditional; one active at none is not drawn."""
    space = _space(other=other, x=Int(low=0, high=9, when={"other": rule}))
    assert ("x" in steady_parameters(space)) is (expected == "steady")
    assert conditional_parameters(space) == (["x"] if expected == "conditional" else [])


def test_what_depends_on_a_conditional_parameter_is_conditional():
    """`c` follows the conditional `b`; what depends on a never active parameter is not drawn."""
    space = _space(
        a=Categorical(choices=(False, True)),
        b=Int(low=0, high=3, when={"a": OneOf((True,))}),
        c=Int(low=0, high=3, when={"b": Between(low=0)}),
        d=Int(low=0, high=3, when={"a": OneOf(("no",))}),
        e=Int(low=0, high=3, when={"d": Between(low=0), "a": OneOf((True,))}),
        f=Fixed(value=3, when={"a": OneOf((True,))}),
    )
    assert list(steady_parameters(space)) == ["a"]
    assert conditional_parameters(space) == ["b", "c"]


def test_a_range_of_one_value_does_not_vary():
    """No sampler draws a parameter of a single value."""
    space = _space(a=Int(low=2, high=2), b=Categorical(choices=("x",)), c=Int(low=0, high=1))
    assert list(steady_parameters(space)) == ["c"]
