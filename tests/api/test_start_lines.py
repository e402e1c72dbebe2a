"""The lines with which a search begins, and the winner among equal scores of few images."""

from __future__ import annotations

import json

import numpy as np
import pytest
from image_files import noise, write_npz
from scripted import ScriptedExecutor

from autocnn.api.datasets import dataset_facts
from autocnn.api.search_study import SilentListener
from autocnn.api.search_study import search as run_search
from autocnn.leaderboard.table import read_leaderboard
from autocnn.nn.model import ImageSpec, build_model
from autocnn.nn.weights import save_weights
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings
from autocnn.terminal.dataset_page import render_dataset
from autocnn.trial import Epoch, TrialResult, TrialState

LOSSES = (0.47, 0.0013, 0.02)  # of the three trials, on validation


class AllRight(ScriptedExecutor):
    """Every trial classifies all validation images, each with its own loss."""

    def train(self, job):
        """One epoch; then the weights are saved."""
        validates = job.fit_on == "train"
        epoch = Epoch(
            train_loss=0.1,
            train_accuracy=1.0,
            val_loss=LOSSES[job.number] if validates else float("nan"),
            val_accuracy=1.0 if validates else float("nan"),
            seconds=0.0,
            score=1.0 if validates else float("nan"),
        )
        yield 1, epoch
        job.folder.mkdir(parents=True, exist_ok=True)
        spec = ImageSpec(shape=(24, 24, 1), n_classes=2, mean=(78.0,), std=(96.0,))
        save_weights(job.folder / "best.npz", build_model(job.config, spec, seed=1).get_weights())
        return TrialResult(
            state=TrialState.COMPLETE,
            curve=(epoch,),
            best_epoch=1 if validates else None,
            precision=job.precision,
        )


class Ear(SilentListener):
    """A listener that records the messages and the best trial."""

    def __init__(self):
        self.messages = []

    def progress(self, progress):
        """Record the progress."""
        self.last = progress

    def message(self, text):
        """Record the line."""
        self.messages.append(text)


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    """An empty cache of decoded images."""
    monkeypatch.setenv("AUTOCNN_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def search(space_file, results):
    """A function that searches a data set with the scripted executor; returns outcome, listener."""

    def run(dataset, **changes):
        settings = StudySettings(
            study="s",
            dataset=str(dataset),
            space=str(space_file),
            results=str(results),
            trials=3,
            epochs=1,
            pruner="none",
            recipes=False,
            **changes,
        )
        ear = Ear()
        return run_search(settings, ear, open_executor=lambda setup: AllRight()), ear

    return run


@pytest.fixture
def easy(tmp_path):
    """Two classes of 36 images: 12 test, and the other 60 train and validate in turn."""
    return write_npz(tmp_path / "easy.npz", {"train": (noise(72, 24, 24), [0, 1] * 36)})


@pytest.fixture
def write_unbalanced(tmp_path):
    """A function that writes 40 training images of class 0 and 10 of class 1, and test images."""

    def write(test_labels):
        parts = {"train": (noise(50, 24, 24), [0] * 40 + [1] * 10)}
        parts["test"] = noise(len(test_labels), 24, 24, seed=1), test_labels
        return write_npz(tmp_path / "unbalanced.npz", parts)

    return write


def test_among_equal_scores_the_lowest_loss_wins_everywhere(search, easy, results):
    """The loss 0.0013 of trial 1 goes before 0.02 and 0.47, in every place that has a best."""
    outcome, ear = search(easy)
    paths = StudyPaths(results / "s")
    assert (outcome.winner, outcome.val_best) == (1, 1.0)
    assert ear.last.best == (1, 1.0)
    assert json.loads(paths.finals_json.read_text())["winner"] == 1
    ranks = read_leaderboard(paths.leaderboard).to_pydict()
    assert [ranks["trial"][i] for i in np.argsort(ranks["rank"])] == [1, 2, 0]


def test_a_search_says_the_weight_of_one_of_few_validation_images(search, easy):
    """One of 6 images is 16.67 points, one of 60 is 1.67; balanced classes have no line."""
    messages = search(easy, folds=1)[1].messages
    assert messages[-1] == "6 validation images: one image is 16.67 points of accuracy"
    assert not any("unbalanced" in line or "fold" in line for line in messages)


@pytest.mark.parametrize(
    ("folds", "line"),
    [
        (
            None,
            "60 images are few: each trial is scored by 5-fold cross-validation "
            "(--folds 1 for one hold-out)",
        ),
        (3, "each trial is scored by 3-fold cross-validation"),
    ],
)
def test_a_search_says_that_few_images_are_cross_validated(search, easy, results, folds, line):
    """All of them validate: the facts, the stored split and the line on one image count them."""
    messages = search(easy, folds=folds)[1].messages
    assert messages[-2:] == [
        line,
        "60 validation images: one image is 1.67 points of accuracy",
    ]
    paths = StudyPaths(results / "s")
    facts = json.loads(paths.manifest.read_text())["facts"]
    n = folds or 5
    assert (facts["folds"], facts["n_validation"], facts["n_train"]) == (n, 60, 60 - 60 // n)
    with np.load(paths.split) as stored:
        assert stored.files == ["train", "validation", *(f"fold{i}" for i in range(2, n + 1))]
        held = [stored[name] for name in stored.files if name != "train"]
    assert sorted(np.concatenate(held)) == list(range(60))


def test_a_search_says_what_the_page_of_the_data_set_says(search, write_unbalanced, show):
    """Counts, the score of one answer, the absent class, and what to do."""
    path = write_unbalanced([0] * 8)
    messages = search(path)[1].messages
    assert messages[-5:-1] == [
        "50 images are few: each trial is scored by 5-fold cross-validation "
        "(--folds 1 for one hold-out)",
        "unbalanced classes: '0' has 40 to train and to validate, 8 to test, '1' has 10 to train "
        "and to validate, 0 to test; always answering '0' scores 80.0 % validation accuracy",
        "no test image of '1': the test score says nothing about this class",
        "accuracy counts images, not classes: --objective balanced_accuracy ranks trials by all "
        "classes alike, and --class-weights trains them so",
    ]
    page = show(render_dataset(dataset_facts(str(path))), width=300)
    assert all(f"note         {line}" in page for line in messages[:-1])


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"class_weights": True}, "--class-weights weights the training only: trials are still"),
        ({"objective": "balanced_accuracy"}, None),
    ],
)
def test_the_advice_follows_the_settings(search, write_unbalanced, changes, line):
    """Class weights do not change the ranking; with balanced accuracy nothing is to be done."""
    messages = search(write_unbalanced([0, 1] * 4), **changes)[1].messages
    advice = [text for text in messages if "accuracy" in text and "--" in text]
    assert len(advice) == (line is not None)
    assert all(text.startswith(line) for text in advice)
    step = {"balanced_accuracy": "5.00 points of balanced accuracy"}  # 1 image of 10, 2 classes
    weight = step.get(changes.get("objective"), "2.00 points of accuracy")
    assert messages[-1] == f"50 validation images: one image is {weight}"


def test_copies_among_test_images_widen_the_interval(search, write_unbalanced, tmp_path):
    """Sixteen test images are eight pictures twice: the finals count eight."""
    x, y = noise(72, 24, 24), [0, 1] * 36
    test = np.repeat(noise(8, 24, 24, seed=1), 2, axis=0)
    path = write_npz(tmp_path / "x.npz", {"train": (x, y), "test": (test, [0, 0, 1, 1] * 4)})
    search(path)
    finals = json.loads((tmp_path / "results" / "s" / "finals" / "finals.json").read_text())
    assert (finals["test"]["n"], finals["test"]["n_different"]) == (16, 8)
    assert dataset_facts(str(path)).info.n_test_different == 8
