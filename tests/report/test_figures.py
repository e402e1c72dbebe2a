"""Records as an Optuna study, and their parameter importances."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from functools import partial

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState as OptunaState

from autocnn.errors import SettingsError, StudyError
from autocnn.objectives import LOSS
from autocnn.report.figures import (
    LEAST_TRIALS,
    SHOWN_PARAMETERS,
    TITLES,
    Plot,
    StudyData,
    build_goals,
    build_study,
    choose_parameters,
    importances,
    scored_trials,
    varied_parameters,
)
from autocnn.space.parameters import Categorical, Fixed, Float, Int, OneOf
from autocnn.space.space import SearchSpace
from autocnn.trial import FailureCause, TrialState

pytestmark = pytest.mark.usefixtures("quiet_optuna")

SPACE = SearchSpace(
    name="test",
    parameters={
        "filters": Int(low=8, high=63, step=8),
        "optimizer": Categorical(choices=("sgd", "momentum")),
        "momentum": Float(low=0.8, high=0.98, when={"optimizer": OneOf(("momentum",))}),
        "rate": Float(low=0.1, high=10.0, log=True),
        "dropout": Float(low=0.0, high=0.55, step=0.1),
        "flip": Categorical(choices=(False, True)),
        "kernel": Fixed(value=3),
    },
)


@pytest.fixture
def make_record(make_record):
    """A trial with this number, these scores by epoch and these values."""
    return partial(make_record, values={"filters": 8, "kernel": 3})


def data_of(*records, space=SPACE):
    """The data of the study "look" with these trials."""
    return StudyData(name="look", space=space, records=records)


# the study


def test_each_trial_keeps_its_number_state_and_raw_curve(make_record):
    """A stopped trial has its best score as value, and its curve is the raw one."""
    study = build_study(
        data_of(
            make_record(1, 0.5, 0.9, 0.8),
            make_record(0, 0.25, 0.125, state=TrialState.PRUNED),
            make_record(2, 0.75, state=TrialState.STOPPED),
            make_record(3, state=TrialState.FAILED),
        )
    )
    states = [trial.state.name for trial in study.trials]
    assert states == ["PRUNED", "COMPLETE", "COMPLETE", "FAIL"]
    assert [trial.number for trial in study.trials] == [0, 1, 2, 3]
    assert [study.trials[number].value for number in (1, 2)] == [90, 75]
    assert study.trials[1].intermediate_values == {1: 50, 2: 90, 3: 80}
    assert study.trials[0].intermediate_values == {1: 25, 2: 12.5}
    assert study.best_trial.number == 1


def test_numbers_that_are_no_trials_leave_gaps(make_record):
    """Infeasible draws and running trials are left out of the study."""
    running = make_record(3, 0.9, state=TrialState.RUNNING)
    study = build_study(data_of(make_record(2, 0.5), running))
    assert [trial.state.name for trial in study.trials] == ["FAIL", "FAIL", "COMPLETE"]


def test_a_study_without_trials_is_empty():
    """Without records the study has no trial."""
    assert build_study(data_of()).trials == []


def test_parameters_are_those_that_were_active(make_record):
    """Ranges are those of the space and end on their grid; fixed parameters are left out."""
    values = {"filters": 56, "optimizer": "sgd", "rate": 1.0, "dropout": 0.3, "flip": True}
    study = build_study(data_of(make_record(0, 0.5, values={**values, "kernel": 3})))
    assert study.trials[0].params == values
    assert study.trials[0].distributions == {
        "filters": IntDistribution(8, 56, step=8),
        "optimizer": CategoricalDistribution(("sgd", "momentum")),
        "rate": FloatDistribution(0.1, 10.0, log=True),
        "dropout": FloatDistribution(0.0, 0.5, step=0.1),
        "flip": CategoricalDistribution((False, True)),
    }


def test_a_value_outside_the_space_is_left_out(make_record):
    """A value outside its range is not drawn."""
    study = build_study(data_of(make_record(0, 0.5, values={"filters": 9, "rate": 0.5})))
    assert study.trials[0].params == {"rate": 0.5}


def test_names_and_words_are_escaped(make_record):
    """Names and text values are escaped; numbers are unchanged."""
    space = SearchSpace(
        name="odd", parameters={"a<b": Categorical(choices=("x&y", "z")), "n": Int(low=1, high=3)}
    )
    record = make_record(0, 0.5, values={"a<b": "x&y", "n": 2})
    study = build_study(data_of(record, space=space), lambda text: text.upper())
    assert study.trials[0].params == {"A<B": "X&Y", "N": 2}


@pytest.mark.parametrize("score", [math.nan, None])
def test_a_complete_trial_without_a_score_counts_as_failed(make_record, make_result, score):
    """A complete trial without a score has failed in the figures."""
    result = make_result(*([score] if score is not None else []))
    record = make_record(0, 0.5, result=result)
    assert build_study(data_of(record)).trials[0].state.name == "FAIL"
    assert scored_trials([record]) == []


def test_a_score_of_zero_is_a_score(make_record):
    """A score of zero is a value."""
    record = make_record(0, 0.0)
    assert scored_trials([record]) == [record]
    assert build_study(data_of(record)).trials[0].value == 0


def test_a_failed_trial_may_have_a_curve(make_record, make_result):
    """Epochs whose accuracy is NaN are left out of the curve."""
    result = make_result(0.5, math.nan, state=TrialState.FAILED, cause=FailureCause.DIVERGED)
    record = make_record(0, state=TrialState.FAILED, result=result)
    assert build_study(data_of(record)).trials[0].intermediate_values == {1: 50}


# importances


@pytest.fixture
def forty(make_record):
    """Forty trials whose score depends on the filters only; half of them have a momentum."""
    records = []
    for number in range(40):
        filters = 8 * (1 + number * 3 % 7)
        values = {"filters": filters, "flip": number % 3 == 0, "kernel": 3, "dropout": 0.2}
        values["optimizer"] = "momentum" if number % 2 else "sgd"
        if number % 2:
            values["momentum"] = 0.8 + 0.004 * (number * 7 % 40)
        records.append(make_record(number, 0.5 + filters / 200, values=values))
    return data_of(*records)


def test_the_parameter_that_determines_the_score_comes_first(forty):
    """Shares add up to one; conditional parameters have a share, constant ones have none."""
    shares = importances(forty)
    assert set(shares) == {"filters", "optimizer", "momentum", "flip"}
    assert next(iter(shares)) == "filters"
    assert shares["filters"] > 0.5
    assert list(shares.values()) == sorted(shares.values(), reverse=True)
    assert sum(shares.values()) == pytest.approx(1)


def test_importances_are_the_same_every_time(forty):
    """Values and order of the importances are reproducible."""
    assert list(importances(forty).items()) == list(importances(forty).items())


def test_pruned_trials_do_not_affect_importances(forty, make_record):
    """The scores of pruned trials are of fewer epochs, so they are left out."""
    pruned = make_record(40, 0.99, state=TrialState.PRUNED, values={"filters": 16, "flip": True})
    more = data_of(*forty.records, pruned)
    assert importances(more) == importances(forty)


def test_few_trials_raise_no_warning(make_record):
    """Optuna's warning of few trials is replaced by a line of the figure."""
    values = [{"filters": 8 + 8 * (n % 7)} for n in range(LEAST_TRIALS)]
    records = [make_record(n, 0.5 + n / 20, values=values[n]) for n in range(LEAST_TRIALS)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert importances(data_of(*records)) == {"filters": 1}
    assert caught == []


@pytest.mark.parametrize(
    ("trials", "reason"),
    [
        ([], "needs at least 10 complete trials, and there is none; `autocnn ablate` works"),
        ([(0.5, 8)], "needs at least 10 complete trials, and there is 1; "),
        ([(0.5, 8), (0.6, 16)], "needs at least 10 complete trials, and there are 2; "),
        ([(0.5, 8), (0.6, 8)] * 5, "needs some that vary, and all 10 complete trials have the"),
        ([(0.5, 8), (0.5, 16)] * 5, "needs scores that differ, and all 10 complete trials have"),
    ],
)
def test_without_differences_there_is_no_importance(make_record, trials, reason):
    """The error names whether scores or parameters do not differ."""
    records = [
        make_record(number, score, values={"filters": filters})
        for number, (score, filters) in enumerate(trials)
    ]
    with pytest.raises(StudyError, match=f"^study look: the importance of parameters {reason}"):
        importances(data_of(*records))


# choosing parameters


def test_the_most_important_parameters_are_chosen(forty):
    """Parameters that never varied are not chosen."""
    assert choose_parameters(forty) == list(importances(forty))


def test_the_number_of_shown_parameters_is_limited(make_record):
    """Without importances the first parameters of the space are chosen."""
    names = [f"p{i}" for i in range(SHOWN_PARAMETERS + 3)]
    space = SearchSpace(name="wide", parameters={n: Int(low=0, high=9) for n in names})
    record = make_record(0, 0.5, values=dict.fromkeys(names, 1))
    assert choose_parameters(data_of(record, space=space)) == names[:SHOWN_PARAMETERS]


def test_few_trials_are_shown_in_the_order_of_the_space(forty):
    """Varying parameters of fewer than ten trials are in the order of the space."""
    few, enough = (data_of(*forty.records[:n]) for n in (LEAST_TRIALS - 1, LEAST_TRIALS))
    varied = [name for name in SPACE.parameters if name not in ("kernel", "rate", "dropout")]
    assert choose_parameters(few) == varied
    assert choose_parameters(enough) == list(importances(enough))


@pytest.mark.parametrize(("n", "hints"), [(10, 1), (49, 1), (50, 0)])
def test_only_importances_have_a_caveat(make_record, n, hints):
    """The caveat is a line below the title of importances; other figures have none."""
    data = data_of(*(make_record(number, 0.5) for number in range(n)))
    notes = {kind: Plot(kind=kind, data=data).notes for kind in TITLES}
    first, *others = notes.pop("importance")
    assert first == "What the best trials have in common, not what a change would do."
    assert [note[:23] for note in others] == ["With fewer than 50 comp"] * hints
    assert not any(notes.values())


def test_named_parameters_are_shown_in_the_given_order(forty):
    """Each named parameter is shown once, also a constant one."""
    assert choose_parameters(forty, ["flip", "dropout", "flip"]) == ["flip", "dropout"]


@pytest.mark.parametrize("name", ["filter", "kernel", "rate", ""])
def test_a_parameter_without_values_is_refused(forty, name):
    """The error of a misspelt, fixed or never active parameter lists the valid ones."""
    with pytest.raises(SettingsError) as error:
        choose_parameters(forty, ["flip", name])
    hint = "did you mean 'filters'? " if name == "filter" else ""
    start = f"--params: no parameter {name!r} varies in study look; {hint}known: filters, optimizer"
    assert str(error.value).startswith(start)


def test_a_space_without_choices_has_no_parameters(make_record):
    """A figure of parameters of such a space is refused, because it would be empty."""
    space = SearchSpace(name="one", parameters={"kernel": Fixed(value=3)})
    with pytest.raises(StudyError, match="no complete trial has a parameter that varies"):
        choose_parameters(data_of(make_record(0, 0.5), space=space))


def test_parameters_of_pruned_trials_do_not_count(make_record):
    """A value that only pruned trials have is not a value of the figure."""
    pruned = make_record(1, 0.1, state=TrialState.PRUNED, values={"filters": 16})
    assert varied_parameters(data_of(make_record(0, 0.5), pruned)) == []


# a smaller score is better


def test_a_study_of_losses_is_minimised_in_plain_numbers(make_record):
    """Direction, values, curve and labels follow the objective."""
    records = [make_record(0, 0.5, 0.25), make_record(1, 0.75)]
    data = StudyData(name="look", space=SPACE, records=records, objective=LOSS)
    study = build_study(data)
    assert study.direction.name == "MINIMIZE"
    assert study.trials[1].value == 0.75
    assert study.trials[0].intermediate_values == {1: 0.5, 2: 0.25}
    plot = Plot(kind="history", data=data)
    assert plot.title == "look: validation cross-entropy by trial"
    assert plot.score_label == "validation cross-entropy"
    assert next(iter(plot.best_trials.items())) == (0, "trial 0: 0.5000")


def test_far_worse_scores_are_outside_of_the_axis(make_record):
    """Of 10, 80, 82, 84 and 90 %, 10 is under 80 - 1.5 * (84 - 80); a margin of 5 % is left."""
    records = [make_record(n, s) for n, s in enumerate((0.8, 0.82, 0.1, 0.84))]
    records.append(make_record(4, 0.9, state=TrialState.PRUNED))
    plot = Plot(kind="history", data=StudyData(name="s", space=SPACE, records=records))
    assert plot.pruned == {4: pytest.approx(90.0)}
    assert plot.window == pytest.approx((79.5, 90.5))
    assert replace(plot, kind="curves").window == pytest.approx((79.5, 90.5))
    assert replace(plot, data=replace(plot.data, records=[])).window is None


def test_a_diverged_loss_is_outside_of_the_axis(make_record):
    """Of losses the larger is worse: 9.0 is beyond 0.6 + 1.5 * (0.6 - 0.4)."""
    records = [make_record(n, s) for n, s in enumerate((0.4, 9.0, 0.4, 0.6, 0.4))]
    data = StudyData(name="s", space=SPACE, records=records, objective=LOSS)
    assert Plot(kind="history", data=data).window == pytest.approx((0.39, 0.61))


def test_promoted_trials_are_not_compared_with_others(make_record):
    """Their scores are of a longer schedule: a figure of values leaves them out."""
    data = data_of(make_record(0, 0.5), make_record(1, 0.9, promoted_from=0))
    assert [record.number for record in data.drawn.records] == [0]
    assert Plot(kind="history", data=data).shown == data
    assert Plot(kind="slice", data=data).shown == data.drawn
    title = Plot(kind="importance", data=data).title
    assert title == "look: importance of parameters, from 1 complete trials"


# goals


def test_a_figure_of_goals_has_the_score_and_two_costs_at_most(make_record):
    """Without goals of its own a study is drawn by score and size; a third cost is left out."""
    data = data_of(make_record(0, 0.5, parameters=30), make_record(2, 0.75, parameters=40))
    assert list(data.drawn_costs) == ["size"]
    assert list(replace(data, costs=("macs", "latency", "size")).drawn_costs) == ["macs", "latency"]


def test_a_figure_of_goals_has_the_trials_whose_costs_are_known(make_record):
    """Pruned trials are left out, and so is trial 1, whose latency was not measured."""
    measured = make_record(3, 0.75, macs=100)
    assert measured.result is not None
    measured = replace(measured, result=replace(measured.result, latency_ms=2.5))
    data = replace(
        data_of(make_record(1, 0.5), measured, make_record(4, 0.9, state=TrialState.PRUNED)),
        costs=("macs", "latency"),
    )
    assert [record.number for record in data.priced] == [3]
    study = build_goals(data)
    assert [trial.state for trial in study.trials] == [OptunaState.FAIL] * 3 + [
        OptunaState.COMPLETE
    ]
    assert study.trials[3].values == [100.0, 2.5, 75.0]
    assert [each.name for each in study.directions] == ["MINIMIZE", "MINIMIZE", "MAXIMIZE"]
