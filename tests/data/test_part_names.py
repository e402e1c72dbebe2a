"""The names of splits, in folders and in files."""

from __future__ import annotations

import pytest

from autocnn.data.part_names import (
    TEST,
    TRAIN,
    VALIDATION,
    find_part,
    find_part_within,
    is_split_name,
)
from autocnn.errors import DatasetError


@pytest.mark.parametrize(
    ("names", "part"),
    [
        ("train Training training_set train2017 images_train trainset 1_train", TRAIN),
        ("val VALID validation dev devel dev-split val_images", VALIDATION),
        ("test testing TestData test_folder test-2 data_test_set", TEST),
        ("train_stations trainer testimony device valuable latest set part 2017 x_test", None),
    ],
)
def test_a_folder_names_a_split_by_its_whole_name(names, part):
    """Added words and characters that are not letters do not matter; other words do."""
    assert {find_part(name) for name in names.split()} == {part}
    assert {is_split_name(name) for name in names.split()} == {part is not None}


@pytest.mark.parametrize("name", ["eval", "Evaluation", "holdout_set", "unseen"])
def test_an_unclear_name_is_refused(name):
    """These words mean validation to some and test to others."""
    for find in (find_part, find_part_within):
        with pytest.raises(DatasetError, match=f"^{name}: may be validation or test; rename it"):
            find(name)
    assert is_split_name(name)


@pytest.mark.parametrize(
    ("name", "part"),
    [("mnist_train.parquet", TRAIN), ("x-test.npy", TEST), ("latest.npy", None), ("x.npy", None)],
)
def test_a_file_names_a_split_by_one_word(name, part):
    """The word is between characters that are not letters."""
    assert find_part_within(name) == part


def test_words_of_two_splits_are_refused():
    """No split is chosen."""
    with pytest.raises(DatasetError, match="train_test: its name has the words of several parts"):
        find_part_within("train_test")
