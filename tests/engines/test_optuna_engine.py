"""The engine that proposes with Optuna's samplers."""

from __future__ import annotations

import optuna
import pytest
from optuna.trial import TrialState as OptunaState

from autocnn.engines.pruners import build_pruner
from autocnn.engines.recipes import Recipe
from autocnn.records.optuna_record import n_infeasible, open_study, read_records
from autocnn.space.parameters import Categorical, Fixed, Float, Int
from autocnn.space.seeds import derive_seed
from autocnn.space.space import Limits, SearchSpace
from autocnn.study import proposals
from autocnn.trial import FailureCause, TrialState


def test_a_proposal_is_a_point_with_its_costs(study, space, make_trials):
    """A proposal has its values, their configuration, its costs and its seed."""
    proposal = make_trials(study).next()
    space.check_point(proposal.values)
    config = space.config(proposal.values)
    network = space.network(config, (8, 8, 1), 10)
    assert (proposal.number, proposal.origin) == (0, "tpe")
    assert proposal.config == config
    assert (proposal.parameters, proposal.macs) == (network.parameters, network.macs)
    assert proposal.seed == derive_seed(0, 0, "train")


def test_a_proposal_is_on_record_before_it_is_trained(study, paths, make_trials):
    """Another process reads the trial as running."""
    proposal = make_trials(study, proposer="random").next()
    (record,) = read_records(open_study(paths))
    assert (record.state, record.origin) == (TrialState.RUNNING, "random")
    assert record.values == dict(proposal.values)


def test_an_ended_trial_is_on_record(study, paths, make_trials, make_result):
    """The record holds its result, and its score for the sampler."""
    trials = make_trials(study)
    proposal, result = trials.next(), make_result(0.5, 0.75, 0.6)
    trials.end(proposal.number, result)
    (record,) = read_records(open_study(paths))
    assert (record.state, record.result) == (TrialState.COMPLETE, result)
    assert study.trials[0].value == 0.75


# --- recipes -----------------------------------------------------------------------------------

RECIPE = {
    "dense_layers": 1,
    "dense_units": 10,
    "optimizer": "lion",
    "learning_rate_scale": 2.0,
    "flip": True,
    "batch_size": 32,
}


def test_recipes_come_first_and_in_order(study, make_trials):
    """The sampler's own draws follow the recipes, and only they have its name."""
    trials = make_trials(study)
    trials.enqueue([Recipe(name="one", values=RECIPE)])
    trials.enqueue([Recipe(name="two", values={**RECIPE, "dense_units": 20})])
    first, second, third = (trials.next() for _ in range(3))
    assert [p.origin for p in (first, second, third)] == ["recipe:one", "recipe:two", "tpe"]
    assert first.values == RECIPE
    assert second.values == {**RECIPE, "dense_units": 20}
    assert [p.number for p in (first, second, third)] == [0, 1, 2]


# --- infeasible draws --------------------------------------------------------------------------


def _some_too_large() -> SearchSpace:
    """8 units fit (530 + 90 parameters), 512 do not."""
    return SearchSpace(
        name="test",
        parameters={
            "dense_layers": Fixed(value=1),
            "dense_units": Categorical(choices=(8, 512)),
            "weight_decay": Float(low=0.0, high=1.0),
        },
        limits=Limits(parameters=1000),
    )


def test_infeasible_draws_are_no_trials(study, make_trials, make_result):
    """Optuna keeps every draw, the record only draws that can be trained."""
    trials = make_trials(study, _some_too_large(), proposer="random")
    proposals = []
    for _ in range(8):
        proposals.append(trials.next())
        trials.end(proposals[-1].number, make_result(0.5))
    assert {p.values["dense_units"] for p in proposals} == {8}
    assert n_infeasible(study) > 0
    assert len(study.trials) == 8 + n_infeasible(study)
    assert [r.number for r in read_records(study)] == [p.number for p in proposals]
    rejected = [t for t in study.trials if t.params["dense_units"] == 512]
    assert {t.state for t in rejected} == {OptunaState.PRUNED}
    assert rejected[0].user_attrs["infeasible"] == "38,410 parameters are above the limit of 1,000"


def test_a_space_without_a_network_is_exhausted(study, make_trials, monkeypatch):
    """The space counts as exhausted after a number of infeasible draws in a row."""
    monkeypatch.setattr(proposals, "MAX_DRAWS", 5)
    space = SearchSpace(
        name="test",
        parameters={"weight_decay": Float(low=0.0, high=1.0)},
        limits=Limits(parameters=1),
    )
    assert make_trials(study, space).next() is None
    assert n_infeasible(study) == 5


def test_a_finite_space_is_exhausted_once_every_point_was_drawn(study, make_trials, make_result):
    """A baseline is a space of one point, which is trained once."""
    space = SearchSpace(name="test", parameters={"flip": Fixed(value=True)})
    trials = make_trials(study, space)
    proposal = trials.next()
    trials.end(proposal.number, make_result(0.5))
    assert trials.next() is None


def test_a_range_that_its_step_does_not_divide_is_drawn_quietly(study, make_trials, make_result):
    """The range 1 to 6 by 2 gives 1, 3 and 5 without a warning of Optuna."""
    space = SearchSpace(
        name="test",
        parameters={
            "patience": Int(low=1, high=6, step=2),
            "dropout": Float(low=0.0, high=0.5, step=0.2),
        },
    )
    trials = make_trials(study, space, proposer="random")
    for _ in range(12):
        proposal = trials.next()
        space.check_point(proposal.values)
        trials.end(proposal.number, make_result(0.5))


# --- failures and pruning ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "scores", "expected"),
    [
        (TrialState.COMPLETE, (0.5, 0.25), OptunaState.COMPLETE),
        (TrialState.STOPPED, (0.5,), OptunaState.COMPLETE),
        (TrialState.STOPPED, (), OptunaState.FAIL),
        (TrialState.PRUNED, (0.5,), OptunaState.PRUNED),
        (TrialState.FAILED, (0.5,), OptunaState.FAIL),
        (TrialState.FAILED, (), OptunaState.FAIL),
    ],
)
def test_each_state_has_one_of_optunas(study, make_trials, make_result, state, scores, expected):
    """The value of a stopped trial is its best epoch's; a failed trial has none."""
    trials = make_trials(study)
    number = trials.next().number
    for epoch, score in enumerate(scores, start=1):
        trials.report(number, epoch, score)
    trials.end(number, make_result(*scores, state=state))
    trial = study.trials[number]
    assert trial.state is expected
    if expected is OptunaState.COMPLETE:
        assert trial.value == 0.5
    if expected is OptunaState.FAIL:
        assert trial.value is None
    assert read_records(study)[0].state is state


def test_a_failure_keeps_its_cause(study, make_trials, make_result):
    """The record holds the cause, for which Optuna has no field."""
    trials = make_trials(study)
    result = make_result(state=TrialState.FAILED, cause=FailureCause.CRASHED, message="signal 9")
    trials.end(trials.next().number, result)
    assert read_records(study)[0].result == result


def test_the_pruner_gets_the_best_score_so_far(study, make_trials):
    """The value of an epoch is the best score up to it, so a dip does not count."""
    trials = make_trials(study)
    number = trials.next().number
    for epoch, score in enumerate([0.5, 0.75, 0.25, 0.8], start=1):
        assert trials.report(number, epoch, score) is False
    assert study.trials[number].intermediate_values == {1: 0.5, 2: 0.75, 3: 0.75, 4: 0.8}


def test_a_trial_that_ended_early_is_padded_to_the_horizon(study, make_trials, make_result):
    """The score of the trial is written for every later epoch."""
    trials = make_trials(study)
    number = trials.next().number
    trials.report(number, 1, 0.5)
    trials.report(number, 2, 0.92)
    trials.end(number, make_result(0.5, 0.92))
    later = dict.fromkeys(range(3, 13), 0.92)
    assert study.trials[number].intermediate_values == {1: 0.5, 2: 0.92, **later}


# An early-stopped trial of 0.92 after two of twelve epochs, and a rival that is better until the
# first rung (epoch 3), at which it has 0.91.
EARLY, RIVAL = (0.5, 0.92), (0.6, 0.7, 0.91)


def test_an_early_stopped_trial_is_on_the_rung_of_its_rivals(study, make_trials, make_result):
    """0.91 at the rung of epoch 3 is pruned, because 0.92 is on the rung."""
    trials = make_trials(study, pruner="halving")
    early = trials.next().number
    for epoch, score in enumerate(EARLY, start=1):
        assert trials.report(early, epoch, score) is False
    trials.end(early, make_result(*EARLY))
    rival = trials.next().number
    answers = [trials.report(rival, epoch, score) for epoch, score in enumerate(RIVAL, start=1)]
    assert answers == [False, False, True]


@pytest.mark.parametrize("padding", ["none", "report only", "report and should_prune"])
def test_padding_needs_should_prune(padding):
    """In plain Optuna only `should_prune` puts the early-stopped trial on later rungs."""
    study = optuna.create_study(direction="maximize", pruner=build_pruner("halving", 12))
    early = study.ask()
    for epoch, score in enumerate(EARLY, start=1):
        early.report(score, epoch)
        assert not early.should_prune()
    for epoch in range(3, 13) if padding != "none" else ():
        early.report(0.92, epoch)
        if padding != "report only":
            early.should_prune()
    study.tell(early, 0.92)
    rival, answers = study.ask(), []
    for epoch, score in enumerate(RIVAL, start=1):
        rival.report(score, epoch)
        answers.append(rival.should_prune())
    assert answers == [False, False, padding == "report and should_prune"]


def test_first_looks_are_on_record_as_epoch_0(study, make_trials, make_result):
    """First looks are compared with one another only, and are read by a later process.

    No look prunes before a trial is complete.
    """
    trials = make_trials(study)
    answers = []
    for score in (0.2, 0.3, 0.4, 0.5, 0.6):
        number = trials.next().number
        answers.append(trials.report(number, 0, score))
        pruned = make_result(state=TrialState.PRUNED)
        trials.end(number, pruned if answers[-1] else make_result(0.5))
    assert answers == [False, True, True, True, False]
    assert study.trials[3].intermediate_values == {0: 0.5}


# --- interrupted studies -----------------------------------------------------------------------


def test_running_trials_are_proposed_again(study, paths, make_trials, make_result):
    """A running trial keeps number, values and seed; new trials follow it."""
    trials = make_trials(study)
    trials.end(trials.next().number, make_result(0.5))
    left = trials.next()  # the process dies here
    again = make_trials(open_study(paths))
    assert again.next() == left
    assert again.next().number == 2


def test_a_recipe_is_proposed_again_as_itself(study, paths, make_trials):
    """The origin of a recipe is on record."""
    trials = make_trials(study)
    trials.enqueue([Recipe(name="one", values=RECIPE)])
    trials.next()
    assert make_trials(open_study(paths)).next().origin == "recipe:one"


def test_recipes_that_were_not_reached_still_wait(study, paths, make_trials):
    """Recipes are enqueued once, at the creation of the study, and stay in the queue."""
    make_trials(study).enqueue([Recipe(name="one", values=RECIPE)])
    proposal = make_trials(open_study(paths)).next()
    assert (proposal.number, proposal.origin) == (0, "recipe:one")


def test_a_left_trial_is_reported_once(study, paths, make_trials, make_result):
    """A left trial is trained from its first epoch; epochs that Optuna has are not sent again."""
    trials = make_trials(study, pruner="halving")
    left = trials.next()
    trials.report(left.number, 1, 0.5)
    trials.report(left.number, 2, 0.6)
    trials.leave(left.number, make_result(0.5, 0.6, state=TrialState.STOPPED))
    (record,) = read_records(open_study(paths))
    assert (record.state, record.score) == (TrialState.STOPPED, 0.6)

    resumed = open_study(paths)
    trials = make_trials(resumed, pruner="halving")
    assert trials.next() == left
    for epoch, score in enumerate([0.5, 0.6, 0.8], start=1):
        assert trials.report(left.number, epoch, score) is False
    trials.end(left.number, make_result(0.5, 0.6, 0.8))
    (record,) = read_records(resumed)
    assert (record.state, record.score, record.epochs) == (TrialState.COMPLETE, 0.8, 3)
    assert resumed.trials[0].value == 0.8


@pytest.mark.parametrize("result", [None, "no epoch"])
def test_a_trial_left_without_a_score_is_running(study, make_trials, make_result, result):
    """A left trial without a score cannot be ranked, so it stays running."""
    trials = make_trials(study)
    number = trials.next().number
    trials.leave(number, None if result is None else make_result(state=TrialState.STOPPED))
    (record,) = read_records(study)
    assert (record.state, record.result) == (TrialState.RUNNING, None)
