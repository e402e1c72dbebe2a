"""One data set in full."""

from __future__ import annotations

import pytest

from autocnn.data.dataset import DatasetInfo
from autocnn.terminal.dataset_page import DatasetFacts, render_dataset


@pytest.fixture
def info():
    """Two classes that are drawn by hand."""
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
    """Images of each class, and the fingerprint of all."""
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


def test_a_data_set_elsewhere_says_how_it_comes_here(show, info):
    """What only its files tell is a dash."""
    lines = show(render_dataset(DatasetFacts(info=info)))
    assert lines[2:4] == [
        "here         no; the first use downloads it from https://x/",
        "fingerprint  –",
    ]
    assert [line.split()[-1] for line in lines[-2:]] == ["–", "–"]
