"""autocnn finds, trains and ships the best small convolutional network for an image data set."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from autocnn.api import (
        StudyView,
        evaluate,
        export_model,
        load_image,
        load_model,
        load_study,
        read_contract,
        rebuild_leaderboard,
        search,
        write_report,
    )
    from autocnn.models.contract import ModelContract
    from autocnn.records.study_settings import StudySettings

__all__ = [
    "ModelContract",
    "StudySettings",
    "StudyView",
    "__version__",
    "evaluate",
    "export_model",
    "load_image",
    "load_model",
    "load_study",
    "read_contract",
    "rebuild_leaderboard",
    "search",
    "write_report",
]

_HOMES = {
    "ModelContract": "autocnn.models.contract",
    "StudySettings": "autocnn.records.study_settings",
    "StudyView": "autocnn.api",
    "evaluate": "autocnn.api",
    "export_model": "autocnn.api",
    "load_image": "autocnn.api",
    "load_model": "autocnn.api",
    "load_study": "autocnn.api",
    "read_contract": "autocnn.api",
    "rebuild_leaderboard": "autocnn.api",
    "search": "autocnn.api",
    "write_report": "autocnn.api",
}


def __getattr__(name: str) -> Any:
    """Load a public name on first use, so that `import autocnn` stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module 'autocnn' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """The public names, for completion and `dir`."""
    return list(__all__)
