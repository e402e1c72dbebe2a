"""What a study is used for: ablate, compare, plot, export, evaluate, predict, report."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import autocnn.api as api
from autocnn.api.ablate_trial import AblationOutcome
from autocnn.api.compare_networks import CompareOutcome
from autocnn.api.evaluate_model import EvaluationOutcome
from autocnn.api.exported_files import ExportOutcome
from autocnn.data.array_store import said_of_arrays
from autocnn.data.options import ImageOptions
from autocnn.errors import SettingsError
from autocnn.models.ensemble_report import EnsembleOutcome
from autocnn.python.display import Display
from autocnn.python.images import prepare_images
from autocnn.python.interrupt import interruption
from autocnn.python.searching import DEFAULT_RESULTS, store_call_arrays
from autocnn.python.studies import Study, as_study
from autocnn.python.wording import python_errors

if TYPE_CHECKING:  # imports Keras
    from autocnn.models.loaded import LoadedModel

AnyStudy = Study | str | Path | None  # a name or a folder; None: the latest study


def ablate(
    study: AnyStudy = None,
    *,
    trial: int | None = None,
    seeds: int = 3,
    factors: Sequence[str] = (),
    subset: int | None = None,
    workers: int | None = None,
    results: str | Path = DEFAULT_RESULTS,
    progress: bool = True,
) -> AblationOutcome:
    """Change one part of a network at a time, train each change, and return the effects.

    `trial` is by default the winner; `factors` are by default the most common ones; `subset` is the
    number of training images. What is on record already is not trained again.

    >>> outcome = autocnn.ablate(study, seeds=1, factors=["optimizer"])
    >>> outcome.rows[0].factor
    'reference'

    Raises: SettingsError for unknown factors; StudyError without such a trial.
    """
    view = as_study(study, results).view
    with python_errors(), interruption() as interrupted:
        settings = api.AblationSettings(
            trial=trial, seeds=seeds, factors=tuple(factors), subset=subset, workers=workers
        )
        with Display(progress=progress, objective=view.objective).training() as listener:
            return api.ablate(view, settings, listener, interrupted)


def compare(
    dataset: str | Path,
    baselines: Sequence[str] = (),
    studies: Sequence[str] = (),
    *,
    seeds: int = 1,
    epochs: int = 30,
    patience: int = 5,
    workers: int | None = None,
    results: str | Path = DEFAULT_RESULTS,
    images: ImageOptions | None = None,
    progress: bool = True,
) -> CompareOutcome:
    """Train known networks, and winners of studies, in the same way, and test each once.

    >>> [row.name for row in autocnn.compare("shades.npz", ["mlp_deep"], epochs=1).rows]
    ['mlp_deep']

    Raises: SettingsError for an unknown baseline; StudyError without such a study.
    """
    with python_errors(), interruption() as interrupted:
        settings = api.CompareSettings(
            dataset=os.fspath(dataset),
            baselines=tuple(baselines),
            studies=tuple(studies),
            seeds=seeds,
            epochs=epochs,
            patience=patience,
            results=os.fspath(results),
            workers=workers,
            images=ImageOptions() if images is None else images,
        )
        api.check_comparison(settings)
        display = Display(progress=progress)
        with display.reading() as on_read:
            api.read_images(settings.dataset, settings.images, on_read)
        with display.training() as listener:
            return api.compare(settings, listener, interrupted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A figure as the bytes of a PNG file; a notebook shows it."""

    png: bytes
    title: str

    def save(self, path: str | Path) -> Path:
        """Write the file."""
        target = Path(path)
        target.write_bytes(self.png)
        return target

    def _repr_png_(self) -> bytes:
        return self.png

    def __repr__(self) -> str:
        return f"<Picture {self.title}>"


def plot(
    kind: str,
    study: AnyStudy = None,
    path: str | Path | None = None,
    *,
    params: Sequence[str] | None = None,
    results: str | Path = DEFAULT_RESULTS,
) -> Path | Picture:
    """Draw a study: to the file `path` (.png, .svg, .html), or to a picture that a notebook shows.

    `kind` is a name such as "history"; `params` are the parameters of figures that have several.

    >>> autocnn.plot("history", study, "history.svg")
    PosixPath('history.svg')
    >>> autocnn.plot("history", study)
    <Picture history of mine>

    Raises: SettingsError for an unknown kind, ending or parameter; StudyError if there is nothing
    to draw yet; RecordError if `path` cannot be written.
    """
    view = as_study(study, results).view
    with python_errors():
        if path is not None:
            return api.plot_study(view, kind, Path(path), params)
        with tempfile.TemporaryDirectory() as folder:
            file = api.plot_study(view, kind, Path(folder) / "figure.png", params)
            return Picture(png=file.read_bytes(), title=f"{kind} of {view.paths.name}")


def export(
    study: AnyStudy,
    path: str | Path,
    *,
    formats: Sequence[str] | str = (),
    trial: int | None = None,
    quantize: str | None = None,
    views: str = "none",
    results: str | Path = DEFAULT_RESULTS,
) -> ExportOutcome:
    """Write the shipped network, or that of a trial, to a file whose ending chooses the format.

    With `formats`, `path` is a name without an ending, or a folder. `views`, such as "mirror", are
    those of each image whose predictions the file averages. Each file is run and compared
    with the network before it appears.

    >>> [file.path for file in autocnn.export(study, "mine.keras").files]
    [PosixPath('mine.keras')]

    Raises: SettingsError for a wrong format or a missing package; StudyError without a network;
    RecordError if a file cannot be written.
    """
    view = as_study(study, results).view
    chosen = (formats,) if isinstance(formats, str) else tuple(formats)
    with python_errors():
        settings = api.ExportSettings(
            output=Path(path), formats=chosen, trial=trial, quantize=quantize, views=views
        )
        return api.export_files(view, settings)


def ensemble(
    study: AnyStudy = None,
    path: str | Path | None = None,
    *,
    most: int = 5,
    views: str = "none",
    quantize: str | None = None,
    results: str | Path = DEFAULT_RESULTS,
) -> EnsembleOutcome:
    """Choose the networks of a study that are best together; with `path`, write them as one file.

    At most `most` networks are chosen, on the validation images; `evaluate` on the file scores it
    on others. `views` and `quantize` as for `export`.

    >>> outcome = autocnn.ensemble(study, "several.keras", most=2)
    >>> autocnn.load_model("several.keras").predict(["photo.png"]).shape
    (1, 3)

    Raises: SettingsError for unknown views or a wrong ending; StudyError without kept weights or
    without the study's images; RecordError if the file cannot be written.
    """
    view = as_study(study, results).view
    with python_errors():
        settings = api.EnsembleSettings(
            most=most,
            views=views,
            output=None if path is None else Path(path),
            quantize=quantize,
        )
        return api.ensemble(view, settings)


def evaluate(
    model: Study | LoadedModel | str | Path | None,
    dataset: Any,
    labels: Any = None,
    *,
    split: str | None = None,
    options: ImageOptions | None = None,
    results: str | Path = DEFAULT_RESULTS,
) -> EvaluationOutcome:
    """Score a network on labelled images: accuracy by class, calibration, mistakes.

    `model` is a study, its name or folder, the path of an exported file, or what `load_model`
    returns. `dataset` is a name, a path, or an array of images with their `labels`; classes are
    found by name. `split` is "train" or "test" for a data set with a test part of its own.

    >>> autocnn.evaluate(study, x_test, y_test).evaluation.n
    30

    Raises: SettingsError for a wrong split; DatasetError if the images do not fit the network.
    """
    loaded = as_model(model, results)
    options = ImageOptions() if options is None else options
    if isinstance(dataset, str | os.PathLike):
        if labels is not None:
            raise SettingsError("labels go with an array of images; a data set brings its own")
        with python_errors():
            return api.evaluate(loaded, os.fspath(dataset), split, options)
    folder = store_call_arrays((dataset, labels), (None, None), results)
    with python_errors(), said_of_arrays(folder):
        return api.evaluate(loaded, str(folder), split, options)


def predict(
    model: Study | LoadedModel | str | Path | None,
    images: Any,
    *,
    results: str | Path = DEFAULT_RESULTS,
) -> NDArray[np.float32]:
    """The class probabilities of images: arrays, or one or several paths of image files.

    `model` as for `evaluate`, arrays as for `Study.predict`. Output shape: (n, classes).

    >>> autocnn.predict(study, x_test).shape
    (30, 3)
    >>> autocnn.predict(study, "photo.png").shape
    (1, 3)

    Raises: DatasetError if an image cannot be read or has values outside of the training range.
    """
    loaded = as_model(model, results)
    found: NDArray[np.float32] = loaded.predict(prepare_images(images, loaded.contract))
    return found


def as_model(model: Study | LoadedModel | str | Path | None, results: str | Path) -> LoadedModel:
    """The network of a study, of a name or a folder of one, or of an exported file."""
    if model is None or isinstance(model, Study):
        return as_study(model, results).model
    if not isinstance(model, str | Path):
        return model
    path = Path(model)
    if path.suffix in api.MODEL_FILES or path.is_file():
        with python_errors():
            return api.load_model(path)
    return as_study(model, results).model


def write_report(
    studies: AnyStudy | Sequence[Study | str | Path],
    path: str | Path,
    *,
    results: str | Path = DEFAULT_RESULTS,
) -> Path:
    """Write one HTML page about one or several studies, which needs no other file and no network.

    >>> autocnn.write_report([study], "page.html")
    PosixPath('page.html')

    Raises: SettingsError for another ending than .html; StudyError if a study has no trial.
    """
    several: Sequence[AnyStudy] = (
        [studies] if studies is None or isinstance(studies, Study | str | Path) else studies
    )
    views = [as_study(each, results).view for each in several]
    with python_errors():
        return api.write_report(views, Path(path))
