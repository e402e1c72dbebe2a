"""The benchmark of images of any size: its data sets, its hand-made recipe, and its table."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture(scope="module")
def scripts() -> Iterator[SimpleNamespace]:
    """The modules of the benchmark."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        import any_images
        import any_images_data
        import any_images_results
        import any_images_task
        import drawn_images
        import hand_recipe

        yield SimpleNamespace(
            run=any_images,
            data=any_images_data,
            results=any_images_results,
            task=any_images_task,
            drawn=drawn_images,
            hand=hand_recipe,
        )


@pytest.mark.parametrize(
    ("draw", "n_classes", "shape"),
    [
        ("draw_texture", 5, (90, 120, 3)),
        ("draw_shape", 6, (48, 48)),
        ("draw_glyph", 20, (64, 64)),
        ("draw_word", 8, (32, 128, 3)),
    ],
)
def test_a_drawn_picture_depends_on_class_and_generator_only(scripts, draw, n_classes, shape):
    """Every class has pictures of the stated size, the same for the same generator."""
    function = getattr(scripts.drawn, draw)
    for label in range(n_classes):
        first, again, other = (function(label, np.random.default_rng(k)) for k in (1, 1, 2))
        assert (first.shape, first.dtype) == (shape, np.uint8)
        np.testing.assert_array_equal(first, again)
        assert (first != other).any()


def test_a_set_is_a_folder_of_parts_and_classes(scripts, tmp_path):
    """Digits: 30 training images a class of 8x8 grey pixels, and all others for the test."""
    sources = scripts.data.Sources(seed=0, cifar=None)
    folder = tmp_path / "digits_subset"
    scripts.data.write_set(folder, scripts.data.SETS["digits_subset"], sources)
    files = {part: list((folder / part).glob("*/*.png")) for part in ("train", "test")}
    assert (len(files["train"]), len(files["test"])) == (300, 1497)
    assert [len(list((folder / "train" / f"{k}").iterdir())) for k in range(10)] == [30] * 10
    with Image.open(files["train"][0]) as image:
        assert (image.size, image.mode) == ((8, 8), "L")
    assert scripts.data.describe_set(folder)[:5] == ["digits_subset", "8x8x1", "10", "300", "1,497"]


def test_a_set_that_is_there_is_not_written_again(scripts, tmp_path):
    """The folder stays as it is."""
    sources = scripts.data.Sources(seed=0, cifar=None)
    scripts.data.write_set(tmp_path, scripts.data.SETS["digits_subset"], sources)
    assert list(tmp_path.iterdir()) == []


def test_a_set_without_its_source_is_left_out(scripts, tmp_path):
    """The message names the option, or the folder and the file that it lacks."""
    with pytest.raises(scripts.data.SourceMissing, match="give --cifar"):
        scripts.data.read_cifar(None, "train")
    with pytest.raises(scripts.data.SourceMissing, match=r"expected train-\*\.parquet"):
        scripts.data.read_cifar(tmp_path, "train")


def test_drawn_indices_have_every_class_alike(scripts):
    """Two of each class, in rising order, none twice."""
    labels = np.array([0, 1, 1, 0, 2, 2, 2, 0, 1])
    chosen = scripts.data.draw_evenly(labels, 2, 3, np.random.default_rng(0))
    assert np.bincount(labels[chosen]).tolist() == [2, 2, 2]
    assert (np.diff(chosen) > 0).all()


@pytest.mark.parametrize(
    ("side", "halvings", "stride", "widths"),
    [
        (8, 1, 1, [32, 64]),
        (28, 2, 2, [32, 64]),
        (64, 3, 2, [32, 64, 128]),
        (96, 4, 2, [32, 64, 128, 256]),
        (200, 5, 4, [32, 64, 128, 256]),
        (400, 6, 4, [32, 64, 128, 256, 256]),
    ],
)
def test_the_hand_made_recipe_grows_with_the_image(scripts, side, halvings, stride, widths):
    """The halvings leave about 6 pixels; the stem has one of them, or two from 160 pixels."""
    assert scripts.hand.count_halvings(side) == halvings
    assert scripts.hand.stem_stride(side) == stride
    assert scripts.hand.block_widths(side) == widths


def test_the_rate_rises_for_a_quarter_and_falls_to_zero(scripts):
    """One cycle along two lines."""
    shares = [scripts.hand.cycle_share(done) for done in (0, 0.125, 0.25, 0.625, 1)]
    assert shares == [0, 0.5, 1, 0.5, 0]


def test_images_are_read_by_class_and_scaled_to_the_longest_side(scripts, tmp_path):
    """120x90 pixels become 64x48; grey pictures have a channel."""
    for name, size in (("a", 1), ("b", 2)):
        (tmp_path / name).mkdir()
        for i in range(size):
            Image.new("L", (120, 90), 7).save(tmp_path / name / f"{i}.png")
    images, labels = scripts.task.read_part(tmp_path, ["a", "b"], 64)
    assert (images.shape, labels.tolist()) == ((3, 48, 64, 1), [0, 1, 1])
    images, _ = scripts.task.read_part(tmp_path, ["a", "b"], None)
    assert images.shape == (3, 90, 120, 1)


def outcome_of(scripts, test: float | None, **changes):
    """An outcome of 10 s and 20 CPU s on a free machine."""
    values = {"wall_s": 10.0, "cpu_s": 20.0, "others": 0.0, "machine": "m", "error": ""}
    return scripts.results.Outcome(test=test, **values | changes)


def test_cells_with_an_accuracy_are_not_run_again(scripts, tmp_path):
    """A failed cell and a new one are left; the last line of a cell counts."""
    results, file = scripts.results, tmp_path / "outcomes.jsonl"
    cells = [results.Cell(30.0, "textures", "autocnn", seed) for seed in range(4)]
    results.append_outcome(file, cells[0], outcome_of(scripts, 0.9))
    results.append_outcome(file, cells[1], outcome_of(scripts, None, error="broken"))
    results.append_outcome(file, cells[2], outcome_of(scripts, None, error="broken"))
    results.append_outcome(file, cells[2], outcome_of(scripts, 0.8, details={"epochs": 3}))
    found = results.read_outcomes(file)
    assert results.cells_left(cells, found) == [cells[1], cells[3]]
    assert found[cells[2]] == outcome_of(scripts, 0.8, details={"epochs": 3})


def test_the_report_has_a_row_for_each_set(scripts):
    """Means and deviations of the seeds; failures and a busy machine are named below."""
    cell = scripts.results.Cell
    found = {
        cell(30.0, "a", "autocnn", 0): outcome_of(scripts, 0.90),
        cell(30.0, "a", "autocnn", 1): outcome_of(scripts, 0.94, wall_s=20.0, others=0.4),
        cell(30.0, "a", "before", 0): outcome_of(scripts, None, error="exit code 2: no"),
        cell(30.0, "b", "autocnn", 0): outcome_of(scripts, 0.5),
    }
    assert scripts.results.report(found) == [
        "Time 30 s: test accuracy in %, mean ± standard deviation (number of seeds)",
        "",
        "| set | autocnn | before |",
        "|---|---|---|",
        "| a | 92.0 ± 2.8 (2) | 1 failed |",
        "| b | 50.0 (1) | – |",
        "",
        "Time 30 s: wall s, CPU s (means)",
        "",
        "| set | autocnn | before |",
        "|---|---|---|",
        "| a | 15, 20 | – |",
        "| b | 10, 20 | – |",
        "",
        "m",
        "a, before, seed 0: exit code 2: no",
        "In 1 of 4 cells other processes took more than 5 % of the machine, at most 40 %: "
        "do not trust their times and the accuracies that hang on them.",
    ]


def test_an_arm_is_the_autocnn_of_another_checkout(scripts, tmp_path, monkeypatch):
    """The package comes from that folder, and no setting from the environment."""
    monkeypatch.setenv("AUTOCNN_TIME_BUDGET", "1h")
    (tmp_path / "autocnn").mkdir()
    arm, place = scripts.run.read_installation(f"before={tmp_path}")
    cell = scripts.results.Cell(90.0, "textures", arm, 3)
    command = scripts.run.command_of(cell, Path("/sets/textures"), {arm: place}, tmp_path / "s")
    assert command.words[:4] == (sys.executable, "-m", "autocnn", "search")
    assert command.words[4:-2] == (
        *("--dataset", "/sets/textures", "--study", "cell", "--time-budget", "90s"),
        *("--seed", "3", "--results", str(tmp_path / "s" / "results")),
    )
    assert command.environment["PYTHONPATH"] == str(tmp_path)
    assert command.environment["AUTOCNN_CACHE"] == str(tmp_path / "s" / "cache")
    assert "AUTOCNN_TIME_BUDGET" not in command.environment


def test_an_arm_is_the_autocnn_of_another_python(scripts, tmp_path, monkeypatch):
    """That Python finds the package by itself."""
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    python = tmp_path / "python"
    python.touch()
    arm, place = scripts.run.read_installation(f"before={python}")
    cell = scripts.results.Cell(90.0, "textures", arm, 3)
    command = scripts.run.command_of(cell, Path("/sets/textures"), {arm: place}, tmp_path)
    assert command.words[:3] == (str(python), "-m", "autocnn")
    assert "PYTHONPATH" not in command.environment


@pytest.mark.parametrize("text", ["before", "=/x", "before=", "hand_recipe=.", "before=/no/such"])
def test_an_installation_has_a_new_name_and_a_path(scripts, text):
    """Anything else is a wrong option."""
    with pytest.raises(scripts.run.argparse.ArgumentTypeError):
        scripts.run.read_installation(text)


def test_the_answer_is_the_last_line_of_output(scripts):
    """A process that failed has the last line of its errors instead."""
    done = subprocess.CompletedProcess
    found = {"test": 0.75, "epochs": 2}
    good = done([], 0, f"a line\n{json.dumps(found)}\n", "")
    assert scripts.run.read_answer(good) == (0.75, "", found)
    bad = done([], 2, "", "first\nautocnn: error: no images\n")
    expected = (None, "exit code 2: autocnn: error: no images", {})
    assert scripts.run.read_answer(bad) == expected


@pytest.mark.slow
def test_measuring_an_epoch_leaves_no_trace(scripts):
    """Weights, and the steps and slots of the optimizer, are as they were before."""
    rng = np.random.default_rng(0)
    task = scripts.task.Task(
        images=rng.integers(0, 256, (40, 8, 8, 1)).astype(np.uint8),
        labels=np.arange(40) % 2,
        n_classes=2,
        may_flip=True,
        ends_at=time.time() + 600,
    )
    model = scripts.hand.hand_network(task)
    scripts.task.compile_network(model, keras.optimizers.AdamW(1e-3, weight_decay=0.05))
    weights = model.get_weights()
    assert scripts.hand.measure_epoch(model, task, 16) > 0
    for before, after in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    slots = [
        v.numpy() for v in model.optimizer.variables if v.path.endswith(("velocity", "momentum"))
    ]
    assert len(slots) == 2 * len(model.trainable_variables)
    assert not any(slot.any() for slot in slots)
    assert int(model.optimizer.iterations.numpy()) == 0


@pytest.mark.slow
@pytest.mark.parametrize("arm", ["first_try", "keras_guide", "hand_recipe"])
def test_an_arm_trains_and_is_tested_once(scripts, arm, tmp_path):
    """The outcome has an accuracy, and a second call runs nothing."""
    sources = scripts.data.Sources(seed=0, cifar=None)
    name, sets = "digits_subset", tmp_path / "sets"
    sets.mkdir()
    scripts.data.write_set(sets / name, scripts.data.SETS[name], sources)
    cell = scripts.results.Cell(12.0, name, arm, 0)
    for _ in range(2):
        scripts.run.run_cells([cell], sets, {}, tmp_path / "outcomes.jsonl")
    assert len((tmp_path / "outcomes.jsonl").read_text().splitlines()) == 1
    outcome = scripts.results.read_outcomes(tmp_path / "outcomes.jsonl")[cell]
    assert outcome.error == ""
    assert outcome.test is not None
    assert outcome.details["epochs"] >= 1
