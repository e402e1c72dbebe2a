"""The contract of a study's networks."""

from __future__ import annotations

from dataclasses import replace
from importlib import metadata

import pytest

from autocnn.data.value_range import ValueRange
from autocnn.finals.contract import contract_of
from autocnn.models.contract import ModelContract
from autocnn.records.study_settings import StudySettings


def test_a_contract_is_made_of_facts_and_settings(facts):
    """The version is that of the package."""
    found = replace(
        facts,
        class_names=("cat", "dog"),
        image_shape=(4, 6, 3),
        value_range=ValueRange("integers", 4095),
    )
    settings = StudySettings(study="s", dataset="pets", resize="pad")
    assert contract_of(settings, found, 3) == ModelContract(
        class_names=("cat", "dog"),
        image_shape=(4, 6, 3),
        value_range=ValueRange("integers", 4095),
        dataset="pets",
        study="s",
        trial=3,
        resize="pad",
        autocnn=metadata.version("autocnn"),
    )


@pytest.mark.parametrize(
    ("dataset", "name"),
    [
        ("digits", "digits"),
        ("/home/a/pets", "pets"),
        ("../pets/", "pets"),
        ("x/pets.npz", "pets.npz"),
        ("~/pets", "pets"),
    ],
)
def test_a_path_is_not_told_to_those_who_get_the_file(facts, dataset, name):
    """Only the last part of the path of own images is in the contract."""
    assert contract_of(StudySettings(study="s", dataset=dataset), facts, 0).dataset == name
