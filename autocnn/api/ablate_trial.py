"""`ablate`: train a trial's network with one change at a time, and measure the effects."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from autocnn.api.search_study import SilentListener
from autocnn.api.spaces import check_subset
from autocnn.api.studies import StudyView
from autocnn.data.catalog import dataset_info
from autocnn.data.options import IMAGE_OPTIONS, ImageOptions
from autocnn.errors import Infeasible, SettingsError
from autocnn.keras_startup import check_backend
from autocnn.plans.ablation import (
    AblationHead,
    AblationRow,
    ablation_table,
    plan_ablation,
    summarise_ablation,
)
from autocnn.plans.changes import FACTORS, Change, changes
from autocnn.plans.run import plan_settings, trained_plan, write_report
from autocnn.records.optuna_record import silence_optuna
from autocnn.records.setting import check_seeds
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings
from autocnn.records.trial_record import TrialRecord
from autocnn.report.ablation_page import ablation_markdown
from autocnn.space.layers import plan_network
from autocnn.space.plan import VARIANT
from autocnn.study.folder import check_study_folder
from autocnn.study.session import Mode
from autocnn.trial import Listener


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationSettings:
    """The changes of an ablation, and the number of trainings of each."""

    trial: int | None = None  # None: the winner
    seeds: int = 3
    factors: tuple[str, ...] = ()  # empty: the most common ones
    subset: int | None = None  # training images; None: all
    workers: int | None = None

    def __post_init__(self) -> None:
        check_seeds(self.seeds)


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationOutcome:
    """The rows of an ablation, their heading, and the folder that holds its files."""

    rows: list[AblationRow]
    head: AblationHead
    folder: Path


def ablate(
    view: StudyView,
    settings: AblationSettings,
    listener: Listener | None = None,
    interrupted: Callable[[], bool] = lambda: False,
) -> AblationOutcome:
    """Train the variants of a trial that are not on record yet, and write the table of effects.

    The trainings are a study in the study's folder, which the same call continues after an
    interruption. Effects are measured on the validation split; the test split is not read.
    Raises: SettingsError for unknown factors; StudyError without such a trial.
    """
    listener = SilentListener() if listener is None else listener
    silence_optuna()
    record = view.trial(settings.trial)
    variants = _feasible(view, _applicable(record, settings.factors, listener), listener)
    if not variants:
        raise SettingsError(f"--factors: none of them applies to trial {record.number}")
    plan = plan_ablation(record.trained_config, variants, settings.seeds)
    own = _study_settings(view, record, settings, len(plan))
    folds = None if settings.subset else view.known_facts.folds
    mode = Mode(plan=plan, folds=folds)
    check_study_folder(StudyPaths(view.paths.root / own.study))
    check_subset(own, dataset_info(own.dataset, ImageOptions.of(own)))
    check_backend(os.environ)
    with trained_plan(own, view.space, mode, listener, interrupted) as session:
        found = session.records()
        sizes = session.data.train.n, session.validation_sizes
    variants = _with_earlier(record, found, variants)
    return _write(view, record, session.paths.root, (found, variants, sizes))


def _with_earlier(
    record: TrialRecord, found: list[TrialRecord], variants: list[Change]
) -> list[Change]:
    """`variants` and the changes that earlier calls trained, so that a report never shrinks."""
    trained = {str(each.values[VARIANT]) for each in found} & set(FACTORS)
    earlier = sorted(trained - {change.factor for change in variants})
    return [*variants, *(changes(record.trained_config, earlier) if earlier else [])]


def _applicable(record: TrialRecord, factors: tuple[str, ...], listener: Listener) -> list[Change]:
    """The changes of these factors; a message names each factor that changes nothing."""
    found = changes(record.trained_config, factors)
    for name in factors:
        if all(change.factor != name for change in found):
            listener.message(f"{name} is left out: there is nothing of it in the network to change")
    return found


def _feasible(view: StudyView, variants: list[Change], listener: Listener) -> list[Change]:
    """The changes that give a network; a message names each one that does not."""
    feasible = []
    for change in variants:
        try:
            plan_network(change.config, view.image_shape, view.known_facts.n_classes)
            feasible.append(change)
        except Infeasible as error:
            listener.message(f"{change.factor} ({change.description}) is left out: {error}")
    return feasible


def _study_settings(
    view: StudyView, record: TrialRecord, settings: AblationSettings, n_trials: int
) -> StudySettings:
    """The settings of the study that trains the plan, in the folder of the ablated study."""
    stored = view.study.stored
    kept = (
        "dataset",
        *IMAGE_OPTIONS,
        "seed",
        "split_seed",
        *(() if settings.subset else ("folds",)),  # a subset has one hold-out
        "space",
        "class_weights",
        "objective",
    )
    name = f"ablation-{record.number}" + (f"-{settings.subset}" if settings.subset else "")
    return plan_settings(
        n_trials,
        **{key: stored[key] for key in kept if key in stored},
        study=name,
        results=str(view.paths.root),
        epochs=record.proposal.schedule_epochs(view.known_facts.horizon),
        precision=view.known_facts.precision,
        subset=settings.subset,
        workers=settings.workers,
    )


def _write(
    view: StudyView,
    record: TrialRecord,
    folder: Path,
    found: tuple[list[TrialRecord], list[Change], tuple[int, tuple[int, ...]]],
) -> AblationOutcome:
    """Write the table beside the ablation's record, as Parquet and as Markdown."""
    records, variants, (n_train, validation_sizes) = found
    rows = summarise_ablation(records, variants, validation_sizes, view.objective)
    head = AblationHead(
        study=view.paths.name,
        trial=record.number,
        dataset=view.study.settings.dataset,
        n_train=n_train,
        epochs=record.proposal.schedule_epochs(view.known_facts.horizon),
        n_seeds=rows[0].n,
        objective=view.objective.name,
    )
    write_report(folder, "ablation", ablation_table(rows), ablation_markdown(rows, head))
    return AblationOutcome(rows=rows, head=head, folder=folder)
