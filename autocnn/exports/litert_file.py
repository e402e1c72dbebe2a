"""The LiteRT file (`.tflite`), in float32 or quantised; it is run by LiteRT's interpreter."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from autocnn.errors import RecordError
from autocnn.exports.frozen import INPUT, freeze
from autocnn.exports.litert_metadata import read_model, with_contract
from autocnn.exports.quiet import quiet, reason_of

if TYPE_CHECKING:
    from autocnn.models.contract import ModelContract
    from autocnn.models.network import Network
    from autocnn.models.predictor import Pixels, Predictor, Probabilities

TOLERANCE = 1e-4  # of a probability: other kernels, float32


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantization:
    """How the weights, and perhaps the activations, are stored in fewer bits."""

    name: str  # of --quantize
    images: Pixels | None = None  # of the training part, by which int8 is calibrated


FLOAT16: Final = "float16"  # weights in 16 bits; computed in float32
DYNAMIC: Final = "dynamic"  # weights in 8 bits; activations as the run time sees fit
INT8: Final = "int8"  # weights and activations in 8 bits; images and probabilities in float32


@dataclass(frozen=True, slots=True)
class Bound:
    """The largest difference of a probability that passes, in a share of the checked images."""

    most: float
    share: float = 1.0


# With 8 bits an image near a boundary may get another class; a wrong conversion moves nearly all.
QUANTIZED: Final = {FLOAT16: Bound(0.05), DYNAMIC: Bound(0.1, 0.5), INT8: Bound(0.1, 0.5)}


def writer(chosen: Quantization) -> Callable[[Network, ModelContract, Path], None]:
    """`write` for files that are quantised as `chosen` says."""
    return functools.partial(write, chosen=chosen)


def write(
    model: Network, contract: ModelContract, path: Path, chosen: Quantization | None = None
) -> None:
    """Write `model`, with `contract` as metadata, to `path`; quantised if `chosen` says so.

    Raises: as `freeze`; OSError if the file cannot be written.
    """
    frozen = freeze(model)  # refuses another backend, beside which TensorFlow may be missing

    import tensorflow as tf

    with quiet():
        module = tf.Module()
        module.serve = frozen
        converter = tf.lite.TFLiteConverter.from_concrete_functions(
            [frozen.get_concrete_function()], module
        )
        if chosen is not None:
            _quantize(converter, chosen)
        content = converter.convert()
    path.write_bytes(with_contract(content, contract))


def _quantize(converter: Any, chosen: Quantization) -> None:
    import tensorflow as tf

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if chosen.name == FLOAT16:
        converter.target_spec.supported_types = [tf.float16]
    elif chosen.name == INT8:
        if chosen.images is None:
            raise ValueError("expected images for the calibration of int8, got none")
        converter.representative_dataset = _one_by_one(chosen.images)


def _one_by_one(images: Pixels) -> Callable[[], Iterator[dict[str, Pixels]]]:
    def give() -> Iterator[dict[str, Pixels]]:
        for i in range(len(images)):
            yield {INPUT: images[i : i + 1]}

    return give


def load(path: Path) -> Predictor:
    """The predictions of the file, by LiteRT's interpreter on the CPU.

    Raises: RecordError if the file cannot be read.
    """
    from autocnn.exports.check import check_ends

    content = read_model(path)
    try:
        with quiet():
            from ai_edge_litert.interpreter import Interpreter

            interpreter = Interpreter(model_content=content)
            inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        reason = reason_of(error)
        raise RecordError(f"{path}: cannot be read as a LiteRT model ({reason})") from error
    check_ends(path, len(inputs), len(outputs))
    return _predictor(interpreter, inputs[0]["index"], outputs[0]["index"])


def _predictor(interpreter: Any, given: int, answer: int) -> Predictor:
    import numpy as np

    sizes = [1]  # of the batch that the interpreter has memory for

    def predict(images: Pixels) -> Probabilities:
        if len(images) != sizes[0]:
            interpreter.resize_tensor_input(given, images.shape)
            interpreter.allocate_tensors()
            sizes[0] = len(images)
        interpreter.set_tensor(given, np.ascontiguousarray(images))
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(answer), np.float32)

    return predict
