"""Which configurations are trained again, and which of them wins."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autocnn.finals.finalists import (
    Room,
    best_configurations,
    describe_plan,
    judge_finalists,
    plan_finals,
    round_seconds,
)
from autocnn.objectives import ACCURACY, LOSS
from autocnn.records.finalists import Retraining
from autocnn.records.study_settings import StudySettings
from autocnn.states import TrialState


@pytest.fixture
def trial(trained, config):
    """A function that makes a trial with a configuration of its own, of one epoch of 2 s."""

    def make(number, score, **changes):
        own = replace(config, batch_size=16 + number)
        return replace(trained(number, "x", 1, score), **{"config": own, **changes})

    return make


def _room(**changes) -> Room:
    """One standard error of 0.9 on 90 images is 0.032, of 0.5 on 100 it is 0.05."""
    fields = {"objective": ACCURACY, "class_sizes": (50, 50), "seconds": None}
    return Room(**{**fields, **changes})


def _settings(**changes) -> StudySettings:
    return StudySettings(study="x", **changes)


def _again(trial, *scores, loss=0.5) -> list[Retraining]:
    return [
        Retraining(
            trial=trial,
            repeat=repeat,
            seed=repeat,
            score=score,
            val_loss=loss,
            best_epoch=1,
            seconds=1.0,
            failure="" if score is not None else "diverged",
        )
        for repeat, score in enumerate(scores, start=1)
    ]


# the plan


@pytest.mark.parametrize(
    ("asked", "numbers", "seeds"),
    [
        ({"finals": 2, "seeds": 5}, [0, 1], 5),
        ({"finals": 2}, [0, 1], 3),
        ({"seeds": 2}, [0, 1, 2], 2),
        ({"finals": 1}, [0], 0),
        ({"finals": 1, "seeds": 4}, [0], 4),
        ({"finals": 9, "seeds": 1}, [0, 1, 2, 3], 1),
    ],
)
def test_the_settings_say_how_many(trial, asked, numbers, seeds):
    """A number that is left out is three; a single finalist is trained again only for seeds."""
    trials = [trial(0, 0.9), trial(1, 0.8), trial(2, 0.7), trial(3, 0.6)]
    plan = plan_finals(_settings(**asked), trials, _room())
    assert ([each.number for each in plan.trials], plan.n_seeds) == (numbers, seeds)


@pytest.mark.parametrize(
    ("seconds", "capacity", "numbers", "seeds"),
    [
        (None, 1, [0], 0),  # no time budget
        (20.0, 1, [0, 1, 2], 3),  # 9 x 2.2 s = 19.8 s
        (19.0, 1, [0, 1], 3),  # 6 x 2.2 s = 13.2 s
        (13.0, 1, [0, 1], 2),  # 4 x 2.2 s = 8.8 s; three with two seeds take 13.2 s
        (8.0, 1, [0], 0),
        (7.0, 3, [0, 1, 2], 3),  # three at once: 3 x 2.2 s
    ],
)
def test_without_settings_the_time_left_decides(trial, seconds, capacity, numbers, seeds):
    """Without a time budget, or without time left, the best trial wins as it is."""
    trials = [trial(0, 0.5), trial(1, 0.48), trial(2, 0.46), trial(3, 0.455)]
    plan = plan_finals(_settings(), trials, _room(seconds=seconds, capacity=capacity))
    assert ([each.number for each in plan.trials], plan.n_seeds) == (numbers, seeds)


def test_only_scores_that_chance_may_have_ordered_are_compared_unasked(trial):
    """0.44 is more than one standard error, 0.05, below 0.5."""
    trials = [trial(0, 0.5), trial(1, 0.44), trial(2, 0.43)]
    assert plan_finals(_settings(), trials, _room(seconds=1000.0)).n_seeds == 0


def test_a_configuration_is_a_finalist_once(trial, config):
    """The better one of two trials stays; pruned and failed trials are none."""
    trials = [
        trial(0, 0.5, config=config),
        trial(1, 0.6, config=config),
        trial(2, 0.9, state=TrialState.PRUNED),
        trial(3, 0.55),
    ]
    assert [each.number for each in best_configurations(trials, ACCURACY)] == [1, 3]


def test_a_round_takes_as_long_as_its_longest_training(trial):
    """2 s and a tenth; two processes train three in one and a half times that."""
    trials = [trial(0, 0.5), trial(1, 0.4), trial(2, 0.3)]
    assert round_seconds(trials, 1) == pytest.approx(6.6)
    assert round_seconds(trials, 2) == pytest.approx(3.3)
    assert round_seconds(trials, 8) == pytest.approx(2.2)
    assert round_seconds([], 1) == 0.0


def test_a_line_says_what_is_trained_again(trial):
    """A line of finals that nobody asked for names the option that leaves them out."""
    plan = plan_finals(_settings(finals=2, seeds=1), [trial(0, 0.5), trial(3, 0.4)], _room())
    line = "finals: trials 0, 3 are trained again with 1 seed, to be compared on validation"
    assert describe_plan(plan, is_asked=True) == line
    assert describe_plan(plan, is_asked=False) == f"{line}; --finals 1 leaves that out"


# the choice


def test_the_best_mean_wins_whatever_the_trials_scored(trial):
    """Means 0.6 and 0.7, deviations 0.1 and 0.1; the first repeats count, not the third."""
    trials = [trial(4, 0.9), trial(7, 0.8)]
    again = [*_again(4, 0.5, 0.7, 1.0), *_again(7, 0.6, 0.8)]
    first, second = judge_finalists(trials, again, 2, _room())
    assert (first.trial, second.trial) == (7, 4)
    assert (first.scores, first.val_best, first.n_failed) == ((0.6, 0.8), 0.8, 0)
    assert first.mean == pytest.approx(0.7)
    assert first.deviation == pytest.approx(0.02**0.5)  # two values 0.2 apart
    assert second.mean == pytest.approx(0.6)


def test_the_smaller_loss_wins(trial):
    """The direction is that of the objective."""
    trials = [trial(0, 0.2), trial(1, 0.3)]
    again = [*_again(0, 0.9), *_again(1, 0.4)]
    found = judge_finalists(trials, again, 1, _room(objective=LOSS))
    assert [each.trial for each in found] == [1, 0]
    assert found[0].deviation is None


def test_a_failure_comes_last(trial):
    """A configuration that diverged with a seed is not chosen for its other seeds."""
    again = [*_again(0, 0.9, None), *_again(1, 0.4, 0.4)]
    first, second = judge_finalists([trial(0, 0.9), trial(1, 0.4)], again, 2, _room())
    assert (first.trial, second.trial, second.n_failed) == (1, 0, 1)
    assert not second.is_tied


def test_equal_means_are_ordered_by_the_loss(trial):
    """Then by parameters and number, like trials."""
    again = [*_again(0, 0.5, loss=0.7), *_again(1, 0.5, loss=0.6)]
    found = judge_finalists([trial(0, 0.9), trial(1, 0.4)], again, 1, _room())
    assert [(each.trial, each.mean_loss) for each in found] == [(1, 0.6), (0, 0.7)]


@pytest.mark.parametrize(
    ("winner", "other", "tied"),
    [
        ((0.5, 0.5), (0.46, 0.46), True),  # 0.04: one error of 100 images at 0.5 is 0.05
        ((0.5, 0.5), (0.44, 0.44), False),
        ((0.7, 0.3), (0.3, 0.5), True),  # 0.1: seeds 0.283 and 0.141 apart, an error of 0.224
    ],
)
def test_a_difference_within_the_standard_error_is_a_tie(trial, winner, other, tied):
    """Of the images or of the seeds, whichever is larger; the winner is not tied with itself."""
    again = [*_again(0, *winner), *_again(1, *other)]
    first, second = judge_finalists([trial(0, 0.9), trial(1, 0.4)], again, 2, _room())
    assert (first.trial, first.is_tied, second.is_tied) == (0, False, tied)


def test_the_smallest_network_is_not_compared_over_seeds(trial):
    """Trials that are ranked by size have no ties of scores, unless finals are asked for."""
    objective = replace(ACCURACY, smallest_from=0.9)
    records = [trial(0, 0.93, parameters=500), trial(1, 0.92, parameters=100)]
    room = _room(objective=objective, seconds=1000.0)
    plan = plan_finals(_settings(), records, room)
    assert ([each.number for each in plan.trials], plan.n_seeds) == ([1], 0)
    asked = plan_finals(_settings(finals=2, seeds=1), records, room)
    assert ([each.number for each in asked.trials], asked.n_seeds) == ([1, 0], 1)
