"""The columns of a Parquet file that hold encoded images and labels, and what is in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autocnn.data.array_labels import RawLabels, encode_labels
from autocnn.data.array_names import list_names
from autocnn.data.decoding import Content
from autocnn.data.options import ImageOptions
from autocnn.data.part_names import PART_NAMES, SPLIT_COLUMNS, TEST, is_split_name
from autocnn.errors import DatasetError
from autocnn.input_files import check_input, parse_json

_IMAGE_NAMES = ("image", "img")
_LABEL_NAMES = ("label", "labels", "class", "class_name", "category", "target", "y")
_LABEL_TYPES = "integers, texts, booleans or whole floats"
_BATCH = 64  # images that are read at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The names of the two columns that are read."""

    image: str
    label: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FileLabels:
    """The labels in one file."""

    raw: RawLabels  # of the rows that are kept
    keeps: NDArray[np.bool_]  # (n,): False for test images without a label
    class_names: tuple[str, ...] | None  # of each number, by Hugging Face's metadata


@contextmanager
def open_parquet(file: Path) -> Iterator[Any]:
    """The open file; any error in reading it becomes a DatasetError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        check_input(file)
        with pq.ParquetFile(file, buffer_size=1 << 20, pre_buffer=False) as parquet:
            yield parquet
    except DatasetError:
        raise
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        cause = " ".join(str(error).split())
        raise DatasetError(f"{file}: cannot be read as a Parquet file ({cause})") from error


def choose_columns(file: Path, options: ImageOptions) -> Columns:
    """The columns of images and labels: those of `options`, or else the only ones that fit.

    Raises: DatasetError if no column fits, or several do.
    """
    with open_parquet(file) as parquet:
        schema = parquet.schema_arrow
    names = list(schema.names)
    if len(set(names)) < len(names):
        raise DatasetError(f"{file}: expected columns of different names, got {list_names(names)}")
    for option, name in (
        ("--file-column", options.file_column),
        ("--label-column", options.label_column),
    ):
        if name is not None and name not in names:
            raise DatasetError(f"{file}: {option} {name}: no such column; got {_listed(schema)}")
    _refuse_splits(file, schema)
    image = options.file_column or _find_image(file, schema)
    labels = [field.name for field in schema if field.name != image and is_label_type(field.type)]
    if options.label_column is not None:
        return Columns(image=image, label=options.label_column, notes=())
    label = _find_label(file, schema, labels)
    return Columns(image=image, label=label, notes=_describe(label, labels))


def _refuse_splits(file: Path, schema: Any) -> None:
    """Raise DatasetError if a column says of each row to which split it belongs."""
    import pyarrow.compute as pc

    columns = [field.name for field in schema if field.name.casefold() in SPLIT_COLUMNS]
    for name in columns:
        kind = schema.field(name).type
        if not _is_text(getattr(kind, "value_type", kind)):
            continue
        with open_parquet(file) as parquet:
            found = pc.unique(parquet.read(columns=[name]).column(0)).drop_null().to_pylist()
        if len(found) > 1 and all(map(is_split_name, found)):
            raise DatasetError(
                f"{file}: column {name} divides its rows into {list_names(sorted(found))}; write a "
                f"file for each, such as {found[0]}.parquet"
            )


def _find_image(file: Path, schema: Any) -> str:
    """The column that is called image or img, or else the only one of its type."""
    fits = [field.name for field in schema if _is_image(field.type)]
    ranks = [_named(fits, _IMAGE_NAMES), fits, _named(schema.names, _IMAGE_NAMES)]
    return _pick(file, ranks, ("encoded images", "--file-column"), schema)


def _find_label(file: Path, schema: Any, labels: Sequence[str]) -> str:
    """The column with a known name, or else the only one with class names, or of its type."""
    classes = [name for name in labels if name in _class_features(schema)]
    known = [_named(names, _LABEL_NAMES) for names in (labels, schema.names)]
    return _pick(file, [known[0], classes, labels, known[1]], ("labels", "--label-column"), schema)


def _named(names: Sequence[str], known: Sequence[str]) -> list[str]:
    return [name for name in names if name.casefold() in known]


def _pick(file: Path, ranks: Sequence[Sequence[str]], words: tuple[str, str], schema: Any) -> str:
    """The one name of the first rank that has any; `words` are for errors: what, and its option."""
    found = next((rank for rank in ranks if rank), ())
    what, option = words
    if len(found) > 1:
        raise DatasetError(
            f"{file}: several columns could be {what}: {list_names(found)}; choose one with "
            f"{option}"
        )
    if not found:
        raise DatasetError(f"{file}: expected a column of {what}, got {_listed(schema)}")
    return found[0]


def _describe(label: str, labels: Sequence[str]) -> tuple[str, ...]:
    """A line if other columns could be the label."""
    others = [name for name in labels if name != label]
    if not others:
        is_known = label.casefold() in _LABEL_NAMES
        return () if is_known else (f"labels are in the column {label}",)
    return (f"labels are in the column {label}; columns that are not used: {list_names(others)}",)


def _listed(schema: Any) -> str:
    return list_names([f"{field.name} ({field.type})" for field in schema]) or "none"


def _is_binary(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_binary(kind) or types.is_large_binary(kind))


def _is_image(kind: Any) -> bool:
    """True for encoded images, bare or as Hugging Face wraps them."""
    from pyarrow import types

    if not types.is_struct(kind):
        return _is_binary(kind)
    return any(field.name == "bytes" and _is_binary(field.type) for field in kind)


def is_label_type(kind: Any) -> bool:
    """True for the types that labels may have: texts, numbers, booleans, and dictionaries."""
    from pyarrow import types

    if types.is_dictionary(kind):
        return is_label_type(kind.value_type)
    tests = (types.is_integer, types.is_floating, types.is_boolean)
    return any(test(kind) for test in tests) or _is_text(kind)


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def read_labels(file: Path, columns: Columns, part: int) -> FileLabels:
    """The labels in `file`; test images without one are left out.

    Raises: DatasetError if the column is missing or has a wrong type or value.
    """
    import pyarrow as pa
    from pyarrow import types

    with open_parquet(file) as parquet:
        schema, n = parquet.schema_arrow, parquet.metadata.num_rows
        is_there = columns.label in schema.names
        kind = schema.field(columns.label).type if is_there else None
        if part == TEST and (kind is None or types.is_null(kind)):
            return FileLabels(
                raw=encode_labels([], str), keeps=np.zeros(n, dtype=bool), class_names=None
            )
        if kind is None or not (is_label_type(kind) or types.is_null(kind)):
            got = f"got {kind}" if is_there else "there is none"
            raise DatasetError(f"{file}: column {columns.label}: expected {_LABEL_TYPES}, {got}")
        column = parquet.read(columns=[columns.label]).column(0)
        column.validate(full=True)  # texts are UTF-8
    if types.is_dictionary(kind):
        column = column.cast(kind.value_type)
    if types.is_floating(column.type):
        column = column.cast(pa.float64())  # Arrow compares no floats of 16 bits
    keeps = _find_labelled(file, column, part)
    rows = np.flatnonzero(keeps)
    blocks = (_to_numpy(chunk) for chunk in column.filter(pa.array(keeps)).chunks)
    features = _class_features(schema) if types.is_integer(kind) else {}
    return FileLabels(
        raw=encode_labels(blocks, lambda i: f"{file}: row {rows[i]}"),
        keeps=keeps,
        class_names=features.get(columns.label),
    )


def _find_labelled(file: Path, column: Any, part: int) -> NDArray[np.bool_]:
    """True for each row with a label, which is neither null nor -1.

    Raises: DatasetError if a row has none and `part` is not the test part.
    """
    import pyarrow.compute as pc
    from pyarrow import types

    lacks = pc.is_null(column, nan_is_null=types.is_floating(column.type))
    if types.is_signed_integer(column.type) or types.is_floating(column.type):
        lacks = pc.or_(lacks, pc.equal(column, -1).fill_null(False))
    keeps: NDArray[np.bool_] = ~lacks.to_numpy().astype(bool)
    if part != TEST and not keeps.all():
        row = int(keeps.argmin())
        value = column[row].as_py()
        raise DatasetError(
            f"{file}: row {row}: the label is missing in {PART_NAMES[part]}, got "
            f"{'null' if value is None else value}; give the image a label, or take it away"
        )
    return keeps


def _to_numpy(chunk: Any) -> NDArray[Any]:
    if _is_text(chunk.type):
        return np.array(chunk.to_pylist(), dtype=object)
    values: NDArray[Any] = chunk.to_numpy(zero_copy_only=False)
    return values


def check_image_column(file: Path, columns: Columns) -> None:
    """Raise DatasetError if the column of images is missing or has another type."""
    with open_parquet(file) as parquet:
        schema = parquet.schema_arrow
    kind = schema.field(columns.image).type if columns.image in schema.names else None
    if kind is None or not _is_image(kind):
        got = "there is none" if kind is None else f"got {kind}"
        raise DatasetError(
            f"{file}: column {columns.image}: expected encoded images "
            f"(struct<bytes: binary, path: string>), {got}"
        )


def read_images(
    file: Path, name: str, columns: Columns, keeps: NDArray[np.bool_]
) -> Iterator[tuple[str, Content]]:
    """The encoded images of the rows that are kept, named by `name` and row."""
    import pyarrow.compute as pc
    from pyarrow import types

    row = 0
    with open_parquet(file) as parquet:
        for batch in parquet.iter_batches(_BATCH, columns=[columns.image]):
            column = batch.column(0)
            data = pc.struct_field(column, "bytes") if types.is_struct(column.type) else column
            for value in data.to_pylist():
                if keeps[row]:
                    if value is None:
                        raise DatasetError(
                            f"{file}: row {row}: the image is null, or only a path, which is not "
                            "followed; expected its bytes"
                        )
                    yield f"{name} row {row}", value
                row += 1


def _class_features(schema: Any) -> dict[str, tuple[str, ...]]:
    """The names of the classes by number, of each column that has them in the metadata."""
    try:
        features = parse_json((schema.metadata or {})[b"huggingface"])["info"]["features"]
        named = {column: feature.get("names") for column, feature in features.items()}
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}
    return {column: tuple(names) for column, names in named.items() if _is_names(names)}


def _is_names(names: Any) -> bool:
    is_texts = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return is_texts and len(set(names)) == len(names)
