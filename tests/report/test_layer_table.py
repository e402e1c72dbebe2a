"""The sums beside the layers of a network, worked by hand."""

from __future__ import annotations

import pytest

from autocnn.report.layer_table import layer_rows, stages
from autocnn.space.config import Block, TrialConfig
from autocnn.space.layers import plan_network


def _rows(block: Block, shape=(28, 28, 1)):
    config = TrialConfig(blocks=(block,), head="global_max")
    return {row.kind: row for row in layer_rows(plan_network(config, shape, 10), shape)}


@pytest.mark.parametrize(
    ("changes", "sum_", "output"),
    [
        ({"padding": "same", "stride": 2}, "⌈28 / 2⌉ × ⌈20 / 2⌉", "14 × 10 × 8"),
        ({"padding": "valid"}, "(⌊(28 − 3) / 1⌋ + 1) × (⌊(20 − 3) / 1⌋ + 1)", "26 × 18 × 8"),
    ],
)
def test_the_volume_of_a_convolution(changes, sum_, output):
    """The formula is that of the padding."""
    row = _rows(Block(filters=(8,), **changes), (28, 20, 1))["conv"]
    assert (row.volume, row.output) == (f"{sum_} × 8 filters = {output}", output)


def test_the_weights_of_a_convolution_and_a_dense_layer():
    """Nine weights for each pair of channels and filters, and a bias for each filter."""
    rows = _rows(Block(filters=(8,), normalisation="none"))
    assert rows["conv"].weights == "3 · 3 · 1 · 8 + 8 = 80"
    assert rows["dense"].weights == "8 · 10 + 10 = 90"
    assert (rows["conv"].parameters, rows["conv"].macs) == (80, 28 * 28 * 72)
    assert rows["global max"].volume == "one value for each of 8 channels = 8"
    assert rows["dense"].volume == "10 units = 10"
    assert rows["global max"].weights == rows["activation"].volume == ""


def test_a_separable_convolution_and_a_pooling():
    """Nine weights a channel, then a matrix; a pooling of two halves an odd side downwards."""
    rows = _rows(Block(filters=(8,), convolution="separable", pool="max"), (27, 27, 3))
    assert rows["separable conv"].weights.startswith("3 · 3 · 3 + 3 · 8")
    side = "(⌊(27 − 2) / 2⌋ + 1)"
    assert rows["max pool"].volume == f"{side} × {side} × 8 channels = 13 × 13 × 8"


def test_layers_are_joined_to_stages():
    """Normalisation, activation and dropout follow the convolution; a bypass has its own stage."""
    block = Block(filters=(8,), normalisation="batch", residual=True, pool="max", dropout=0.2)
    config = TrialConfig(blocks=(block,), head="global_max")
    shape = (28, 28, 1)
    found = stages(plan_network(config, shape, 10), shape)
    assert [stage.head.name for stage in found] == [
        "block1_conv1",
        "block1_bypass",
        "block1_add",
        "block1_pool",
        "global_max",
        "logits",
    ]
    first, bypass, added, pool, *_ = found
    assert first.followers == ("batch norm", "relu")
    assert (first.parameters, first.last) == (72 + 32, "block1_conv1_relu")
    assert (first.bypasses, bypass.bypasses, added.joins) == (False, True, True)
    assert (pool.shape, pool.followers) == ((14, 14, 8), ("dropout",))
