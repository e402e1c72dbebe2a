"""Trials that came to different epochs are ranked within one rung."""

from __future__ import annotations

import math

import pytest
from optuna.trial import FrozenTrial, TrialState, create_trial

from autocnn.engines.rungs import choose_rung, rank_in_rung
from autocnn.objectives import ACCURACY, LOSS

END = math.inf


def _pruned(**scores: float) -> FrozenTrial:
    """A pruned trial from its best scores so far, such as e3=0.9 after epoch 3."""
    reported = {int(name[1:]): score for name, score in scores.items()}
    return create_trial(state=TrialState.PRUNED, intermediate_values=reported)


def _complete(value: float, **scores: float) -> FrozenTrial:
    reported = {int(name[1:]): score for name, score in scores.items()}
    return create_trial(value=value, intermediate_values=reported)


def _numbered(trials: list[FrozenTrial]) -> list[FrozenTrial]:
    for number, trial in enumerate(trials):
        trial.number = number
    return trials


@pytest.mark.parametrize(
    ("last_epochs", "rung"),
    [
        ([3] * 8 + [END] * 4, END),  # four of twelve
        ([3] * 8 + [END] * 3, 3),  # fewer than four
        ([3] * 28 + [END] * 7, END),  # a fifth of 35 is 7, whatever 0.2 * 35 is in a computer
        ([3] * 29 + [END] * 7, 3),  # a fifth of 36 is more than 7
        ([0] * 20 + [3] * 9 + [END], 3),  # ten of thirty came to epoch 3
        ([0] * 40 + [3] * 6, 0),
        ([3, END], 3),  # all that there are
        ([-END, 3, END, END, END, END], END),  # a trial without a score does not count
        ([-END], END),
        ([], END),
    ],
)
def test_the_rung_is_the_latest_that_a_fifth_and_four_trials_have_reached(last_epochs, rung):
    """Each case lists the last epoch of every trial; the order does not matter."""
    assert choose_rung(last_epochs) == rung
    assert choose_rung(last_epochs[::-1]) == rung


def test_a_pruned_trial_is_before_complete_ones_that_were_worse_at_its_rung():
    """Two complete trials are too few, so epoch 3 decides; 0.6 at the end is no help there."""
    trials = [
        _pruned(e1=0.8, e3=0.9),
        _complete(0.6, e3=0.5, e12=0.6),
        _complete(0.95, e3=0.7, e12=0.95),
        _pruned(e3=0.6),
    ]
    assert rank_in_rung(_numbered(trials), ACCURACY) == [0, 3, 1, 2]


def test_with_enough_complete_trials_their_end_decides():
    """The pruned trials come last, the one that came further first."""
    complete = [_complete(value, e3=1 - value) for value in (0.6, 0.8, 0.7, 0.5)]
    trials = [_pruned(e3=0.9), *complete, _pruned(e3=0.1), _pruned(e5=0.05)]
    assert rank_in_rung(_numbered(trials), ACCURACY) == [5, 2, 0, 1, 3, 6, 4]


def test_a_smaller_loss_is_better():
    """The same order as for mirrored scores that are maximised."""
    trials = [_pruned(e3=0.9), _pruned(e3=0.2), _complete(0.1, e3=0.5)]
    assert rank_in_rung(_numbered(trials), LOSS) == [2, 0, 1]


def test_the_number_decides_between_equal_scores_and_no_score_is_last():
    """A trial that was pruned before its first report has no score."""
    trials = [_pruned(), _pruned(e3=0.5), _pruned(e3=0.5), _pruned(e0=0.7)]
    assert rank_in_rung(_numbered(trials), ACCURACY) == [3, 1, 2, 0]


def test_a_complete_trial_without_reports_counts_with_its_value():
    """Another program may have left the reports out."""
    trials = [_complete(0.4), _pruned(e3=0.5), _pruned(e3=0.3)]
    assert rank_in_rung(_numbered(trials), ACCURACY) == [1, 0, 2]


def test_no_trials_have_no_places():
    """An empty record is ranked, too."""
    assert rank_in_rung([], ACCURACY) == []
