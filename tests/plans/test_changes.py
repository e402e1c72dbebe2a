"""Variants of a configuration that change one thing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autocnn.errors import SettingsError
from autocnn.plans.changes import DEFAULT_FACTORS, FACTORS, changes
from autocnn.space.config import (
    Augmentation,
    Block,
    Dense,
    EarlyStopping,
    Loss,
    Optimizer,
    Schedule,
    TrialConfig,
)

CONFIG = TrialConfig(
    blocks=(
        Block(filters=(8, 9), pool="max", normalisation="batch", dropout=0.1),
        Block(filters=(16,), pool="max", normalisation="batch"),
    ),
    dense=(Dense(units=11, dropout=0.5),),
    batch_size=64,
    optimizer=Optimizer(name="nesterov", learning_rate=0.1, momentum=0.8, weight_decay=1e-3),
    schedule=Schedule(name="one_cycle", warmup=0.25),
    augmentation=Augmentation(flip=True),
    early_stopping=EarlyStopping(patience=2),
)


def change(factor, config=CONFIG):
    """The only change of that name."""
    (found,) = changes(config, [factor])
    return found


def test_dropout_is_removed_or_added():
    """Blocks and dense layers lose it; a network without any gets it before the output."""
    changed = change("dropout").config
    assert [b.dropout for b in changed.blocks] + [d.dropout for d in changed.dense] == [0, 0, 0]
    added = change("dropout", changed)
    assert added.config.dense[0].dropout == 0.25
    assert added.description == "dropout of 0.25 before the output"
    headless = replace(changed, dense=())
    assert change("dropout", headless).config.blocks[-1].dropout == 0.25


def test_pooling_becomes_strides_and_back():
    """The stride equals the size of the pool, so the maps keep their size."""
    strided = change("downsampling")
    assert [(b.pool, b.stride) for b in strided.config.blocks] == [("none", 2)] * 2
    pooled = change("downsampling", strided.config)
    assert pooled.config == CONFIG
    assert pooled.description == "max pooling for strides"


def test_another_optimizer_has_the_same_multiple_of_its_customary_rate():
    """0.1 is twice nesterov's 0.05, so AdamW has 0.008; both decay by 1e-4 a step."""
    optimizer = change("optimizer").config.optimizer
    assert (optimizer.name, optimizer.learning_rate) == ("adamw", pytest.approx(0.008))
    assert optimizer.learning_rate * optimizer.weight_decay == pytest.approx(1e-4)
    back = change("optimizer", change("optimizer").config).config.optimizer
    assert (back.name, back.learning_rate) == ("nesterov", pytest.approx(0.1))


def test_width_is_scaled_in_every_layer():
    """Halves are rounded to even, as in Python, and widths are at least one."""
    half, double = change("half_width").config, change("double_width").config
    assert [b.filters for b in half.blocks] == [(4, 4), (8,)]
    assert [b.filters for b in double.blocks] == [(16, 18), (32,)]
    assert (half.dense[0].units, double.dense[0].units) == (6, 22)
    thin = replace(CONFIG, blocks=(Block(filters=(1,)),))
    assert change("half_width", thin).config.blocks[0].filters == (1,)


@pytest.mark.parametrize(
    ("factor", "expected"),
    [
        ("block_less", {"blocks": CONFIG.blocks[:1]}),
        ("augmentation", {"augmentation": Augmentation()}),
        ("schedule", {"schedule": Schedule()}),
        ("early_stopping", {"early_stopping": EarlyStopping(enabled=False, patience=2)}),
        ("head", {"head": "global_average"}),
        ("loss", {"loss": Loss(label_smoothing=0.1)}),
        ("batch_size", {"batch_size": 128}),
        ("weight_decay", {"optimizer": replace(CONFIG.optimizer, weight_decay=0.0)}),
        (
            "convolution_less",
            {"blocks": (replace(CONFIG.blocks[0], filters=(8,)), CONFIG.blocks[1])},
        ),
        ("pooling", {"blocks": tuple(replace(b, pool="average") for b in CONFIG.blocks)}),
        ("kernel", {"blocks": tuple(replace(b, kernel=5) for b in CONFIG.blocks)}),
        (
            "normalisation",
            {"blocks": tuple(replace(b, normalisation="none") for b in CONFIG.blocks)},
        ),
    ],
)
def test_one_thing_is_changed(factor, expected):
    """All other settings of the configuration stay."""
    assert change(factor).config == replace(CONFIG, **expected)


def test_what_a_configuration_does_not_have_is_left_out():
    """A single block cannot be removed, and an absent weight decay cannot be dropped."""
    small = TrialConfig(blocks=(Block(filters=(4,)),))
    factors = ["block_less", "weight_decay", "convolution_less", "pooling", "downsampling"]
    assert changes(small, factors) == []


@pytest.mark.parametrize("config", [CONFIG, TrialConfig(), TrialConfig(dense=(Dense(units=4),))])
def test_every_change_is_one(config):
    """Every factor of any configuration gives a different and valid configuration."""
    found = changes(config, list(FACTORS))
    assert all(item.config != config for item in found)
    assert len({item.factor for item in found}) == len(found)


def test_the_default_factors_apply_to_a_full_configuration():
    """There are thirteen factors, and this configuration has all of them."""
    assert [item.factor for item in changes(CONFIG)] == list(DEFAULT_FACTORS)
    assert len(DEFAULT_FACTORS) == 13


def test_an_unknown_factor_is_refused():
    """The error lists the factors."""
    with pytest.raises(SettingsError, match=r"no factor is named 'colour'; known: dropout, "):
        changes(CONFIG, ["colour"])
