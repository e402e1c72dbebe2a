"""From a configuration to a Keras model; the exported model loads in plain Keras."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import keras

from autocnn.nn.run_time import RunTimeDropout, RunTimeSpatialDropout
from autocnn.space.config import TrialConfig
from autocnn.space.layers import INPUT, Layer, plan_network
from autocnn.space.seeds import derive_seed

# Keras' default of 0.99 lags behind the weights in trainings of a few hundred steps.
BATCH_NORM_MOMENTUM = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSpec:
    """The images and classes that a network is built for."""

    shape: tuple[int, int, int]  # height, width, channels
    n_classes: int
    mean: tuple[float, ...]  # of the training images' pixels, one value a channel, 0-255
    std: tuple[float, ...]  # standard deviation of those pixels, one value a channel


def _conv(s: Mapping[str, Any], name: str, seed: int) -> Any:
    return keras.layers.Conv2D(
        s["filters"],
        s["kernel"],
        strides=s["stride"],
        padding=s["padding"],
        use_bias=s["bias"],
        kernel_initializer=keras.initializers.HeNormal(seed=seed),
        name=name,
    )


def _separable_conv(s: Mapping[str, Any], name: str, seed: int) -> Any:
    # He's rule for the inputs of a filter. Keras counts all channels as inputs, but a depthwise
    # filter has a single one, and no activation follows it.
    depthwise = keras.initializers.VarianceScaling(
        scale=s["channels"], mode="fan_in", seed=derive_seed(seed, "depthwise")
    )
    return keras.layers.SeparableConv2D(
        s["filters"],
        s["kernel"],
        strides=s["stride"],
        padding=s["padding"],
        use_bias=s["bias"],
        depthwise_initializer=depthwise,
        pointwise_initializer=keras.initializers.HeNormal(seed=seed),
        name=name,
    )


def _dense(s: Mapping[str, Any], name: str, seed: int) -> Any:
    kind = keras.initializers.GlorotUniform if name == "logits" else keras.initializers.HeNormal
    return keras.layers.Dense(
        s["units"], use_bias=s["bias"], kernel_initializer=kind(seed=seed), name=name
    )


LAYERS: dict[str, Callable[[Mapping[str, Any], str, int], Any]] = {
    "conv": _conv,
    "separable_conv": _separable_conv,
    "add": lambda s, name, _: keras.layers.Add(name=name),
    "dense": _dense,
    "scale": lambda s, name, _: keras.layers.Rescaling(s["factor"], name=name),
    "batch_norm": lambda s, name, _: keras.layers.BatchNormalization(
        **{"momentum": BATCH_NORM_MOMENTUM, **s}, name=name
    ),
    "layer_norm": lambda s, name, _: keras.layers.LayerNormalization(name=name),
    "group_norm": lambda s, name, _: keras.layers.GroupNormalization(s["groups"], name=name),
    "activation": lambda s, name, _: keras.layers.Activation(s["function"], name=name),
    "max_pool": lambda s, name, _: keras.layers.MaxPooling2D(s["size"], name=name),
    "average_pool": lambda s, name, _: keras.layers.AveragePooling2D(s["size"], name=name),
    "dropout": lambda s, name, seed: keras.layers.Dropout(s["rate"], seed=seed, name=name),
    "spatial_dropout": lambda s, name, seed: keras.layers.SpatialDropout2D(
        s["rate"], seed=seed, name=name
    ),
    "flatten": lambda s, name, _: keras.layers.Flatten(name=name),
    "global_average": lambda s, name, _: keras.layers.GlobalAveragePooling2D(name=name),
    "global_max": lambda s, name, _: keras.layers.GlobalMaxPooling2D(name=name),
}


RUN_TIME = {"dropout": RunTimeDropout, "spatial_dropout": RunTimeSpatialDropout}


def build_model(
    config: TrialConfig,
    spec: ImageSpec,
    seed: int = 0,
    *,
    export: bool = False,
    name: str = "autocnn",
) -> keras.Model:
    """The network of `config`: raw 0-255 images in, logits out.

    The layers have the names and connections of `plan_network`. With `export` the outputs are class
    probabilities and every layer is Keras' own; without it, some layers are replaced by faster ones
    that compute the same. `seed` decides the initial weights and the dropout.

    Input shape: (batch, height, width, channels), any real type.
    Output shape: (batch, classes), float32.
    """
    layers = plan_network(config, spec.shape, spec.n_classes).layers
    inputs = keras.Input(spec.shape, name="image")
    x = _pixels(config, spec)(inputs)
    outputs = {INPUT: x}
    for i, layer in enumerate(layers):
        built = _build(layer, derive_seed(seed, i, "layer"), export=export)
        ends = [outputs[name] for name in layer.inputs]
        x = outputs[layer.name] = built(ends[0] if len(ends) == 1 else ends)
    x = keras.layers.Activation("softmax" if export else "linear", dtype="float32", name="output")(
        x
    )
    return keras.Model(inputs, x, name=name)


def _build(layer: Layer, seed: int, *, export: bool) -> Any:
    on_maps = len(layer.output_shape) == 3
    if layer.kind == "batch_norm" and on_maps and not export and _is_tensorflow():
        from autocnn.nn.tf_batch_norm import FusedBatchNormalization

        settings = {"momentum": BATCH_NORM_MOMENTUM, **layer.settings}
        return FusedBatchNormalization(**settings, name=layer.name)
    if layer.kind in RUN_TIME and not export and keras.backend.backend() == "jax":
        return RUN_TIME[layer.kind](layer.settings["rate"], seed=seed, name=layer.name)
    return LAYERS[layer.kind](layer.settings, layer.name, seed)


def _pixels(config: TrialConfig, spec: ImageSpec) -> Any:
    if config.pixels == "unit":
        return keras.layers.Rescaling(1 / 255, dtype="float32", name=INPUT)
    variance = [s * s for s in spec.std]
    return keras.layers.Normalization(
        mean=list(spec.mean), variance=variance, dtype="float32", name=INPUT
    )


def _is_tensorflow() -> bool:
    return bool(keras.backend.backend() == "tensorflow")
