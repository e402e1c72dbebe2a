"""autocnn finds, trains and ships the best small convolutional network for an image data set.

    import autocnn

    study = autocnn.search(x_train, y_train, time_budget="5m")  # or the path of your images
    study.leaderboard().to_pandas()
    study.predict(x_new)
    study.report("report.html")

The names below are the whole Python API; docs/guide/python.md shows it in use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autocnn.lazy import lazy_names

__version__ = "0.1.0"

if TYPE_CHECKING:
    from autocnn.api.predictions import load_model
    from autocnn.api.prepare_image import load_image
    from autocnn.exports.formats import read_contract
    from autocnn.models.contract import ModelContract
    from autocnn.python.calls import (
        ablate,
        compare,
        ensemble,
        evaluate,
        export,
        plot,
        predict,
        write_report,
    )
    from autocnn.python.classifier import AutoCNNClassifier
    from autocnn.python.searching import resume, search
    from autocnn.python.studies import Study, load_study
    from autocnn.records.study_settings import StudySettings

__all__ = [
    "AutoCNNClassifier",
    "ModelContract",
    "Study",
    "StudySettings",
    "__version__",
    "ablate",
    "compare",
    "ensemble",
    "evaluate",
    "export",
    "load_image",
    "load_model",
    "load_study",
    "plot",
    "predict",
    "read_contract",
    "resume",
    "search",
    "write_report",
]

_MODULES = {  # with the public names that each one has
    "autocnn.api.predictions": ("load_model",),
    "autocnn.api.prepare_image": ("load_image",),
    "autocnn.exports.formats": ("read_contract",),
    "autocnn.models.contract": ("ModelContract",),
    "autocnn.python.calls": (
        "ablate",
        "compare",
        "ensemble",
        "evaluate",
        "export",
        "plot",
        "predict",
        "write_report",
    ),
    "autocnn.python.classifier": ("AutoCNNClassifier",),
    "autocnn.python.searching": ("resume", "search"),
    "autocnn.python.studies": ("Study", "load_study"),
    "autocnn.records.study_settings": ("StudySettings",),
}

if not TYPE_CHECKING:  # a type checker would take every name for one that exists
    __getattr__ = lazy_names(__name__, _MODULES)


def __dir__() -> list[str]:
    """The public names, for completion and `dir`."""
    return list(__all__)
