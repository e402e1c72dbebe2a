"""Dataclasses as JSON and back: one converter for every file that holds a dataclass."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from autocnn.records.trial_record import json_safe

if TYPE_CHECKING:  # imported by the function that needs it: importing this module stays fast
    from cattrs import Converter

T = TypeVar("T")


def to_json(value: Any) -> Any:
    """A dataclass as dictionaries, lists and plain values; NaN becomes None, infinity a string."""
    return json_safe(_converter().unstructure(value))


def from_json(data: Any, kind: type[T]) -> T:
    """The inverse of `to_json`. Unknown keys are ignored; a missing key takes the field's default.

    Raises: ValueError, of one line, if a key without a default is missing or a value does not fit.
    """
    from cattrs import transform_error

    try:
        return _converter().structure(data, kind)
    except Exception as error:  # cattrs raises a group of the errors of all fields
        reasons = transform_error(error, path=kind.__name__)
        raise ValueError("; ".join(reasons)) from error


@cache
def _converter() -> Converter:
    from cattrs import Converter

    converter = Converter()
    converter.register_structure_hook(float, lambda value, _: _float(value))
    return converter


def _float(value: Any) -> float:
    return math.nan if value is None else float(value)
