"""What a `.keras` file, a zip archive, says before it is loaded: its contract, and its layers.

The contract is a key of its `metadata.json`.

Keras writes `metadata.json` and does not read it. A member of its own would cost every load:
if an archive has more than three members, Keras unpacks all of them into a temporary folder.
Keras is not imported here.
"""

from __future__ import annotations

import json
import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import Any, Final

from autocnn.errors import RecordError
from autocnn.exports.contract_file import AGAIN, MAX_BYTES, parse_contract
from autocnn.input_files import check_input
from autocnn.models.contract import ModelContract, contract_to_json

MEMBER: Final = "metadata.json"
CONFIG: Final = "config.json"
MAX_CONFIG: Final = 64 << 20  # bytes of the network's configuration
KEY: Final = "autocnn"
LAYERS: Final = frozenset(  # of Keras that a network of autocnn has; others can run code
    {
        *("InputLayer", "Rescaling", "Normalization", "Activation", "Dense", "Flatten", "Add"),
        *("Conv2D", "SeparableConv2D", "MaxPooling2D", "AveragePooling2D"),
        *("GlobalMaxPooling2D", "GlobalAveragePooling2D", "Dropout", "SpatialDropout2D"),
        *("BatchNormalization", "LayerNormalization", "GroupNormalization"),
    }
)
_PARTS: Final = {  # of a network that are no layers
    *(("keras", name) for name in ("DTypePolicy", "__keras_tensor__", "__slice__", "Sequential")),
    ("keras.src.models.functional", "Functional"),
}
_FUNCTION: Final = "function"  # the kind of an object that only names a function

_READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1  # a bit of `ZipInfo.flag_bits`
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ValueError)


def add_contract(plain: Path, contract: ModelContract, path: Path) -> None:
    """Write the members of the archive `plain`, with `contract` in its metadata, to `path`.

    Raises: OSError if the file cannot be written.
    """
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w") as target:
        for info in source.infolist():
            fresh = copy(info)  # zipfile writes sizes and places into it
            if info.filename == MEMBER:
                metadata = {**json.loads(source.read(info)), KEY: contract_to_json(contract)}
                target.writestr(fresh, json.dumps(metadata, ensure_ascii=False))
            else:
                with source.open(info) as old, target.open(fresh, "w") as new:
                    shutil.copyfileobj(old, new)


def read_contract_inside(path: Path) -> ModelContract:
    """The contract in the archive at `path`, of which no other member is read.

    Raises: RecordError if the file cannot be read, is no archive, or holds no valid contract.
    """
    what = "expected a .keras file with its contract, got something else"
    with _broken_archives(path, what), zipfile.ZipFile(path) as archive:
        metadata = _read_metadata(path, archive)
    if not isinstance(metadata, dict) or KEY not in metadata:
        raise RecordError(
            f"{path}: expected a contract at the key {KEY!r} of its {MEMBER}, found none; {AGAIN}"
        )
    return parse_contract(path, metadata[KEY])


def check_layers(path: Path) -> None:
    """Raise RecordError unless the archive at `path` names nothing but what an export writes.

    A layer of another package, and some of Keras' own, such as Lambda, TorchModuleWrapper and
    TFSMLayer, run code or read files when they are loaded or called.
    """
    with (
        _broken_archives(path, "cannot be read as a Keras model"),
        zipfile.ZipFile(path) as archive,
    ):
        config = _read_member(path, archive, CONFIG, MAX_CONFIG)
        if config is None:
            raise RecordError(f"{path}: cannot be read as a Keras model (it has no {CONFIG})")
        for module, kind in _objects(config):
            if not _is_written(module, kind):
                raise RecordError(
                    f"{path}: expected layers that autocnn writes, got {kind[:60]!a} of "
                    f"{module[:60]!a}, which could run code; it is not loaded"
                )


def _is_written(module: str, kind: str) -> bool:
    """True if an export may have written an object of this module and class."""
    if module == "keras.layers":
        return kind in LAYERS
    is_number = module in ("keras.initializers", "keras.src.ops.numpy") and kind != _FUNCTION
    return is_number or (module, kind) in _PARTS


def _objects(config: Any) -> Iterator[tuple[str, str]]:
    """Module and class of everything that a configuration has Keras make."""
    if isinstance(config, dict):
        if "class_name" in config:
            module = config.get("module") or config.get("registered_name") or "keras"
            yield str(module), str(config["class_name"])
        for value in config.values():
            yield from _objects(value)
    elif isinstance(config, list):
        for value in config:
            yield from _objects(value)


def _read_metadata(path: Path, archive: zipfile.ZipFile) -> Any:
    """The content of `metadata.json`, None if there is no such member."""
    return _read_member(path, archive, MEMBER, MAX_BYTES)


def _read_member(path: Path, archive: zipfile.ZipFile, name: str, most: int) -> Any:
    """The JSON in the member `name`, of `most` bytes at most; None if there is no such member."""
    if name not in archive.namelist():
        return None
    info = archive.getinfo(name)
    if info.flag_bits & _ENCRYPTED or info.compress_type not in _READABLE:
        raise RecordError(f"{path}: its {name} is encrypted or packed in an odd way; {AGAIN}")
    with archive.open(info) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise RecordError(f"{path}: its {name} has more than {most:,} bytes; {AGAIN}")
    return json.loads(content)


@contextmanager
def _broken_archives(path: Path, what: str) -> Iterator[None]:
    """Turn any error of a damaged or foreign file into one line, which says `what`."""
    try:
        check_input(path)
        yield
    except RecordError:
        raise
    except OSError as error:
        raise RecordError(f"{path}: cannot be read ({error.strerror or error})") from error
    except (*_BROKEN, RecursionError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise RecordError(f"{path}: {what} ({reason}); {AGAIN}") from error
