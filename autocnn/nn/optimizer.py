"""From a configuration to a Keras optimizer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from autocnn.space.config import Optimizer

Factory = Callable[..., Any]

OPTIMIZERS: dict[str, Factory] = {
    "sgd": keras.optimizers.SGD,
    "rmsprop": keras.optimizers.RMSprop,
    "adagrad": keras.optimizers.Adagrad,
    "adadelta": keras.optimizers.Adadelta,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "nadam": keras.optimizers.Nadam,
    "lion": keras.optimizers.Lion,
    "muon": keras.optimizers.Muon,
}


def build_optimizer(optimizer: Optimizer) -> Any:
    """The Keras optimizer of `optimizer`; biases and normalisation weights do not decay."""
    arguments: dict[str, Any] = {
        "learning_rate": optimizer.learning_rate,
        "weight_decay": optimizer.weight_decay or None,
    }
    name = optimizer.name
    if name in ("momentum", "nesterov"):
        arguments |= {"momentum": optimizer.momentum, "nesterov": name == "nesterov"}
        name = "sgd"
    if name in ("adamw", "muon"):
        arguments["weight_decay"] = optimizer.weight_decay
    built = OPTIMIZERS[name](**arguments)
    built.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return built
