"""Statistics of pixels follow from how often each value occurs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from autocnn.data import statistics as pixels
from autocnn.data.statistics import channel_statistics, part_counts, pixel_counts


def test_statistics_are_per_channel():
    """Channel 0 holds 0 and 10 (mean 5, deviation 5), channel 1 holds 4 everywhere."""
    counts = pixel_counts(np.array([[[[0, 4], [10, 4]]]], dtype=np.uint8))
    assert counts.sum(axis=1).tolist() == [2, 2]
    mean, std = channel_statistics(counts)
    assert mean == (5.0, 4.0)
    assert std == (5.0, 1e-3)  # a constant channel must not divide by zero


def test_statistics_do_not_depend_on_how_many_are_counted_at_a_time(make_images, monkeypatch):
    """Five images counted two at a time: mean 2, variance (4 + 1 + 0 + 1 + 4) / 5 = 2."""
    monkeypatch.setattr(pixels, "BLOCK_PIXELS", 4)
    mean, std = channel_statistics(pixel_counts(make_images(range(5), [0] * 5).images))
    assert mean == (2.0,)
    assert std == pytest.approx((2**0.5,))


@pytest.mark.parametrize("indices", [[4], [0, 2, 3, 4]])
def test_a_part_is_counted_by_itself_or_by_the_rest(make_images, indices):
    """With counts of all images only the smaller side is read; the result is equal."""
    images, part = make_images([1, 2, 2, 3, 9], [0] * 5), np.array(indices)
    expected = pixel_counts(images.images[part])
    known = replace(images, pixel_counts=pixel_counts(images.images))
    assert part_counts(images, part).tolist() == expected.tolist()
    assert part_counts(known, part).tolist() == expected.tolist()
