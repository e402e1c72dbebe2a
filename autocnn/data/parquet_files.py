"""Reader of Parquet files as Hugging Face writes them: a column of images, a column of labels.

A data set is one file, or a folder of files `train-*`, `validation-*` and `test-*`, which may be in
a subfolder `data/`. The column of images holds encoded files; paths in it are never followed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from autocnn.data.decoding import Content
from autocnn.data.options import AS_THEY_ARE, ImageOptions
from autocnn.data.part_names import PART_NAMES, TRAIN, find_part_within
from autocnn.data.reader import (
    Contents,
    Labels,
    Source,
    join_parts,
    list_directory,
    number_classes,
    stat_file,
)
from autocnn.errors import DatasetError

SUFFIX = ".parquet"
_IMAGE_COLUMNS = ("image", "img")
_LABEL_COLUMNS = ("label", "fine_label")
_BATCH = 64  # images that are read at a time
_SHARD = re.compile(r"(.*-)(\d+)-of-(\d+)\.parquet")


def find_shards(folder: Path) -> list[Path]:
    """The Parquet files in `folder`, or if there are none, those in its subfolder `data/`."""
    for place in (folder, folder / "data"):
        if place.is_dir():
            entries = list_directory(place, folder)
            found = [Path(e.path) for e in entries if e.name.lower().endswith(SUFFIX)]
            if found:
                return found
    return []


def list_parquet(path: Path, options: ImageOptions = AS_THEY_ARE) -> Source:
    """The Parquet file or files at `path`; none is opened yet.

    Raises: DatasetError if a file is missing, or if its name does not begin with its part.
    """
    files = find_shards(path) if path.is_dir() else [path]
    parts = _find_parts(path, files)
    _check_complete(files)
    return Source(
        kind="parquet",
        path=path,
        files=[stat_file(file) for file in files],
        open=lambda: _open(path, parts),
    )


def _find_parts(path: Path, files: Sequence[Path]) -> dict[int, list[Path]]:
    """The files of each part, by their names; without such names all files belong to train."""
    named = {file: find_part_within(file.name) for file in files}
    if len(files) == 1 or all(part is None for part in named.values()):
        return {TRAIN: list(files)}
    parts: dict[int, list[Path]] = {}
    for file, part in named.items():
        if part is None:
            raise DatasetError(f"{file}: expected a name such as train-*, validation-* or test-*")
        parts.setdefault(part, []).append(file)
    if TRAIN not in parts:
        raise DatasetError(f"{path}: expected a file train-*{SUFFIX}, got {files[0].name}, …")
    return dict(sorted(parts.items()))


def _check_complete(files: Sequence[Path]) -> None:
    """Raise DatasetError if one of the shards, such as -00000-of-00003, is missing."""
    names = {file.name for file in files}
    for file in files:
        match = _SHARD.fullmatch(file.name)
        for i in range(int(match[3])) if match else ():
            assert match is not None
            sibling = f"{match[1]}{i:0{len(match[2])}}-of-{match[3]}{SUFFIX}"
            if sibling not in names:
                raise DatasetError(f"{file.parent / sibling}: is missing beside {file.name}")


def _open(path: Path, parts: dict[int, list[Path]]) -> Contents:
    """Check every file's columns, and read all labels.

    Raises: DatasetError if a file cannot be read, or if a column has a wrong type.
    """
    columns = {file: _Columns(file) for files in parts.values() for file in files}
    first, *others = columns.values()
    for other in others:
        if other.class_names != first.class_names:
            raise DatasetError(f"{other.file}: has other class names than {first.file.name}")
    raw = {part: np.concatenate([columns[f].labels() for f in fs]) for part, fs in parts.items()}
    if not len(raw[TRAIN]):
        raise DatasetError(f"{path}: {PART_NAMES[TRAIN]}: no images found")
    class_names, labels = number_classes(path, raw, first.class_names)

    def images() -> Iterator[tuple[str, Content]]:
        for file in columns.values():
            yield from file.images()

    return Contents(
        class_names=class_names,
        parts=join_parts({part: len(x) for part, x in labels.items()}),
        labels=np.concatenate(list(labels.values())),
        images=images,
    )


class _Columns:
    """The column of images and the column of labels of one file.

    Raises: DatasetError if a column is missing or has another type.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        with _parquet(file) as parquet:
            schema = parquet.schema_arrow
        self._image = self._find(schema.names, _IMAGE_COLUMNS, "images")
        self._label = self._find(schema.names, _LABEL_COLUMNS, "labels")
        self._check_types(schema)
        self.class_names = _class_names(schema.metadata or {}, self._label)

    def labels(self) -> Labels:
        """The label of every row, (n,)."""
        with _parquet(self.file) as parquet:
            column = parquet.read(columns=[self._label]).column(0)
        if column.null_count:
            row = column.is_null().index(True).as_py()
            raise DatasetError(f"{self.file}: row {row}: the label is missing")
        values = column.to_numpy()
        if values.dtype.kind == "u" and values.max(initial=0) > np.iinfo(np.int64).max:
            raise DatasetError(f"{self.file}: expected labels from 0, got {values.max()}")
        return np.asarray(values, dtype=np.int64)

    def images(self) -> Iterator[tuple[str, Content]]:
        """The encoded images in turn, named by file and row."""
        import pyarrow.compute as pc

        row = 0
        with _parquet(self.file) as parquet:
            for batch in parquet.iter_batches(_BATCH, columns=[self._image]):
                column = batch.column(0)
                data = pc.struct_field(column, "bytes") if self._is_struct else column
                for value in data.to_pylist():
                    if value is None:
                        raise DatasetError(
                            f"{self.file}: row {row}: the image is null, or only a path, which is "
                            "not followed; expected its bytes"
                        )
                    yield f"{self.file.name} row {row}", value
                    row += 1

    def _find(self, names: Sequence[str], known: Sequence[str], what: str) -> str:
        for name in known:
            if name in names:
                return name
        raise DatasetError(
            f"{self.file}: expected a column {' or '.join(known)} of {what}, got "
            f"{', '.join(names) or 'none'}"
        )

    def _check_types(self, schema: Any) -> None:
        from pyarrow import types

        def is_binary(kind: Any) -> bool:
            return bool(types.is_binary(kind) or types.is_large_binary(kind))

        image, label = schema.field(self._image).type, schema.field(self._label).type
        self._is_struct = types.is_struct(image)
        fields = {f.name: f.type for f in image} if self._is_struct else {"bytes": image}
        if not is_binary(fields.get("bytes", image)):
            raise DatasetError(
                f"{self.file}: column {self._image}: expected encoded images "
                f"(struct<bytes: binary, path: string>), got {image}"
            )
        if not types.is_integer(label):
            raise DatasetError(f"{self.file}: column {self._label}: expected integers, got {label}")


@contextmanager
def _parquet(file: Path) -> Iterator[Any]:
    """The open file; any error in reading it becomes a DatasetError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file, buffer_size=1 << 20, pre_buffer=False) as parquet:
            yield parquet
    except DatasetError:
        raise
    except (pa.ArrowException, OSError) as error:
        cause = " ".join(str(error).split())
        raise DatasetError(f"{file}: cannot be read as a Parquet file ({cause})") from error


def _class_names(metadata: dict[bytes, bytes], label: str) -> tuple[str, ...] | None:
    """The names of the classes by label, or None if the file has none."""
    try:
        feature = json.loads(metadata[b"huggingface"])["info"]["features"][label]
        names = feature["names"]
    except (KeyError, TypeError, ValueError):
        return None
    is_names = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return tuple(names) if is_names and len(set(names)) == len(names) else None
