"""The table of export formats, by the ending of the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from autocnn.errors import SettingsError
from autocnn.export.keras_file import export_keras
from autocnn.nn.model import ImageSpec
from autocnn.space.config import TrialConfig

Exporter = Callable[[TrialConfig, ImageSpec, Path, Path], None]

FORMATS: dict[str, Exporter] = {".keras": export_keras}


def exporter_for(target: Path) -> Exporter:
    """The function that writes files of `target`'s ending.

    Raises: SettingsError for an ending that no format has.
    """
    if target.suffix not in FORMATS:
        known = ", ".join(FORMATS)
        raise SettingsError(f"--output must end in {known}, got {str(target)!r}")
    return FORMATS[target.suffix]
