"""`search` and `resume`: a study from keyword arguments, arrays, a path or a name."""

from __future__ import annotations

import os
import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import autocnn.api as api
from autocnn.api.search_outcome import SearchOutcome
from autocnn.api.settings_sources import Resolved
from autocnn.data.array_store import PARTS, ROOT, as_array, said_of_arrays, store_arrays
from autocnn.data.options import ImageOptions
from autocnn.data.part_names import TEST, TRAIN
from autocnn.errors import SettingsError, StudyError
from autocnn.python.arguments import read_arguments, takes_settings
from autocnn.python.display import Display
from autocnn.python.interrupt import interruption
from autocnn.python.studies import Study, find_folder
from autocnn.python.wording import python_errors
from autocnn.terminal.closing_lines import describe_finals
from autocnn.trackers.protocol import TrackerSettings
from autocnn.trackers.tracking import check_trackers, tracking
from autocnn.trial import Listener

CONTINUED = (
    "trials", "time_budget", "time_budget_s", "finals", "seeds", "workers",
    "gpus", "workers_per_gpu",
    "executor", "ray_address", "cpus_per_trial", "gpus_per_trial",
)  # fmt: skip
DEFAULT_RESULTS = "results"
HIGHEST_PORT = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What a search shows and writes besides its study."""

    report: bool = True  # a finished search writes a page
    trackers: TrackerSettings = field(default_factory=TrackerSettings)
    watch_port: int | None = None  # of the page while it runs; 0 is any free one, None serves none
    copy_to: str | None = None  # the URL below which the study is copied


NOTHING_BESIDE = Beside()


@takes_settings()
def search(
    dataset: Any = None,
    labels: Any = None,
    *,
    x_test: Any = None,
    y_test: Any = None,
    report: bool = True,
    progress: bool = True,
    listener: Listener | None = None,
    tensorboard: str | Path | None = None,
    mlflow: str | None = None,
    watch: bool | int = False,
    copy_to: str | None = None,
    **settings: Any,
) -> Study:
    """Search, prune and rank networks, refit and test the winner once, and return the study.

    `dataset` is the name of a data set, the path of your own images, or an array of images with
    their `labels`: images (n, height, width) or (n, height, width, channels), bytes or floats of
    one range (0 to 1, or 0 to 255); labels (n,) of integers or texts. `x_test` and `y_test` are the
    test images; without them, a sixth of each class is held out for the one test at the end.

    Everything is on disk, in `results/NAME`, also the arrays: an interruption loses nothing.
    Ctrl-C, or the interruption of the kernel, ends the search cleanly: the study is returned as it
    is, and `resume` goes on with it; the second one raises KeyboardInterrupt. Progress is shown as
    a table in a notebook and on a terminal; `progress=False` shows nothing. `listener` receives the
    events of the search instead (see autocnn.trial.Listener). Each trial is also written to the
    folder `tensorboard`, and logged as a run of MLflow at the URI `mlflow`, if they are given. A
    finished search writes report.html into the study's folder, unless `report=False`. With `watch`
    that page is served at 127.0.0.1 while the search runs: True is port 8001, 0 any free port.
    While it runs the study is copied below the URL `copy_to`, such as s3://bucket/results.

    A script needs no `if __name__ == "__main__"`.

    >>> study = autocnn.search(x_train, y_train, trials=2, epochs=2, study="first")
    >>> study
    <Study first: finished, 2 trials, test accuracy ...%>

    Raises: SettingsError for a wrong argument, naming it; DatasetError for images that cannot be
    used; StudyError if the study of that name is in use.
    """
    start = time.monotonic()
    shown = _beside(tensorboard, mlflow, watch, copy_to, report=report)
    given = read_arguments(settings, "search")
    folder = _place_data(given, (dataset, labels), (x_test, y_test))
    with python_errors(), nullcontext() if folder is None else said_of_arrays(folder):
        found = api.resolve(given, {})
        return run(found, start, _display(found, listener, progress=progress), shown)


@takes_settings(CONTINUED)
def resume(
    study: Study | str | Path | None = None,
    results: str | Path = DEFAULT_RESULTS,
    *,
    report: bool = True,
    progress: bool = True,
    listener: Listener | None = None,
    tensorboard: str | Path | None = None,
    mlflow: str | None = None,
    watch: bool | int = False,
    copy_to: str | None = None,
    **settings: Any,
) -> Study:
    """Go on with a study, by default the latest one, and return it as it is then.

    The study keeps its settings; the time budget starts anew, and `trials` counts those on record,
    too. `tensorboard`, `mlflow`, `watch` and `copy_to` as for `search`.

    >>> study = autocnn.resume(study, trials=3)
    >>> len(study.trials)
    3

    Raises: StudyError if there is no such study; SettingsError for a wrong argument.
    """
    start = time.monotonic()
    unknown = [name for name in settings if name not in CONTINUED]
    if unknown:
        raise SettingsError(
            f"resume() takes {', '.join(CONTINUED)}, and the study keeps its other settings; "
            f"got {unknown[0]}"
        )
    given = read_arguments(settings, "resume")
    folder, name = (
        (study.path.parent, study.name) if isinstance(study, Study) else find_folder(study, results)
    )
    with python_errors():
        found = api.resume(folder, name, given)
        shown = _beside(tensorboard, mlflow, watch, copy_to, report=report)
        return run(found, start, _display(found, listener, progress=progress), shown)


def run(found: Resolved, start: float, display: Display, beside: Beside = NOTHING_BESIDE) -> Study:
    """Search with the settings that were found; `start` is when the time budget began.

    Raises: StudyError if no trial gave a network.
    """
    settings = found.settings
    with interruption() as interrupted:
        api.check_search(settings, found.study)
        check_trackers(beside.trackers, found.study.paths.root)
        with display.reading() as on_read:
            api.read_images(settings.dataset, ImageOptions.of(settings), on_read)
        with (
            display.training() as listener,
            api.watching(listener, settings, beside.watch_port) as watch,
            api.copying(watch, found.study.paths.root, beside.copy_to) as copied,
        ):
            with tracking(copied, beside.trackers, settings.study) as tracked:
                outcome = api.search(settings, tracked, interrupted, start, study=found.study)
            if beside.report:
                outcome = api.report_search(outcome, found.study, watch)
            watch.end(outcome.report)
            study = Study(view=api.load_study(settings.results, settings.study, settings.storage))
            for line in _closing_lines(outcome, study):
                listener.message(line)
    if outcome.state == "failed":
        raise StudyError(api.describe_failure(outcome))
    return study


def _closing_lines(outcome: SearchOutcome, study: Study) -> list[str]:
    """What was measured, or how the study goes on."""
    if outcome.state == "interrupted":
        return [f"interrupted; autocnn.resume({str(study.path)!r}) goes on"]
    return [] if study.finals is None else describe_finals(study.finals)[:1]


def _place_data(
    given: dict[str, Any], train: tuple[Any, Any], test: tuple[Any, Any]
) -> Path | None:
    """Put the data set into the settings; returns the folder in which arrays were stored."""
    images, labels = train
    is_name = images is None or isinstance(images, str | os.PathLike)
    if is_name and any(each is not None for each in (labels, *test)):
        raise SettingsError(
            "search(): labels, x_test and y_test go with an array of images; a data set at a path "
            "brings its own"
        )
    if images is None:
        return None
    if is_name:
        given["dataset"] = os.fspath(images)
        return None
    folder = store_call_arrays(train, test, given.get("results", DEFAULT_RESULTS))
    given["dataset"] = str(folder)
    return folder


def store_call_arrays(train: tuple[Any, Any], test: tuple[Any, Any], results: str | Path) -> Path:
    """The folder with the arrays of a call, below the folder of all studies.

    Raises: SettingsError if images lack their labels; DatasetError as `store_arrays`.
    """
    if train[1] is None:
        raise SettingsError(
            "labels are missing: give the images and their labels, x_train, y_train"
        )
    if (test[0] is None) != (test[1] is None):
        raise SettingsError("x_test and y_test go together; give both or none")
    names = PARTS[TRAIN] + PARTS[TEST]
    arrays = {
        name: as_array(name, values)
        for name, values in zip(names, (*train, *test), strict=True)
        if values is not None
    }
    return store_arrays(arrays, Path(results).expanduser().absolute() / ROOT)


def _beside(
    tensorboard: str | Path | None,
    mlflow: str | None,
    watch: bool | int,
    copy_to: str | None,
    *,
    report: bool,
) -> Beside:
    folder = None if tensorboard is None else os.fspath(tensorboard)
    trackers = TrackerSettings(tensorboard=folder, mlflow=mlflow)
    port = _watch_port(watch)
    return Beside(report=report, trackers=trackers, watch_port=port, copy_to=copy_to)


def _watch_port(watch: object) -> int | None:
    """The port of the page, or None without one.

    Raises: SettingsError if it is neither True, False nor a port.
    """
    if isinstance(watch, bool):
        return api.WATCH_PORT if watch else None
    if isinstance(watch, int) and 0 <= watch <= HIGHEST_PORT:
        return watch
    raise SettingsError(
        f"watch must be True, False or a port from 0 to {HIGHEST_PORT}, got {watch!r}"
    )


def _display(found: Resolved, listener: Listener | None, *, progress: bool) -> Display:
    return Display(progress=progress, listener=listener, objective=found.settings.scoring)
