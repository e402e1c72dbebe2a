"""The ONNX file, whose contract is one of its `metadata_props`; it is run by ONNX Runtime."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from autocnn.errors import RecordError
from autocnn.exports.contract_file import AGAIN, check_length, parse_contract_bytes
from autocnn.exports.frozen import freeze
from autocnn.exports.quiet import quiet, reason_of
from autocnn.models.contract import contract_to_json

if TYPE_CHECKING:
    from autocnn.models.contract import ModelContract
    from autocnn.models.network import Network
    from autocnn.models.predictor import Pixels, Predictor, Probabilities

TOLERANCE = 1e-4  # of a probability: other kernels, float32
OPSET: Final = 18  # tf2onnx 1.17 refuses 21 and 22
KEY: Final = "autocnn"
DOMAINS: Final = ("", "ai.onnx", "ai.onnx.ml")  # of ONNX itself, and of tf2onnx's opset list
BATCH: Final = "batch"


def write(model: Network, contract: ModelContract, path: Path) -> None:
    """Write `model`, and `contract` into its metadata, to `path`.

    Raises: as `freeze`; OSError if the file cannot be written.
    """
    import onnx

    proto = _convert(freeze(model))
    for value in (*proto.graph.input, *proto.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = BATCH
    onnx.helper.set_model_props(proto, {KEY: json.dumps(contract_to_json(contract))})
    path.write_bytes(proto.SerializeToString())


def _convert(frozen: Any) -> Any:
    with quiet():
        from tf2onnx.convert import from_function

        proto, _ = from_function(
            frozen,
            input_signature=frozen.input_signature,
            opset=OPSET,
            custom_op_handlers={"Erfc": (_write_erfc, [])},
        )
    return proto


def _write_erfc(graph: Any, node: Any, _name: str, _arguments: Any) -> None:
    """1 - Erf, for the operation of GELU, which tf2onnx does not know."""
    import numpy as np

    one = graph.make_const(f"{node.name}_one", np.array(1, np.float32))
    erf = graph.make_node("Erf", node.input)
    shapes, types = node.output_shapes, node.output_dtypes
    graph.remove_node(node.name)
    inputs = [one.output[0], erf.output[0]]
    graph.make_node("Sub", inputs, outputs=node.output, name=node.name, shapes=shapes, dtypes=types)


def load(path: Path) -> Predictor:
    """The predictions of the file, by ONNX Runtime on the CPU.

    Raises: RecordError if the file cannot be read, or has what could read other files.
    """
    import numpy as np
    import onnxruntime

    from autocnn.exports.check import check_ends

    content = _parse(path).SerializeToString()
    try:
        with quiet():
            session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
            inputs, outputs = session.get_inputs(), session.get_outputs()
    except Exception as error:  # its classes of errors have no common root but this one
        reason = reason_of(error)
        raise RecordError(f"{path}: cannot be read as an ONNX model ({reason})") from error
    check_ends(path, len(inputs), len(outputs))
    given, answer = inputs[0], outputs[0]

    def predict(images: Pixels) -> Probabilities:
        return np.asarray(session.run([answer.name], {given.name: images})[0], np.float32)

    return predict


def read_contract(path: Path) -> ModelContract:
    """The contract in the file, of which nothing is run.

    Raises: RecordError if the file cannot be read, or holds no valid contract.
    """
    for prop in _parse(path).metadata_props:
        if prop.key == KEY:
            check_length(path, len(prop.value))
            return parse_contract_bytes(path, prop.value.encode())
    raise RecordError(f"{path}: expected a contract at the key {KEY!r}, found none; {AGAIN}")


def _parse(path: Path) -> Any:
    """The model in the file, without data of other files.

    Raises: RecordError if it cannot be read, or if a part of it lies in other files.
    """
    import onnx
    from google.protobuf.message import DecodeError

    proto = onnx.ModelProto()
    try:
        proto.ParseFromString(path.read_bytes())
    except OSError as error:
        raise RecordError(f"{path}: cannot be read ({error.strerror or error})") from error
    except (DecodeError, UnicodeDecodeError, ValueError) as error:
        raise RecordError(
            f"{path}: expected an ONNX file, got something else, or a damaged one; {AGAIN}"
        ) from error
    if not proto.graph.node:
        raise RecordError(f"{path}: expected an ONNX file, got one without a network; {AGAIN}")
    _check_closed(path, proto)
    return proto


def _check_closed(path: Path, proto: Any) -> None:
    """Raise RecordError if the model names other files, functions or operations of others."""
    if proto.functions:
        raise RecordError(f"{path}: expected operations of ONNX only, got functions of its own")
    for graph in _graphs(proto.graph):
        for node in graph.node:
            if node.domain not in DOMAINS:
                raise RecordError(
                    f"{path}: expected operations of ONNX only, got {node.op_type[:60]!a} of "
                    f"{node.domain[:60]!a}; it is not loaded"
                )
        for tensor in _tensors(graph):
            if tensor.data_location or tensor.external_data:
                raise RecordError(
                    f"{path}: expected all weights inside of it, got some in another file; it is "
                    "not loaded"
                )


def _tensors(graph: Any) -> Iterator[Any]:
    """All constants of `graph`."""
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                yield from (sparse.values, sparse.indices)


def _graphs(graph: Any) -> Iterator[Any]:
    """`graph`, and the graphs inside its nodes."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from _graphs(inner)
