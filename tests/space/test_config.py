"""`TrialConfig`: checked when it is made, and unchanged by JSON."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from typing import get_type_hints

import numpy as np
import pytest

from autocnn.errors import Infeasible, SpaceError
from autocnn.space.config import (
    Augmentation,
    Block,
    Dense,
    EarlyStopping,
    Loss,
    Optimizer,
    Schedule,
    TrialConfig,
    config_from_dict,
    config_to_dict,
    config_to_text,
)
from autocnn.space.toml import load_space

FULL = TrialConfig(
    blocks=(
        Block(filters=(8,), stride=2),
        Block(filters=(8, 16), pool="average", dropout=0.25, normalisation="group"),
        Block(filters=(8,), convolution="separable", residual=True),
    ),
    head="global_max",
    dense=(Dense(units=5, activation="tanh", dropout=0.5),),
    pixels="unit",
    batch_size=7,
    loss=Loss(name="focal", focal_gamma=0.5),
    optimizer=Optimizer(name="muon", learning_rate=0.1 + 0.2, weight_decay=1e-5),
    schedule=Schedule(name="one_cycle", warmup=0.25),
    logits_bias=False,
    logits_scale=0.125,
    augmentation=Augmentation(flip=True, shift=2, shift_padding="edge", rotation=0.1, mixup=0.2),
    early_stopping=EarlyStopping(enabled=False, patience=9, min_delta=0.001),
)


@pytest.mark.parametrize("config", [TrialConfig(), FULL])
def test_a_configuration_survives_json(config):
    """Every field is read back to the last bit."""
    text = json.dumps(config_to_dict(config))
    assert config_from_dict(json.loads(text)) == config


def test_what_is_left_out_has_its_default():
    """A missing key of an older record has its default."""
    config = config_from_dict({"blocks": [{"filters": [4]}]})
    assert config == TrialConfig(blocks=(Block(filters=(4,)),))


def test_an_integer_is_read_as_a_float():
    """JSON may write 1.0 as 1."""
    config = config_from_dict({"optimizer": {"learning_rate": 1}})
    assert isinstance(config.optimizer.learning_rate, float)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"colour": 1}, "config.colour: unknown key; known: architecture, blocks, head, dense"),
        ({"loss": 3}, "config.loss: expected a table, got 3"),
        ({"loss": {"gamma": 3}}, "config.loss.gamma: unknown key; known: name,"),
        ({"blocks": 3}, "config.blocks: expected a list, got 3"),
        ({"blocks": [{}]}, r"config.blocks\[0\].filters: this key is missing"),
        ({"blocks": [{"filters": [1.5]}]}, r"config.blocks\[0\].filters\[0\]: expected an integer"),
        ({"batch_size": True}, "config.batch_size: expected an integer, got True"),
        ({"batch_size": "x"}, "config.batch_size: expected an integer, got 'x'"),
        ({"loss": {"label_smoothing": True}}, "config.loss.label_smoothing: expected a number"),
        ({"head": 3}, "config.head: expected a string, got 3"),
        ({"augmentation": {"flip": 1}}, "config.augmentation.flip: expected true or false, got 1"),
        ({"batch_size": 0}, "config: batch_size must be >= 1, got 0"),
        ({"dense": [{"units": 0}]}, r"config.dense\[0\]: dense.units must be >= 1, got 0"),
        ({"optimizer": {"name": "adan"}}, "config.optimizer: optimizer.name must be one of sgd,"),
    ],
)
def test_a_wrong_record_is_named_by_its_key(data, message):
    """Unknown keys, wrong types, missing keys and values out of range are refused."""
    with pytest.raises(SpaceError, match=message):
        config_from_dict(data)


@pytest.mark.parametrize(
    ("cls", "arguments", "message"),
    [
        (Block, {"filters": ()}, "block.filters must name at least one convolution"),
        (Block, {"filters": (8, 0)}, "block.filters must be >= 1, got 0"),
        (Block, {"filters": (8,), "kernel": 0}, "block.kernel must be >= 1, got 0"),
        (Block, {"filters": (8,), "stride": 0}, "block.stride must be >= 1, got 0"),
        (Block, {"filters": (8,), "pool_size": 0}, "block.pool_size must be >= 1, got 0"),
        (Block, {"filters": (8,), "padding": "full"}, "block.padding must be one of same, valid"),
        (
            Block,
            {"filters": (8,), "convolution": "plain"},
            "block.convolution must be one of standa",
        ),
        (Block, {"filters": (8,), "dropout": 1.0}, r"block.dropout must be in \[0, 1\), got 1.0"),
        (Block, {"filters": (8,), "dropout": math.nan}, "block.dropout must be in"),
        (Dense, {"units": 4, "normalisation": "best"}, "dense.normalisation must be one of none"),
        (Dense, {"units": 4, "dropout": -0.1}, "dense.dropout must be in"),
        (Loss, {"label_smoothing": 1.0}, "loss.label_smoothing must be in"),
        (Loss, {"focal_gamma": -1.0}, "loss.focal_gamma must be >= 0, got -1.0"),
        (Optimizer, {"learning_rate": 0.0}, "optimizer.learning_rate must be > 0, got 0.0"),
        (Optimizer, {"learning_rate": math.nan}, "optimizer.learning_rate must be > 0, got nan"),
        (Optimizer, {"momentum": 1.0}, "optimizer.momentum must be in"),
        (Optimizer, {"weight_decay": -1e-9}, "optimizer.weight_decay must be >= 0"),
        (Schedule, {"warmup": 1.0}, "schedule.warmup must be in"),
        (Schedule, {"name": "linear"}, "schedule.name must be one of constant, step, cosine"),
        (Augmentation, {"shift": -1}, "augmentation.shift must be >= 0, got -1"),
        (Augmentation, {"cutout": -1}, "augmentation.cutout must be >= 0, got -1"),
        (Augmentation, {"mixup": math.nan}, "augmentation.mixup must be >= 0, got nan"),
        (Augmentation, {"rotation": 181.0}, "augmentation.rotation must be from 0 to 180, got 181"),
        (Augmentation, {"zoom": 1.0}, r"augmentation.zoom must be from 0 to 0\.95, got 1.0"),
        (Augmentation, {"shear": -1.0}, "augmentation.shear must be from 0 to 85, got -1.0"),
        (Augmentation, {"shift_padding": "wrap"}, "augmentation.shift_padding must be one of zero"),
        (EarlyStopping, {"patience": 0}, "early_stopping.patience must be >= 1, got 0"),
        (EarlyStopping, {"min_delta": -0.1}, "early_stopping.min_delta must be >= 0"),
        (TrialConfig, {"logits_scale": 0.0}, "logits_scale must be > 0, got 0.0"),
        (TrialConfig, {"head": "neck"}, "head must be one of flatten, global_average"),
        (TrialConfig, {"pixels": "raw"}, "pixels must be one of standardize, unit, got 'raw'"),
    ],
)
def test_settings_are_checked_when_they_are_made(cls, arguments, message):
    """The error has the key, the expected values and the given one."""
    with pytest.raises(SpaceError, match=message):
        cls(**arguments)


def test_a_configuration_has_the_text_of_its_json():
    """The text is that of `json.dumps`, whatever the values: numbers keep their type."""
    space, rng = load_space("cnn"), np.random.default_rng(0)
    configs = [TrialConfig(), TrialConfig(logits_scale=1, loss=Loss(focal_gamma=float("inf")))]
    while len(configs) < 100:
        with suppress(Infeasible):
            configs.append(space.config(space.sample(rng)))
    for config in configs:
        compact = json.dumps(config_to_dict(config), separators=(",", ":"))
        assert config_to_text(config) == compact


@pytest.mark.parametrize(
    "kind",
    [Block, Dense, Loss, Optimizer, Schedule, Augmentation, EarlyStopping, TrialConfig],
)
def test_a_word_is_one_of_the_choices_of_its_field(kind):
    """So the text of a configuration can have words without JSON's escapes."""
    needed = {Block: {"filters": (8,)}, Dense: {"units": 8}}.get(kind, {})
    words = [name for name, type_ in get_type_hints(kind).items() if type_ is str]
    for name in words:
        with pytest.raises(SpaceError, match=r"must be one of [a-z0-9_, ]+, got"):
            kind(**needed, **{name: 'a "b"'})


@pytest.mark.parametrize(
    ("fields", "varies"),
    [
        ({}, False),
        ({"flip": True, "alternating_flip": True}, False),
        ({"shift": 1}, True),
        ({"rotation": 5.0}, True),
        ({"zoom": 0.1}, True),
        ({"shear": 5.0}, True),
        ({"cutout": 4}, True),
        ({"mixup": 0.2}, True),
    ],
)
def test_mirror_images_do_not_vary_an_image(fields, varies):
    """Of each image there are two then, and many with any other change."""
    assert Augmentation(**fields).varies is varies
