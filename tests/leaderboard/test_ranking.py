"""The one order of trials."""

from __future__ import annotations

import math

from autocnn.leaderboard.ranking import rank_trials, winner
from autocnn.objectives import ACCURACY


def test_trials_are_ranked_by_state_score_size_and_number(make_record):
    """Complete and stopped by score, pruned, unscored, running, failed: in this order."""
    records = [
        make_record(0, state="failed"),
        make_record(1, 0.99, state="failed"),
        make_record(2, state="running"),
        make_record(3, 0.95, state="pruned"),
        make_record(4, 0.5),
        make_record(5, 0.9, state="stopped"),
        make_record(6, 0.9, parameters=99),
        make_record(7, 0.9),
        make_record(8, state="stopped"),
        make_record(9, 0.97, state="pruned"),
        make_record(10, state="pruned"),
    ]
    numbers = [record.number for record in rank_trials(reversed(records), ACCURACY)]
    assert numbers == [6, 5, 7, 4, 9, 3, 10, 8, 2, 0, 1]


def test_the_winner_is_complete_or_stopped(make_record):
    """A pruned trial does not win, even with the best score."""
    records = [make_record(0, 0.9, state="pruned"), make_record(1, 0.6, state="stopped")]
    found = winner(records, ACCURACY)
    assert found is not None
    assert found.number == 1


def test_a_trial_without_a_score_does_not_win(make_record):
    """Trials that were cut before their first epoch, or whose score is NaN, cannot win."""
    assert winner([make_record(0, state="stopped"), make_record(1, math.nan)], ACCURACY) is None
    assert winner([], ACCURACY) is None
