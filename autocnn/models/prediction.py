"""`Prediction`: what a network says about one image file. Keras is not imported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a network says about one image file, or the reason why it could not be read."""

    path: Path
    classes: tuple[tuple[str, float], ...] = ()  # names and probabilities, the most likely first
    problem: str = ""  # not empty: the file could not be read
