"""`Study`: a study as an object: its trials, its best network, predictions, figures and files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

import autocnn.api as api
from autocnn.api.studies import StudyView
from autocnn.errors import StudyError
from autocnn.python.images import prepare_images
from autocnn.python.study_html import study_html
from autocnn.python.wording import python_errors
from autocnn.records.finals_file import Finals
from autocnn.records.study_settings import StudySettings
from autocnn.records.trial_record import TrialRecord

if TYPE_CHECKING:  # imports Keras
    from autocnn.models.loaded import LoadedModel


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Study:
    """A study on disk, as it was when it was read; `search`, `resume` and `load_study` give one.

    In a notebook it is shown as a table of its best trials.

    >>> study.best.number in [trial.number for trial in study.trials]
    True
    >>> study.leaderboard(columns=["rank", "state"], top=1).to_pylist()
    [{'rank': 1, 'state': 'complete'}]
    >>> study.predict(x_test).shape, study.classify(x_test).shape
    ((30, 3), (30,))
    >>> study.report("mine.html")
    PosixPath('mine.html')
    """

    view: StudyView

    @property
    def name(self) -> str:
        """The name of the study, which is that of its folder."""
        return self.view.paths.name

    @property
    def path(self) -> Path:
        """The folder of the study; `load_study` reads it again."""
        return self.view.paths.root

    @property
    def settings(self) -> StudySettings:
        """The settings that the study was made with."""
        return self.view.study.settings

    @property
    def state(self) -> str:
        """The state: "finished" with a tested network, or "unfinished": `resume` goes on."""
        return "unfinished" if self.finals is None else "finished"

    @property
    def trials(self) -> list[TrialRecord]:
        """All trials, the best first."""
        return list(self.view.records)

    @property
    def best(self) -> TrialRecord:
        """The winner: that of the finals, or the best trial.

        Raises: StudyError if there is no trial yet.
        """
        with python_errors():
            return self.view.trial()

    @property
    def finals(self) -> Finals | None:
        """The test scores and the refit, or None before the finals."""
        return self.view.finals

    @property
    def test_accuracy(self) -> float | None:
        """The accuracy of the shipped network on the test images, or None before the finals."""
        return None if self.finals is None else self.finals.test.accuracy

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes, in the order of the probabilities.

        Raises: StudyError if the study has not begun.
        """
        with python_errors():
            return self.view.known_facts.class_names

    @cached_property
    def model(self) -> LoadedModel:
        """The shipped network, or before the finals the best trial's; loaded once.

        Raises: StudyError if no trial has kept weights.
        """
        with python_errors():
            return api.load_winner(self.view)

    @property
    def model_path(self) -> Path:
        """The .keras file of the shipped network, which Keras alone can read.

        Raises: StudyError before the finals.
        """
        path = self.view.paths.winner
        if self.finals is None or not path.is_file():
            raise StudyError(f"study {self.name} has shipped no network yet; resume() goes on")
        return path

    def leaderboard(
        self,
        sort: str | None = None,
        columns: Sequence[str] | str | None = None,
        top: int | None = None,
        where: Sequence[str] | str = (),
    ) -> pa.Table:
        """The trials, ranked, as a table of Arrow: `.to_pandas()`, or `polars.from_arrow(table)`.

        `columns` "all" has every parameter and the learning curves. `where` are conditions such as
        "parameters<200000".
        Raises: SettingsError for an unknown column or a wrong condition.
        """
        wanted = [columns] if isinstance(columns, str) else columns
        conditions = [where] if isinstance(where, str) else list(where)
        with python_errors():
            return api.leaderboard_rows(
                self.view,
                sort=sort,
                columns=None if wanted is None else list(wanted),
                top=top,
                where=conditions,
            )

    def predict(self, images: Any) -> NDArray[np.float32]:
        """The class probabilities of images, in the order of `class_names`.

        Input: an array (n, height, width) or (n, height, width, channels) with the value range of
        the training images, or one or several paths of image files. Output shape: (n, classes).
        Raises: DatasetError if an image cannot be read or has other values.
        """
        prepared = prepare_images(images, self.model.contract)
        found: NDArray[np.float32] = self.model.predict(prepared)
        return found

    def classify(self, images: Any) -> NDArray[np.str_]:
        """The most likely class of each image, by name. Input as `predict`. Output shape: (n,)."""
        best = self.predict(images).argmax(axis=1)
        return np.array([self.class_names[i] for i in best], np.str_)

    def report(self, path: str | Path | None = None) -> Path:
        """Write the report as one HTML page; by default report.html in the study's folder.

        Raises: SettingsError for another ending; StudyError without a trial.
        """
        target = self.path / "report.html" if path is None else Path(path)
        with python_errors():
            return api.write_report([self.view], target)

    def _repr_html_(self) -> str:
        return study_html(self.view, self.state)

    def __repr__(self) -> str:
        n = len(self.view.records)
        test = "" if self.test_accuracy is None else f", test accuracy {self.test_accuracy:.2%}"
        return f"<Study {self.name}: {self.state}, {n} trial{'' if n == 1 else 's'}{test}>"


def load_study(
    study: str | Path | None = None,
    results: str | Path = "results",
    storage: str | None = None,
) -> Study:
    """The study of that name below `results`, or in that folder; by default the latest one.

    `storage` is the URL of its database, if the study has one that needs a password.

    >>> autocnn.load_study("mine").name, autocnn.load_study("results/mine").name
    ('mine', 'mine')

    Raises: StudyError if there is no such study; RecordError if it cannot be read.
    """
    folder, name = find_folder(study, results)
    with python_errors():
        return Study(view=api.load_study(folder, name, storage))


def find_folder(study: str | Path | None, results: str | Path) -> tuple[Path, str | None]:
    """The folder of all studies, and the name of the one that is meant; None: the latest.

    A path, or a text with a slash, is the folder of a study.
    """
    if study is None:
        return Path(results), None
    text = str(study)
    if isinstance(study, Path) or "/" in text or text.startswith("~"):
        path = Path(text).expanduser().absolute()
        return path.parent, path.name
    return Path(results), text


def as_study(study: Study | str | Path | None, results: str | Path) -> Study:
    """`study` itself, or the one that `load_study` reads."""
    return study if isinstance(study, Study) else load_study(study, results)
