"""The file with a model's contract beside the model's file: `NAME.json` for `NAME.keras`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from autocnn.errors import AutocnnError, RecordError
from autocnn.input_files import check_replaceable, open_input
from autocnn.models.contract import (
    ModelContract,
    contract_from_json,
    contract_to_json,
    is_contract,
)

SUFFIX: Final = ".json"
MAX_BYTES: Final = 16 << 20  # of a contract, whose class names take nearly all of it
AGAIN = "`autocnn export` writes a model with its contract"


def contract_path(model: Path, suffix: str) -> Path:
    """The path of the contract beside `model`, whose format has `suffix`; a folder may lack it."""
    return model.with_name(model.name.removesuffix(suffix) + SUFFIX)


def check_length(path: Path, n_bytes: int) -> None:
    """Raise RecordError if a contract inside the model at `path` is too long to be one."""
    if n_bytes > MAX_BYTES:
        raise RecordError(f"{path}: its contract has more than {MAX_BYTES:,} bytes; {AGAIN}")


def contract_bytes(contract: ModelContract) -> bytes:
    """The content of the file."""
    text = json.dumps(contract_to_json(contract), indent=2, ensure_ascii=False) + "\n"
    return text.encode("utf-8")


def read_contract_file(path: Path) -> ModelContract:
    """The contract in the JSON file at `path`.

    Raises: RecordError if the file cannot be read or holds no valid contract.
    """
    return parse_contract_bytes(path, _read_bytes(path))


def parse_contract_bytes(path: Path, content: bytes) -> ModelContract:
    """The contract in `content`, which is that of a JSON file at `path`.

    Raises: RecordError if it is no valid contract.
    """
    try:
        data = _parse_json(content)
    except ValueError as error:
        raise RecordError(f"{path}: expected a contract as JSON ({error}); {AGAIN}") from error
    return parse_contract(path, data)


def parse_contract(path: Path, data: object) -> ModelContract:
    """The contract in `data`, which was read from `path`.

    Raises: RecordError if `data` is no valid contract.
    """
    try:
        return contract_from_json(data)
    except ValueError as error:
        raise RecordError(f"{path}: its contract cannot be used ({error}); {AGAIN}") from error


def check_contract(path: Path, found: ModelContract, expected: ModelContract) -> None:
    """Raise AutocnnError if `found`, which was read from `path`, is not the contract `expected`."""
    if found != expected:
        raise AutocnnError(
            f"{path.name}: expected the contract {expected}, read back {found}; the file is not "
            "exported"
        )


def check_place_of_contract(path: Path) -> None:
    """Raise RecordError if there is something else at `path` than an older contract."""
    older, advice = "the contract of an older export", "give the model another name"
    check_replaceable(path, _is_contract, MAX_BYTES + 1, older=older, advice=advice)


def _is_contract(content: bytes) -> bool:
    try:
        return is_contract(_parse_json(content))
    except ValueError:
        return False


def _read_bytes(path: Path) -> bytes:
    """The content of a file, MAX_BYTES + 1 of it at most.

    Raises: RecordError if it cannot be read.
    """
    try:
        with open_input(path) as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise RecordError(f"{path}: cannot be read ({error.strerror})") from error


def _parse_json(content: bytes) -> object:
    """The JSON value in `content`.

    Raises: ValueError if it is none, or if it has more than MAX_BYTES.
    """
    if len(content) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES:,} bytes")
    try:
        return json.loads(content)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
