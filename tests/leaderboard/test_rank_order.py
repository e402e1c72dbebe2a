"""The order of rows in columns is the one order of trials."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from autocnn.leaderboard.ranking import rank_order, rank_trials
from autocnn.leaderboard.rows import leaderboard_schema, trial_rows
from autocnn.objectives import ACCURACY, LOSS
from autocnn.trial import TrialState

NAN, INF = float("nan"), float("inf")


@pytest.fixture
def trials(make_record):
    """Trials in every state, with equal, missing and infinite scores and losses."""
    rng, found = random.Random(0), []
    for number in rng.sample(range(1000), 400):
        state = rng.choice(list(TrialState))
        scores = [rng.choice([0.0, 0.25, 0.5, 0.75, NAN, INF, -INF])] * rng.randrange(2)
        record = make_record(number, *scores, state=state, parameters=rng.randrange(3))
        if record.result is not None and scores:
            (epoch,) = record.result.curve
            loss = rng.choice([0.5, 1.0, NAN, INF])
            curve = (replace(epoch, val_loss=loss),)
            record = replace(record, result=replace(record.result, curve=curve))
        found.append(record)
    return found


@pytest.mark.parametrize(
    "objective",
    [ACCURACY, LOSS, replace(ACCURACY, smallest_from=0.5), replace(LOSS, smallest_from=0.25)],
)
def test_rows_are_ordered_as_trials_are(trials, space, objective):
    """The places of the rows, the best first, are those that the keys of the trials give."""
    rows = trial_rows(trials, leaderboard_schema(space, objective))
    numbers = rows["trial"].take(rank_order(rows, objective)).to_pylist()
    assert numbers == [trial.number for trial in rank_trials(trials, objective)]
