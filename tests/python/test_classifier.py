"""`AutoCNNClassifier`, the estimator for scikit-learn."""

from __future__ import annotations

import pickle
import signal

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import check_estimator

from autocnn.errors import DatasetError, SettingsError
from autocnn.python.classifier import AutoCNNClassifier

SKIPPED = {
    "check_pipeline_consistency": "compares two fits, and a search with a time budget may differ",
    "check_array_api_input": "needs SCIPY_ARRAY_API, which is not set",
}


class OnRows(AutoCNNClassifier):
    """The estimator on the rows of scikit-learn's checks, which are no images.

    Rows of n numbers are images of one line, and a logistic regression stands for the search. So
    the checks test all that the estimator does itself, and no network.
    """

    def _as_images(self, found):
        return found.reshape(len(found), 1, -1)

    def _train(self, images, names):
        rows = images.reshape(len(images), -1)
        self._search = LogisticRegression(C=1000, max_iter=300).fit(rows, names)
        self.study_path_ = "none"
        return True

    def _probabilities(self, images):
        found = self._search.predict_proba(images.reshape(len(images), -1))
        return found, self._search.classes_.tolist()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        return tags


@pytest.mark.filterwarnings("ignore")
def test_it_passes_the_checks_of_scikit_learn():
    """All checks that its tags ask for pass; those that are skipped have a known reason."""
    found = check_estimator(OnRows(), on_fail=None, on_skip=None)
    by_status = {
        status: {each["check_name"] for each in found if each["status"] == status}
        for status in ("passed", "skipped", "failed", "xfail")
    }
    assert by_status["failed"] | by_status["xfail"] == set()
    assert by_status["skipped"] == set(SKIPPED)
    assert len(by_status["passed"]) > 40


@pytest.mark.filterwarnings("ignore:Can't test estimator")
def test_it_says_that_it_takes_images():
    """scikit-learn tries no rows of numbers on it, unless it knows the shape of the images."""
    assert not AutoCNNClassifier().__sklearn_tags__().input_tags.two_d_array
    assert AutoCNNClassifier(image_shape=(8, 8)).__sklearn_tags__().input_tags.two_d_array
    found = check_estimator(AutoCNNClassifier(), on_skip=None)
    assert [(each["check_name"], each["status"]) for each in found] == [
        ("check_estimator_cloneable", "passed")
    ]


@pytest.fixture
def make(few):
    """A function that makes an estimator of two scripted trials."""
    settings = {key: few[key] for key in ("folds", "pruner", "recipes", "finals")}

    def estimator(**changes):
        return AutoCNNClassifier(
            **{
                "time_budget": None,
                "trials": 2,
                "epochs": 2,
                "space": str(few["space"]),
                "results": few["results"],
                "settings": settings,
                **changes,
            }
        )

    return estimator


@pytest.fixture
def fitted(make, executor, arrays):
    """An estimator that was fitted on images with the labels 10, 2 and 33."""
    images, names = arrays
    labels = np.array([10, 2, 33])[np.unique(names, return_inverse=True)[1]]
    return make(study="est").fit(images, labels)


def test_the_labels_come_back_as_they_were(fitted, arrays):
    """Numbers stay numbers, in their order; the columns are in the order of `classes_`."""
    images = arrays[0][:6]
    probabilities, labels = fitted.predict_proba(images), fitted.predict(images)
    assert (fitted.classes_.tolist(), labels.dtype.kind) == ([2, 10, 33], "i")
    assert probabilities.shape == (6, 3)
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)
    order = [fitted.study_.class_names.index(name) for name in ("2", "10", "33")]
    assert probabilities == pytest.approx(fitted.study_.predict(images)[:, order])
    assert labels.tolist() == fitted.classes_[probabilities.argmax(axis=1)].tolist()


def test_it_survives_a_pickle(fitted, arrays):
    """The network is read from the folder of the study again."""
    images = arrays[0][:6]
    again = pickle.loads(pickle.dumps(fitted))
    assert again.predict_proba(images) == pytest.approx(fitted.predict_proba(images))
    assert again.study_.name == "est"


def test_rows_are_images_of_the_given_shape(fitted, make, executor, arrays):
    """(n, 64) with the shape (8, 8); without it the line says what to do."""
    images, labels = arrays
    flat = images.reshape(90, 64)
    rows = make(image_shape=(8, 8), study="rows").fit(flat, labels)
    assert rows.predict(flat[:4]).tolist() == rows.predict(images[:4].reshape(4, 64)).tolist()
    with pytest.raises(ValueError, match=r"got an array of \(90, 64\).*give image_shape"):
        make().fit(flat, labels)
    with pytest.raises(ValueError, match=r"has 49 values, and X has 64 features"):
        make(image_shape=(7, 7)).fit(flat, labels)


def test_images_of_another_size_are_refused(fitted, arrays):
    """They would be another X, as a row with more columns is."""
    with pytest.raises(ValueError, match="9"):
        fitted.predict(np.zeros((2, 8, 9), np.uint8))


def test_a_wrong_setting_names_the_argument(make, arrays):
    """Settings of the estimator itself are given to it, and others are checked by the search."""
    with pytest.raises(SettingsError, match="settings: trials is an argument of the estimator"):
        make(settings={"trials": 3}).fit(*arrays)
    with pytest.raises(SettingsError, match="did you mean 'pruner'"):
        make(settings={"prunner": "none"}).fit(*arrays)
    with pytest.raises(DatasetError, match="expected floats from 0 to 1"):
        make().fit(arrays[0] - 300.0, arrays[1])


def test_an_interruption_is_raised_and_the_best_trial_kept(make, executor, arrays):
    """Ctrl-C ends what is around `fit`, too, such as a cross-validation."""
    executor.before_job = lambda job: job.number and signal.raise_signal(signal.SIGINT)
    estimator = make(study="cut", trials=4)
    with pytest.raises(KeyboardInterrupt, match=r"goes on by autocnn\.resume"):
        estimator.fit(*arrays)
    assert estimator.predict(arrays[0][:2]).shape == (2,)


def test_it_is_cloned_unfitted(fitted):
    """The clone has the parameters and no study."""
    assert clone(fitted).get_params() == fitted.get_params()
    with pytest.raises(AttributeError):
        _ = clone(fitted).study_
