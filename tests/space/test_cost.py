"""The work of a training step."""

from __future__ import annotations

from autocnn.space.config import Augmentation, Block, TrialConfig
from autocnn.space.cost import Work, work_of
from autocnn.space.layers import plan_network

SHAPE = (8, 8, 3)


def _work(config: TrialConfig, batch: int = 10) -> Work:
    return work_of(config, plan_network(config, SHAPE, 2), SHAPE, batch)


def test_the_work_is_counted_by_hand():
    """One convolution of four filters on 8x8x3 pixels, two classes, a batch of ten."""
    block = Block(filters=(4,), normalisation="none", pool="max")
    work = _work(TrialConfig(blocks=(block,), head="global_max"))
    # convolution 8*8*4, activation 8*8*4, pool 4*4*4, head 4, logits 2
    assert work.activations == 256 + 256 + 64 + 4 + 2
    assert work.macs == 8 * 8 * 27 * 4 + 4 * 2
    assert work.parameters == (27 * 4 + 4 + 4 * 2 + 2) / 10
    assert work.layers == 5 / 10
    assert (work.moved, work.turned) == (192, 0)


def test_a_mask_for_each_unit_counts_four_times():
    """Dropout of units draws a number for each; spatial dropout draws one a map."""
    plain, unit, spatial = (
        _work(
            TrialConfig(
                blocks=(
                    Block(filters=(4,), normalisation="none", dropout=rate, dropout_kind=kind),
                ),
                head="global_max",
            )
        )
        for rate, kind in ((0.0, "unit"), (0.5, "unit"), (0.5, "spatial"))
    )
    assert unit.activations - plain.activations == 4 * 256
    assert spatial.activations - plain.activations == 256


def test_pixels_that_are_turned_are_counted():
    """A rotation, a zoom or a slant reads every pixel between others."""
    for change in ({"rotation": 5.0}, {"zoom": 0.1}, {"shear": 3.0}):
        config = TrialConfig(augmentation=Augmentation(**change))
        assert _work(config).turned == 192
    assert _work(TrialConfig(augmentation=Augmentation(flip=True, shift=2))).turned == 0


def test_an_activation_of_several_operations_counts_as_several_passes():
    """An exact GELU is composed of an error function and products; a ReLU is one pass."""
    relu, elu, gelu = (
        _work(
            TrialConfig(
                blocks=(Block(filters=(4,), normalisation="none", activation=function),),
                head="global_max",
            )
        )
        for function in ("relu", "elu", "gelu")
    )
    assert elu.activations - relu.activations == 256
    assert gelu.activations - relu.activations == 3 * 256
