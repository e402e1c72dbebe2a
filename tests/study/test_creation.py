"""The facts that a study determines at its creation."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
from scripted import CPU, ScriptedExecutor

from autocnn.data.prepared import prepare_images
from autocnn.engines.recipes import NetworkSize, Recipe, TrainingSet
from autocnn.errors import StudyError
from autocnn.records.optuna_record import create_study
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings
from autocnn.space.cost import work_of
from autocnn.space.layers import plan_network
from autocnn.space.parameters import Fixed, Int
from autocnn.space.space import SearchSpace
from autocnn.study import creation, probe, recipes
from autocnn.study.cost_model import CPU_SECONDS, CostModel
from autocnn.trial import Device

SPACE = SearchSpace(
    name="test",
    parameters={"blocks": Fixed(value=2), "filters": Int(low=4, high=8), "kernel": Fixed(value=3)},
)


RECIPE = Recipe(name="one", values={"blocks": 2, "filters": 8})
FOREIGN = Recipe(name="two", values={"blocks": 3, "filters": 8})
IMAGES = TrainingSet(shape=(8, 8, 1), n=54)


@pytest.fixture
def use(monkeypatch):
    """A function that replaces the portfolio: recipes whatever the images, and their sizes."""

    def install(*entries):
        asked = []

        class _Entry:
            name = "one"

            def __init__(self, recipe):
                self.recipe = recipe

            def recipes(self, images, size):
                asked.append((images, size))
                return [self.recipe]

        found = [_Entry(recipe) for recipe in entries]
        monkeypatch.setattr(recipes, "entries_for", lambda images: found)
        return asked

    return install


class _Executor(ScriptedExecutor):
    """An executor that measures 2 s of setup and 5 ms an image."""

    limits: ClassVar[list[float]] = []

    def device(self):
        return replace(CPU, bfloat16=True)

    def measure(self, config, precision, limit_s):
        super().measure(config, precision, limit_s)
        self.limits.append(limit_s)
        return 2.0, 0.005


class _Hangs(_Executor):
    """An executor whose process was silent until it was ended."""

    def measure(self, config, precision, limit_s):
        super().measure(config, precision, limit_s)


@pytest.fixture
def study(tmp_path):
    """A study without facts."""
    return create_study(StudyPaths(tmp_path), StudySettings(study="x"))


def _find(study, data, executor, lines=None, of=SPACE, **settings):
    settings = StudySettings(study="x", **settings)
    space = of.fitted(data.image_shape, data.train.n)
    start = probe.Start(
        settings=settings,
        space=space,
        data=data,
        executor=executor,
        seconds=settings.time_budget_s,
        message=[].append if lines is None else lines.append,
    )
    return creation.find_facts(start, study)


def _seconds(facts, measured):
    """The predicted seconds of an image for a network with these filters in its first block."""

    def predict(filters):
        config = SPACE.config({"blocks": 2, "filters": filters, "kernel": 3})
        network = plan_network(config, facts.image_shape, facts.n_classes)
        work = work_of(config, network, facts.image_shape, 54)
        return CostModel(coefficients=measured.coefficients).image_seconds(work)

    return predict


def test_the_first_recipe_is_measured(use, study, data):
    """The measured network includes the values that the space fixes; its speed scales the model."""
    use(FOREIGN, RECIPE)
    executor = _Executor()
    facts, measured = _find(study, data, executor, time_budget_s=600.0)
    assert [[b.filters for b in c.blocks] for c in executor.measured] == [[(8,), (16,)]]
    assert measured.setup_seconds == 2.0
    assert _seconds(facts, measured)(8) == pytest.approx(0.005)
    # 54 training images, and 6 to validate that cost a third
    assert measured.epoch_seconds == pytest.approx(0.005 * 56)
    assert facts.first_look == 0


@pytest.mark.parametrize(("budget", "limit"), [(20.0, 0.6), (600.0, 1.0), (None, 1.0)])
def test_measuring_takes_a_small_part_of_the_time(use, study, data, budget, limit):
    """Three percent of the budget, and a second at most."""
    use(RECIPE)
    _Executor.limits.clear()
    _find(study, data, _Executor(), time_budget_s=budget)
    assert _Executor.limits == [pytest.approx(limit)]


@pytest.mark.parametrize(
    ("budget", "filters", "n_measured"),
    [
        (600.0, 6, 2),
        (600.0, 8, 1),  # that network was measured already
        (90.0, 6, 1),  # two seconds of setup and one of steps are more than 3 % of it
        (None, 6, 1),
    ],
)
def test_the_recipe_that_was_chosen_is_measured_too(
    study, data, monkeypatch, budget, filters, n_measured
):
    """The second measurement sets the scale: 5 ms of an image with 6 filters, not with 8."""
    monkeypatch.setattr(
        probe,
        "_typical",
        lambda start, size: SPACE.config({"blocks": 2, "filters": size.filters, "kernel": 3}),
    )
    executor = _Executor()
    start = probe.Start(
        settings=StudySettings(study="x"), space=SPACE, data=data, executor=executor, seconds=budget
    )
    speed = probe.measure_speed(start, CPU)
    size = NetworkSize(filters=filters, batch_size=32)
    again = probe.measure_again(start, CPU, speed, size)
    assert len(executor.measured) == n_measured
    measured = executor.measured[-1]
    assert again.cost.image_seconds(start.work(measured)) == pytest.approx(0.005)
    assert (again == speed) is (n_measured == 1)


def test_a_measurement_that_does_not_end_is_left_out(use, study, data):
    """The study begins with the usual speed of a CPU, and says so."""
    use(RECIPE)
    lines = []
    facts, measured = _find(study, data, _Hangs(), lines, time_budget_s=600.0)
    assert lines == ["measuring the speed did not end: the usual speed of a CPU is assumed"]
    assert (measured.setup_seconds, measured.coefficients) == (10.0, CPU_SECONDS)
    assert facts.horizon > 1


def test_the_recipes_keep_the_size_that_the_time_allowed(use, study, data):
    """The size is on record: a continued study asks for the same recipes."""
    asked = use(RECIPE)
    facts, _ = _find(study, data, _Executor(), time_budget_s=600.0)
    assert asked[-1] == (IMAGES, creation.size_of(facts))
    assert facts.recipe_filters == 8  # the only width of the space that recipes have


def test_without_recipes_the_network_with_the_median_cost_is_measured(study, data):
    """One of five widths; every trial has a first look, and the longest a fifth of the time."""
    executor = _Executor()
    facts, _ = _find(study, data, executor, recipes=False, time_budget_s=70.0, horizons=2)
    (config,) = executor.measured
    assert config.blocks[0].filters[0] in (5, 6, 7)
    assert facts.first_look == 0.2
    # (70 - 20) / 1.3 s are for the search; 0.26 less the setup is 8 s, 28 epochs of 0.28 s
    assert (facts.horizon, facts.promotes) == (10, True)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"time_budget_s": None}, "there is no time budget"),
        ({"epochs": 30}, "--epochs gives it"),
        ({"engine": "keras-tuner"}, "only the engine optuna has two"),
        ({"time_budget_s": 30.0}, "the time is too short"),
    ],
)
def test_a_study_that_cannot_have_two_horizons_says_so(study, data, changes, reason):
    """The line names the reason; by default a study has one horizon and says nothing."""
    lines = []
    settings = {"recipes": False, "time_budget_s": 600.0, **changes}
    facts, _ = _find(study, data, _Executor(), lines, horizons=2, **settings)
    assert not facts.promotes
    assert lines == [f"all schedules have one length ({reason}), as with --horizons 1"]


def test_by_default_there_is_one_horizon(study, data):
    """It says nothing."""
    lines = []
    facts, _ = _find(study, data, _Executor(), lines, recipes=False, time_budget_s=600.0)
    assert (facts.promotes, lines) == (False, [])


@pytest.mark.parametrize(
    ("changes", "is_longer"),
    [
        ({}, True),
        ({"time_budget_s": None}, False),
        ({"epochs": 3}, False),
        ({"horizons": 2}, False),
    ],
)
def test_a_time_budget_lets_the_refit_be_longer(study, data, changes, is_longer):
    """Its epochs are eight times the horizon, or three times the 112 of 2,000 updates."""
    settings = {"recipes": False, "time_budget_s": 600.0, **changes}
    facts, _ = _find(study, data, _Executor(), **settings)
    expected = min(8 * facts.horizon, 336) if is_longer else 0
    assert facts.longest_refit == expected


def test_without_a_time_budget_every_trial_may_be_long(study, data):
    """The horizon follows from the device alone, so any machine has the same trials."""
    facts, _ = _find(study, data, _Executor(), recipes=False)
    # 54 images have 18 steps of 3 an epoch: 1,500 updates
    assert (facts.horizon, facts.first_look) == (84, 0)


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

    def measure(self, config, precision, limit_s):
        setup_s, image_s = super().measure(config, precision, limit_s)
        return setup_s, image_s / 100


def test_another_device_is_measured_once(study, data):
    """A device has its own speed and precision; horizon and first look stay."""
    first, on_cpu = _find(study, data, _Executor(), time_budget_s=600.0, recipes=False)
    gpu = _Gpu()
    facts, on_gpu = _find(study, data, gpu, time_budget_s=600.0, recipes=False)
    assert len(gpu.measured) == 1
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
    with pytest.raises(StudyError, match="no longer"):
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
def test_the_facts_count_the_images_of_all_folds(given, folds, study, data, use):
    """Each of five folds holds out 12 of 60 images; an epoch of a trial is one of each fold."""
    use()
    folded = prepare_images("tiny", ("dark", "bright"), data.images, folds=5)
    settings = StudySettings(study="x", time_budget_s=6000.0)
    start = probe.Start(
        settings=settings,
        space=SPACE,
        data=folded,
        executor=_Executor(),
        folds=given,
        seconds=6000.0,
    )
    facts, measured = creation.find_facts(start, study)
    assert (facts.folds, facts.n_validation, facts.n_train) == (folds, 12 * folds, 48)
    assert facts.first_look == 0  # of one fold it would be no measure of the common score
    assert measured.epoch_seconds == pytest.approx(0.005 * (48 + 12 / 3))  # of one fold


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
