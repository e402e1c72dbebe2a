"""The private names of Optuna: each is used in one place, in the way tested here."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import FloatDistribution, IntDistribution
from optuna.pruners import HyperbandPruner, SuccessiveHalvingPruner
from optuna.samplers import NSGAIISampler, QMCSampler
from optuna.trial import FrozenTrial

import autocnn
from autocnn.records.optuna_private import (
    FIRST_RUNG_SCORE,
    NamelessHyperband,
    OwnStudy,
    PlacedQMC,
    UnitCube,
    enqueued_values,
    known_of,
    one_reading,
    one_trial,
    open_trial,
    select_elite,
    storage_of,
    write_attribute,
)

ADVICE = (
    f"Optuna {optuna.__version__} has no {{}} any more: find its new way, change "
    "autocnn/records/optuna_private.py, or lower the bound of Optuna in pyproject.toml"
)


@pytest.fixture
def study() -> optuna.Study:
    """A study in memory."""
    return optuna.create_study(direction="maximize")


OWNERS = {
    "_get_bracket_id": lambda: HyperbandPruner,
    "_find_sample_id": lambda: QMCSampler,
    "_elite_population_selection_strategy": NSGAIISampler,
    "_storage": optuna.create_study,
    "_study_id": optuna.create_study,
    "_get_trials": optuna.create_study,
    "cached_all_trials": lambda: optuna.create_study()._thread_local,
    "_cached_frozen_trial": lambda: optuna.create_study().ask(),
    "_trial_id": lambda: optuna.trial.create_trial(value=0.0),
    "_SearchSpaceTransform": lambda: import_module("optuna._transform"),
}


@pytest.mark.parametrize("name", OWNERS)
def test_a_private_name_exists(name):
    """If a private name is missing, the message has a remedy."""
    assert hasattr(OWNERS[name](), name), ADVICE.format(name)


def test_private_names_are_used_in_one_module_only():
    """No other module imports a private module or class of Optuna or Keras Tuner."""
    package = Path(autocnn.__file__).parent
    allowed = {"records/optuna_private.py", "engines/keras_tuner_oracles.py"}
    for path in package.rglob("*.py"):
        if path.relative_to(package).as_posix() in allowed:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                parts = [*node.module.split("."), *(name.name for name in node.names)]
                if parts[0] in ("optuna", "keras_tuner"):
                    assert not any(part.startswith("_") or part == "src" for part in parts), path


def test_a_running_trial_is_opened_again(study):
    """A trial opened by number takes reports as the trial of the first process did."""
    began = study.ask()
    again = open_trial(study, study.trials[0])
    again.report(0.5, 1)
    assert again.number == began.number
    assert study.trials[0].intermediate_values == {1: 0.5}


def test_an_attribute_is_written_without_an_open_trial(study):
    """An attribute is written by trial number, since the trial may be open elsewhere."""
    study.ask()
    write_attribute(study, study.trials[0], "key", {"a": 1})
    assert study.trials[0].user_attrs == {"key": {"a": 1}}


def test_a_second_study_may_share_the_storage(study):
    """The storage takes a second study, which the claim of a lease needs."""
    optuna.create_study(study_name="claim", storage=storage_of(study))
    names = [summary.study_name for summary in optuna.get_all_study_summaries(storage_of(study))]
    assert sorted(names) == sorted(["claim", study.study_name])


def test_the_unit_cube_holds_every_range():
    """Integers get half a step at each end: 2 of 0..4 and 10 of 1..100 (log) are the middle."""
    cube = UnitCube({"n": IntDistribution(0, 4), "x": FloatDistribution(1, 100, log=True)})
    np.testing.assert_array_equal(cube.bounds, [[0, 1], [0, 1]])
    np.testing.assert_allclose(cube.vector({"n": 2, "x": 10.0, "other": 1}), [0.5, 0.5])
    assert cube.params(np.array([0.5, 0.5])) == pytest.approx({"n": 2, "x": 10.0})


def test_brackets_depend_on_the_number_alone():
    """Two studies of different names put their trials into equal brackets."""
    brackets = []
    for name in ("a", "b"):
        study = optuna.create_study(study_name=name, direction="maximize")
        pruner = NamelessHyperband(min_resource=1, max_resource=4, reduction_factor=4)
        for _ in range(20):
            trial = study.ask()
            trial.report(0.5, 1)
            pruner.prune(study, study.trials[trial.number])
        brackets.append([pruner._get_bracket_id(study, trial) for trial in study.trials])
    assert brackets[0] == brackets[1]
    assert set(brackets[0]) == {0, 1}


@pytest.mark.filterwarnings("ignore:.*QMCSampler is experimental:Warning")
def test_a_place_gives_its_point_of_the_sequence(study):
    """Equal places give equal points, and different places different ones."""
    space = {"x": FloatDistribution(0, 1), "y": FloatDistribution(0, 1)}
    study.ask()
    points = [
        PlacedQMC(lambda place=place: place, seed=1).sample_relative(study, study.trials[0], space)
        for place in (3, 3, 4)
    ]
    assert points[0] == points[1] != points[2]


def test_the_elite_are_the_best(study):
    """The elite of four trials for a population of two are the two best."""
    trials = [optuna.trial.create_trial(value=value) for value in (0.1, 0.4, 0.2, 0.3)]
    elite = select_elite(NSGAIISampler(population_size=2, seed=0), study, trials)
    assert sorted(trial.value for trial in elite) == [0.3, 0.4]


def test_the_first_rung_is_a_system_attribute(study):
    """Successive halving writes the score of its first rung to a system attribute."""
    trial = study.ask()
    trial.report(0.5, 1)
    SuccessiveHalvingPruner(min_resource=1).prune(study, study.trials[0])
    assert study.trials[0].system_attrs[FIRST_RUNG_SCORE] == 0.5, ADVICE.format(FIRST_RUNG_SCORE)


def test_the_trials_of_others_look_failed_and_keep_their_places(study):
    """Every reader of Optuna's, a sampler's cached one too, sees a failed trial without values."""
    own = OwnStudy(study, lambda trial: "mine" in trial.user_attrs, "mine")
    study.add_trial(optuna.trial.create_trial(value=0.5))
    trial = own.ask()
    assert trial.number == 1
    for trials in (own.trials, own.get_trials(deepcopy=False), own._get_trials(use_cache=True)):
        states = [(t.number, t.state.name, t.values, t.params) for t in trials]
        assert states == [(0, "FAIL", None, {}), (1, "RUNNING", None, {})]
    assert [t.number for t in own.get_trials(states=[optuna.trial.TrialState.FAIL])] == [0]
    assert own.foreign_trials() == [0]


def test_a_trial_has_its_attributes_from_the_beginning(study):
    """A new trial is written once, with the mark; a sampler sees those before it."""
    own = OwnStudy(study, lambda trial: True, "mine")
    own.begin({"key": 1})
    assert own._get_trials(use_cache=True)[0].user_attrs == {"mine": True, "key": 1}
    own.begin({})
    assert len(own._get_trials(use_cache=True)) == 2
    assert [t.state.name for t in study.trials] == ["RUNNING", "RUNNING"]


def test_an_enqueued_trial_comes_first_and_has_its_values(study):
    """Optuna keeps the values of its queue in a system attribute."""
    own = OwnStudy(study, lambda trial: True, "mine")
    study.enqueue_trial({"x": 0.5})
    trial = own.ask()
    assert trial.suggest_float("x", 0, 1) == 0.5
    own.ask()
    assert [enqueued_values(t) for t in own.trials] == [{"x": 0.5}, None]


def _count_readings(study: optuna.Study, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that gets the study's number at each reading of all of its trials."""
    storage, readings = storage_of(study), list[int]()
    read = storage.get_all_trials

    def count(study_id: int, *args: Any, **kwargs: Any) -> list[FrozenTrial]:
        readings.append(study_id)
        return read(study_id, *args, **kwargs)

    monkeypatch.setattr(storage, "get_all_trials", count)
    return readings


def test_one_reading_serves_all_readers_until_the_next_trial(study, monkeypatch):
    """Within `one_reading` the storage is read once, and again after a trial was made."""
    own = OwnStudy(study, lambda trial: True, "mine")
    readings = _count_readings(study, monkeypatch)
    with one_reading(own), one_reading(own):
        assert own.trials == own.get_trials(deepcopy=False) == []
        assert (own.foreign_trials(), own.has_waiting()) == ([], False)
        assert len(readings) == 1
        study.ask()  # as another process would
        assert own.trials == []
        own.begin({})
        assert [len(own.trials), len(own.trials)] == [2, 2]
        assert len(readings) == 3  # one of them is that of `study.ask`
    study.ask()
    assert len(own.trials) == 3


def test_one_trial_is_read_without_the_others(study, monkeypatch):
    """A look at one trial reads it anew, and shows that of another program as a failed one."""
    own = OwnStudy(study, lambda trial: "mine" in trial.user_attrs, "mine")
    study.ask()
    own.begin({})
    readings = _count_readings(study, monkeypatch)
    with one_reading(own):
        assert [one_trial(own, n).state.name for n in (0, 1)] == ["FAIL", "RUNNING"]
        study.tell(1, 0.5)
        assert one_trial(own, 1).value == 0.5
    assert one_trial(study, 0).state.name == "RUNNING"
    assert readings == []


def test_a_process_knows_what_it_wrote(study):
    """What is known of a trial is what was written through it, without a look at the record."""
    trial = study.ask()
    trial.report(0.5, 1)
    trial.set_user_attr("key", 1)
    known = known_of(trial)
    assert (known.intermediate_values, known.user_attrs) == ({1: 0.5}, {"key": 1})
