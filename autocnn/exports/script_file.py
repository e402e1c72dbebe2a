"""A plain Keras program that trains the network again, without autocnn.

The check runs a fresh process in which autocnn cannot be imported: there the program's own function
builds the network, which takes the trained weights and answers. The contract is a comment line.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from autocnn.errors import RecordError
from autocnn.exports.contract_file import AGAIN, parse_contract_bytes

if TYPE_CHECKING:
    from autocnn.exports.formats import Format
    from autocnn.models.contract import ModelContract
    from autocnn.models.network import Network
    from autocnn.models.predictor import Predictor
    from autocnn.models.script_plan import ScriptPlan
    from autocnn.models.trained import TrainedModel

TOLERANCE = 1e-5  # of a probability: the same layers with the same weights


def for_training(chosen: Format, plan: ScriptPlan, model: TrainedModel) -> Format:
    """The format `chosen` for one training: what it writes, and how its file is checked."""
    from autocnn.exports.script_process import ScriptProcess
    from autocnn.exports.script_text import script_text

    def write(_: Network, contract: ModelContract, path: Path) -> None:
        path.write_text(script_text(plan, contract), encoding="utf-8")

    def load(path: Path) -> Predictor:
        n_classes = model.image.n_classes
        return ScriptProcess(path, model.build().get_weights(), n_classes)

    return replace(chosen, write=write, load=load)


def write(model: Network, contract: ModelContract, path: Path) -> None:
    """Not to be called: a script is written by the function that `for_training` gives."""
    raise ValueError(f"expected the plan of a training for {path}, got none")


def load(path: Path) -> Predictor:
    """Not to be called: a script is loaded by the function that `for_training` gives."""
    raise ValueError(f"expected trained weights for {path}, got none")


def read_contract(path: Path) -> ModelContract:
    """The contract in the script, which is not run.

    Raises: RecordError if it cannot be read, or holds no valid contract.
    """
    from autocnn.exports.script_text import CONTRACT

    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise RecordError(f"{path}: cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise RecordError(f"{path}: expected a script, got something else; {AGAIN}") from error
    for line in text.splitlines():
        if line.startswith(CONTRACT):
            return parse_contract_bytes(path, line.removeprefix(CONTRACT).encode())
    raise RecordError(f"{path}: expected a line {CONTRACT!r}, found none; {AGAIN}")
