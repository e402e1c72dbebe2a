"""Whether views of an image make a trial's network better, measured on the validation images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from autocnn.api.studies import StudyView
from autocnn.api.study_images import Sample
from autocnn.errors import SettingsError
from autocnn.exports.formats import SCRIPT, Format
from autocnn.keras_startup import load_keras
from autocnn.models.views import PLAIN, VIEWS, is_moving
from autocnn.records.setting import check_choice
from autocnn.records.trial_record import TrialRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewsEffect:
    """The accuracy of a trial's own weights, which were not trained on the validation images."""

    views: str
    trial: int
    n: int  # validation images
    plain: float  # accuracy without views
    viewed: float
    knows_mirrored: bool  # mirrored images had a part in the training


def check_views(views: str, image_shape: tuple[int, int, int], formats: Sequence[Format]) -> None:
    """Raise SettingsError for unknown views, or for those that a file cannot hold."""
    check_choice("--views", views, tuple(VIEWS))
    if views != PLAIN and any(chosen is SCRIPT for chosen in formats):
        raise SettingsError(
            f"--views {views}: a script trains one network on images as they are; choose another "
            "format"
        )
    if is_moving(views) and min(image_shape[:2]) < 2:
        raise SettingsError(f"--views {views}: expected images of 2 pixels a side or more")


def measure_effect(
    view: StudyView, trial: int, views: str, validation: Sample
) -> ViewsEffect | None:
    """The effect of `views` on the network of `trial`; None if its own weights are gone."""
    if not view.paths.weights(trial).is_file():
        return None
    load_keras()
    from autocnn.api.export import own_model
    from autocnn.models.ensemble import with_views

    record = view.trial(trial)
    model = own_model(view, record)
    plain, viewed = (
        float(np.mean(network.predict(validation.images).argmax(axis=1) == validation.labels))
        for network in (model, with_views(model, views))
    )
    return ViewsEffect(
        views=views,
        trial=trial,
        n=len(validation.labels),
        plain=plain,
        viewed=viewed,
        knows_mirrored=knows_mirrored(record),
    )


def knows_mirrored(record: TrialRecord) -> bool:
    """True if mirrored images had a part in the training of the trial."""
    augmentation = record.config.augmentation
    return augmentation.flip or augmentation.alternating_flip


def describe_effect(effect: ViewsEffect) -> str:
    """One line with both accuracies, and what they mean."""
    line = (
        f"{effect.views} views: trial {effect.trial}'s own weights have {100 * effect.viewed:.2f} "
        f"% on {effect.n:,} validation images, {100 * effect.plain:.2f} % without views"
    )
    return line + advice(effect.knows_mirrored, effect.viewed - effect.plain)


def advice(knows_mirrored: bool, gain: float) -> str:
    """What follows from the gain, a difference of accuracies; "" if the views are a gain."""
    why = "" if knows_mirrored else "; no mirrored image had a part in the training"
    return why if gain > 0 else f"{why}; the views are no gain here: leave --views out"
