"""The views of test-time augmentation, pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.finals.views import mirror_and_translate, plain

IMAGE = np.arange(9, dtype=np.float32).reshape(1, 3, 3, 1)  # 0 1 2 / 3 4 5 / 6 7 8


def test_plain_views_are_the_images():
    """The only plain view is the image, with all the weight."""
    ((weight, view),) = plain(IMAGE)
    assert weight == 1
    assert view is IMAGE


def test_six_views_of_which_the_unmoved_count_half():
    """Moves by a pixel down-right and up-left with reflection; each view is also mirrored."""
    views = mirror_and_translate(IMAGE)
    assert [weight for weight, _ in views] == [0.25, 0.25, 0.125, 0.125, 0.125, 0.125]
    assert [view[0, :, :, 0].astype(int).tolist() for _, view in views] == [
        [[0, 1, 2], [3, 4, 5], [6, 7, 8]],
        [[2, 1, 0], [5, 4, 3], [8, 7, 6]],
        [[4, 3, 4], [1, 0, 1], [4, 3, 4]],
        [[4, 3, 4], [1, 0, 1], [4, 3, 4]],
        [[4, 5, 4], [7, 8, 7], [4, 5, 4]],
        [[4, 5, 4], [7, 8, 7], [4, 5, 4]],
    ]


@pytest.mark.parametrize("views", [plain, mirror_and_translate])
def test_the_weights_sum_to_one(views):
    """The weights add up to one, so a mean of log-probabilities needs no factor."""
    assert sum(weight for weight, _ in views(IMAGE)) == 1
