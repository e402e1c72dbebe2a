"""From a configuration to a Keras optimizer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from autocnn.nn.airbench94 import GroupedNesterov
from autocnn.nn.muon import Muon
from autocnn.nn.run_time import RunTimeSGD
from autocnn.space.config import TrialConfig

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
    "muon": Muon,
}


def build_optimizer(config: TrialConfig, n_steps: int) -> Any:
    """The Keras optimizer of `config`, for a training of `n_steps` steps.

    Biases and normalisation weights do not decay. For airbench94, "nesterov" is `GroupedNesterov`.
    """
    optimizer = config.optimizer
    name = optimizer.name
    if config.architecture == "airbench94" and name == "nesterov":
        rate, decay = optimizer.learning_rate, optimizer.weight_decay
        return GroupedNesterov(rate, optimizer.momentum, decay, n_steps)
    arguments: dict[str, Any] = {
        "learning_rate": optimizer.learning_rate,
        "weight_decay": optimizer.weight_decay or None,
    }
    if name in ("momentum", "nesterov"):
        arguments |= {"momentum": optimizer.momentum, "nesterov": name == "nesterov"}
        name = "sgd"
        if optimizer.momentum > 0 and keras.backend.backend() == "jax":
            return _no_decay_of_shifts(RunTimeSGD(**arguments))
    if name in ("adamw", "muon"):
        arguments["weight_decay"] = optimizer.weight_decay
    return _no_decay_of_shifts(OPTIMIZERS[name](**arguments))


def _no_decay_of_shifts(optimizer: Any) -> Any:
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer
