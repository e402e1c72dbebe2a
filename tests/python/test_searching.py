"""`autocnn.search` and `autocnn.resume` from Python."""

from __future__ import annotations

import inspect
import os
import re
import signal
import subprocess
import sys

import numpy as np
import pytest

import autocnn
from autocnn.api.search_study import SilentListener
from autocnn.data.array_store import ROOT
from autocnn.errors import DatasetError, SettingsError, StudyError
from autocnn.python.searching import resume, search
from autocnn.records.study_settings import SETTINGS
from autocnn.serve.address import open_socket
from autocnn.trackers import tracking
from autocnn.trial import TrialState


class Ear(SilentListener):
    """A listener that keeps the lines."""

    def __init__(self):
        self.lines = []

    def message(self, text):
        """Keep the line."""
        self.lines.append(text)


# what a search accepts


def test_arrays_are_searched(study, arrays):
    """The study has the classes of the labels, and a tested network."""
    assert study.class_names == ("dark", "grey", "light")
    assert (study.state, len(study.trials)) == ("finished", 2)
    assert study.view.known_facts.n_train + study.view.known_facts.n_validation == 75


def test_equal_arrays_are_stored_once_and_continue_the_study(study, arrays, few):
    """A second call with the same arrays and more trials goes on with the study."""
    stored = few["results"] / ROOT
    assert [sorted(p.name for p in each.iterdir()) for each in stored.iterdir()] == [
        ["x_train.npy", "y_train.npy"]
    ]
    again = search(*arrays, **{**few, "trials": 3}, study="shades")
    assert (len(again.trials), len(list(stored.iterdir()))) == (3, 1)


def test_other_arrays_do_not_continue_the_study(study, arrays, few):
    """The images of a study do not change."""
    images, labels = arrays
    with pytest.raises(SettingsError, match="study shades was made with dataset"):
        search(images[:60], labels[:60], **few, study="shades")


def test_test_images_of_the_caller_are_the_test(executor, arrays, few):
    """All training images are trained on and validate."""
    images, labels = arrays
    found = search(images[:60], labels[:60], x_test=images[60:], y_test=labels[60:], **few)
    facts = found.view.known_facts
    assert (facts.n_train + facts.n_validation, found.finals.test.n) == (60, 30)


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_a_path_is_a_text_or_a_path(executor, arrays, few, tmp_path, kind):
    """Both name the same file."""
    images, labels = arrays
    np.savez(tmp_path / "shades.npz", x_train=images, y_train=labels)
    found = search(kind(tmp_path / "shades.npz"), **few)
    assert found.settings.dataset == str(tmp_path / "shades.npz")


def test_whole_numbers_are_labels(executor, arrays, few):
    """The classes are their digits."""
    images, labels = arrays
    codes = np.unique(labels, return_inverse=True)[1]
    assert search(images.tolist(), codes.tolist(), **few).class_names == ("0", "1", "2")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": None}, "labels are missing"),
        ({"y_test": ["dark"]}, "x_test and y_test go together"),
        ({"dataset": "digits"}, "labels, x_test and y_test go with an array"),
        ({"trails": 3}, r"has no argument 'trails'; did you mean 'trials'\?"),
        ({"time_budget": 5}, "time_budget must be a text such as '5m', got 5"),
        ({"trials": 0}, r"search\(\): trials must be at least 1, got 0"),
        ({"sampler": "tpe", "engine": "keras-tuner"}, "^sampler belongs to engine optuna"),
    ],
)
def test_a_wrong_argument_is_one_line_that_names_it(arrays, few, change, message):
    """No option of the command line is named."""
    images, labels = arrays
    with pytest.raises(SettingsError, match=message) as caught:
        search(**{**few, "dataset": images, "labels": labels, **change})
    assert "--" not in str(caught.value)
    assert not few["results"].exists() or list(few["results"].iterdir()) in (
        [],
        [few["results"] / ROOT],
    )


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((90, 64)), r"^x_train: expected \(n, height, width\).*; give x\.reshape"),
        (np.full((90, 8, 8), "a"), "^x_train: expected numbers"),
        ([[1], [2, 3]], "^x_train: expected an array, got rows of several shapes"),
        (np.array([None] * 90), r"^x_train: expected numbers or texts, got objects \(NoneType\)"),
        (
            np.linspace(-1, 1, 90 * 64).reshape(90, 8, 8),
            r"^x_train\[0\]: expected floats from 0 to 1.*, give x =",
        ),
        (np.zeros((80, 8, 8), np.uint8), "^y_train: expected a label for each of the 80 images"),
    ],
)
def test_arrays_that_are_no_images_are_refused(arrays, few, images, message):
    """The line names the argument, and no file; a range is never guessed."""
    with pytest.raises(DatasetError, match=message) as caught:
        search(images, arrays[1], **few)
    assert ".npy" not in str(caught.value)


# what completion and help show


def test_the_signature_has_all_settings():
    """Completion shows the fields of the settings, the first of which is the data."""
    names = list(inspect.signature(search).parameters)
    assert names[:2] == ["dataset", "labels"]
    assert {*SETTINGS} - {"created"} <= {*names}
    assert {"time_budget", "trial_timeout", "worker_memory", "baseline"} <= {*names}


def test_the_help_describes_each_setting():
    """The texts are those of the command line, without its options."""
    text = inspect.getdoc(search)
    assert "    objective: What trials are scored by" in text
    assert "--" not in text.replace("--help", "")


def test_a_finished_search_writes_its_page(executor, arrays, few):
    """report.html stands in the study's folder; `report=False` leaves it out."""
    without = search(*arrays, **few, study="without")
    assert not (without.path / "report.html").exists()
    found = search(*arrays, **{**few, "report": True}, study="with")
    assert "<title>" in (found.path / "report.html").read_text()
    assert resume(found, trials=3, progress=False).state == "finished"


# going on


def test_a_study_is_continued(study):
    """`trials` counts those on record."""
    again = resume(study, trials=3, report=False, progress=False)
    assert (again.name, len(again.trials)) == ("shades", 3)


def test_other_settings_cannot_change(study):
    """The line names those that can."""
    with pytest.raises(SettingsError, match=r"resume\(\) takes trials, time_budget.*got epochs"):
        resume(study, epochs=3)


def test_an_interruption_leaves_a_study_that_goes_on(executor, arrays, few):
    """SIGINT is the interruption of a kernel; the study is returned, and the handler restored."""
    before = signal.getsignal(signal.SIGINT)
    executor.before_job = lambda job: job.number and signal.raise_signal(signal.SIGINT)
    ear = Ear()
    found = search(*arrays, **{**few, "trials": 4}, listener=ear, study="cut")
    assert (found.state, signal.getsignal(signal.SIGINT)) == ("unfinished", before)
    assert ear.lines[-1] == f"interrupted; autocnn.resume({str(found.path)!r}) goes on"
    executor.before_job = lambda job: None
    executor.cancelled.clear()
    again = resume(found.path, report=False, progress=False)
    assert (again.state, again.name) == ("finished", "cut")
    assert sum(each.state is TrialState.COMPLETE for each in again.trials) >= 3


def test_a_study_that_does_not_exist_is_one_line(tmp_path):
    """The line says what starts one, in Python."""
    with pytest.raises(StudyError, match=r"`autocnn\.search\(\)` starts"):
        resume(results=tmp_path / "nothing")


@pytest.mark.training
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_script_needs_no_guard(tmp_path):
    """The worker process does not run the script again."""
    script = tmp_path / "plain.py"
    script.write_text(
        "import autocnn\n"
        "from sklearn.datasets import load_digits\n"
        "print('begins')\n"
        "digits = load_digits()\n"
        "study = autocnn.search(digits.images[:300] / 16, digits.target[:300], trials=1,\n"
        "    epochs=1, folds=1, recipes=False, max_params=9_000, finals=1, report=False,\n"
        "    study='plain')\n"
        "print(study.predict(digits.images[:5] / 16).shape)\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.split("\n")) == (0, ["begins", "(5, 10)", ""]), done.stderr
    assert {*os.listdir(tmp_path / "results")} == {ROOT, "plain"}
    assert autocnn.load_study("plain", tmp_path / "results").state == "finished"


def test_trials_are_tracked(executor, arrays, few, tmp_path, monkeypatch):
    """A search and its continuation write to the folder; a file in its place is refused."""
    pytest.importorskip("tensorboardX")
    monkeypatch.setattr(tracking, "CLOSE_S", 120.0)  # a busy machine starts a process slowly
    runs = tmp_path / "runs"
    search(*arrays, **few, study="shades", tensorboard=runs)
    resume("shades", few["results"], trials=3, tensorboard=runs, progress=False)
    found = sorted(path.name for path in (runs / "shades").iterdir())
    assert found == ["trial-00000", "trial-00001", "trial-00002"]
    with pytest.raises(SettingsError, match=r"^tensorboard .*: is a file; name a folder$"):
        search(*arrays, **few, study="shades", tensorboard=few["space"])


def test_a_search_is_watched(executor, arrays, few):
    """The page has an address while the search runs, and is free again after it."""
    ear = Ear()
    search(*arrays, **few, study="shades", watch=0, listener=ear)
    urls = [
        re.fullmatch(r"the search can be watched at http://127\.0\.0\.1:(\d+)/", line)
        for line in ear.lines
    ]
    (port,) = [int(found[1]) for found in urls if found is not None]
    with open_socket("127.0.0.1", port) as bound:  # raises if the server still had it
        assert bound.getsockname()[1] == port


@pytest.mark.parametrize("watch", [-1, 65_536, "8001", 8001.0])
def test_what_is_no_port_is_refused(arrays, few, watch):
    """Before anything is stored."""
    with pytest.raises(
        SettingsError, match=r"^watch must be True, False or a port from 0 to 65535"
    ):
        search(*arrays, **few, watch=watch)
    assert not few["results"].exists()


def test_a_port_in_use_is_named_by_its_argument(executor, arrays, few):
    """Not by the option of the command line."""
    with open_socket("127.0.0.1", 0) as bound:
        bound.listen()
        port = bound.getsockname()[1]
        with pytest.raises(SettingsError, match=f"^watch {port}: cannot be used on 127.0.0.1"):
            search(*arrays, **few, watch=port)
