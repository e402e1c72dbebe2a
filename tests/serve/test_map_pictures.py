"""Maps as one picture."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from autocnn.serve.map_pictures import GAP, MOST_MAPS, picture


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
