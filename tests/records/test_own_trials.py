"""Which trials of a study autocnn made."""

from __future__ import annotations

import optuna
import pytest
from optuna.distributions import FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from autocnn.records.own_trials import DRAWN, ORIGIN, is_own, n_drawn_points, was_drawn
from autocnn.space.parameters import Float, Int
from autocnn.space.space import SearchSpace

QUEUED = {"fixed_params": {"x": 1}}
OURS = {"proposal": {"number": 0}}


@pytest.mark.parametrize(
    ("state", "attrs", "system", "expected"),
    [
        ("WAITING", {}, QUEUED, True),  # by whomever
        ("RUNNING", {}, QUEUED, True),
        ("RUNNING", {DRAWN: True}, {}, True),
        ("RUNNING", {ORIGIN: "recipe:wide"}, {}, True),
        ("RUNNING", {}, {}, False),
        ("RUNNING", OURS, {}, True),
        ("COMPLETE", OURS, {}, True),
        ("COMPLETE", {"proposal": {"number": 7}}, {}, False),  # copied from elsewhere
        ("COMPLETE", {"proposal": "x"}, {}, False),
        ("COMPLETE", {}, QUEUED, False),  # another program trained what was enqueued
        ("COMPLETE", {DRAWN: True}, {}, False),
        ("FAIL", {"refused": "dropout = 0.7 is outside the space"}, QUEUED, True),
        ("PRUNED", {"infeasible": "too large"}, {}, True),
    ],
)
def test_a_trial_is_known_by_what_only_autocnn_writes(state, attrs, system, expected):
    """A finished trial needs a proposal of its own number, or the reason why it has none."""
    value = 0.5 if state == "COMPLETE" else None
    trial = create_trial(
        state=TrialState[state], value=value, user_attrs=attrs, system_attrs=system
    )
    trial.number = 0
    assert is_own(trial) is expected


def test_only_draws_take_a_place_in_a_sequence():
    """Enqueued trials do not, and a trial that was never drawn does not."""
    make = create_trial
    assert was_drawn(make(state=TrialState.RUNNING))
    assert was_drawn(make(value=0.5, user_attrs=OURS))
    assert not was_drawn(make(value=0.5, user_attrs=OURS, system_attrs=QUEUED))
    assert not was_drawn(make(state=TrialState.FAIL))


def test_points_are_counted_once_in_any_notation(quiet_optuna):
    """0.3 and 0.1 + 0.2 are one point; a draw without all values is none."""
    zoom, shift = Float(low=0.0, high=0.4, step=0.1), Int(low=0, high=1)
    space = SearchSpace(name="test", parameters={"zoom": zoom, "shift": shift})
    study = optuna.create_study()
    for params, attrs in (
        ({"zoom": 0.3, "shift": 1}, OURS),
        ({"zoom": 0.1 + 0.2, "shift": 1}, OURS),
        ({"zoom": 0.3, "shift": 0}, {"infeasible": "too large"}),
        ({"zoom": 0.2, "shift": 0}, {}),
        ({"zoom": 0.2}, OURS),
    ):
        ranges = {"zoom": FloatDistribution(0, 1), "shift": IntDistribution(0, 1)}
        distributions = {name: ranges[name] for name in params}
        study.add_trial(
            create_trial(value=0.5, params=params, distributions=distributions, user_attrs=attrs)
        )
    assert n_drawn_points(study, space) == 2
