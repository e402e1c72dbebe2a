"""The contract of a study's networks, from the facts and settings on record."""

from __future__ import annotations

import os

from autocnn.models.contract import ModelContract
from autocnn.records.facts import Facts
from autocnn.records.study_settings import StudySettings


def contract_of(settings: StudySettings, facts: Facts, trial: int) -> ModelContract:
    """The contract of the network of `trial`, also if it was refitted."""
    return ModelContract(
        class_names=facts.class_names,
        image_shape=facts.image_shape,
        value_range=facts.value_range,
        resize=settings.resize,
        dataset=_shown_name(settings.dataset),
        study=settings.study,
        trial=trial,
    )


def _shown_name(dataset: str) -> str:
    """The name of a data set; of a path its last part only, because the file may be passed on."""
    return os.path.basename(os.path.abspath(os.path.expanduser(dataset)))
