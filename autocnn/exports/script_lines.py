"""The lines of a plain Keras program for each layer, optimizer and schedule."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from autocnn.models.script_plan import ScriptPlan
from autocnn.space.config import TrialConfig
from autocnn.space.layers import INPUT, WHITENING, Layer, plan_network

Settings = Mapping[str, Any]
NAMED: Final = (WHITENING, "logits")  # layers whose names an optimizer or a first weight needs
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
ALWAYS_DECAYING: Final = ("adamw", "muon")  # their weight decay is a number, even if it is 0
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
    "add": lambda s: "Add()",
    "dense": lambda s: (
        f"Dense({s['units']}{'' if s['bias'] else ', use_bias=False'}, "
        'kernel_initializer="he_normal")'
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


def layer_lines(plan: ScriptPlan) -> list[str]:
    """The statements from raw pixels, `x`, to logits, `x`.

    The input of a block with a bypass is kept as `start`, and a projected one as `bypass`.
    """
    spec = plan.image
    pixels = "Rescaling(1 / 255)"
    if plan.config.pixels != "unit":
        variance = [s * s for s in spec.std]
        pixels = f"Normalization(mean={list(spec.mean)}, variance={variance})"
    planned = plan_network(plan.config, spec.shape, spec.n_classes).layers
    return [f"x = layers.{pixels}(x)", *_statements(planned)]


def _statements(planned: tuple[Layer, ...]) -> Iterator[str]:
    uses = Counter(name for layer in planned for name in layer.inputs)
    last = {"x": INPUT, "bypass": ""}  # the layer whose output each variable holds
    part = ""
    for layer in planned:
        if part != (part := _part(layer.name)):
            yield f"# {part}"
        if uses[last["x"]] > 1 and layer.inputs == (last["x"],):
            yield "start = x"
        variables = {name: variable for variable, name in last.items()}
        given = [variables.get(name, "start") for name in layer.inputs]
        target = "bypass" if "_bypass" in layer.name else "x"
        last[target] = layer.name
        arguments = given[0] if len(given) == 1 else f"[{', '.join(given)}]"
        yield f"{target} = layers.{_layer(layer)}({arguments})"


def _part(name: str) -> str:
    """As "block 2", "dense 1" or "classifier"."""
    match = re.match(r"(block|group|dense)(\d+)", name)
    if match is not None:
        return f"{match[1]} {match[2]}"
    return WHITENING if name.startswith(WHITENING) else "classifier"


def _layer(layer: Layer) -> str:
    text = LAYERS[layer.kind](layer.settings)
    if layer.name == "logits":
        text = text.replace("he_normal", "glorot_uniform")
    return f'{text[:-1]}, name="{layer.name}")' if layer.name in NAMED else text


def optimizer_line(config: TrialConfig) -> str:
    """The call that makes the optimizer; `rate` is its learning rate, `n_steps` its length."""
    optimizer = config.optimizer
    name, decay = optimizer.name, optimizer.weight_decay
    if is_grouped(config):
        return f"GroupedNesterov(rate, {optimizer.momentum!r}, {decay!r}, n_steps)"
    if name not in ALWAYS_DECAYING and decay == 0:
        arguments = ["rate", "weight_decay=None"]
    else:
        arguments = ["rate", f"weight_decay={decay!r}"]
    if name in ("momentum", "nesterov"):
        arguments.append(f"momentum={optimizer.momentum!r}")
        arguments.append(f"nesterov={name == 'nesterov'}")
    called = "Muon" if name == "muon" else f"keras.optimizers.{OPTIMIZERS[name]}"
    return f"{called}({', '.join(arguments)})"


def is_grouped(config: TrialConfig) -> bool:
    """True if the optimizer is that of airbench94."""
    return config.architecture == "airbench94" and config.optimizer.name == "nesterov"
