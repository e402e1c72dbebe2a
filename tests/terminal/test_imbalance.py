"""One line for unbalanced classes, and one for each note."""

from __future__ import annotations

import pytest

from autocnn.data.class_counts import ClassCounts
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
    balanced = ClassCounts(class_names=info.class_names, train=(30, 30), validation=(3, 3))
    lines = show(render_dataset(DatasetFacts(info=info, counts=balanced, fingerprint="12ab")))
    assert lines[1] == "images       8×8×3, 66 to train (6 of them to validate) and 5 to test"
    assert lines[4:7] == ["note         one [note]", "note         another", ""]


def test_unbalanced_classes_are_noted_with_what_to_do(show, info):
    """The page says what a search says."""
    counts = ClassCounts(
        class_names=info.class_names, train=(9, 48), validation=(1, 8), test=(0, 5)
    )
    lines = show(render_dataset(DatasetFacts(info=info, counts=counts)), width=300)
    assert [line for line in lines if line.startswith("note")][2:] == [
        "note         unbalanced classes: 'dog' has 48 to train, 8 to validate, 5 to test, '[cat]' "
        "has 9 to train, 1 to validate, 0 to test; always answering 'dog' scores 88.9 % validation "
        "accuracy",
        "note         no test image of '[cat]': the test score says nothing about this class",
        "note         accuracy counts images, not classes: --objective balanced_accuracy ranks "
        "trials by all classes alike, and --class-weights trains them so",
    ]


def test_a_data_set_without_counts_has_no_warning(show, info):
    """The counts of a data set that is not local are unknown."""
    assert not any("unbalanced" in line for line in show(render_dataset(DatasetFacts(info=info))))
