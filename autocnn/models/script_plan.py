"""What a plain Keras program needs to train a network again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from autocnn.space.config import TrialConfig

if TYPE_CHECKING:  # imports NumPy and Keras
    from autocnn.data.value_range import ValueRange
    from autocnn.nn.model import ImageSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptPlan:
    """One training: the network, the images, and the length."""

    config: TrialConfig  # as it was trained
    image: ImageSpec
    value_range: ValueRange  # of the stored values that became 0 to 255
    trial: int
    keras_dataset: str | None  # the name in keras.datasets; None: images of another source
    epochs: int  # that are trained
    schedule_epochs: int  # over which the learning rate runs
    class_weights: bool
    score: str  # what the search measured, as one line of text
