"""An ensemble of a study's networks: chosen and measured on validation images, and exported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from autocnn.api.export import contract_in, own_model
from autocnn.api.exported_files import export_network
from autocnn.api.studies import StudyView
from autocnn.api.study_images import open_data
from autocnn.api.views_effect import check_views, knows_mirrored
from autocnn.data.dataset import IndexedImages
from autocnn.errors import SettingsError, StudyError
from autocnn.exports.formats import EXPORTS, SCRIPT, Format, check_target, format_of
from autocnn.exports.measure import even_positions
from autocnn.exports.targets import check_quantization
from autocnn.keras_startup import load_keras
from autocnn.models.contract import ModelContract
from autocnn.models.ensemble_report import EnsembleMember, EnsembleOutcome, NetworkScore
from autocnn.models.selection import (
    best_network,
    cross_fit,
    mean_loss,
    mean_probabilities,
    select_networks,
)
from autocnn.models.views import PLAIN, VIEWS
from autocnn.objectives import Objective, can_win
from autocnn.records.artefacts import check_artefact
from autocnn.records.trial_record import TrialRecord

if TYPE_CHECKING:  # imported by the functions that need them: importing this module stays fast
    from autocnn.models.network import Network
    from autocnn.models.trained import TrainedModel

MOST_IMAGES = 20_000  # validation images by which an ensemble is chosen

Probabilities = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleSettings:
    """What `autocnn ensemble` chooses, and where it is written."""

    most: int = 5  # different networks
    views: str = PLAIN  # of each image, whose predictions every network averages
    output: Path | None = None  # None: nothing is written
    quantize: str | None = None  # fewer bits in the file, if its format has them

    def __post_init__(self) -> None:
        if self.most < 1:
            raise SettingsError(f"--most must be at least 1, got {self.most}")
        if self.quantize is not None and self.output is None:
            raise SettingsError(f"--quantize {self.quantize}: give --output, the file to write")


def ensemble(view: StudyView, settings: EnsembleSettings | None = None) -> EnsembleOutcome:
    """Choose an ensemble among the trials whose weights are kept, and write it if that is asked.

    The members are chosen by their cross-entropy on the validation images, of which MOST_IMAGES are
    taken at most; all have their trial's own weights. In a study with folds these are the first
    fold's, and the images those that this fold holds out. The test split is not read.

    Raises: StudyError for a study without weights, one that is no search, or one whose images are
    not at hand; SettingsError for views or a file that cannot be; otherwise as `export_model`.
    """
    settings = EnsembleSettings() if settings is None else settings
    target = _check(view, settings)
    records = _candidates(view)
    data = open_data(view)
    if isinstance(data, str):
        raise StudyError(f"an ensemble is chosen on the study's validation images: {data}")
    positions = even_positions(data.validation.n, MOST_IMAGES)
    work = _Choice(
        view=view,
        settings=settings,
        records=records,
        images=IndexedImages(source=data.images, indices=data.validation.indices[positions]),
    )
    outcome = work.choose()
    if target is None:
        return outcome
    network = work.network(outcome)
    file = export_network(view, network, outcome.contract, target, settings.quantize)
    return replace(outcome, file=file)


def _check(view: StudyView, settings: EnsembleSettings) -> tuple[Format, Path] | None:
    """What is written, if it can be."""
    if view.study.is_plan:
        raise StudyError(f"study {view.paths.name} is no search: its networks make no ensemble")
    if not view.records:
        view.trial()  # raises
    check_views(settings.views, view.image_shape, ())
    if settings.output is None:
        return None
    chosen = format_of(settings.output, EXPORTS)
    if chosen is SCRIPT:
        raise SettingsError(
            f"--output {settings.output}: a script trains one network, and an ensemble has several;"
            " choose another format"
        )
    if settings.quantize is not None:
        check_quantization(chosen, settings.quantize)
    check_target(settings.output, chosen)
    return chosen, settings.output


def _candidates(view: StudyView) -> list[TrialRecord]:
    """The trials whose networks are at hand, the best first."""
    found = [
        record
        for record in view.records
        if can_win(view.objective, record) and view.paths.weights(record.number).is_file()
    ]
    if not found:
        raise StudyError(
            f"study {view.paths.name} has no trial with weights on disk; complete and stopped "
            "trials keep theirs, the ten best ones"
        )
    for record in found:
        check_artefact(view.paths, view.paths.weights(record.number))
    return found


@dataclass(slots=True, kw_only=True)
class _Choice:
    """The choice of an ensemble among the networks of `records`."""

    view: StudyView
    settings: EnsembleSettings
    records: Sequence[TrialRecord]
    images: IndexedImages  # of the validation part

    def choose(self) -> EnsembleOutcome:
        """The ensemble with all that is measured of it."""
        labels, most, objective = self.images.labels, self.settings.most, self.view.objective
        probabilities = np.stack([self._predict(each) for each in self.records])
        counts = select_networks(probabilities, labels, most)
        everyone = [
            EnsembleMember(
                trial=record.number,
                weight=count / sum(counts),
                alone=_score(objective, probabilities[place], labels),
                parameters=record.parameters,
                macs=record.macs,
            )
            for place, (record, count) in enumerate(zip(self.records, counts, strict=True))
        ]
        members = sorted((each for each in everyone if each.weight), key=lambda each: -each.weight)
        best = everyone[best_network(probabilities, labels, self._advantage)]
        return EnsembleOutcome(
            study=self.view.paths.name,
            objective=objective,
            members=tuple(members),
            candidates=len(self.records),
            n=len(labels),
            best=best,
            together=_score(objective, mean_probabilities(probabilities, counts), labels),
            without_views=self._without_views(counts),
            cross_fit=cross_fit(probabilities, labels, most, self._advantage),
            parameters=sum(each.parameters for each in members),
            macs=len(VIEWS[self.settings.views]) * sum(each.macs for each in members),
            views=self.settings.views,
            knows_mirrored=all(knows_mirrored(self.view.trial(each.trial)) for each in members),
            contract=self._contract(members),
        )

    def network(self, outcome: EnsembleOutcome) -> Network:
        """The ensemble as one network."""
        from autocnn.models.ensemble import Ensemble, Member

        members = [
            Member(model=own_model(self.view, self.view.trial(each.trial)), weight=each.weight)
            for each in outcome.members
        ]
        return Ensemble(members=tuple(members), views=self.settings.views)

    def _advantage(self, probabilities: npt.NDArray[Any], labels: npt.NDArray[np.int64]) -> float:
        """The score of the study's objective, negative if less is better."""
        score = _score(self.view.objective, probabilities, labels).score
        return score if self.view.objective.maximize else -score

    def _predict(self, record: TrialRecord, views: str | None = None) -> Probabilities:
        """The probabilities of the network of a trial for all images; (images, classes)."""
        load_keras()
        from autocnn.models.ensemble import with_views
        from autocnn.models.predictor import predict_indexed

        model: TrainedModel = own_model(self.view, record)
        chosen = self.settings.views if views is None else views
        network: Network = model if chosen == PLAIN else with_views(model, chosen)
        return predict_indexed(network.predictor(), self.images, len(model.class_names))

    def _without_views(self, counts: Sequence[int]) -> NetworkScore | None:
        if self.settings.views == PLAIN:
            return None
        chosen = [record for record, count in zip(self.records, counts, strict=True) if count]
        probabilities = np.stack([self._predict(record, PLAIN) for record in chosen])
        mean = mean_probabilities(probabilities, tuple(count for count in counts if count))
        return _score(self.view.objective, mean, self.images.labels)

    def _contract(self, members: Sequence[EnsembleMember]) -> ModelContract:
        """The contract of the ensemble; its trial is the one with the largest weight."""
        contract = contract_in(self.view, members[0].trial)
        several = tuple((each.trial, each.weight) for each in members) if len(members) > 1 else ()
        return replace(contract, members=several, views=self.settings.views)


def _score(
    objective: Objective, probabilities: npt.NDArray[Any], labels: npt.NDArray[np.int64]
) -> NetworkScore:
    n_classes = probabilities.shape[1]
    counts = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(counts, (labels, probabilities.argmax(axis=1)), 1)
    loss = mean_loss(probabilities, labels)
    return NetworkScore(
        score=objective.compute(counts, loss),
        accuracy=int(counts.trace()) / len(labels),
        loss=loss,
    )
