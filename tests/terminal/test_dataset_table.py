"""The data sets as a table."""

from __future__ import annotations

import pytest

from autocnn.data.dataset import DatasetInfo
from autocnn.terminal.dataset_page import render_datasets


@pytest.mark.parametrize(("here", "text"), [(True, "yes"), (False, "no")])
def test_a_data_set_is_one_row(show, here, text):
    """A row has size, classes, images, and whether the data set is local."""
    info = DatasetInfo(
        name="shapes",
        description="drawn [by hand]",
        image_shape=(28, 32, 3),
        class_names=("round", "square"),
        n_train=60_000,
        n_test=1000,
        source="keras.datasets",
    )
    header, row = (line.split() for line in show(render_datasets([(info, here)])))
    assert header == ["name", "images", "classes", "train", "test", "here", "description"]
    assert row == ["shapes", "28×32×3", "2", "60,000", "1,000", text, "drawn", "[by", "hand]"]
