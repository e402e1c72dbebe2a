"""`AutoCNNClassifier`: a search as an estimator of scikit-learn."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from autocnn.errors import SettingsError
from autocnn.python.searching import DEFAULT_RESULTS, search
from autocnn.python.studies import Study, load_study

Labels = NDArray[Any]


class AutoCNNClassifier(ClassifierMixin, BaseEstimator):
    """A classifier whose `fit` searches a convolutional network for images.

    X has the shape (n, height, width) or (n, height, width, channels), bytes or floats of one
    range (0 to 1, or 0 to 255). With `image_shape`, such as (8, 8), X may also be (n, 64), images
    that were made flat. Each `fit` is a study below `results`, which stays there; `study_` is that
    study. `settings` are further settings of `autocnn.search` by name.

    A part of the training images is held out for the study's own validation and test.
    Interrupted by Ctrl-C, `fit` ends cleanly and raises KeyboardInterrupt; if a trial had a score,
    the estimator is fitted with the best one.

    >>> clf = autocnn.AutoCNNClassifier(time_budget=None, trials=2, epochs=2)
    >>> clf.fit(x_train, y_train).predict(x_test).shape
    (30,)
    >>> clf.classes_.tolist()
    ['dark', 'grey', 'light']

    Attributes: `classes_`, the labels in the order of the probabilities; `study_path_`.
    """

    def __init__(
        self,
        *,
        time_budget: str | None = "2m",
        trials: int | None = None,
        epochs: int | None = None,
        space: str = "cnn",
        objective: str = "accuracy",
        image_shape: tuple[int, ...] | None = None,
        class_weights: bool = False,
        workers: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        results: str | Path = DEFAULT_RESULTS,
        study: str | None = None,
        progress: bool = False,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.time_budget = time_budget
        self.trials = trials
        self.epochs = epochs
        self.space = space
        self.objective = objective
        self.image_shape = image_shape
        self.class_weights = class_weights
        self.workers = workers
        self.random_state = random_state
        self.results = results
        self.study = study
        self.progress = progress
        self.settings = settings

    def fit(self, X: Any, y: Any) -> AutoCNNClassifier:
        """Search a network for the images X and their labels y, (n,).

        Raises: SettingsError for a wrong setting; DatasetError, a ValueError, for images or labels
        that cannot be used.
        """
        images, labels = self._checked(X, y)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y has only one class, {self.classes_[0]!r}; two are needed")
        self._names = _class_names(self.classes_)
        is_whole = self._train(images, np.array(self._names)[codes])
        if not is_whole:
            raise KeyboardInterrupt(f"the study goes on by autocnn.resume({self.study_path_!r})")
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float32]:
        """The probabilities of the classes. Output shape: (n, classes), in the order of `classes_`.

        Raises: NotFittedError before `fit`; DatasetError for values outside of the training range.
        """
        check_is_fitted(self)
        found, names = self._probabilities(self._checked_again(X))
        order = [names.index(name) for name in self._names]
        return found[:, order]

    def predict(self, X: Any) -> Labels:
        """The most likely label of each image. Output shape: (n,)."""
        best = self.predict_proba(X).argmax(axis=1)
        found: Labels = self.classes_[best]
        return found

    @property
    def study_(self) -> Study:
        """The study of the last `fit`.

        Raises: NotFittedError before `fit`.
        """
        check_is_fitted(self)
        if "_study" not in vars(self):
            self._study = load_study(Path(self.study_path_))
        return self._study

    def _train(self, images: NDArray[Any], names: NDArray[np.str_]) -> bool:
        """Search; False if the search was interrupted."""
        study = search(
            images,
            names,
            study=self.study or f"classifier-{secrets.token_hex(4)}",
            results=str(self.results),
            time_budget=self.time_budget,
            trials=self.trials,
            epochs=self.epochs,
            space=self.space,
            objective=self.objective,
            class_weights=self.class_weights,
            workers=self.workers,
            seed=_seed(self.random_state),
            report=False,
            progress=self.progress,
            **_others(self),
        )
        self.study_path_ = str(study.path)
        self._study = study
        return study.finals is not None

    def _probabilities(self, images: NDArray[Any]) -> tuple[NDArray[np.float32], list[str]]:
        """The probabilities of the network, and the names of its outputs."""
        return self.study_.predict(images), list(self.study_.class_names)

    def _checked(self, X: Any, y: Any) -> tuple[NDArray[Any], Labels]:
        images, labels = validate_data(self, X, y, allow_nd=True, dtype=None, multi_output=False)
        labels = column_or_1d(labels)
        check_classification_targets(labels)
        images = self._as_images(images)
        self._shape = images.shape[1:]
        return images, labels

    def _checked_again(self, X: Any) -> NDArray[Any]:
        found = validate_data(self, X, allow_nd=True, dtype=None, reset=False)
        images = self._as_images(found)
        if images.shape[1:] != self._shape:
            raise ValueError(
                f"X has images of {images.shape[1:]}, and {type(self).__name__} was fitted on "
                f"images of {self._shape}"
            )
        return images

    def _as_images(self, found: NDArray[Any]) -> NDArray[Any]:
        """Rows as images, if `image_shape` says so."""
        if found.ndim != 2:
            return found
        if self.image_shape is None:
            raise ValueError(
                f"Expected images (n, height, width) or (n, height, width, channels), got an array "
                f"of {found.shape}. Reshape your data, or give image_shape"
            )
        if int(np.prod(self.image_shape)) != found.shape[1]:
            raise ValueError(
                f"image_shape {self.image_shape} has {int(np.prod(self.image_shape))} values, and "
                f"X has {found.shape[1]} features"
            )
        return found.reshape(-1, *self.image_shape)

    def __getstate__(self) -> dict[str, Any]:
        """The state for pickling: the network is read from the study's folder again."""
        state: dict[str, Any] = super().__getstate__()
        return {key: value for key, value in state.items() if key != "_study"}

    def __sklearn_tags__(self) -> Tags:
        """What scikit-learn may do with it."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = self.image_shape is not None
        tags.input_tags.three_d_array = True
        tags.non_deterministic = True  # a time budget ends elsewhere on a busy machine
        return tags


def _class_names(classes: Labels) -> list[str]:
    """A name for each label: its text, or its place if the texts are no names."""
    names = [str(each) for each in classes]
    is_usable = len(set(names)) == len(names) and all(name.strip() == name != "" for name in names)
    return names if is_usable else [f"class {i}" for i in range(len(names))]


def _seed(random_state: int | np.random.RandomState | None) -> int:
    if random_state is None:
        return 0
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31))
    return int(random_state)


def _others(estimator: AutoCNNClassifier) -> dict[str, Any]:
    """The further settings. Raises: SettingsError for one that the estimator has itself."""
    others = dict(estimator.settings or {})
    own = {*estimator.get_params(deep=False), "seed"} - {"settings"}
    for name in others:
        if name in own:
            instead = "random_state" if name == "seed" else name
            raise SettingsError(f"settings: {name} is an argument of the estimator: give {instead}")
    return others
