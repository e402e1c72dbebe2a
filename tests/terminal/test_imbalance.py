"""One line for unbalanced classes, and one for each note."""

from __future__ import annotations

import pytest

from autocnn.data.dataset import DatasetInfo
from autocnn.terminal.dataset_page import DatasetFacts, render_dataset


@pytest.fixture
def info():
    """A user's data set of two classes, with validation images."""
    return DatasetInfo(
        name="photos",
        description="images in /a/photos",
        image_shape=(8, 8, 3),
        class_names=("[cat]", "dog"),
        n_train=66,
        n_validation=6,
        n_test=5,
        source="folder",
        notes=("one [note]", "another"),
    )


def test_validation_images_and_notes_are_shown(show, info):
    """Notes are printed unchanged, brackets included."""
    lines = show(render_dataset(DatasetFacts(info=info, counts=(33, 33), fingerprint="12ab")))
    assert lines[1] == "images       8×8×3, 66 to train (6 of them to validate) and 5 to test"
    assert lines[4:7] == ["note         one [note]", "note         another", ""]


@pytest.mark.parametrize(("counts", "is_told"), [((11, 55), False), ((10, 56), True)])
def test_more_than_five_times_is_unbalanced(show, info, counts, is_told):
    """Exactly five times as many images is not unbalanced."""
    lines = show(render_dataset(DatasetFacts(info=info, counts=counts)))
    text = "note         the classes are unbalanced: dog has 56 training images, [cat] 10; "
    assert any(line.startswith(text) for line in lines) is is_told


def test_a_data_set_without_counts_has_no_warning(show, info):
    """The counts of a data set that is not local are unknown."""
    assert not any("unbalanced" in line for line in show(render_dataset(DatasetFacts(info=info))))
