"""Maps as one picture."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from autocnn.models.map_pictures import FILTER_GAP, GAP, MOST_MAPS, filters_picture, picture


def _pixels(maps):
    return np.asarray(Image.open(io.BytesIO(picture(maps))))


def test_two_maps_stand_side_by_side():
    """Of 30x30 pixels, with a grey gap; the smallest value is black, the largest white."""
    maps = np.zeros((30, 30, 2), np.float32)
    maps[..., 0], maps[..., 1] = -3.0, 5.0
    shown = _pixels(maps)
    assert shown.shape == (30 + GAP, 2 * (30 + GAP))
    assert (shown[0, 0], shown[0, 30], shown[0, 31]) == (0, 127, 255)


def test_small_maps_are_enlarged():
    """A map of 5x7 pixels becomes 25x35; equal values are black."""
    shown = _pixels(np.full((5, 7, 1), 2.0, np.float32))
    assert shown.shape == (25 + GAP, 35 + GAP)
    assert shown[:25, :35].max() == 0


def test_many_maps_are_left_out():
    """Of 100 maps MOST_MAPS are shown, in a grid that is about twice as wide as high."""
    shown = _pixels(np.zeros((24, 24, 100), np.float32))
    assert shown.shape == (4 * (24 + GAP), 16 * (24 + GAP))
    assert MOST_MAPS == 4 * 16


def test_a_large_map_is_thinned_out():
    """Every second pixel of 60 is left, for a side of 30 at most."""
    png = picture(np.zeros((60, 60, 1), np.float32), longest=30)
    assert Image.open(io.BytesIO(png)).size == (30 + GAP, 30 + GAP)


def test_a_filter_is_grey_where_it_is_zero():
    """The largest weight, 2 in either direction, is white or black."""
    kernels = np.zeros((2, 2, 1, 1), np.float32)
    kernels[0, 0], kernels[1, 1] = 2.0, -2.0
    shown = np.asarray(Image.open(io.BytesIO(filters_picture(kernels))))
    assert shown.shape == (24 + FILTER_GAP, 24 + FILTER_GAP)
    assert (shown[0, 0], shown[0, 12], shown[12, 12]) == (255, 128, 0)
