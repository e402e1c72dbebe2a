"""Image files, and data sets of them in three forms: folders, arrays and Parquet."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image


def encode(pixels: NDArray[np.uint8], kind: str = "PNG", **options: Any) -> bytes:
    """The pixels as an encoded image file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def png_bomb() -> bytes:
    """A PNG of 50,000 x 50,000 pixels, of which only the first rows are there."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        named = kind + content
        return struct.pack(">I", len(content)) + named + struct.pack(">I", zlib.crc32(named))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0))
    rows = chunk(b"IDAT", zlib.compress(bytes(20 * 50_001)))
    return b"\x89PNG\r\n\x1a\n" + header + rows + chunk(b"IEND", b"")


def noise(n: int, *shape: int, seed: int = 0) -> NDArray[np.uint8]:
    """Make `n` different images."""
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


def touch(root: Path, *names: str) -> Path:
    """Make empty files, which a listing does not open. A name that ends in / is a folder."""
    root.mkdir(parents=True, exist_ok=True)
    for name in names:
        path = root / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.touch()
    return root


Parts = dict[str, tuple[NDArray[np.uint8], Sequence[int]]]


def write_folder(root: Path, parts: Parts) -> Path:
    """Write class folders named after the labels, of PNG files, below a folder for each part."""
    for part, (images, labels) in parts.items():
        for i, (pixels, label) in enumerate(zip(images, labels, strict=True)):
            folder = root / part / str(label)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{i:04}.png").write_bytes(encode(pixels))
    return root


def write_npz(path: Path, parts: Parts) -> Path:
    """Write arrays with the names of Keras."""
    keys = {"train": "train", "validation": "val", "test": "test"}
    arrays = {}
    for part, (images, labels) in parts.items():
        arrays[f"x_{keys[part]}"], arrays[f"y_{keys[part]}"] = images, np.array(labels)
    np.savez_compressed(path, **arrays)
    return path


def image_table(
    images: Iterable[bytes | None], labels: Sequence[int | None], names: Sequence[str] = ()
) -> pa.Table:
    """A table in the form that Hugging Face writes."""
    column = [None if data is None else {"bytes": data, "path": "../x.png"} for data in images]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    arrays = {"image": pa.array(column, kind), "label": pa.array(labels, pa.int64())}
    features = {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": list(names)}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})} if names else None
    return pa.table(arrays).replace_schema_metadata(metadata)


def write_shards(folder: Path, parts: Parts, names: Sequence[str] = (), n_shards: int = 2) -> Path:
    """Write a folder of Parquet files, `n_shards` of them a part."""
    folder.mkdir(parents=True)
    for part, (images, labels) in parts.items():
        encoded = [encode(pixels) for pixels in images]
        for i in range(n_shards):
            table = image_table(encoded[i::n_shards], list(labels)[i::n_shards], names)
            pq.write_table(table, folder / f"{part}-{i:05}-of-{n_shards:05}.parquet")
    return folder
