"""Pictures of networks."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from autocnn.models.feature_maps import LayerFilters, LayerMaps
from autocnn.report.layer_table import stages
from autocnn.report.model_pictures import (
    draw_architecture,
    draw_features,
    draw_filters,
    filters_title,
)
from autocnn.report.winner_look import ChosenImage
from autocnn.space.config import Block, TrialConfig
from autocnn.space.layers import plan_network


@pytest.fixture(scope="module")
def found():
    """The stages of a residual network with eight filters, then sixteen."""
    blocks = (Block(filters=(8,), pool="max"), Block(filters=(16,), residual=True))
    shape = (28, 20, 1)
    return stages(plan_network(TrialConfig(blocks=blocks, head="flatten"), shape, 10), shape)


def test_the_architecture_is_a_row_for_each_stage(found):
    """One more stage makes the picture higher, and not wider."""
    sizes = []
    for n in (len(found) - 1, len(found)):
        png = draw_architecture(found[:n], (28, 20, 1), "a $ b")
        sizes.append(Image.open(io.BytesIO(png)).size)
    assert sizes[0][0] == pytest.approx(sizes[1][0], abs=2)
    assert sizes[0][1] < sizes[1][1]


def test_the_same_network_gives_the_same_bytes(found):
    """There is no date in an SVG file."""
    first, second = (draw_architecture(found, (28, 20, 1), "", "svg") for _ in range(2))
    assert first == second
    assert first.startswith(b"<?xml")


@pytest.mark.parametrize(
    ("shape", "inputs", "title"),
    [
        ((3, 3, 1, 8), 1, "conv: 8 filters of 1 input"),
        ((3, 3, 3, 100), 3, "conv: 64 of 100 filters of 3 inputs"),
        ((3, 3, 1, 8), 16, "conv: 8 filters of 16 inputs, mean over the inputs"),
    ],
)
def test_the_title_of_filters(shape, inputs, title):
    """It says what is left out, and what a picture is the mean of."""
    kernels = np.zeros(shape, np.float32)
    filters = LayerFilters(name="conv", inputs=inputs, n=shape[3], kernels=kernels)
    assert filters_title(filters) == title


def test_maps_and_filters_are_drawn():
    """A column for each image; names may hold dollar signs."""
    maps = [LayerMaps(name="conv$1$", kind="Conv2D", maps=np.ones((8, 8, 3), np.float32))]
    image = ChosenImage(
        why="right",
        pixels=np.zeros((8, 8, 3), np.uint8),
        true="$a$",
        predicted="b",
        probability=0.9,
        maps=maps,
    )
    one, two = (Image.open(io.BytesIO(draw_features([image] * n, "t"))).size[0] for n in (2, 3))
    assert two > one
    kernels = np.ones((3, 3, 1, 8), np.float32)
    filters = [LayerFilters(name="conv", inputs=1, n=8, kernels=kernels)]
    assert draw_filters(filters, "t", "svg").startswith(b"<?xml")
