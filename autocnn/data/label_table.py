"""A table of texts, read from a .csv, .tsv, .jsonl or Parquet file that lies beside images."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autocnn.data.parquet_columns import is_label_type
from autocnn.errors import DatasetError
from autocnn.input_files import check_input, read_text

MOST_BYTES = 256 << 20  # of a table that is text
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of one length; values are texts without spaces around them, "" if missing."""

    path: Path
    columns: Mapping[str, list[str]]
    numbers: list[int]  # of the rows, as the file counts them

    def row(self, index: int) -> str:
        """The place of a row, as the beginning of a message."""
        return f"{self.path}: row {self.numbers[index]}"


def read_table(path: Path) -> Table:
    """The table in the file at `path`; columns of lists or of other tables are left out.

    Raises: DatasetError if it cannot be read.
    """
    return _READERS[path.suffix.lower()](path)


def _read_csv(path: Path) -> Table:
    """A table whose columns are separated by commas, semicolons or tabs; row 1 has their names."""
    text = _read_text(path)
    head = next((line for line in text.split("\n") if line.strip()), "")
    delimiter = max(_DELIMITERS, key=head.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise DatasetError(f"{path}: cannot be read as a table ({error})") from error
    cells = [(i, [cell.strip() for cell in line]) for i, line in enumerate(lines, start=1)]
    rows = [(i, line) for i, line in cells if any(line)]
    if not rows:
        return Table(path, {}, [])
    (first, names), *body = rows
    _check_names(path, names)
    for i, line in body:
        if len(line) != len(names):
            raise DatasetError(
                f"{path}: row {i}: expected {len(names)} values, as row {first} has, got "
                f"{len(line)}"
            )
    columns = {name: [line[k] for _, line in body] for k, name in enumerate(names)}
    return Table(path, columns, [i for i, _ in body])


def _check_names(path: Path, names: list[str]) -> None:
    """Raise DatasetError if two columns have one name; several may have none."""
    for name in names:
        if name and names.count(name) > 1:
            raise DatasetError(f"{path}: two columns are called {name!r}; rename one")


def _read_jsonl(path: Path) -> Table:
    """A table with one JSON object a line."""
    rows: dict[int, dict[str, Any]] = {}
    for number, line in enumerate(_read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = _parse(line)
        except (ValueError, RecursionError) as error:
            raise DatasetError(f"{path}: row {number}: cannot be read as JSON ({error})") from error
        if not isinstance(row, dict):
            raise DatasetError(f"{path}: row {number}: expected an object such as {{...}}")
        rows[number] = row
    names = dict.fromkeys(name for row in rows.values() for name in row)
    columns = {name: [row.get(name) for row in rows.values()] for name in names}
    return Table(path, _texts(path, columns), list(rows))


def _parse(line: str) -> object:
    """The JSON value in a line; ValueError if it has two values of one name, or is no Unicode."""
    value = json.loads(line, object_pairs_hook=_join)
    if "\\u" in line:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


def _join(pairs: list[tuple[str, object]]) -> dict[str, object]:
    joined = dict(pairs)
    if len(joined) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"two values of {twice!r}")
    return joined


def _read_parquet(path: Path) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        check_input(path)
        with pq.ParquetFile(path) as file:
            table = file.read()
        _check_names(path, table.column_names)
        columns = {
            name: column.to_pylist()
            for name, column in zip(table.column_names, table.columns, strict=True)
            if _is_plain(column.type)
        }
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        cause = " ".join(str(error).split())
        raise DatasetError(f"{path}: cannot be read as a Parquet file ({cause})") from error
    return Table(path, _texts(path, columns), list(range(table.num_rows)))


def _is_plain(kind: Any) -> bool:
    """True for texts, numbers and booleans; Python has no values for some dates and times."""
    from pyarrow import types

    if types.is_dictionary(kind):
        return _is_plain(kind.value_type)
    return is_label_type(kind) or bool(types.is_null(kind))


def _texts(path: Path, columns: Mapping[str, Iterable[object]]) -> dict[str, list[str]]:
    """The columns of texts, numbers and booleans, as texts; other columns are left out."""
    _check_names(path, [name.strip() for name in columns])
    found = {}
    for name, values in columns.items():
        texts = [_text(value) for value in values]
        if None not in texts:
            found[name.strip()] = [text or "" for text in texts]
    return found


def _text(value: object) -> str | None:
    if value is None or value != value:  # missing, or not a number
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip() if isinstance(value, str | int | float) else None


def _read_text(path: Path) -> str:
    try:
        return read_text(path, MOST_BYTES)
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"{path}: is not UTF-8 text ({error.reason}); save it as UTF-8"
        ) from error
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror})") from error


_READERS: dict[str, Callable[[Path], Table]] = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".jsonl": _read_jsonl,
    ".parquet": _read_parquet,
}
