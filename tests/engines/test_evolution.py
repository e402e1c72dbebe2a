"""Evolution: children differ from a good parent in a few parameters."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import optuna
from optuna.trial import create_trial

from autocnn.engines import evolution as module
from autocnn.engines.evolution import living_trials
from autocnn.engines.samplers import PARENTS
from autocnn.objectives import ACCURACY, LOSS
from autocnn.records.optuna_record import n_infeasible
from autocnn.space.parameters import Categorical, Float, Int, OneOf
from autocnn.space.space import Limits, SearchSpace

SPACE = SearchSpace(
    name="many",
    parameters={
        "blocks": Int(low=1, high=3),
        "filters": Categorical(choices=(4, 6, 8)),
        "kernel": Categorical(choices=(2, 3, 5)),
        "padding": Categorical(choices=("same", "valid")),
        "dropout": Float(low=0.0, high=0.5),
        "dense_layers": Int(low=0, high=1),
        "dense_units": Int(low=8, high=64, when={"dense_layers": OneOf((1,))}),
        "flip": Categorical(choices=(False, True)),
        "shift": Int(low=0, high=2),
    },
)


def _children(make_trials, make_result, n=40):
    """The values of trials after a history in which the third trial is by far the best."""
    trials = make_trials(optuna.create_study(direction="maximize"), SPACE, proposer="evolution")
    drawn = []
    for _ in range(n):
        proposal = trials.next()
        drawn.append(dict(proposal.values))
        score = 0.9 if len(drawn) == 3 else 0.1
        trials.end(proposal.number, make_result(score))
    return drawn


def test_children_equal_the_best_but_for_a_few_parameters(make_trials, make_result, monkeypatch):
    """The third trial wins each tournament of all; two parameters are mutated on average."""
    monkeypatch.setattr(module, "TOURNAMENT", 1.0)
    drawn = _children(make_trials, make_result)
    best = drawn[2]
    changes = [
        sum(child[name] != best[name] for name in best if name in child) for child in drawn[4:]
    ]
    assert max(changes) <= 5
    assert sum(changes) / len(changes) < 2.5
    assert any(changes)


def test_half_of_the_tournaments_are_without_the_best(make_trials, make_result):
    """Other trials have children too, so one lucky score does not dominate."""
    drawn = _children(make_trials, make_result)
    best = drawn[2]
    distances = [sum(child.get(name) != best[name] for name in best) for child in drawn[4:]]
    assert sum(distance <= 3 for distance in distances) >= 10
    assert sum(distance > 3 for distance in distances) >= 5


def test_an_old_trial_has_no_children(make_trials, make_result, monkeypatch):
    """Only the latest trials can be parents; with a population of one, only the last."""
    monkeypatch.setattr(module, "LIVING", 1)
    monkeypatch.setattr(module, "MORE_CHANGES", 0.0)
    drawn = _children(make_trials, make_result, 12)
    for parent, child in pairwise(drawn[4:]):
        shared = parent.keys() & child.keys()
        assert sum(parent[name] != child[name] for name in shared) <= 1


def test_false_and_zero_are_inherited(make_trials, make_result, monkeypatch):
    """False and zero are inherited as any other value; a child may repeat another one here."""
    monkeypatch.setattr(module, "TRIES", 1)
    monkeypatch.setattr(module, "TOURNAMENT", 1.0)
    monkeypatch.setattr(module, "MORE_CHANGES", 0.0)
    drawn = _children(make_trials, make_result)
    best = drawn[2]
    falsy = [name for name, value in best.items() if not value]
    assert falsy
    for name in falsy:
        kept = sum(child.get(name) == best[name] for child in drawn[4:])
        assert kept >= 0.7 * len(drawn[4:])


def test_no_child_is_a_repeat_or_has_no_network(make_trials, make_result):
    """Many children would have more parameters than the limit allows, and some one of before."""
    limited = SearchSpace(
        name="limited", parameters=SPACE.parameters, limits=Limits(parameters=3000)
    )
    study = optuna.create_study(direction="maximize")
    trials = make_trials(study, limited, proposer="evolution")
    configs = []
    for number in range(40):
        proposal = trials.next()
        configs.append(proposal.config)
        if number == PARENTS - 1:
            n_before = n_infeasible(study)  # those of the random draws
        trials.end(proposal.number, make_result(0.9 if number == 3 else 0.1))
    assert n_infeasible(study) == n_before
    assert len(set(configs[PARENTS:])) == 40 - PARENTS
    assert not set(configs[:PARENTS]) & set(configs[PARENTS:])


def test_where_nothing_is_new_a_configuration_is_repeated(make_trials, make_result, monkeypatch):
    """The tries are bounded: with one block growth has no effect, so there are two networks."""
    monkeypatch.setattr(module, "TRIES", 3)
    parameters = {"flip": Categorical(choices=(False, True)), "growth": Float(low=1.0, high=2.0)}
    few = SearchSpace(name="few", parameters=parameters)
    trials = make_trials(optuna.create_study(direction="maximize"), few, proposer="evolution")
    drawn = []
    for _ in range(8):
        proposal = trials.next()
        drawn.append(proposal)
        trials.end(proposal.number, make_result(0.5))
    assert len({proposal.config for proposal in drawn}) == 2


def test_duplicates_are_no_further_members():
    """Trials 0 and 2 have one configuration, and trial 3 is later than the draw."""
    scored = [(create_trial(value=score), score) for score in (0.1, 0.2, 0.3, 0.4)]
    for number, (trial, _) in enumerate(scored):
        trial.number = number
    living = living_trials(scored, {0: "a", 1: "b", 2: "a"})
    assert [(trial.number, score) for trial, score in living] == [(0, 0.1), (1, 0.2)]


def test_only_the_latest_trials_live(monkeypatch):
    """The limit counts different configurations."""
    monkeypatch.setattr(module, "LIVING", 2)
    scored = [(create_trial(value=0.5), 0.5) for _ in range(4)]
    for number, (trial, _) in enumerate(scored):
        trial.number = number
    living = living_trials(scored, {0: "a", 1: "b", 2: "c", 3: "b"})
    assert [trial.number for trial, _ in living] == [1, 2]


def _parent(make_trials, monkeypatch, results, objective=ACCURACY):
    """The number of the parent of the next trial, after trials with these results."""
    monkeypatch.setattr(module, "TOURNAMENT", 1.0)
    monkeypatch.setattr(module, "MORE_CHANGES", 0.0)
    study = optuna.create_study(direction=objective.direction)
    trials = make_trials(study, SPACE, proposer="evolution", objective=objective)
    drawn = []
    for result in results:
        proposal = trials.next()
        drawn.append(dict(proposal.values))
        trials.end(proposal.number, result)
    child = trials.next().values
    kept = [sum(child.get(name) == value for name, value in point.items()) for point in drawn]
    return kept.index(max(kept))


def test_the_smallest_loss_is_the_parent(make_trials, make_result, monkeypatch):
    """Trial 1 of three has the smallest score, trial 2 the largest."""
    results = [make_result(score) for score in (0.5, 0.1, 0.7)]
    assert _parent(make_trials, monkeypatch, results, LOSS) == 1
    assert _parent(make_trials, monkeypatch, results) == 2


def test_of_equal_scores_the_smallest_loss_is_the_parent(make_trials, make_result, monkeypatch):
    """Trial 1 has an equal accuracy and a smaller cross-entropy at its best epoch."""
    results = [make_result(0.9), make_result(0.1, 0.2, 0.9), make_result(0.9)]
    assert _parent(make_trials, monkeypatch, results) == 1


def test_children_of_networks_that_are_good_enough_are_smaller(make_trials, make_result):
    """A child has at most 0.9 times the parameters of the smallest network so far.

    All trials reach the target; the first PARENTS are drawn at random.
    """
    objective = replace(ACCURACY, smallest_from=0.5)
    trials = make_trials(
        optuna.create_study(direction="maximize"), SPACE, proposer="evolution", objective=objective
    )
    sizes = []
    for _ in range(PARENTS + 4):
        proposal = trials.next()
        sizes.append(proposal.parameters)
        trials.end(proposal.number, make_result(0.6))
    for at in range(PARENTS, len(sizes)):
        assert sizes[at] <= 0.9 * min(sizes[:at])
