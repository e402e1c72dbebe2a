"""Draws that repeat, and pruners by name."""

from __future__ import annotations

import optuna
import pytest

from autocnn.engines.optuna_engine import OptunaEngine
from autocnn.engines.samplers import SAMPLERS, PerTrialSampler, build_pruner, passes_first_look
from autocnn.records import settings
from autocnn.records.storage import open_study


def _ask(engine: OptunaEngine, n: int, make_result) -> list[dict]:
    """The values of `n` trials, each told a score that depends on them."""
    drawn = []
    for _ in range(n):
        proposal = engine.ask()
        score = 0.1 * proposal.values["dense_layers"] + 0.01 * len(proposal.values["optimizer"])
        engine.tell(proposal.number, make_result(score))
        drawn.append(dict(proposal.values))
    return drawn


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_an_interruption_does_not_change_what_is_drawn(
    sampler, study, paths, tmp_path, make_engine, make_result
):
    """Eight at once are four, the study opened again from its journal, and four more."""
    whole = optuna.create_study(direction="maximize")
    at_once = _ask(make_engine(whole, sampler=sampler), 8, make_result)
    first = _ask(make_engine(study, sampler=sampler), 4, make_result)
    second = _ask(make_engine(open_study(paths), sampler=sampler), 4, make_result)
    assert first + second == at_once
    assert len({str(values) for values in at_once}) > 4


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_another_seed_draws_other_values(sampler, make_engine, make_result):
    """Seed 0 is a seed like any other."""
    first, again, other = (
        _ask(
            make_engine(optuna.create_study(direction="maximize"), sampler=sampler, seed=seed),
            6,
            make_result,
        )
        for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other


def test_the_sampler_learns_from_the_record(make_engine, make_result):
    """After four trials TPE draws otherwise than chance would."""
    drawn = {
        sampler: _ask(
            make_engine(optuna.create_study(direction="maximize"), sampler=sampler), 6, make_result
        )
        for sampler in ("tpe", "random")
    }
    assert drawn["tpe"][:4] == drawn["random"][:4]
    assert drawn["tpe"][4:] != drawn["random"][4:]


def test_the_settings_offer_what_there_is():
    """Names in the settings and in the tables are the same."""
    assert set(SAMPLERS) == set(settings.SAMPLERS)
    for name in settings.PRUNERS:
        assert isinstance(build_pruner(name, 9), optuna.pruners.BasePruner)


def test_an_unknown_sampler_is_refused():
    """The settings are checked before; here it is a bug."""
    with pytest.raises(KeyError):
        PerTrialSampler("unheard_of", 0)


def _pruned_at(pruner: str, horizon: int, scores: list[list[float]]) -> list[int | None]:
    """Per trial of `scores`, one after another: the epoch at which it is pruned, or None."""
    study = optuna.create_study(direction="maximize", pruner=build_pruner(pruner, horizon))
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


@pytest.mark.parametrize(("horizon", "rung"), [(2, 1), (4, 1), (5, 2), (9, 3), (12, 3), (30, 8)])
def test_halving_judges_at_a_quarter_of_the_horizon(horizon, rung):
    """The second trial is as good as the first until just before the rung, then worse."""
    best = [0.9] * horizon
    worse = [0.9] * (rung - 1) + [0.8] * (horizon - rung + 1)
    assert _pruned_at("halving", horizon, [best, worse]) == [None, rung]


@pytest.mark.parametrize("horizon", [2, 4, 5, 9, 12, 30])
def test_halving_leaves_a_trial_alone_after_its_quarter(horizon):
    """The next rung, four times as late, is the last epoch or beyond it."""
    rung = -(-horizon // 4)
    worse = [0.9] * rung + [0.8] * (horizon - 1 - rung)
    assert _pruned_at("halving", horizon, [[0.9] * horizon, worse]) == [None, None]


@pytest.mark.parametrize(
    ("score", "others", "passes"),
    [
        (0.9, [0.1, 0.2, 0.3], False),  # three others are too few to compare with
        (0.5, [0.1, 0.2, 0.3, 0.4], True),  # the best of five: 5 // 3 = 1 passes
        (0.3, [0.1, 0.2, 0.2, 0.4], False),
        (0.3, [0.1, 0.2, 0.2, 0.2, 0.4], True),  # the second of six
        (0.4, [0.1, 0.2, 0.3, 0.4], True),  # as good as the best
    ],
)
def test_a_third_passes_the_first_look(score, others, passes):
    """Counted with the trial itself."""
    assert passes_first_look(score, others) is passes


def test_the_median_prunes_after_four_trials():
    """Worse than the median of those before; it judges from a quarter of the horizon on."""
    low = [0.1] * 4
    assert _pruned_at("median", 4, [[0.9] * 4] * 3 + [low]) == [None] * 4
    assert _pruned_at("median", 4, [[0.9] * 4] * 4 + [low]) == [None] * 4 + [1]
    assert _pruned_at("median", 8, [[0.9] * 8] * 4 + [low * 2]) == [None] * 4 + [2]


def test_none_never_prunes():
    """Whatever the scores."""
    assert _pruned_at("none", 9, [[0.9] * 9] * 9 + [[0.0] * 9]) == [None] * 10
