"""The views of an image, pixel by pixel, in NumPy and in Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from autocnn.models.views import VIEWS, average_views, is_moving, make_views, stack_views

IMAGE = np.arange(9, dtype=np.float32).reshape(1, 3, 3, 1)  # 0 1 2 / 3 4 5 / 6 7 8


def test_plain_views_are_the_images():
    """The only plain view is the image, with all the weight."""
    ((weight, view),) = make_views(IMAGE, "none")
    assert weight == 1
    assert view is IMAGE


def test_a_mirrored_view_has_half_of_the_weight():
    """Left and right are exchanged, rows stay."""
    (own, image), (other, mirrored) = make_views(IMAGE, "mirror")
    assert (own, other) == (0.5, 0.5)
    assert image is IMAGE
    assert mirrored[0, :, :, 0].tolist() == [[2, 1, 0], [5, 4, 3], [8, 7, 6]]


def test_six_views_of_which_the_unmoved_count_half():
    """Moves by a pixel down-right and up-left with reflection; each view is also mirrored."""
    views = make_views(IMAGE, "mirror_and_translate")
    assert [weight for weight, _ in views] == [0.25, 0.25, 0.125, 0.125, 0.125, 0.125]
    assert [view[0, :, :, 0].astype(int).tolist() for _, view in views] == [
        [[0, 1, 2], [3, 4, 5], [6, 7, 8]],
        [[2, 1, 0], [5, 4, 3], [8, 7, 6]],
        [[4, 3, 4], [1, 0, 1], [4, 3, 4]],
        [[4, 3, 4], [1, 0, 1], [4, 3, 4]],
        [[4, 5, 4], [7, 8, 7], [4, 5, 4]],
        [[4, 5, 4], [7, 8, 7], [4, 5, 4]],
    ]


@pytest.mark.parametrize("name", VIEWS)
def test_the_weights_sum_to_one(name):
    """The weights add up to one, so a mean needs no factor."""
    assert sum(view.weight for view in VIEWS[name]) == 1


@pytest.mark.parametrize("name", VIEWS)
def test_keras_stacks_the_views_of_numpy(name):
    """In the same order, the images of one view after another."""
    two = np.concatenate([IMAGE, 10 * IMAGE])
    symbolic = keras.Input((3, 3, 1))
    stacked = keras.Model(symbolic, stack_views(symbolic, name))(two)
    expected = np.concatenate([view for _, view in make_views(two, name)])
    np.testing.assert_array_equal(np.asarray(stacked), expected)


def test_keras_averages_by_view_and_not_by_image():
    """Two images in two views: (0.2 + 0.6) / 2 and (0.4 + 1.0) / 2 of the first class."""
    stacked = np.array([[0.2, 0.8], [0.4, 0.6], [0.6, 0.4], [1.0, 0.0]], np.float32)
    symbolic = keras.Input((2,))
    mean = keras.Model(symbolic, average_views(symbolic, "mirror", 2))(stacked)
    np.testing.assert_allclose(np.asarray(mean), [[0.4, 0.6], [0.7, 0.3]], atol=1e-7)


def test_only_moves_need_two_pixels():
    """A mirrored image of one column is that image."""
    assert [name for name in VIEWS if is_moving(name)] == ["mirror_and_translate"]
