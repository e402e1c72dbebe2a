"""The data sheet of a report."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autocnn.data.class_counts import ClassCounts
from autocnn.data.dataset import DatasetInfo
from autocnn.report.data_sheet import DataSheet


@pytest.fixture
def sheet() -> DataSheet:
    """Two classes, one of them rare."""
    info = DatasetInfo(
        name="pets",
        description="",
        image_shape=(8, 8, 3),
        class_names=("cat", "dog"),
        n_train=110,
        n_test=11,
        source="folder",
        notes=("2 files were left out",),
    )
    counts = ClassCounts(class_names=("cat", "dog"), train=(90, 9), validation=(10, 1))
    return DataSheet(info=info, counts=counts, fold_notes=("one hold-out",))


def test_images_by_class(sheet):
    """The test images are counted if their number is known."""
    assert sheet.table.titles == ("class", "train", "validation")
    assert sheet.table.rows == [["cat", 90, 10], ["dog", 9, 1]]
    known = replace(sheet, counts=replace(sheet.counts, test=(10, 1)))
    assert known.table.titles[-1] == "test"
    assert known.table.rows[1] == ["dog", 9, 1, 1]


def test_folds_count_training_and_validation_together(sheet):
    """Each image is held out once."""
    folds = replace(sheet, counts=replace(sheet.counts, held_out=(100, 10)))
    assert folds.table.titles == ("class", "train and validation")
    assert folds.table.rows == [["cat", 100], ["dog", 10]]


def test_the_notes_are_those_of_the_reader_and_of_the_counts(sheet):
    """Left-out files, folds, and the unbalanced classes with the advice."""
    first, second, third, fourth = sheet.notes
    assert (first, second) == ("2 files were left out", "one hold-out")
    assert third.startswith("unbalanced classes: 'cat' has 90 to train")
    assert "--objective balanced_accuracy" in fourth
