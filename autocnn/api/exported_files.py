"""An export of several formats at once, with what each file keeps of the network's answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autocnn.api.export import (
    check_source,
    contract_in,
    export_note,
    is_shipped,
    ships_as,
    trained_model,
)
from autocnn.api.script_plans import script_plan
from autocnn.api.studies import StudyView
from autocnn.api.study_images import StudyImages, open_images
from autocnn.api.views_effect import ViewsEffect, check_views, describe_effect, measure_effect
from autocnn.errors import StudyError
from autocnn.exports.formats import (
    KERAS,
    SCRIPT,
    Exported,
    Format,
    check_target,
    copy_export,
    export_as,
)
from autocnn.exports.litert_file import INT8, Quantization
from autocnn.exports.script_file import for_training
from autocnn.exports.targets import Target, check_quantization, find_targets, quantize
from autocnn.keras_startup import load_keras
from autocnn.models.contract import ModelContract, contract_to_json
from autocnn.models.file_report import Agreement, FileReport
from autocnn.models.views import PLAIN

if TYPE_CHECKING:  # imported by the functions that need them: importing this module stays fast
    from autocnn.models.network import Network
    from autocnn.models.predictor import Predictor
    from autocnn.models.trained import TrainedModel


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSettings:
    """What `autocnn export` writes."""

    output: Path  # a model's path, a path without its ending, or a folder
    formats: tuple[str, ...] = ()  # of --format; none: the ending of `output` decides
    trial: int | None = None  # None: the shipped winner
    quantize: str | None = None
    report: bool = False  # the time of a call is measured, and a copy is compared, too
    views: str = PLAIN  # of each image, whose predictions the file averages


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOutcome:
    """The files of an export."""

    files: tuple[FileReport, ...]
    contract: ModelContract
    images_note: str = ""  # why nothing was measured on the study's images
    trained_on: bool = False  # the network was trained on the validation images, too
    effect: ViewsEffect | None = None  # of the views, if there are any and it can be measured


def export_files(view: StudyView, settings: ExportSettings) -> ExportOutcome:
    """Write the shipped winner, or the network of a trial, in one or several formats.

    Each file is compared with the network on noise, and if the study's images are at hand, also on
    its validation images. The test split is not read.

    Raises: SettingsError for a wrong format, ending or quantisation, or if a package is missing;
    otherwise as `export_model`, and StudyError if int8 cannot be calibrated. The files before the
    one that fails stay.
    """
    targets = find_targets(settings.output, settings.formats, view.paths.name)
    for chosen, path in targets:
        if settings.quantize is not None:
            check_quantization(chosen, settings.quantize)
        check_target(path, chosen)
    check_views(settings.views, view.image_shape, [chosen for chosen, _ in targets])
    check_source(view, settings.trial)
    if any(chosen is SCRIPT for chosen, _ in targets):
        script_plan(view, settings.trial)  # a trial without a best epoch is refused at once
    contract = replace(contract_in(view, settings.trial), views=settings.views)
    work = _Work(view=view, settings=settings, contract=contract)
    files = tuple(work.export(each) for each in targets)
    return ExportOutcome(
        files=files,
        contract=work.contract,
        images_note=work.images if isinstance(work.images, str) else "",
        trained_on=_trained_on_validation(view, settings.trial),
        effect=work.effect(),
    )


def export_network(
    view: StudyView,
    network: Network,
    contract: ModelContract,
    target: Target,
    quantization: str | None = None,
) -> FileReport:
    """Write a network of the study's trials, such as an ensemble, and measure its file.

    Raises: as `export_as`, and StudyError if int8 cannot be calibrated.
    """
    settings = ExportSettings(output=target[1], quantize=quantization)
    work = _Work(view=view, settings=settings, contract=contract, model=network, is_own=True)
    return work.export(target)


def export_notes(view: StudyView, outcome: ExportOutcome, trial: int | None) -> list[str]:
    """Lines on the origin of the model, and on what its measurements mean."""
    notes = [export_note(view, trial)]
    if outcome.effect is not None:
        notes.append(describe_effect(outcome.effect))
    elif outcome.contract.views != PLAIN:
        notes.append(
            f"whether {outcome.contract.views} views make the network better was not measured: "
            "`autocnn evaluate` does, on labelled images that it was not trained on"
        )
    if outcome.images_note:
        notes.append(f"not measured on the study's images: {outcome.images_note}")
    elif outcome.trained_on and any(each.agreement is not None for each in outcome.files):
        notes.append(
            "the shipped network was refitted on the validation images, too: their accuracy shows "
            "what a format loses, and not how good the network is"
        )
    return [note for note in notes if note]


def report_to_json(outcome: ExportOutcome) -> dict[str, Any]:
    """The outcome as plain values, ready for JSON."""
    files = [{**asdict(each), "path": str(each.path)} for each in outcome.files]
    return {
        "files": files,
        "contract": contract_to_json(outcome.contract),
        "images_note": outcome.images_note,
        "trained_on_validation": outcome.trained_on,
        "views_effect": None if outcome.effect is None else asdict(outcome.effect),
    }


def _trained_on_validation(view: StudyView, trial: int | None) -> bool:
    finals = view.finals
    return trial is None and is_shipped(view) and finals is not None and finals.refit.shipped


@dataclass(slots=True, kw_only=True)
class _Work:
    """One export: its network, its images and the network's answers, each made once."""

    view: StudyView
    settings: ExportSettings
    contract: ModelContract
    images: StudyImages | str | None = None  # None: not looked for yet
    model: Network | None = None
    is_own: bool = False  # `model` was given: no file of the study holds it
    network: Predictor | None = None

    def export(self, target: Target) -> FileReport:
        """Write one file, and measure it."""
        chosen, path = target
        if self.settings.quantize is not None:
            chosen = quantize(chosen, self._quantization(self.settings.quantize))
        if chosen is SCRIPT:
            plan = script_plan(self.view, self.settings.trial)
            chosen = for_training(chosen, plan, self._trained())
        if self._is_copy(chosen):
            copy_export(self.view.paths.winner, path)
            exported = Exported(path=path, format=chosen, difference=0.0)
        else:
            exported = export_as(chosen, self._model(), self.contract, path)
        return self._report(exported)

    def effect(self) -> ViewsEffect | None:
        """What the views change; None without views, or if it cannot be measured."""
        if self.settings.views == PLAIN:
            return None
        images = self._images()
        if isinstance(images, str):
            return None
        return measure_effect(
            self.view, self.contract.trial, self.settings.views, images.validation
        )

    def _is_copy(self, chosen: Format) -> bool:
        is_plain = self.settings.views == PLAIN and not self.is_own
        return is_plain and ships_as(self.view, self.settings.trial, chosen)

    def _trained(self) -> TrainedModel:
        return trained_model(self.view, self.settings.trial)

    def _model(self) -> Network:
        if self.model is None:
            self.model = self._trained()
            if self.settings.views != PLAIN:
                from autocnn.models.ensemble import with_views

                self.model = with_views(self.model, self.settings.views)
        return self.model

    def _images(self) -> StudyImages | str:
        if self.images is None:
            self.images = open_images(self.view)
        return self.images

    def _quantization(self, name: str) -> Quantization:
        if name != INT8:
            return Quantization(name=name)
        images = self._images()
        if isinstance(images, str):
            raise StudyError(
                f"--quantize {name} is calibrated on training images of the study: {images}"
            )
        return Quantization(name=name, images=images.calibration.images)

    def _report(self, exported: Exported) -> FileReport:
        is_converted = exported.format.suffix != KERAS.suffix
        agreement, seconds = None, None
        if is_converted or self.settings.report:
            load_keras()  # a copy is the first to need it
            predictor = exported.load()
            agreement = self._agreement(predictor)
            seconds = self._latency(predictor) if self.settings.report else None
        return FileReport(
            path=exported.path,
            format=exported.format.key,
            quantize=self.settings.quantize,
            bytes=size_of(exported.path, exported.format),
            difference=exported.difference,
            agreement=agreement,
            latency_s=seconds,
            is_converted=is_converted,
        )

    def _agreement(self, predictor: Predictor) -> Agreement | None:
        from autocnn.exports.measure import agreement
        from autocnn.models.predictor import predict_all

        images = self._images()
        if isinstance(images, str):
            return None
        if self.network is None:
            self.network = self._model().predictor()
        sample, n = images.validation, len(self.contract.class_names)
        ours, theirs = (predict_all(each, sample.images, n) for each in (self.network, predictor))
        return agreement(ours, theirs, sample.labels)

    def _latency(self, predictor: Predictor) -> float:
        from autocnn.exports.check import checked_images
        from autocnn.exports.measure import latency

        return latency(predictor, checked_images(self.contract.image_shape)[-1:])


def size_of(path: Path, chosen: Format) -> int:
    """The bytes of all files of an export, without the contract beside it."""
    if chosen.is_folder:
        return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
    return sum(each.stat().st_size for each in (path, *chosen.place(path).more))
