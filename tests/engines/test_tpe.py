"""TPE learns from trials that are ranked within their rung."""

from __future__ import annotations

import statistics

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState, create_trial

from autocnn.engines.protocol import EngineSetup
from autocnn.engines.replayed_samplers import Draw
from autocnn.engines.tpe import GOOD, HISTORY, bounded, tpe
from autocnn.objectives import ACCURACY, LOSS, Objective
from autocnn.records.own_trials import INFEASIBLE
from autocnn.space.parameters import Categorical, Float, Int, OneOf
from autocnn.space.space import SearchSpace

RATE = FloatDistribution(0.0, 1.0)
SPACE = SearchSpace(name="one", parameters={"dropout": Float(low=0.0, high=1.0)})
SETUP = {"image_shape": (8, 8, 1), "n_classes": 10, "horizon": 12, "proposer": "tpe"}


def _draw(study, number: int, objective: Objective = ACCURACY) -> Draw:
    setup = EngineSetup(**SETUP, seed=0, pruner="none", objective=objective)
    return Draw(study=study, number=number, space=SPACE, setup=setup)


def _study(n_complete: int, objective: Objective = ACCURACY) -> optuna.Study:
    """Complete trials with 0.5 at epoch 3, the best at 0.1, and pruned ones, the best at 0.9."""
    study = optuna.create_study(direction=objective.direction)
    sign = 1 if objective.maximize else -1

    def add(x: float, reported: dict[int, float], value: float | None) -> None:
        study.add_trial(
            create_trial(
                state=TrialState.PRUNED if value is None else TrialState.COMPLETE,
                value=None if value is None else sign * value,
                params={"dropout": x},
                distributions={"dropout": RATE},
                intermediate_values={epoch: sign * score for epoch, score in reported.items()},
            )
        )

    for x, score in ((0.1, 0.7), (0.3, 0.6), (0.5, 0.6), (0.65, 0.6))[:n_complete]:
        add(x, {3: 0.5, 12: score}, score)
    add(0.9, {3: 0.9}, None)
    for i in range(5):
        add(0.4 + 0.05 * i, {3: 0.3}, None)
    return study


def _draws(study, objective: Objective = ACCURACY, n: int = 60) -> list[float]:
    first = len(study.trials)
    drawn = []
    for number in range(first, first + n):
        sampler = tpe(_draw(study, number, objective))
        drawn.append(sampler.sample_independent(study, None, "dropout", RATE))
    return drawn


@pytest.mark.parametrize("objective", [ACCURACY, LOSS])
def test_a_pruned_trial_that_was_best_at_the_rung_is_drawn_around(objective):
    """Three complete trials are too few: at epoch 3 the trial at 0.9 is the best of nine."""
    assert statistics.median(_draws(_study(3, objective), objective)) > 0.75


@pytest.mark.parametrize("objective", [ACCURACY, LOSS])
def test_with_enough_complete_trials_the_best_of_them_are_drawn_around(objective):
    """Four of ten came to the end: the pruned trial is below them, whatever it had at epoch 3."""
    assert statistics.median(_draws(_study(4, objective), objective)) < 0.25


def _crowd(study: optuna.Study, state: TrialState, **fields: object) -> None:
    """Add 30 trials around 0.9, without a score."""
    for i in range(30):
        params, distributions = {"dropout": 0.85 + 0.0033 * i}, {"dropout": RATE}
        study.add_trial(
            create_trial(state=state, params=params, distributions=distributions, **fields)
        )


def test_failed_trials_are_left_out():
    """Failures around the best trial change no draw."""
    study, with_failures = _study(3), _study(3)
    _crowd(with_failures, TrialState.FAIL)
    draws = [
        tpe(_draw(each, 50)).sample_independent(each, None, "dropout", RATE)
        for each in (study, with_failures)
    ]
    assert draws[0] == draws[1]


@pytest.mark.parametrize(
    ("state", "fields"),
    [
        (TrialState.PRUNED, {"user_attrs": {INFEASIBLE: "too large"}}),
        (TrialState.RUNNING, {}),
    ],
)
def test_infeasible_draws_and_running_trials_are_poor_ones(state, fields):
    """They lie around the best trial, so fewer draws do; without them nearly all are above 0.8."""
    study, crowded = _study(3), _study(3)
    _crowd(crowded, state, **fields)
    n_near = [sum(x > 0.8 for x in _draws(each)) for each in (study, crowded)]
    assert n_near[1] < n_near[0] / 2


def test_a_draw_writes_nothing_to_the_record():
    """Optuna's TPE writes what it drew to the storage; here that is a study in memory."""
    study = _study(4)
    before = [(trial.system_attrs, trial.params) for trial in study.trials]
    _draws(study, n=3)
    assert [(trial.system_attrs, trial.params) for trial in study.trials] == before


CONDITIONAL = SearchSpace(
    name="conditional",
    parameters={
        "optimizer": Categorical(choices=("sgd", "momentum")),
        "momentum": Float(low=0.0, high=0.9, step=0.1, when={"optimizer": OneOf(("momentum",))}),
        "shift": Int(low=0, high=8),
    },
)


def test_a_conditional_parameter_is_learned_with_its_group(make_trials, make_result):
    """Momentum 0.3 and a shift of 6 are best; late draws are nearer to both than chance is."""
    study = optuna.create_study(direction="maximize")
    trials = make_trials(study, CONDITIONAL, proposer="tpe")
    drawn = []
    for _ in range(60):
        proposal = trials.next()
        values = proposal.values
        score = 0.5 - 0.03 * abs(values["shift"] - 6)
        score += 0.3 - abs(values["momentum"] - 0.3) if "momentum" in values else 0.0
        trials.end(proposal.number, make_result(score))
        drawn.append(values)
    late = [values for values in drawn[30:] if "momentum" in values]
    assert len(late) >= 22
    assert statistics.mean(abs(values["momentum"] - 0.3) for values in late) < 0.17  # chance: 0.27
    assert statistics.mean(abs(values["shift"] - 6) for values in late) < 2.0  # chance: 2.67
    assert {values["momentum"] for values in late} <= set(
        CONDITIONAL.parameters["momentum"].all_values()
    )


def _history(n: int, infeasible: int = 0, running: int = 0) -> list:
    """`n` trials with a score, infeasible draws and running trials, by number."""
    states = n * [TrialState.COMPLETE] + (infeasible + running) * [TrialState.RUNNING]
    trials = []
    for number, state in enumerate(states):
        value = 0.5 if state is TrialState.COMPLETE else None
        trial = create_trial(state=state, value=value)
        trial.number = number
        if n <= number < n + infeasible:
            trial.set_user_attr(INFEASIBLE, "too small")
        trials.append(trial)
    return trials


def test_a_short_history_is_given_whole():
    """Up to HISTORY trials with a score nothing is left out, infeasible draws included."""
    trials = _history(HISTORY, infeasible=HISTORY, running=3)
    assert bounded(trials, set(range(GOOD)), seed=0) == trials


def test_of_a_long_history_the_good_and_the_running_trials_stay():
    """The good ones are those that TPE would choose; the others are a sample, in their order."""
    trials = _history(1000, infeasible=500, running=3)
    kept = [trial.number for trial in bounded(trials, set(range(100, 100 + GOOD)), seed=0)]
    assert kept == sorted(kept)
    assert set(range(100, 100 + GOOD)) <= set(kept)
    assert set(range(1500, 1503)) <= set(kept)
    assert sum(number < 1000 for number in kept) == HISTORY
    # 275 of 975 others stay, so 141 of 500 infeasible draws do.
    assert sum(1000 <= number < 1500 for number in kept) == 141


def test_infeasible_draws_have_a_bound_of_their_own():
    """Thousands of infeasible draws beside few trials are HISTORY at most."""
    kept = bounded(_history(50, infeasible=5000), set(range(GOOD)), seed=0)
    assert len(kept) == 50 + HISTORY


def test_running_trials_have_a_bound_of_their_own():
    """A thousand workers train beside few trials with a score: HISTORY of them count as poor."""
    kept = bounded(_history(50, running=1000), set(range(GOOD)), seed=0)
    assert [trial.number for trial in kept[:50]] == list(range(50))
    assert len(kept) == 50 + HISTORY


def test_the_sample_follows_from_the_seed():
    """A draw that is repeated learns from the same trials, and the next draw from others."""
    trials, best = _history(1000), set(range(GOOD))
    assert bounded(trials, best, seed=1) == bounded(trials, best, seed=1)
    assert bounded(trials, best, seed=1) != bounded(trials, best, seed=2)


def test_a_draw_from_a_long_history_is_bounded_and_repeats():
    """After 1,000 trials HISTORY of them decide a draw: it is near the best, and repeats."""
    study = optuna.create_study(direction="maximize")
    for i in range(1000):
        x = (i * 0.618) % 1
        value = 1 - (x - 0.3) ** 2
        study.add_trial(
            create_trial(value=value, params={"dropout": x}, distributions={"dropout": RATE})
        )
    drawn = [tpe(_draw(study, 1000 + i)) for i in (0, 0, 1, 2)]
    values = [each.sample_independent(study, None, "dropout", RATE) for each in drawn]
    assert values[0] == values[1] != values[2]
    assert all(abs(value - 0.3) < 0.1 for value in values)
    assert len(drawn[0]._trials) == HISTORY
