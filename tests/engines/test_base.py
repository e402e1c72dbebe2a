"""Whether a trial is pruned, whatever the engine."""

from __future__ import annotations

import pytest

FIRST_RUNG = 3  # of 12 epochs
SIZES = (40,) * 10  # a guess has 10 %, and four standard errors of it are 6 points


def _train(trials, scores, make_result):
    """Report the scores of a trial until it is pruned; returns the epoch after which it is."""
    proposal = trials.next()
    for epoch, score in enumerate(scores, start=1):
        if trials.report(proposal.number, epoch, score):
            return epoch
    trials.end(proposal.number, make_result(*scores))
    return None


@pytest.mark.parametrize("pruner", ["halving", "median"])
@pytest.mark.parametrize(
    ("others", "pruned_at"),
    [
        (0.15, None),  # 5 points more than a guess: the scores of the rung differ by chance
        (0.17, FIRST_RUNG),
    ],
)
def test_no_trial_is_pruned_where_all_still_guess(
    study, make_trials, make_result, pruner, others, pruned_at
):
    """Images that are learned late: what the first epochs score says nothing of the end."""
    trials = make_trials(study, pruner=pruner, class_sizes=SIZES)
    late = [others] * FIRST_RUNG + [0.9] * 9
    for _ in range(4):
        assert _train(trials, late, make_result) is None
    found = _train(trials, [0.10] * FIRST_RUNG, make_result)
    assert found == pruned_at


def test_a_trial_that_still_guesses_when_others_do_not_is_pruned(study, make_trials, make_result):
    """The scores of the median rule's later epochs tell the trials apart."""
    trials = make_trials(study, pruner="median", class_sizes=SIZES)
    for _ in range(4):
        _train(trials, [0.14] * 5 + [0.9] * 7, make_result)
    assert _train(trials, [0.10] * 12, make_result) == 6
