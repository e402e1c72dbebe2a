"""From values to a configuration: depth, growth, downsampling, stem, learning rate."""

from __future__ import annotations

import pytest

from autocnn.errors import Infeasible, SpaceError
from autocnn.space.config import OPTIMIZERS, Augmentation, Block, Dense, TrialConfig
from autocnn.space.expand import CUSTOMARY_LEARNING_RATE, NAMES, expand


def test_no_values_are_the_defaults():
    """Without values the network has only logits, trained by Adam at its customary rate."""
    config = expand({})
    assert (config.blocks, config.dense, config.head) == ((), (), "flatten")
    assert (config.optimizer.name, config.optimizer.learning_rate) == ("adam", 4e-3)
    assert config == TrialConfig(optimizer=config.optimizer)


@pytest.mark.parametrize(
    ("growth", "filters"),
    [(1.0, [24, 24, 24]), (1.5, [24, 36, 54]), (2.0, [24, 48, 96]), (0.1, [24, 2, 1])],
)
def test_filters_grow_from_block_to_block(growth, filters):
    """Filters are rounded and at least one: 24 x 0.1 x 0.1 is 0.24."""
    config = expand({"blocks": 3, "filters": 24, "growth": growth})
    assert [block.filters for block in config.blocks] == [(n,) for n in filters]


def test_every_block_has_the_same_settings():
    """Kernel, padding, activation, normalisation and dropout hold for all blocks."""
    look = {
        "kernel": 5,
        "padding": "valid",
        "activation": "elu",
        "normalisation": "group",
        "normalisation_place": "after_dropout",
        "dropout": 0.25,
        "dropout_kind": "spatial",
    }
    values = {"blocks": 2, "convolutions": 3, "filters": 8, "growth": 1.0, **look}
    assert expand(values).blocks == (Block(filters=(8, 8, 8), pool="max", **look),) * 2


def test_a_stem_has_its_own_kernel_and_stride():
    """The other settings of a stem are those of the blocks, without dropout."""
    values = {"stem_filters": 16, "stem_kernel": 5, "stem_stride": 2, "blocks": 1, "dropout": 0.5}
    stem, block = expand({**values, "activation": "gelu", "normalisation": "layer"}).blocks
    assert stem == Block(
        filters=(16,), kernel=5, stride=2, activation="gelu", normalisation="layer"
    )
    assert (block.kernel, block.dropout) == (3, 0.5)


def test_a_stem_takes_the_kernel_of_the_blocks_by_default():
    """The default kernel of a stem is that of the blocks, and its stride is 1."""
    stem = expand({"stem_filters": 16, "kernel": 2}).blocks[0]
    assert (stem.kernel, stem.stride) == (2, 1)


def test_residual_and_separable_are_the_blocks_and_not_the_stem():
    """A stem is one plain convolution."""
    values = {"stem_filters": 16, "blocks": 2, "convolution": "separable", "residual": True}
    looks = [(block.convolution, block.residual) for block in expand(values).blocks]
    assert looks == [("standard", False), ("separable", True), ("separable", True)]


def test_no_stem_filters_mean_no_stem():
    """A stem of zero filters adds no block."""
    assert len(expand({"stem_filters": 0, "blocks": 2}).blocks) == 2


def _halving(config: TrialConfig) -> list[tuple[int, str]]:
    return [(block.stride, block.pool) for block in config.blocks]


@pytest.mark.parametrize("head", ["flatten", "global_average", "global_max"])
@pytest.mark.parametrize(
    ("downsampling", "halves"),
    [("max", (1, "max")), ("average", (1, "average")), ("stride", (2, "none")), ("none", None)],
)
def test_the_last_block_does_not_halve_before_a_global_head(head, downsampling, halves):
    """Every other block halves its map."""
    plain = (1, "none")
    config = expand({"blocks": 3, "downsampling": downsampling, "head": head})
    each = plain if halves is None else halves
    assert _halving(config) == [each, each, each if head == "flatten" else plain]


def test_downsampling_is_by_max_pooling_by_default():
    """The default is in the table of names."""
    assert _halving(expand({"blocks": 1})) == [(1, "max")]


def test_dense_layers_share_their_settings():
    """Width, normalisation and dropout are shared; the activation is the convolutions'."""
    config = expand(
        {
            "dense_layers": 2,
            "dense_units": 7,
            "dense_normalisation": "layer",
            "dense_dropout": 0.5,
            "activation": "tanh",
            "normalisation": "batch",
        }
    )
    layer = Dense(units=7, activation="tanh", normalisation="layer", dropout=0.5)
    assert config.dense == (layer, layer)


def test_training_values_reach_their_places():
    """Each name outside the architecture sets one field of the configuration."""
    config = expand(
        {
            "head": "global_max",
            "logits_bias": False,
            "logits_scale": 0.125,
            "pixels": "unit",
            "batch_size": 64,
            "loss": "focal",
            "label_smoothing": 0.1,
            "focal_gamma": 1.5,
            "optimizer": "nesterov",
            "learning_rate": 0.25,
            "momentum": 0.8,
            "weight_decay": 0.01,
            "schedule": "one_cycle",
            "warmup": 0.2,
            "rotation": 10.0,
            "zoom": 0.1,
            "shear": 5.0,
            "flip": True,
            "alternating_flip": True,
            "shift": 2,
            "shift_padding": "reflect",
            "cutout": 8,
            "mixup": 0.2,
            "early_stopping": False,
            "patience": 3,
            "min_delta": 0.001,
        }
    )
    assert (config.head, config.pixels, config.batch_size) == ("global_max", "unit", 64)
    loss, optimizer, stopping = config.loss, config.optimizer, config.early_stopping
    assert (loss.name, loss.label_smoothing, loss.focal_gamma) == ("focal", 0.1, 1.5)
    assert (optimizer.name, optimizer.learning_rate) == ("nesterov", 0.25)
    assert (optimizer.momentum, optimizer.weight_decay) == (0.8, 0.01)
    assert (config.schedule.name, config.schedule.warmup) == ("one_cycle", 0.2)
    assert (config.logits_bias, config.logits_scale) == (False, 0.125)
    assert config.augmentation == Augmentation(
        rotation=10.0,
        zoom=0.1,
        shear=5.0,
        flip=True,
        alternating_flip=True,
        shift=2,
        shift_padding="reflect",
        cutout=8,
        mixup=0.2,
    )
    assert (stopping.enabled, stopping.patience, stopping.min_delta) == (False, 3, 0.001)


@pytest.mark.parametrize(
    ("values", "rate"),
    [
        ({"optimizer": "sgd", "learning_rate_scale": 0.5}, 0.1),
        ({"optimizer": "lion", "learning_rate_scale": 2.0}, 8e-4),
        ({"optimizer": "adamw"}, 4e-3),
        ({"optimizer": "adadelta", "learning_rate": 1e-12}, 1e-12),
    ],
)
def test_the_learning_rate_is_absolute_or_a_multiple_of_the_customary_one(values, rate):
    """SGD's customary rate is 0.2, Lion's 0.0004, AdamW's 0.004."""
    assert expand(values).optimizer.learning_rate == pytest.approx(rate, rel=1e-12)


@pytest.mark.parametrize(
    ("optimizer", "batch", "rate"),
    [("adamw", 128, 8e-3), ("adamw", 32, 4e-3), ("muon", 512, 16e-3), ("momentum", 32, 0.025)],
)
def test_the_customary_rate_grows_with_the_batch(optimizer, batch, rate):
    """With its root, but in proportion for stochastic gradient descent; here twice the rate."""
    values = {"optimizer": optimizer, "batch_size": batch, "learning_rate_scale": 2.0}
    assert expand(values).optimizer.learning_rate == pytest.approx(rate)


@pytest.mark.parametrize("optimizer", ["sgd", "adadelta", "adamw", "lion"])
def test_a_decay_scale_has_one_effect_on_an_update(optimizer):
    """The rate times the decay is that of AdamW at its customary rate, for any rate and batch."""
    for changes in ({}, {"learning_rate_scale": 0.3, "batch_size": 16}, {"learning_rate": 0.7}):
        found = expand({"optimizer": optimizer, "decay_scale": 0.1, **changes}).optimizer
        assert found.learning_rate * found.weight_decay == pytest.approx(4e-3 * 0.1)


def test_filters_have_a_maximum():
    """Doubled from 64, the fourth block would have 512."""
    config = expand({"blocks": 4, "filters": 64, "growth": 2.0, "max_filters": 256})
    assert [block.filters for block in config.blocks] == [(64,), (128,), (256,), (256,)]
    assert len(expand({"blocks": 1000, "growth": 4.0, "max_filters": 8}).blocks) == 1000


def test_every_optimizer_has_a_customary_rate():
    """The table of rates and the list of optimizers have equal names."""
    assert set(CUSTOMARY_LEARNING_RATE) == set(OPTIMIZERS)


def test_explicit_blocks_leave_no_room_for_others():
    """Explicit dense layers alone mean no convolution, and explicit blocks no dense layer."""
    block, dense = Block(filters=(4,)), Dense(units=3)
    assert expand({}, [block], None) == expand({}, (block,), ())
    config = expand({"learning_rate": 0.5}, None, [dense])
    assert (config.blocks, config.dense) == ((), (dense,))


def test_values_that_no_network_can_have_are_refused():
    """The check is that of the configuration."""
    with pytest.raises(SpaceError, match="batch_size must be >= 1, got 0"):
        expand({"batch_size": 0})


def test_parameters_of_the_architecture_exclude_explicit_blocks():
    """The excluded names are those that [[block]] and [[dense]] set themselves."""
    assert [name for name, spec in NAMES.items() if not spec.architecture] == [
        "head",
        "logits_bias",
        "logits_scale",
        "pixels",
        "batch_size",
        "loss",
        "label_smoothing",
        "focal_gamma",
        "optimizer",
        "learning_rate",
        "learning_rate_scale",
        "momentum",
        "weight_decay",
        "decay_scale",
        "schedule",
        "warmup",
        "rotation",
        "zoom",
        "shear",
        "flip",
        "alternating_flip",
        "shift",
        "shift_fraction",
        "shift_padding",
        "cutout",
        "cutout_fraction",
        "mixup",
        "early_stopping",
        "patience",
        "min_delta",
    ]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"dense_layers": 1_000_000}, "1,000,000 layers are above the limit of 1,000"),
        ({"blocks": 40, "convolutions": 30}, "1,200 layers are above the limit of 1,000"),
        (
            {"blocks": 1000, "growth": 4.0},
            "block 1000 has more filters than the limit of 1,000,000",
        ),
    ],
)
def test_a_giant_network_is_refused_before_it_is_expanded(values, message):
    """Neither its layers nor its filters are computed."""
    with pytest.raises(Infeasible, match=message):
        expand(values)
    assert len(expand({"blocks": 2, "growth": 1.0, "convolutions": 500}).blocks) == 2
