"""Conditions on the rows of a leaderboard, such as `parameters<200000`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from autocnn.errors import SettingsError
from autocnn.leaderboard.columns import objective_of
from autocnn.leaderboard.table import SCORES, find_column
from autocnn.records.units import parse_count
from autocnn.space.parameters import CLOSE
from autocnn.trial import FailureCause, TrialState

_COMPARISONS: dict[str, Callable[..., Any]] = {
    "=": pc.equal,
    "!=": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}
_OF_EQUALS = {"=": True, "!=": False, "<": False, "<=": True, ">": False, ">=": True}
NONE = "none"  # in a column of whole numbers: a row without a value
_WITHOUT_ORDER = ("=", "!=")
_CONDITION = re.compile(r"(?P<column>[^=!<>]+)(?P<operator>[=!<>]+)(?P<value>.+)", re.DOTALL)
_TRUTHS = {"true": True, "false": False}
_WORDS: dict[str, tuple[str, ...]] = {"state": tuple(TrialState), "cause": tuple(FailureCause)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A comparison of one column with a value; a null matches no value, whatever the operator.

    The value of `COLUMN=none`, in a column of whole numbers, is null: rows without a number match.

    Numbers that differ by less than one part in 10^9 are equal: a record may hold 0.3 as
    0.30000000000000004.
    """

    column: str
    operator: str
    value: pa.Scalar

    @property
    def accepts_null(self) -> bool:
        """True if a row without a value can match."""
        return not self.value.is_valid and self.operator == "="

    def mask(self, table: pa.Table) -> pa.ChunkedArray:
        """Of each row whether it matches: true, false, or null where the cell is null."""
        column = table[self.column]
        if not self.value.is_valid:
            missing = pc.is_null(column)
            return missing if self.operator == "=" else pc.invert(missing)
        compared = _COMPARISONS[self.operator](column, self.value)
        close = _is_close(column, self.value)
        return compared if close is None else pc.if_else(close, _OF_EQUALS[self.operator], compared)


def parse_condition(text: str, schema: pa.Schema) -> Condition:
    """The condition `COLUMN OP VALUE`; a parameter may be named without its `param.`.

    Raises: SettingsError, in one line, on anything else, an unknown column, a curve, a value that
    the column cannot hold, or an order where the column has none.
    """
    parts = _CONDITION.fullmatch(text)
    column, operator, value = ("", "", "") if parts is None else map(str.strip, parts.groups())
    if not column or operator not in _COMPARISONS or not value:
        raise SettingsError(
            f"--where must be a column, one of {' '.join(_COMPARISONS)}, and a value, such as "
            f"parameters<200000, got {text!r}"
        )
    column = find_column(schema, column, "--where")
    scalar = _value(schema.field(column), operator, value)
    if column in SCORES and objective_of(schema).is_fraction:
        _check_fraction(column, scalar.as_py(), value)
    return Condition(column=column, operator=operator, value=scalar)


def _is_close(column: pa.ChunkedArray, value: pa.Scalar) -> Any:
    """Of each cell whether it is another notation of `value`; None if there is only one."""
    if not pa.types.is_floating(column.type) or not math.isfinite(value.as_py()):
        return None
    distance = pc.abs(pc.subtract(column, value))
    return pc.less_equal(distance, CLOSE * abs(value.as_py()))


def _value(field: pa.Field, operator: str, text: str) -> pa.Scalar:
    """What a column is compared with, of its own kind."""
    if pa.types.is_list(field.type):
        raise SettingsError(f"--where: {field.name} holds a curve, not one value; use score")
    kind, read = _reader(field.type, operator, text)
    if operator not in _WITHOUT_ORDER and kind in ("text", "true or false"):
        raise SettingsError(
            f"--where: {field.name} is {kind}, which has no order: use = or !=, got {operator!r}"
        )
    try:
        value = read(text)
    except (ValueError, LookupError, OverflowError):
        raise SettingsError(
            f"--where: {field.name} must be compared with {kind}, got {text!r}"
        ) from None
    _check_word(field.name, value.as_py(), text)
    return value


def _check_fraction(column: str, value: float, text: str) -> None:
    """Refuse a percentage, which no row can hold."""
    if 1 < value < math.inf:
        raise SettingsError(f"--where: {column} is a fraction such as 0.93, got {text}")


def _check_word(column: str, value: Any, text: str) -> None:
    """Refuse a misspelt word, which no row can hold."""
    words = _WORDS.get(column, ())
    if words and value not in words:
        raise SettingsError(f"--where: {column} must be one of {', '.join(words)}, got {text!r}")


def _reader(kind: pa.DataType, operator: str, text: str) -> tuple[str, Callable[[str], pa.Scalar]]:
    """What the values of a column are called, and how one is read; it raises on any other text."""
    if pa.types.is_boolean(kind):
        return "true or false", lambda cell: pa.scalar(_TRUTHS[cell.lower()])
    if pa.types.is_integer(kind) and text.lower() == NONE and operator in _WITHOUT_ORDER:
        return "none", lambda _: pa.scalar(None, pa.int64())
    if pa.types.is_integer(kind):
        return "a whole number", lambda cell: pa.scalar(_whole(cell), pa.int64())
    if pa.types.is_floating(kind):
        return "a number", lambda cell: pa.scalar(_number(cell), pa.float64())
    return "text", lambda cell: pa.scalar(cell, pa.string())


def _whole(text: str) -> int:
    return parse_count(text)


def _number(text: str) -> float:
    number = float(text)
    if number != number:
        raise ValueError(text)
    return number
