"""Which trials are pruned, and at which epoch."""

from __future__ import annotations

import math

import optuna
import pytest

from autocnn.engines.pruners import build_pruner, passes_first_look
from autocnn.objectives import ACCURACY, BALANCED_ACCURACY, LOSS, Objective


def test_an_unknown_pruner_is_refused():
    """The settings check the name earlier, so an unknown name is an internal error here."""
    with pytest.raises(KeyError):
        build_pruner("unheard_of", 9)


def _pruned_at(
    pruner: str,
    horizon: int,
    scores: list[list[float]],
    name: str | None = None,
    n_validation: int = 0,
    objective: Objective = ACCURACY,
) -> list[int | None]:
    """For each trial of `scores`, in turn: the epoch at which it is pruned, or None."""
    sizes = (n_validation,) if n_validation else ()
    study = optuna.create_study(
        direction=objective.direction,
        pruner=build_pruner(pruner, horizon, objective, sizes),
        study_name=name,
    )
    pruned: list[int | None] = []
    for curve in scores:
        trial, at = study.ask(), None
        for epoch, score in enumerate(curve, start=1):
            trial.report(score, epoch)
            if trial.should_prune() and at is None:
                at = epoch
        study.tell(trial, curve[-1])
        pruned.append(at)
    return pruned


# --- halving and Hyperband ---------------------------------------------------------------------


@pytest.mark.parametrize(("horizon", "rung"), [(4, 3), (5, 3), (9, 3), (13, 4), (30, 8)])
def test_halving_prunes_at_a_quarter_of_the_horizon(horizon, rung):
    """The second trial is worse than the first from the rung on: the third epoch at least."""
    best = [0.9] * horizon
    worse = [0.9] * (rung - 1) + [0.8] * (horizon - rung + 1)
    assert _pruned_at("halving", horizon, [best, worse]) == [None, rung]


@pytest.mark.parametrize("horizon", [2, 3, 4, 5, 9, 12, 30])
def test_halving_leaves_a_trial_alone_after_its_quarter(horizon):
    """The next rung, four times as late, is the last epoch or beyond it."""
    rung = min(horizon - 1, max(3, -(-horizon // 4)))
    worse = [0.9] * rung + [0.8] * (horizon - 1 - rung)
    assert _pruned_at("halving", horizon, [[0.9] * horizon, worse]) == [None, None]


@pytest.mark.parametrize(("score", "at"), [(0.789, 3), (0.791, None)])
def test_halving_allows_for_one_standard_error(score, at):
    """The error of 0.8 on 1,600 images is 0.01; trials within it of the best are kept."""
    assert _pruned_at("halving", 4, [[0.8] * 4, [score] * 4], n_validation=1600) == [None, at]
    assert _pruned_at("halving", 4, [[0.8] * 4, [score] * 4]) == [None, 3]


def test_halving_measures_from_the_last_that_passes():
    """Of eight trials the second best is the bound: 0.79 is compared with 0.8, not 0.9."""
    before = [[s] * 4 for s in (0.9, 0.8, 0.5, 0.5, 0.5, 0.5, 0.5)]
    pruned = _pruned_at("halving", 4, [*before, [0.792] * 4, [0.7] * 4], n_validation=1600)
    assert pruned == [None, *[3] * 6, None, 3]


@pytest.mark.parametrize(("score", "at"), [(0.511, 3), (0.509, None)])
def test_halving_of_a_loss_prunes_the_larger(score, at):
    """The error of 0.5 on 10,000 images is 0.01: sqrt(2 * 0.5 / 10,000)."""
    curves = [[0.5] * 4, [score] * 4]
    assert _pruned_at("halving", 4, curves, n_validation=10_000, objective=LOSS) == [None, at]
    assert _pruned_at("halving", 4, curves[::-1], objective=LOSS) == [None, None]


def test_halving_of_a_balanced_accuracy_uses_the_class_counts():
    """A class of 16 images makes the error of 0.8 as large as 0.05, not 0.01."""
    pruner = build_pruner("halving", 4, BALANCED_ACCURACY, (1584, 16))
    study = optuna.create_study(direction="maximize", pruner=pruner)
    pruned = []
    for score in (0.8, 0.76, 0.74):
        trial = study.ask()
        trial.report(score, 3)
        pruned.append(trial.should_prune())
    assert pruned == [False, False, True]


@pytest.mark.parametrize(("horizon", "rung"), [(4, 3), (5, 3), (12, 3), (13, 4)])
def test_hyperband_leaves_one_bracket_of_two_alone(horizon, rung):
    """Each trial is worse than those before, so halving would prune all but the first."""
    # Of the first nine trials Optuna's draw by number puts 0, 7 and 8 into the second bracket,
    # which is judged at the last epoch only; the first of the others has no rival on its rung.
    curves = [[0.9 - 0.01 * number] * (horizon - 1) for number in range(9)]
    alone = [None, None, *[rung] * 5, None, None]
    assert _pruned_at("halving", horizon, curves) == [None, *[rung] * 8]
    assert _pruned_at("hyperband", horizon, curves) == alone
    assert _pruned_at("hyperband", horizon, curves, name="another") == alone


def test_hyperband_does_not_hide_trials_from_the_sampler(make_trials, make_result):
    """TPE learns from the trials of both brackets, so it draws as without pruning."""
    drawn = {}
    for pruner in ("hyperband", "none"):
        trials = make_trials(optuna.create_study(direction="maximize"), pruner=pruner)
        drawn[pruner] = []
        for _ in range(10):
            proposal = trials.next()
            trials.end(proposal.number, make_result(0.3 * proposal.values["dense_layers"]))
            drawn[pruner].append(dict(proposal.values))
    assert drawn["hyperband"] == drawn["none"]


# --- median and percentile ---------------------------------------------------------------------


def test_the_median_prunes_after_four_trials():
    """Trials below the median of the earlier ones are pruned from a quarter of the horizon on."""
    low = [0.1] * 4
    assert _pruned_at("median", 4, [[0.9] * 4] * 3 + [low]) == [None] * 4
    assert _pruned_at("median", 4, [[0.9] * 4] * 4 + [low]) == [None] * 4 + [3]
    assert _pruned_at("median", 16, [[0.9] * 16] * 4 + [low * 4]) == [None] * 4 + [4]


@pytest.mark.parametrize(("score", "at"), [(0.74, 3), (0.76, None)])
def test_the_percentile_keeps_the_best_quarter(score, at):
    """Of 0.6, 0.7, 0.75 and 0.75 the bound of the best quarter is 0.75."""
    before = [[s] * 8 for s in (0.6, 0.7, 0.75, 0.75)]
    assert _pruned_at("percentile", 8, [*before, [score] * 8]) == [None] * 4 + [at]
    assert _pruned_at("median", 8, [*before, [score] * 8]) == [None] * 5  # 0.725 is the median


def test_none_never_prunes():
    """The pruner `none` prunes no trial, even at the lowest scores."""
    assert _pruned_at("none", 9, [[0.9] * 9] * 9 + [[0.0] * 9]) == [None] * 10


# --- why a trial that stopped early is padded --------------------------------------------------

# Constant learning curves of earlier trials, as few as the pruner needs to judge any trial.
BEFORE = {
    "halving": [],
    "hyperband": [0.1],
    "median": [0.80, 0.91, 0.92],
    "percentile": [0.80, 0.85, 0.91],
}
PADDED_BY = ["report and should_prune", "report only", "nothing"]
# A trial that stopped after two of sixteen epochs, and a rival that has 0.91 at a quarter of them.
EARLY, RIVAL = (0.5, 0.92), (0.6, 0.7, 0.8, 0.91)


@pytest.mark.parametrize("padded_by", PADDED_BY)
@pytest.mark.parametrize("pruner", BEFORE)
def test_an_early_stopped_trial_still_competes(pruner, padded_by, study, make_trials, make_result):
    """The rival of 0.91 is pruned at epoch 4, because an early-stopped trial has 0.92 there."""
    # Halving: the rung at epoch 4 holds [0.92, 0.91]; of fewer than four only the best goes on.
    # Hyperband: the same, in the bracket of trials 1 and 2; trial 0 is in the other one.
    # Median: of [0.80, 0.91, 0.92, 0.92] it is 0.915, above 0.91; without the early-stopped trial
    # it is 0.91.
    # Percentile: 75 % of the way through [0.80, 0.85, 0.91, 0.92] is 0.91 + 0.25 x 0.01 = 0.9125;
    # without the early-stopped trial it is 0.88, half way from 0.85 to 0.91.
    #
    # Padded by `report` only, the early-stopped trial would be missing on the rungs of halving and
    # Hyperband, which are written inside `should_prune`.
    trials = make_trials(study, proposer="random", pruner=pruner, horizon=16)
    for score in BEFORE[pruner]:
        assert not any(_report(trials, [score] * 16))
        trials.end(study.trials[-1].number, make_result(*[score] * 16))
    assert _report(trials, EARLY) == [False, False]
    number, result = study.trials[-1].number, make_result(*EARLY)
    if padded_by == PADDED_BY[0]:
        trials.end(number, result)
    elif padded_by == PADDED_BY[1]:
        trials.log.end(number, result)
    else:
        study.tell(number, result.score)
    enough = PADDED_BY[:1] if pruner in ("halving", "hyperband") else PADDED_BY[:2]
    is_pruned = padded_by in enough
    assert _report(trials, RIVAL) == [False, False, False, is_pruned]


def _report(trials, scores) -> list[bool]:
    """Whether each score of a new trial prunes it."""
    number = trials.next().number
    return [trials.report(number, epoch, score) for epoch, score in enumerate(scores, start=1)]


# --- the first look ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("score", "others", "passes"),
    [
        (0.9, [0.1, 0.2, 0.3], False),  # three other trials are too few for a comparison
        (0.5, [0.1, 0.2, 0.3, 0.4], True),  # the best of five: 5 // 3 = 1 passes
        (0.3, [0.1, 0.2, 0.2, 0.4], False),
        (0.3, [0.1, 0.2, 0.2, 0.2, 0.4], True),  # the second of six
        (0.4, [0.1, 0.2, 0.3, 0.4], True),  # as good as the best
    ],
)
def test_a_third_passes_the_first_look(score, others, passes):
    """The third includes the trial itself; of losses it is the smaller third."""
    assert passes_first_look(score, others, ACCURACY) is passes
    assert passes_first_look(1 - score, [1 - other for other in others], LOSS) is passes


@pytest.mark.parametrize("objective", [ACCURACY, LOSS])
def test_a_score_that_is_no_number_never_passes_the_first_look(objective):
    """A comparison with NaN is false in both directions."""
    assert not passes_first_look(math.nan, [0.5] * 12, objective)
