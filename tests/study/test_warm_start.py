"""A warm start: the best configurations of earlier studies come first in a new one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from autocnn.errors import SettingsError, StudyError
from autocnn.records.choices import PLAN
from autocnn.records.open_study import OpenStudy, open_folder
from autocnn.records.optuna_record import create_study, write_proposal, write_result
from autocnn.records.settings_file import settings_to_toml
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings
from autocnn.space.parameters import Fixed, Float, Int
from autocnn.space.space import Limits, SearchSpace
from autocnn.space.toml import parse_space
from autocnn.study.budget import Budget
from autocnn.study.cost_model import CostModel
from autocnn.study.predicted_cost import PredictedCost
from autocnn.study.warm_start import (
    WarmCheck,
    WarmPoint,
    WarmTrial,
    find_warm_points,
    read_warm_trials,
)
from autocnn.trial import TrialState

TEXT = """[parameters]
blocks = 1
convolutions = 1
filters = { low = 2, high = 8 }
head = "global_max"
dense_layers = 0
"""
SPACE = SearchSpace(
    name="old",
    parameters={
        "blocks": Fixed(value=1),
        "filters": Int(low=2, high=8),
        "head": Fixed(value="global_max"),
    },
)
SHAPE = (8, 8, 1)


def _trial(number: int, filters: int, **more) -> WarmTrial:
    values = {"blocks": 1, "filters": filters, "head": "global_max", **more}
    return WarmTrial(study="old", number=number, values=values, space=SPACE)


def _check(space: SearchSpace = SPACE, end: float | None = None) -> WarmCheck:
    """A check of 8x8 images, at 10 s an epoch; `end` is when the search ends."""
    budget = Budget(end=end, setup_s=0.0, epoch_s=10.0, horizon=2, clock=lambda: 0.0)
    cost = PredictedCost(
        model=CostModel(coefficients=(1e-6, 0, 0, 0, 0, 0)),
        setup_s=30.0,
        image_shape=SHAPE,
        n_classes=2,
        n_train=900,
        n_validation=300,
    )
    fitted = space.fitted(SHAPE, 900)
    return WarmCheck(
        space=fitted, image_shape=SHAPE, n_classes=2, horizon=2, budget=budget, cost=cost
    )


def _varied(**changes) -> SearchSpace:
    parameters = {**SPACE.parameters, **changes}
    return replace(SPACE, name="new", parameters=parameters)


# points of the new space


def test_an_earlier_trial_is_a_point_of_the_new_space():
    """The values that the space varies are enqueued; the origin names study and trial."""
    found, skipped = find_warm_points([_trial(7, 4)], _check())
    assert found == [WarmPoint(origin="warm:old/7", values={"filters": 4})]
    assert skipped == []


def test_an_earlier_trial_takes_the_batch_that_is_given():
    """The new study has batches of 64, the earlier one had others."""
    assert find_warm_points([_trial(7, 4)], _check(SPACE.with_batch(64)))[0] == []
    given = _trial(7, 4).with_batch(64)
    found, skipped = find_warm_points([given], _check(SPACE.with_batch(64)))
    assert ([point.values for point in found], skipped) == ([{"filters": 4}], [])


def test_the_same_configuration_of_two_studies_is_tried_once():
    """A line names the trial that has the configuration already."""
    other = replace(_trial(1, 4), study="other")
    found, skipped = find_warm_points([_trial(7, 4), other], _check())
    assert [each.origin for each in found] == ["warm:old/7"]
    assert skipped == ["warm:other/1 is skipped: it is the same configuration as warm:old/7"]


@pytest.mark.parametrize(
    ("space", "reason"),
    [
        (_varied(filters=Int(low=6, high=8)), "filters = 4 is outside the space"),
        (_varied(dropout=Float(low=0.0, high=0.5)), "dropout has no value"),
        (_varied(shift=Fixed(value=2)), "the space has no shift of that kind"),
        (replace(SPACE, dense=()), "one of the two spaces states its blocks"),
        (
            replace(SPACE, limits=Limits(parameters=10)),
            "50 parameters are above the limit of 10",
        ),
    ],
)
def test_a_trial_that_is_no_point_is_skipped_with_its_reason(space, reason):
    """1*9*4 + 4 weights and biases of the convolution and 4*2 + 2 of the output are 50."""
    assert find_warm_points([_trial(7, 4)], _check(space)) == (
        [],
        [f"warm:old/7 is skipped: {reason}"],
    )


def test_a_value_that_means_another_network_here_is_skipped():
    """A drawn batch is at most a sixteenth of 900 images, 56; the earlier study fixed 64."""
    earlier = replace(_trial(7, 4, batch_size=64), space=_varied(batch_size=Fixed(value=64)))
    new = _varied(batch_size=Int(low=16, high=128))
    assert find_warm_points([earlier], _check(new))[1] == [
        "warm:old/7 is skipped: its values are another configuration in this space"
    ]


def test_a_trial_that_would_take_too_long_is_skipped():
    """30 s of setup alone are more than the share: of 100 s, 20 and 15 s are for the finals."""
    (line,) = find_warm_points([_trial(7, 4)], _check(end=60.0))[1]
    assert line.startswith("warm:old/7 is skipped: it would take 3")
    assert line.endswith("s of a trial")
    assert find_warm_points([_trial(7, 4)], _check(end=600.0))[1] == []


# reading earlier studies


@pytest.fixture
def make_study(tmp_path: Path, make_proposal, make_result, quiet_optuna):
    """A function that writes a study: its trials' filters, scores and states."""

    def make(name: str, *trials, **settings) -> StudyPaths:
        paths = StudyPaths(tmp_path / "results" / name)
        paths.root.mkdir(parents=True)
        own = StudySettings(study=name, results=str(tmp_path / "results"), **settings)
        paths.study_toml.write_text(settings_to_toml(own))
        paths.space_toml.write_text(TEXT)
        record = create_study(paths, own)
        space = parse_space(TEXT, name="cnn", where="")
        for number, (filters, score, state) in enumerate(trials):
            values = {
                "blocks": 1,
                "convolutions": 1,
                "filters": filters,
                "head": "global_max",
                "dense_layers": 0,
            }
            config = space.config(values)
            proposal = replace(make_proposal(number), values=values, config=config)
            trial = record.ask()
            write_proposal(trial, proposal)
            write_result(trial, make_result(score, state=state))
            record.tell(trial, score)
        return paths

    return make


@pytest.fixture
def own(tmp_path: Path) -> OpenStudy:
    """The new study, which does not exist yet."""
    return open_folder(tmp_path / "results" / "new")


DONE, PRUNED = TrialState.COMPLETE, TrialState.PRUNED


def test_the_best_three_different_trials_are_taken(make_study, own):
    """By rank; the same configuration once, pruned trials not at all."""
    trials = [(2, 0.5, DONE), (4, 0.9, DONE), (4, 0.8, DONE), (5, 0.95, PRUNED), (6, 0.7, DONE)]
    make_study("old", *trials, (7, 0.6, DONE))
    found = read_warm_trials("old", own)
    assert [(each.number, each.values["filters"]) for each in found] == [(1, 4), (4, 6), (5, 7)]
    assert found[0].origin == "warm:old/1"


def test_the_objective_of_the_earlier_study_ranks_its_trials(make_study, own):
    """The lower of two losses is the better one."""
    make_study("old", (2, 0.5, DONE), (4, 0.9, DONE), objective="loss")
    assert [each.number for each in read_warm_trials("old", own)] == [0, 1]


def test_several_studies_follow_one_another_by_name_and_by_path(make_study, own):
    """A name is looked up beside the new study; a path is a study's folder."""
    make_study("old", (2, 0.5, DONE))
    paths = make_study("older", (3, 0.5, DONE))
    found = read_warm_trials(f"old, {paths.root}", own)
    assert [each.origin for each in found] == ["warm:old/0", "warm:older/0"]


def test_an_earlier_study_that_cannot_be_used_is_refused_in_one_line(make_study, own, tmp_path):
    """The line names the study, and what is wrong with it."""
    make_study("old", (2, 0.5, DONE))
    make_study("poor", (2, 0.5, PRUNED))
    make_study("fixed", engine=PLAN)
    with pytest.raises(StudyError, match=r"--warm-start nix: no study named 'nix' in .*: .*old"):
        read_warm_trials("nix", own)
    with pytest.raises(StudyError, match=r"--warm-start .*/gone: expected the folder of a study"):
        read_warm_trials(f"{tmp_path}/gone", own)
    with pytest.raises(StudyError, match="--warm-start poor: has no ranked trial"):
        read_warm_trials("old,poor", own)
    with pytest.raises(StudyError, match="--warm-start fixed: is a comparison or an ablation"):
        read_warm_trials("fixed", own)
    with pytest.raises(SettingsError, match="names two studies called old"):
        read_warm_trials(f"old,{tmp_path}/results/old", own)
    with pytest.raises(SettingsError, match="--warm-start new: is the study itself"):
        read_warm_trials("new", own)


def test_a_study_without_a_record_is_refused(make_study, own):
    """The error of the record names the option and the study."""
    make_study("old", (2, 0.5, DONE)).journal.unlink()
    with pytest.raises(StudyError, match="--warm-start old: "):
        read_warm_trials("old", own)
