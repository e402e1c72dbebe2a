"""Samplers that are rebuilt from the record for each proposal."""

from __future__ import annotations

import pickle
from collections import Counter
from functools import partial

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import create_trial

from autocnn.engines import nsga2 as nsga2_module
from autocnn.engines.nsga2 import POPULATION
from autocnn.engines.recipes import Recipe
from autocnn.engines.replayed_samplers import Draw, score
from autocnn.objectives import ACCURACY, LOSS
from autocnn.records.optuna_record import n_infeasible, open_study
from autocnn.space.parameters import Categorical, Fixed, Float, Int
from autocnn.space.space import Limits, SearchSpace
from autocnn.trial import TrialState


def _new() -> optuna.Study:
    return optuna.create_study(direction="maximize")


def _play(trials, n: int, make_result, score=lambda values: 0.5) -> list[dict]:
    """The values of up to `n` complete trials."""
    drawn = []
    while len(drawn) < n and (proposal := trials.next()) is not None:
        trials.end(proposal.number, make_result(score(proposal.values)))
        drawn.append(dict(proposal.values))
    return drawn


# --- the trials that a sampler gets --------------------------------------------------------------


def test_a_model_sees_every_trial_with_a_score_as_complete(study, make_trials, make_result, space):
    """A pruned trial counts with its best score; failed and infeasible ones are left out."""
    trials = make_trials(study)
    states = [TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED, TrialState.PRUNED]
    for state, scores in zip(states, [(0.9,), (0.5, 0.7), (0.8,), ()], strict=True):
        number = trials.next().number
        for epoch, value in enumerate(scores, start=1):
            trials.report(number, epoch, value)
        trials.end(number, make_result(*scores, state=state))
    trials.next()  # a running one
    assert [score(trial, ACCURACY) for trial in study.trials] == [0.9, 0.7, None, None, None]
    seen = Draw(study=study, number=4, space=space, setup=trials.setup).completed()
    assert [(t.state.name, t.value) for t in seen] == [("COMPLETE", 0.9), ("COMPLETE", 0.7)]
    assert [t.params for t in seen] == [t.params for t in study.trials[:2]]


def test_a_pruned_trial_counts_with_its_smallest_loss(make_trials, make_result):
    """Of the reported losses 0.7 and 0.5 the best is 0.5."""
    study = optuna.create_study(direction="minimize")
    trials = make_trials(study, objective=LOSS)
    number = trials.next().number
    for epoch, value in enumerate((0.7, 0.5, 0.6), start=1):
        trials.report(number, epoch, value)
    trials.end(number, make_result(0.7, 0.5, 0.6, state=TrialState.PRUNED))
    assert score(study.trials[0], LOSS) == 0.5
    assert list(study.trials[0].intermediate_values.values()) == [0.7, 0.5, 0.5]


# --- grid --------------------------------------------------------------------------------------

SMALL = SearchSpace(  # 3 x 2 x 4 points
    name="small",
    parameters={
        "dense_layers": Int(low=0, high=2),
        "flip": Categorical(choices=(False, True)),
        "label_smoothing": Float(low=0.0, high=0.3, step=0.1),
        "batch_size": Fixed(value=32),
    },
)
KNOWN = {"dense_layers": 1, "flip": True, "label_smoothing": 0.3, "batch_size": 32}


def _points(drawn: list[dict]) -> list[tuple]:
    return [tuple(sorted(values.items())) for values in drawn]


def test_a_grid_visits_each_point_once(make_trials, make_result):
    """The grid ends after its last point; another seed gives another order."""
    drawn = {}
    for seed in (0, 1):
        trials = make_trials(_new(), SMALL, proposer="grid", seed=seed)
        drawn[seed] = _points(_play(trials, 99, make_result))
        assert len(drawn[seed]) == len(set(drawn[seed])) == 24
        assert trials.next() is None
    assert set(drawn[0]) == set(drawn[1])
    assert drawn[0] != drawn[1]


def test_a_grid_does_not_draw_a_recipe_again(make_trials, make_result):
    """The recipe is one of the 24 points of the grid."""
    trials = make_trials(_new(), SMALL, proposer="grid")
    trials.enqueue([Recipe(name="known", values=KNOWN)])
    drawn = _play(trials, 99, make_result)
    assert drawn[0] == KNOWN
    assert len(drawn) == len(set(_points(drawn))) == 24


def test_a_grid_skips_infeasible_points(make_trials, make_result):
    """The 8 of 24 points with two layers have 26,122 parameters; with one layer, 9,610."""
    space = SearchSpace(name="small", parameters=SMALL.parameters, limits=Limits(parameters=9700))
    study = _new()
    drawn = _play(make_trials(study, space, proposer="grid"), 99, make_result)
    assert Counter(values["dense_layers"] for values in drawn) == {0: 8, 1: 8}
    assert n_infeasible(study) == 8


def test_a_grid_does_not_repeat_a_failure(make_trials, make_result):
    """A point counts as visited in any state of its trial."""
    trials = make_trials(_new(), SMALL, proposer="grid")
    drawn = []
    while (proposal := trials.next()) is not None:
        trials.end(proposal.number, make_result(state=TrialState.FAILED))
        drawn.append(dict(proposal.values))
    assert len(drawn) == len(set(_points(drawn))) == 24


def test_a_grid_of_one_point_has_one(make_trials, make_result):
    """A baseline varies nothing, so its grid has one point."""
    space = SearchSpace(name="one", parameters={"flip": Fixed(value=True)})
    trials = make_trials(_new(), space, proposer="grid")
    assert _play(trials, 99, make_result) == [{"flip": True}]


# --- qmc ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_recipes", [0, 3])
def test_a_sobol_sequence_is_spread_evenly(n_recipes, make_trials, make_result):
    """Each 8 places hold every eighth of each dimension once, with or without recipes before."""
    space = SearchSpace(
        name="qmc",
        parameters={
            "patience": Int(low=1, high=8),
            "label_smoothing": Float(low=0.0, high=0.8),
            "flip": Categorical(choices=(False, True)),
        },
    )
    trials = make_trials(_new(), space, proposer="qmc")
    for i in range(n_recipes):
        values = {"patience": 1, "label_smoothing": 0.1 * i, "flip": True}
        trials.enqueue([Recipe(name=f"r{i}", values=values)])
    drawn = _play(trials, n_recipes + 16, make_result)[n_recipes:]
    for eight in (drawn[:8], drawn[8:]):
        assert sorted(values["patience"] for values in eight) == [1, 2, 3, 4, 5, 6, 7, 8]
        eighths = sorted(int(values["label_smoothing"] / 0.1) for values in eight)
        assert eighths == [0, 1, 2, 3, 4, 5, 6, 7]
        assert sum(values["flip"] for values in eight) == 4


# --- CMA-ES ------------------------------------------------------------------------------------

PLANE = SearchSpace(
    name="plane",
    parameters={
        "label_smoothing": Float(low=0.0, high=0.95),
        "dropout": Float(low=0.0, high=0.95),
        "optimizer": Categorical(choices=("sgd", "adam", "lion")),
    },
)


def _peak(values) -> float:
    """A score with its peak at (0.9, 0.1)."""
    return 1 - (values["label_smoothing"] - 0.9) ** 2 - (values["dropout"] - 0.1) ** 2


def test_cma_es_climbs(make_trials, make_result):
    """The last of 60 trials are near the peak; the parameter without an order stays random."""
    pytest.importorskip("cmaes")
    drawn = _play(make_trials(_new(), PLANE, proposer="cma-es"), 60, make_result, _peak)
    assert min(_peak(values) for values in drawn[-12:]) > 0.9 > _peak(drawn[0])
    assert {values["optimizer"] for values in drawn} == {"sgd", "adam", "lion"}


def test_cma_es_reads_and_writes_no_pickle(study, paths, make_trials, make_result, monkeypatch):
    """A pickle on record under Optuna's own name is not read."""
    pytest.importorskip("cmaes")
    whole = _play(make_trials(_new(), PLANE, proposer="cma-es"), 18, make_result, _peak)
    for name in ("load", "loads", "dump", "dumps", "Pickler", "Unpickler"):
        monkeypatch.setattr(pickle, name, _must_not_be_called)
    parts = _play(make_trials(study, PLANE, proposer="cma-es"), 9, make_result, _peak)
    foreign = study.ask()
    study._storage.set_trial_system_attr(foreign._trial_id, "cma:optimizer:0", "80049500")
    study.tell(foreign, state=optuna.trial.TrialState.FAIL)
    resumed = open_study(paths)
    parts += _play(make_trials(resumed, PLANE, proposer="cma-es"), 8, make_result, _peak)
    assert parts[:9] == whole[:9]
    assert len(parts) == 17
    own = [t for t in resumed.get_trials() if t.number != foreign.number]
    assert not any("cma" in key for t in own for key in t.system_attrs)


def _must_not_be_called(*args: object) -> None:
    raise AssertionError("pickle")


# --- Gaussian process --------------------------------------------------------------------------


def test_a_gaussian_process_avoids_failures(make_trials, make_result):
    """Scores rise with the rate until every trial fails; few later trials fail."""
    pytest.importorskip("torch")
    space = SearchSpace(
        name="steep",
        parameters={
            "learning_rate_scale": Float(low=0.01, high=1.0),
            "dropout": Float(low=0.0, high=0.9),
        },
    )
    trials = make_trials(_new(), space, proposer="gp")
    failed = []
    for _ in range(16):
        proposal = trials.next()
        rate = float(proposal.values["learning_rate_scale"])
        failed.append(rate > 0.7)
        result = make_result(state=TrialState.FAILED) if failed[-1] else make_result(rate)
        trials.end(proposal.number, result)
    assert any(failed)
    assert sum(failed[8:]) <= 4


# --- NSGA-II -----------------------------------------------------------------------------------


def test_nsga2_breeds_from_the_trials_before(make_trials, make_result):
    """After the first generation nearly every value is one of a parent."""
    drawn = _play(make_trials(_new(), PLANE, proposer="nsga2"), 3 * POPULATION, make_result, _peak)
    parents = {values["dropout"] for values in drawn[:POPULATION]}
    assert len(parents) == POPULATION
    inherited = [values["dropout"] in parents for values in drawn[POPULATION : 2 * POPULATION]]
    assert sum(inherited) >= POPULATION / 2
    mean = [sum(map(_peak, drawn[i : i + POPULATION])) / POPULATION for i in (0, 20)]
    assert mean[1] > mean[0]


def test_nsga2_counts_recipes_among_its_parents(make_trials, make_result):
    """The one good trial is a recipe, and later trials have its values."""
    trials = make_trials(_new(), PLANE, proposer="nsga2")
    known = {"label_smoothing": 0.9, "dropout": 0.1, "optimizer": "lion"}
    trials.enqueue([Recipe(name="known", values=known)])
    drawn = _play(trials, 2 * POPULATION, make_result, _peak)
    assert sum(values["dropout"] == 0.1 for values in drawn[POPULATION:]) >= 1


def test_nsga2_writes_nothing_to_the_record(study, make_trials, make_result):
    """The generations follow from the order of the trials, so nothing is written."""
    _play(make_trials(study, PLANE, proposer="nsga2"), 2 * POPULATION, make_result, _peak)
    assert all(not trial.system_attrs for trial in study.get_trials())


def test_nsga2_goes_on_for_any_number_of_generations(make_trials, make_result, monkeypatch):
    """The number of generations may exceed Python's limit of recursion."""
    monkeypatch.setattr(nsga2_module, "POPULATION", 2)
    study = _new()
    make_trial = partial(create_trial, distributions={"x": FloatDistribution(0.0, 1.0)})
    study.add_trials([make_trial(params={"x": i / 1200}, value=0.5) for i in range(1200)])
    trials = make_trials(study, PLANE, proposer="nsga2")
    assert trials.next() is not None
