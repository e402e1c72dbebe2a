"""The sums beside the layers of a network, worked by hand."""

from __future__ import annotations

import pytest

from autocnn.report.layer_table import layer_rows
from autocnn.space.config import Block, TrialConfig
from autocnn.space.layers import plan_network


def _rows(block: Block, shape=(28, 28, 1)):
    config = TrialConfig(blocks=(block,), head="global_max")
    return {row.kind: row for row in layer_rows(plan_network(config, shape, 10), shape)}


@pytest.mark.parametrize(
    ("changes", "sides", "output"),
    [
        ({"padding": "same", "stride": 2}, "⌈28 / 2⌉ = 14", "14 × 14 × 8"),
        ({"padding": "valid"}, "⌊(28 − 3) / 1⌋ + 1 = 26", "26 × 26 × 8"),
    ],
)
def test_the_side_of_a_convolution(changes, sides, output):
    """The formula is that of the padding."""
    row = _rows(Block(filters=(8,), **changes))["conv"]
    assert (row.sides, row.output) == (sides, output)


def test_the_weights_of_a_convolution_and_a_dense_layer():
    """Nine weights for each pair of channels and filters, and a bias for each filter."""
    rows = _rows(Block(filters=(8,), normalisation="none"))
    assert rows["conv"].weights == "3 · 3 · 1 · 8 + 8 = 80"
    assert rows["dense"].weights == "8 · 10 + 10 = 90"
    assert (rows["conv"].parameters, rows["conv"].macs) == (80, 28 * 28 * 72)
    assert rows["global max"].sides == rows["global max"].weights == ""


def test_a_separable_convolution_and_a_pooling():
    """Nine weights a channel, then a matrix; a pooling of two halves an odd side downwards."""
    rows = _rows(Block(filters=(8,), convolution="separable", pool="max"), (27, 27, 3))
    assert rows["separable conv"].weights.startswith("3 · 3 · 3 + 3 · 8")
    assert rows["max pool"].sides == "⌊(27 − 2) / 2⌋ + 1 = 13"
