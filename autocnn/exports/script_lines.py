"""The lines of a plain Keras program for each layer, optimizer, schedule and augmentation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from autocnn.errors import SettingsError
from autocnn.models.script_plan import ScriptPlan
from autocnn.space.config import Augmentation, Optimizer
from autocnn.space.layers import Layer, plan_network

Settings = Mapping[str, Any]
PADDINGS: Final = {"zero": "constant", "edge": "nearest", "reflect": "reflect"}
OPTIMIZERS: Final = {
    "sgd": "SGD",
    "momentum": "SGD",
    "nesterov": "SGD",
    "rmsprop": "RMSprop",
    "adagrad": "Adagrad",
    "adadelta": "Adadelta",
    "adam": "Adam",
    "adamw": "AdamW",
    "nadam": "Nadam",
    "lion": "Lion",
}
SHAPES: Final = {  # of the learning rate after the warm-up; `done` and `after` rise from 0 to 1
    "constant": "1.0",
    "step": '0.1 ** (ops.cast(done >= 0.5, "float32") + ops.cast(done >= 0.75, "float32"))',
    "cosine": "0.5 * (1 + ops.cos(np.pi * after))",
    "one_cycle": "1 - after",
}


def _window(s: Settings) -> str:
    """The arguments of a convolution that are not Keras' defaults."""
    arguments = [str(s["filters"]), str(s["kernel"])]
    if s["stride"] != 1:
        arguments.append(f"strides={s['stride']}")
    if s["padding"] != "valid":
        arguments.append(f'padding="{s["padding"]}"')
    if not s["bias"]:
        arguments.append("use_bias=False")
    return ", ".join(arguments)


def _batch_norm(s: Settings) -> str:
    from autocnn.nn.model import BATCH_NORM_MOMENTUM

    arguments = {"momentum": BATCH_NORM_MOMENTUM, **s}
    return f"BatchNormalization({', '.join(f'{k}={v!r}' for k, v in arguments.items())})"


LAYERS: Final[dict[str, Callable[[Settings], str]]] = {
    "conv": lambda s: f'Conv2D({_window(s)}, kernel_initializer="he_normal")',
    "separable_conv": lambda s: (
        f"SeparableConv2D({_window(s)}, depthwise_initializer="
        f"keras.initializers.VarianceScaling({s['channels']}), "
        'pointwise_initializer="he_normal")'
    ),
    "dense": lambda s: (
        f"Dense({s['units']}{'' if s['bias'] else ', use_bias=False'}, kernel_initializer=%s)"
    ),
    "scale": lambda s: f"Rescaling({s['factor']!r})",
    "batch_norm": _batch_norm,
    "layer_norm": lambda s: "LayerNormalization()",
    "group_norm": lambda s: f"GroupNormalization({s['groups']})",
    "activation": lambda s: f'Activation("{s["function"]}")',
    "max_pool": lambda s: f"MaxPooling2D({s['size']})",
    "average_pool": lambda s: f"AveragePooling2D({s['size']})",
    "dropout": lambda s: f"Dropout({s['rate']!r})",
    "spatial_dropout": lambda s: f"SpatialDropout2D({s['rate']!r})",
    "flatten": lambda s: "Flatten()",
    "global_average": lambda s: "GlobalAveragePooling2D()",
    "global_max": lambda s: "GlobalMaxPooling2D()",
}


def check_plan(plan: ScriptPlan) -> None:
    """Raise SettingsError, of one line, for what a script cannot hold."""
    config, augmentation = plan.config, plan.config.augmentation
    problems = {
        f"the network {config.architecture}": config.architecture != "blocks",
        "residual blocks": any(block.residual for block in config.blocks),
        f"the optimizer {config.optimizer.name}": config.optimizer.name not in OPTIMIZERS,
        f"the loss {config.loss.name}": config.loss.name != "cross_entropy",
        "a loss with class weights": plan.class_weights,
        "images sheared at random": augmentation.shear > 0,
        "cutout": augmentation.cutout > 0,
        "mixup": augmentation.mixup > 0,
        f"pixels that are scaled from {plan.value_range}": plan.value_range.kind != "bytes",
    }
    found = [name for name, is_there in problems.items() if is_there]
    if found:
        raise SettingsError(
            f"--format script: a script cannot hold {' and '.join(found)}, which trial "
            f"{plan.trial} has; choose another trial with --trial, or another format"
        )


def layer_lines(plan: ScriptPlan) -> list[str]:
    """The layers of the network, from raw pixels to logits."""
    spec = plan.image
    pixels = "Rescaling(1 / 255)"
    if plan.config.pixels != "unit":
        variance = [s * s for s in spec.std]
        pixels = f"Normalization(mean={list(spec.mean)}, variance={variance})"
    planned = plan_network(plan.config, spec.shape, spec.n_classes).layers
    return [f"layers.{text}," for text in (pixels, *map(_layer, planned))]


def _layer(layer: Layer) -> str:
    text = LAYERS[layer.kind](layer.settings)
    if layer.kind == "dense":
        return text % ('"glorot_uniform"' if layer.name == "logits" else '"he_normal"')
    return text


def augmentation_lines(augmentation: Augmentation, shape: tuple[int, int, int]) -> list[str]:
    """The random layers, in the order of their changes."""
    height, width, _ = shape
    fill = f'fill_mode="{PADDINGS[augmentation.shift_padding]}"'
    lines = []
    if augmentation.rotation > 0:
        lines.append(f"layers.RandomRotation({augmentation.rotation} / 360, {fill}),")
    if augmentation.zoom > 0:
        lines.append(f"layers.RandomZoom({augmentation.zoom}, {fill}),")
    if augmentation.shift > 0:
        shift = augmentation.shift
        lines.append(f"layers.RandomTranslation({shift} / {height}, {shift} / {width}, {fill}),")
    if augmentation.flip or augmentation.alternating_flip:
        lines.append('layers.RandomFlip("horizontal"),')
    return lines


def difference_lines(augmentation: Augmentation) -> list[str]:
    """Comments on the points in which the random layers differ from the search."""
    lines = []
    if augmentation.shift > 0:
        lines.append("# The search shifted by whole pixels; this layer interpolates.")
    if augmentation.alternating_flip:
        lines.append("# The search flipped each image in every other epoch; this layer at random.")
    if augmentation.rotation > 0 and augmentation.zoom > 0:
        lines.append("# The search rotated and zoomed in one step, with one interpolation.")
    return lines


def optimizer_line(optimizer: Optimizer) -> str:
    """The call that makes the optimizer; `rate` is its learning rate."""
    arguments = ["rate", f"weight_decay={optimizer.weight_decay or None!r}"]
    if optimizer.name == "adamw":
        arguments[1] = f"weight_decay={optimizer.weight_decay!r}"
    if optimizer.name in ("momentum", "nesterov"):
        arguments.append(f"momentum={optimizer.momentum!r}")
        arguments.append(f"nesterov={optimizer.name == 'nesterov'}")
    return f"keras.optimizers.{OPTIMIZERS[optimizer.name]}({', '.join(arguments)})"
