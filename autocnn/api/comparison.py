"""`compare`: known networks, and winners of studies, trained alike and tested once."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from autocnn.api.flow import SilentListener
from autocnn.api.plans import plan_settings, trained_plan, write_report
from autocnn.api.settings import absolute_dataset, dataset_stem
from autocnn.api.studies import load_study, silence_optuna
from autocnn.errors import SettingsError
from autocnn.quiet import load_keras
from autocnn.records.settings import StudySettings
from autocnn.space.config import EarlyStopping, TrialConfig
from autocnn.space.library import baseline_names
from autocnn.space.plan import repeat_all
from autocnn.space.space import Published
from autocnn.space.toml import load_space
from autocnn.trial import Listener

if TYPE_CHECKING:  # imported by the functions that need them: importing this module stays fast
    from autocnn.finals.comparison import ComparedRow
    from autocnn.study.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareSettings:
    """Which networks are trained, and how."""

    dataset: str
    baselines: tuple[str, ...] = ()
    studies: tuple[str, ...] = ()  # whose winners are trained too
    seeds: int = 1
    epochs: int = 30  # at most
    patience: int = 5  # epochs without improvement, after which a training stops
    results: str = "results"
    workers: int | None = None
    image_size: str | None = None  # of one's own images
    skip_corrupt: bool = False

    def __post_init__(self) -> None:
        for option in ("seeds", "epochs", "patience"):
            if getattr(self, option) < 1:
                raise SettingsError(f"--{option} must be at least 1, got {getattr(self, option)}")
        if not self.baselines and not self.studies:
            raise SettingsError("nothing to compare: give --baseline NAME or --study NAME")
        for name in self.baselines:
            if name not in baseline_names():
                known = ", ".join(baseline_names())
                raise SettingsError(f"--baseline: none is named {name!r}; choose from {known}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareOutcome:
    """The rows, and where they were written."""

    rows: list[ComparedRow]
    title: str
    folder: Path


def compare(
    settings: CompareSettings,
    listener: Listener | None = None,
    interrupted: Callable[[], bool] = lambda: False,
) -> CompareOutcome:
    """Train what is not on record yet, and test the best epoch of each training.

    All have the same split, the same seeds, at most the same number of epochs, and stop early by
    the same rule; everything else is as it was published.
    Raises: SettingsError for an unknown baseline; StudyError without such a study.
    """
    listener = SilentListener() if listener is None else listener
    silence_optuna()
    load_keras()
    from autocnn.study.session import Mode

    networks, published = _networks(settings)
    plan = repeat_all(networks, settings.seeds)
    own = _study_settings(settings, len(plan))
    mode = Mode(plan=plan, keeps=sys.maxsize)  # all are tested
    with trained_plan(own, load_space(own.space), mode, listener, interrupted) as session:
        rows = _test(session, published)
    return _write(settings, rows, session.paths.root)


def _networks(
    settings: CompareSettings,
) -> tuple[dict[str, TrialConfig], dict[str, Published | None]]:
    """What is trained by name, and what was published of it."""
    stops = EarlyStopping(patience=settings.patience)
    networks: dict[str, TrialConfig] = {}
    published: dict[str, Published | None] = {}
    for name in settings.baselines:
        space = load_space(name)
        point = {key: p.all_values()[0] for key, p in space.parameters.items()}
        networks[name] = replace(space.config(point), early_stopping=stops)
        published[name] = _published_on(settings.dataset, space.published)
    for name in settings.studies:
        record = load_study(settings.results, name).trial()
        label = f"winner of {name}"
        networks[label] = replace(record.trained_config, early_stopping=stops)
        published[label] = None
    return networks, published


def _published_on(dataset: str, published: Published | None) -> Published | None:
    """What was published of a network on these images: on others it says nothing.

    A copy of a data set may have a longer name, such as cifar10-jpeg.
    """
    if published is None:
        return None
    pattern = re.escape(published.dataset) + r"([-_.].*)?"
    return published if re.fullmatch(pattern, dataset_stem(dataset)) else None


def _study_settings(settings: CompareSettings, n_trials: int) -> StudySettings:
    stem = re.sub(r"\W+", "-", dataset_stem(settings.dataset)).strip("-") or "data"
    return plan_settings(
        n_trials,
        study=f"compare-{stem}-{settings.epochs}-{settings.patience}",
        results=settings.results,
        dataset=absolute_dataset(settings.dataset),
        image_size=settings.image_size,
        skip_corrupt=settings.skip_corrupt,
        space=(settings.baselines or baseline_names())[0],
        epochs=settings.epochs,
        workers=settings.workers,
    )


def _test(session: Session, published: dict[str, Published | None]) -> list[ComparedRow]:
    """Export each training's best weights, and score the files."""
    from autocnn.export.keras_file import export_keras
    from autocnn.finals.comparison import score_trials, summarise_comparison
    from autocnn.train.preparation import spec_of

    session.close_workers()
    spec, files = spec_of(session.data), {}
    with tempfile.TemporaryDirectory(prefix="autocnn-compare-") as folder:
        for record in session.records():
            weights = session.paths.weights(record.number)
            if record.score is not None and weights.is_file():
                files[record.number] = Path(folder) / f"{record.number}.keras"
                export_keras(record.trained_config, spec, weights, files[record.number])
        tests = score_trials(session, files)
    return summarise_comparison(session.records(), tests, published)


def _write(settings: CompareSettings, rows: list[ComparedRow], root: Path) -> CompareOutcome:
    """Put the table beside the record, as Parquet and as Markdown."""
    from autocnn.finals.comparison import comparison_table
    from autocnn.report.comparison import comparison_markdown

    title = f"Known networks on {dataset_stem(settings.dataset)}"
    how = (
        f"At most {settings.epochs} epochs, stopped after {settings.patience} without a better "
        f"validation score; {settings.seeds} seed{'s' if settings.seeds > 1 else ''}. The test "
        "accuracy is that of the best validation epoch's weights, mean ± standard deviation over "
        "the seeds. Published figures come from longer trainings, other splits and, for CIFAR-10, "
        "the original images."
    )
    write_report(root, "compare", comparison_table(rows), comparison_markdown(rows, title, how))
    return CompareOutcome(rows=rows, title=title, folder=root)
