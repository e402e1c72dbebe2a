"""The two files of OpenVINO: `NAME.xml`, with the contract in its `rt_info`, and `NAME.bin`.

The network is read by OpenVINO's native reader of SavedModels: its converter in Python counts
uses on a server of its maker.
"""

from __future__ import annotations

import json
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from autocnn.errors import RecordError
from autocnn.exports.contract_file import AGAIN, check_length, parse_contract_bytes
from autocnn.exports.frozen import INPUT, OUTPUT, freeze, save_frozen
from autocnn.exports.quiet import quiet, reason_of
from autocnn.models.contract import contract_to_json

if TYPE_CHECKING:
    from autocnn.models.contract import ModelContract
    from autocnn.models.network import Network
    from autocnn.models.predictor import Pixels, Predictor, Probabilities

WEIGHTS: Final = ".bin"
TOLERANCE = 1e-4  # of a probability: other kernels, float32
PLACE: Final = ["autocnn", "contract"]  # in `rt_info`
EXACT: Final = {"INFERENCE_PRECISION_HINT": "f32"}  # else some processors compute in bfloat16
MAX_XML: Final = 64 << 20  # bytes; of a network of some hundred layers it has some hundred kB


def write(model: Network, contract: ModelContract, path: Path) -> None:
    """Write `model`, and `contract` into its `rt_info`, to `path` and the `.bin` beside it.

    Raises: as `freeze`; OSError if a file cannot be written.
    """
    frozen = freeze(model)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        save_frozen(frozen, Path(folder))
        with quiet():
            import openvino

            network = openvino.Core().read_model(folder)
            network.inputs[0].set_names({INPUT})
            network.outputs[0].set_names({OUTPUT})
            network.set_rt_info(json.dumps(contract_to_json(contract)), PLACE)
            openvino.save_model(network, str(path), compress_to_fp16=False)


def load(path: Path) -> Predictor:
    """The predictions of the files, by OpenVINO on the CPU, in float32.

    Raises: RecordError if a file cannot be read.
    """
    import numpy as np

    from autocnn.exports.check import check_ends

    _read_xml(path)  # its size, and that it is there
    weights = path.with_suffix(WEIGHTS)
    if not weights.is_file():
        raise RecordError(
            f"{path}: expected its weights beside it in {weights.name}, which is no file; an "
            "OpenVINO model is both files"
        )
    try:
        with quiet():
            import openvino

            compiled = openvino.Core().compile_model(str(path), "CPU", EXACT)
    except RuntimeError as error:
        raise RecordError(
            f"{path}: cannot be read with {weights.name} as an OpenVINO model ({reason_of(error)})"
        ) from error
    check_ends(path, len(compiled.inputs), len(compiled.outputs))

    def predict(images: Pixels) -> Probabilities:
        return np.array(compiled(images)[0], np.float32)  # its own memory is used again

    return predict


def read_contract(path: Path) -> ModelContract:
    """The contract in the file, which is read as XML; no network is made of it.

    Raises: RecordError if the file cannot be read, or holds no valid contract.
    """
    found = _read_xml(path).find("/".join([".", "rt_info", *PLACE]))
    text = None if found is None else found.get("value")
    if text is None:
        raise RecordError(f"{path}: expected a contract at rt_info/{'/'.join(PLACE)}; {AGAIN}")
    check_length(path, len(text))
    return parse_contract_bytes(path, text.encode())


def _read_xml(path: Path) -> Any:
    """The root of the file.

    Raises: RecordError if it cannot be read, or is no network of OpenVINO.
    """
    what = "expected the .xml file of an OpenVINO model"
    try:
        with path.open("rb") as file:
            content = file.read(MAX_XML + 1)
        if len(content) > MAX_XML or b"<!DOCTYPE" in content:  # a DTD can make a bomb of it
            raise RecordError(f"{path}: {what}, got one that is too long, or has a DTD; {AGAIN}")
        root = ElementTree.fromstring(content)
    except RecordError:
        raise
    except OSError as error:
        raise RecordError(f"{path}: cannot be read ({error.strerror or error})") from error
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise RecordError(f"{path}: {what}, got something else ({error}); {AGAIN}") from error
    if root.tag != "net":
        raise RecordError(f"{path}: {what}, got something else; {AGAIN}")
    return root
