"""The contract in a LiteRT file: a named metadata buffer of its flatbuffer."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from autocnn.errors import RecordError
from autocnn.exports.contract_file import AGAIN, check_length, parse_contract_bytes
from autocnn.models.contract import contract_to_json

if TYPE_CHECKING:
    from autocnn.models.contract import ModelContract

IDENTIFIER: Final = b"TFL3"  # bytes 4 to 8 of each LiteRT file
NAME: Final = "autocnn"
MOST_ENTRIES: Final = 64  # of metadata; converters write a few
_DAMAGED = (struct.error, IndexError, ValueError, TypeError, OverflowError, AttributeError)


def with_contract(content: bytes, contract: ModelContract) -> bytes:
    """The LiteRT file `content` with one more metadata buffer, which holds `contract`."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = list(json.dumps(contract_to_json(contract)).encode())
    entry.name, entry.buffer = NAME, len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), entry]
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def read_contract(path: Path) -> ModelContract:
    """The contract in the LiteRT file at `path`, of which nothing else is read.

    Raises: RecordError if the file cannot be read, or holds no valid contract.
    """
    content = read_model(path)
    try:
        found = _find(content)
    except _DAMAGED as error:
        raise RecordError(f"{path}: it is a damaged LiteRT file; {AGAIN}") from error
    if found is None:
        raise RecordError(f"{path}: expected a contract as metadata {NAME!r}, found none; {AGAIN}")
    check_length(path, len(found))
    return parse_contract_bytes(path, found)


def read_model(path: Path) -> bytes:
    """The content of the LiteRT file at `path`.

    Raises: RecordError if it cannot be read, or is no LiteRT file.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RecordError(f"{path}: cannot be read ({error.strerror or error})") from error
    if content[4:8] != IDENTIFIER:
        raise RecordError(f"{path}: expected a LiteRT file, got something else; {AGAIN}")
    return content


def _find(content: bytes) -> bytes | None:
    """The content of the metadata buffer NAME, or None."""
    from ai_edge_litert import schema_py_generated as schema

    model: Any = schema.Model.GetRootAs(content, 0)
    for i in range(min(model.MetadataLength(), MOST_ENTRIES)):
        entry = model.Metadata(i)
        if entry.Name() == NAME.encode():
            data = model.Buffers(entry.Buffer()).DataAsNumpy()
            return bytes(data) if not isinstance(data, int) else b""
    return None
