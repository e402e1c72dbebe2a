"""The page of one data set."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autocnn.data.class_counts import ClassCounts
from autocnn.data.dataset import DatasetInfo
from autocnn.terminal.dataset_page import DatasetFacts, render_dataset


@pytest.fixture
def info():
    """A data set of two hand-drawn classes."""
    return DatasetInfo(
        name="shapes",
        description="drawn [by hand]",
        image_shape=(28, 32, 3),
        class_names=("round", "[b]square[/b]"),
        n_train=60_000,
        n_test=1000,
        source="keras.datasets",
        url="https://x/",
    )


def test_a_data_set_on_this_machine_is_counted(show, info):
    """The page has the images of each class and the fingerprint."""
    counts = ClassCounts(
        class_names=info.class_names, train=(36_000, 18_000), validation=(4000, 2000), test=(1, 999)
    )
    lines = show(render_dataset(DatasetFacts(info=info, counts=counts, fingerprint="12ab")))
    assert lines == [
        "name         shapes: drawn [by hand]",
        "images       28×32×3, 60,000 to train and 1,000 to test",
        "here         yes",
        "fingerprint  12ab",
        "",
        "label  class           train  validation  test",
        "    0  round          36,000       4,000     1",
        "    1  [b]square[/b]  18,000       2,000   999",
    ]


def test_a_data_set_that_is_not_local_has_a_hint(show, info):
    """The page says how to download it; facts that need its files are dashes."""
    lines = show(render_dataset(DatasetFacts(info=info)))
    assert lines[2:4] == [
        "here         no; the first use downloads it from https://x/",
        "fingerprint  –",
    ]
    assert [line.split()[-3:] for line in lines[-2:]] == [["–"] * 3] * 2


def test_different_test_images_and_near_copies_have_lines(show, info):
    """Of 1,000 test images 990 are different; unknown test counts are dashes."""
    info = replace(info, n_test_different=990, near_copies="none found; 61,000 images compared")
    counts = ClassCounts(class_names=info.class_names, train=(4, 3), validation=(1, 1))
    lines = show(render_dataset(DatasetFacts(info=info, counts=counts)))
    assert lines[1].endswith("60,000 to train and 1,000 (990 of them different) to test")
    assert "near-copies  none found; 61,000 images compared" in lines
    assert lines[-1].split()[-3:] == ["3", "1", "–"]
