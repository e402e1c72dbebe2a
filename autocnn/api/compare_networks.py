"""`compare`: known networks and winners of studies, trained in the same way and tested once."""

from __future__ import annotations

import os
import re
import sys
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from autocnn.api.search_study import SilentListener
from autocnn.api.settings_sources import absolute_dataset, dataset_stem
from autocnn.api.studies import load_study
from autocnn.data.catalog import dataset_info
from autocnn.data.options import AS_THEY_ARE, ImageOptions
from autocnn.errors import Infeasible, SettingsError
from autocnn.keras_startup import check_backend
from autocnn.plans.run import plan_settings, trained_plan, write_report
from autocnn.records.optuna_record import silence_optuna
from autocnn.records.setting import check_seeds
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings
from autocnn.report.networks_page import comparison_markdown
from autocnn.space.config import EarlyStopping, TrialConfig
from autocnn.space.layers import plan_network
from autocnn.space.library import baseline_names
from autocnn.space.plan import VARIANT, repeat_all
from autocnn.space.space import Published
from autocnn.space.toml import load_space
from autocnn.study.folder import check_study_folder
from autocnn.study.session import Mode, Session
from autocnn.trial import Listener

if TYPE_CHECKING:  # it imports Keras, which `compare` loads first
    from autocnn.plans.networks import ComparedRow


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareSettings:
    """The networks of a comparison, and the rules of their trainings."""

    dataset: str
    baselines: tuple[str, ...] = ()
    studies: tuple[str, ...] = ()  # whose winners are trained too
    seeds: int = 1
    epochs: int = 30  # at most
    patience: int = 5  # epochs without improvement, after which a training stops
    results: str = "results"
    workers: int | None = None
    images: ImageOptions = AS_THEY_ARE  # how own images are read

    def __post_init__(self) -> None:
        check_seeds(self.seeds)
        for option in ("epochs", "patience"):
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
    """The rows of a comparison, its title, and the folder that holds its files."""

    rows: list[ComparedRow]
    title: str
    folder: Path


def compare(
    settings: CompareSettings,
    listener: Listener | None = None,
    interrupted: Callable[[], bool] = lambda: False,
) -> CompareOutcome:
    """Train what is not on record yet, and test the best epoch of each training.

    All networks have the same split, seeds, largest number of epochs and rule of early stopping;
    their other settings are the published ones.
    Raises: SettingsError for an unknown baseline; StudyError without such a study.
    """
    listener = SilentListener() if listener is None else listener
    silence_optuna()
    networks, published = _networks(settings)
    _check_feasible(settings, networks)
    plan = repeat_all(networks, settings.seeds)
    own = _study_settings(settings, len(plan))
    mode = Mode(plan=plan, keeps=sys.maxsize)  # the weights of all trials are tested
    _check_folder(own)
    check_backend(os.environ)
    with trained_plan(own, load_space(own.space), mode, listener, interrupted) as session:
        rows = _test(session, {**_on_record(session, settings.dataset), **published})
    return _write(settings, rows, session.paths.root)


def check_comparison(settings: CompareSettings) -> None:
    """Check all that can be checked before images are read: the studies, and the folder.

    Raises: StudyError without such a study, or if the comparison is in use; RecordError if its
    folder cannot be written.
    """
    silence_optuna()
    _networks(settings)
    _check_folder(_study_settings(settings, n_trials=1))


def _check_folder(own: StudySettings) -> None:
    check_study_folder(StudyPaths(Path(own.results) / own.study))


def _networks(
    settings: CompareSettings,
) -> tuple[dict[str, TrialConfig], dict[str, Published | None]]:
    """The networks by name, and the published figures of each, if there are any."""
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
        label = f"winner of {name} (trial {record.number})"
        networks[label] = replace(record.trained_config, early_stopping=stops)
        published[label] = None
    return networks, published


def _check_feasible(settings: CompareSettings, networks: dict[str, TrialConfig]) -> None:
    """Raise SettingsError for a network that images of this size are too small for."""
    info = dataset_info(settings.dataset, settings.images)
    for name, config in networks.items():
        try:
            plan_network(config, info.image_shape, info.n_classes)
        except Infeasible as error:
            raise SettingsError(
                f"{name} does not fit the images of {settings.dataset}: {error}; leave it out"
            ) from None


def _published_on(dataset: str, published: Published | None) -> Published | None:
    """The published score of a network, or None if it was measured on other images.

    A copy of a data set may have a longer name, such as cifar10-jpeg.
    """
    if published is None:
        return None
    pattern = re.escape(published.dataset) + r"([-_.].*)?"
    return published if re.fullmatch(pattern, dataset_stem(dataset)) else None


def _study_settings(settings: CompareSettings, n_trials: int) -> StudySettings:
    dataset = absolute_dataset(settings.dataset)
    return plan_settings(
        n_trials,
        study=f"compare-{_images_name(settings, dataset)}-{settings.epochs}-{settings.patience}",
        results=settings.results,
        dataset=dataset,
        **asdict(settings.images),
        epochs=settings.epochs,
        workers=settings.workers,
    )


def _images_name(settings: CompareSettings, dataset: str) -> str:
    """A name for the images, which differs for two folders of one name and for other options."""
    parts = [re.sub(r"\W+", "-", dataset_stem(dataset)).strip("-")[:100] or "data"]
    if os.path.isabs(dataset):
        parts.append(f"{zlib.crc32(dataset.encode()):08x}")
    if settings.images.image_size is not None:
        parts.append(settings.images.image_size)
    others = replace(settings.images, image_size=None)
    if others != AS_THEY_ARE:
        parts.append(f"{zlib.crc32(repr(others).encode()):08x}")
    return "-".join(parts)


def _on_record(session: Session, dataset: str) -> dict[str, Published | None]:
    """The published figures of the networks on record, those of earlier calls included."""
    names = dict.fromkeys(str(record.values[VARIANT]) for record in session.records())
    known = baseline_names()
    return {
        n: _published_on(dataset, load_space(n).published) if n in known else None for n in names
    }


def _test(session: Session, published: dict[str, Published | None]) -> list[ComparedRow]:
    """Score the best weights of each training on the test split."""
    from autocnn.plans.networks import score_models, summarise_comparison, trained_models

    session.executor.close()
    tests = score_models(session, trained_models(session))
    return summarise_comparison(session.records(), tests, published)


def _write(settings: CompareSettings, rows: list[ComparedRow], root: Path) -> CompareOutcome:
    """Write the table beside the record, as Parquet and as Markdown."""
    from autocnn.plans.networks import comparison_table

    title = f"Known networks on {dataset_stem(settings.dataset)}"
    how = (
        f"At most {settings.epochs} epochs, stopped after {settings.patience} without a better "
        "validation score. The test accuracy is that of the best validation epoch's weights, mean "
        "± standard deviation over n trainings with seeds of their own. Published figures come "
        "from longer trainings, other splits and, for CIFAR-10, the original images."
    )
    write_report(root, "compare", comparison_table(rows), comparison_markdown(rows, title, how))
    return CompareOutcome(rows=rows, title=title, folder=root)
