"""The page of one data set."""

from __future__ import annotations

import pytest

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
    lines = show(
        render_dataset(DatasetFacts(info=info, counts=(40_000, 20_000), fingerprint="12ab"))
    )
    assert lines == [
        "name         shapes: drawn [by hand]",
        "images       28×32×3, 60,000 to train and 1,000 to test",
        "here         yes",
        "fingerprint  12ab",
        "",
        "label  class           train",
        "    0  round          40,000",
        "    1  [b]square[/b]  20,000",
    ]


def test_a_data_set_that_is_not_local_has_a_hint(show, info):
    """The page says how to download it; facts that need its files are dashes."""
    lines = show(render_dataset(DatasetFacts(info=info)))
    assert lines[2:4] == [
        "here         no; the first use downloads it from https://x/",
        "fingerprint  –",
    ]
    assert [line.split()[-1] for line in lines[-2:]] == ["–", "–"]
