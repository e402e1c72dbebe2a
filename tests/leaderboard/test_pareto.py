"""The Pareto front of a study."""

from __future__ import annotations

from dataclasses import replace

from autocnn.leaderboard.pareto import pareto_front
from autocnn.objectives import ACCURACY, LOSS


def test_the_front_has_what_no_other_trial_beats(make_record):
    """Trial 2 is larger and worse than trial 0; trial 3 is worse and as large as trial 1."""
    sizes = {0: (0.95, 500), 1: (0.9, 200), 2: (0.94, 600), 3: (0.8, 200), 4: (0.7, 100)}
    records = [make_record(n, score, parameters=size) for n, (score, size) in sizes.items()]
    assert pareto_front(records, ACCURACY, ("size",)) == {0, 1, 4}
    assert pareto_front(records, LOSS, ("size",)) == {4}  # the least loss and size


def test_of_equal_trials_the_first_one_stays(make_record):
    """A trial that equals another one in all goals adds nothing to the front."""
    records = [make_record(n, 0.9, parameters=200) for n in (5, 3)]
    assert pareto_front(records, ACCURACY, ("size",)) == {3}


def test_a_trial_that_cannot_win_is_not_on_the_front(make_record):
    """Pruned trials have scores of another length, and failed ones have none."""
    records = [
        make_record(0, 0.5, parameters=500),
        make_record(1, 0.9, parameters=10, state="pruned"),
        make_record(2, parameters=1, state="failed"),
    ]
    assert pareto_front(records, ACCURACY, ("size",)) == {0}
    assert pareto_front([], ACCURACY, ("size",)) == frozenset()


def test_a_trial_without_a_measured_cost_is_left_out(make_record):
    """The latency of trial 0 is not known."""
    known = make_record(1, 0.5)
    assert known.result is not None
    known = replace(known, result=replace(known.result, latency_ms=3.0))
    assert pareto_front([make_record(0, 0.9), known], ACCURACY, ("latency",)) == {1}


def test_three_goals_have_a_larger_front(make_record):
    """Trial 1 is beaten in score and size, and has the fewest MACs."""
    records = [
        make_record(0, 0.9, parameters=100, macs=1000),
        make_record(1, 0.8, parameters=200, macs=500),
    ]
    assert pareto_front(records, ACCURACY, ("size",)) == {0}
    assert pareto_front(records, ACCURACY, ("size", "macs")) == {0, 1}
