"""The facts that a study determines at its creation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scripted import CPU, ScriptedExecutor

from autocnn.data.prepared import prepare_images
from autocnn.engines.recipes import Recipe
from autocnn.errors import StudyError
from autocnn.records.optuna_record import create_study
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings
from autocnn.space.parameters import Fixed, Int
from autocnn.space.space import SearchSpace
from autocnn.study import creation
from autocnn.trial import Device

SPACE = SearchSpace(
    name="test",
    parameters={"blocks": Fixed(value=2), "filters": Int(low=4, high=8), "kernel": Fixed(value=3)},
)


RECIPE = Recipe(name="one", values={"blocks": 2, "filters": 8})
FOREIGN = Recipe(name="two", values={"blocks": 3, "filters": 8})


def test_only_recipes_that_are_points_of_the_space_are_taken(monkeypatch):
    """Each other recipe is reported in one line."""
    monkeypatch.setattr(creation, "load_recipes", lambda shape: [FOREIGN, RECIPE])
    fitting, skipped = creation.find_recipes(StudySettings(study="x"), SPACE, (8, 8, 1))
    assert fitting == [RECIPE]
    assert [line.partition(":")[0] for line in skipped] == ["recipe two is skipped"]


def test_no_recipes_are_used_if_they_are_switched_off(monkeypatch):
    """The option `--no-recipes` gives an empty list."""
    monkeypatch.setattr(creation, "load_recipes", lambda shape: [RECIPE])
    settings = StudySettings(study="x", recipes=False)
    assert creation.find_recipes(settings, SPACE, (8, 8, 1)) == ([], [])


class _Executor(ScriptedExecutor):
    """An executor for which a network of 8 filters is the slowest."""

    def device(self):
        return replace(CPU, bfloat16=True)

    def measure(self, config, precision):
        super().measure(config, precision)
        return 1.0, config.blocks[0].filters[0] / 1000


@pytest.fixture
def study(tmp_path):
    """A study without facts."""
    return create_study(StudyPaths(tmp_path), StudySettings(study="x"))


def _find(study, data, executor, **settings):
    settings = StudySettings(study="x", **settings)
    start = creation.Start(settings=settings, space=SPACE, data=data, executor=executor)
    return creation.find_facts(start, study)


def test_the_first_recipe_is_measured(monkeypatch, study, data):
    """The measured network includes the values that the space fixes."""
    monkeypatch.setattr(creation, "load_recipes", lambda shape: [FOREIGN, RECIPE])
    executor = _Executor()
    facts, measured = _find(study, data, executor, time_budget_s=600.0)
    assert [[b.filters for b in c.blocks] for c in executor.measured] == [[(8,), (16,)]]
    assert measured.setup_seconds == 1.0
    assert measured.epoch_seconds == pytest.approx(0.008 * data.train.n)
    assert facts.first_look == 0


def test_without_recipes_three_random_networks_are_measured(study, data):
    """The median of the three counts, and every trial has a first look."""
    executor = _Executor()
    facts, measured = _find(study, data, executor, recipes=False, time_budget_s=600.0)
    speeds = sorted(c.blocks[0].filters[0] / 1000 for c in executor.measured)
    assert len(speeds) == 3
    assert measured.epoch_seconds == pytest.approx(speeds[1] * data.train.n)
    assert facts.first_look == 0.2


def test_without_a_time_budget_every_trial_may_be_long(study, data):
    """The horizon is the maximum and no trial is cut, so any machine has the same trials."""
    facts, _ = _find(study, data, _Executor(), recipes=False)
    assert (facts.horizon, facts.first_look) == (12, 0)


def test_recorded_facts_are_not_determined_again(study, data):
    """A resumed study keeps its horizon."""
    first, _ = _find(study, data, _Executor(), time_budget_s=600.0, recipes=False)
    executor = _Executor()
    again, _ = _find(study, data, executor, time_budget_s=60.0, recipes=False)
    assert (again, executor.measured) == (first, [])


class _Gpu(_Executor):
    """An executor on another device, a hundred times as fast, that supports bfloat16."""

    def device(self):
        return Device(backend="jax", kind="gpu", names=("H100",), bfloat16=True, reason="")

    def measure(self, config, precision):
        setup_s, image_s = super().measure(config, precision)
        return setup_s, image_s / 100


def test_another_device_is_measured_once(study, data):
    """A device has its own speed and precision; horizon and first look stay."""
    first, on_cpu = _find(study, data, _Executor(), time_budget_s=600.0, recipes=False)
    gpu = _Gpu()
    facts, on_gpu = _find(study, data, gpu, time_budget_s=600.0, recipes=False)
    assert len(gpu.measured) == 3
    assert on_gpu.epoch_seconds == pytest.approx(on_cpu.epoch_seconds / 100)
    assert (on_gpu.backend, on_gpu.device) == ("jax", "gpu")
    assert facts.measurements == (on_cpu, on_gpu)
    assert replace(facts, measurements=(on_cpu,)) == first
    again = _Gpu()
    assert _find(study, data, again, recipes=False) == (facts, on_gpu)
    assert again.measured == []


def test_a_study_refuses_other_data(study, data):
    """Scores on other data are not comparable."""
    _find(study, data, _Executor(), recipes=False)
    other = replace(data, fingerprint="0" * 64)
    with pytest.raises(StudyError, match="no longer the data"):
        _find(study, other, _Executor(), recipes=False)


def test_a_study_refuses_other_statistics(study, data):
    """An earlier version normalised a subset by the whole data set."""
    _find(study, data, _Executor(), recipes=False)
    other = replace(data, mean=(1.0,))
    with pytest.raises(StudyError, match="study x: its images were normalised by other statistics"):
        _find(study, other, _Executor(), recipes=False)


def test_the_stored_split_is_that_of_the_subset(tmp_path):
    """split.npz has the indices of the training images: about 200 of the 1,292 digits."""
    data = creation.prepare_data(StudySettings(study="x", dataset="digits", subset=200))
    paths = StudyPaths(tmp_path)
    creation.write_split(paths, data.split)
    with np.load(paths.split) as stored:
        assert stored["train"].tolist() == data.split.train.tolist()
        assert (len(stored["train"]), len(stored["validation"])) == (199, 145)


@pytest.mark.parametrize(("given", "folds"), [(None, 5), (3, 3)])
def test_the_facts_count_the_images_of_all_folds(given, folds, study, data, monkeypatch):
    """Each of five folds holds out 12 of 60 images; an epoch of a trial is one of each fold."""
    monkeypatch.setattr(creation, "load_recipes", lambda shape: [])
    folded = prepare_images("tiny", ("dark", "bright"), data.images, folds=5)
    settings = StudySettings(study="x", time_budget_s=600.0)
    start = creation.Start(
        settings=settings, space=SPACE, data=folded, executor=_Executor(), folds=given
    )
    facts, measured = creation.find_facts(start, study)
    assert (facts.folds, facts.n_validation, facts.n_train) == (folds, 12 * folds, 48)
    assert facts.first_look == 0  # of one fold it would be no measure of the common score
    assert measured.epoch_seconds == pytest.approx(48 * 0.006, rel=0.5)  # of one fold


def test_the_folds_are_stored_beside_the_split(tmp_path, data):
    """The training images that folds 2 and 3 hold out."""
    split = prepare_images("tiny", ("dark", "bright"), data.images, folds=3).split
    paths = StudyPaths(tmp_path)
    creation.write_split(paths, split)
    with np.load(paths.split) as stored:
        assert stored.files == ["train", "validation", "fold2", "fold3"]
        assert [stored[f"fold{i}"].tolist() for i in (2, 3)] == [p.tolist() for p in split.parts]


def test_the_data_are_split_as_the_settings_say():
    """None leaves the number to the data: digits have more than 1,000 images."""
    for folds, n in ((None, 1), (4, 4)):
        settings = StudySettings(study="x", dataset="digits", folds=folds)
        assert creation.prepare_data(settings).split.n_folds == n
