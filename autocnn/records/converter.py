"""Dataclasses as JSON and back: one converter for everything that a study keeps as JSON.

The curve of a `TrialResult` is written as one list for each field of `Epoch`; every other dataclass
is written field by field.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from autocnn.space.config import TrialConfig, config_from_dict
from autocnn.trial import Epoch, Proposal, TrialResult, epoch_of

if TYPE_CHECKING:  # imported by the function that needs it: importing this module stays fast
    from cattrs import Converter

T = TypeVar("T")

CURVES = tuple(f.name for f in dataclasses.fields(Epoch))


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
        is_group = isinstance(error, ExceptionGroup)
        reasons = transform_error(error, path=kind.__name__) if is_group else [str(error)]
        raise ValueError("; ".join(reasons)) from error


def json_safe(value: Any) -> Any:
    """`value` with every NaN as None and every infinity as a string; tuples become lists."""
    if isinstance(value, Mapping):
        return {str(key): json_safe(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_safe(item) for item in value]
    if not isinstance(value, float):
        return value
    if math.isnan(value):
        return None
    return float(value) if math.isfinite(value) else str(float(value))


@cache
def _converter() -> Converter:
    from cattrs import Converter
    from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

    converter = Converter()
    for kind in (int, bool, str):
        converter.register_structure_hook(kind, _exact)
    converter.register_structure_hook(float, lambda value, _: _float(value))
    converter.register_structure_hook(TrialConfig, lambda value, _: config_from_dict(value))
    curve = override(unstruct_hook=_columns, struct_hook=lambda value, _: _curve(value))
    values = override(unstruct_hook=dict, struct_hook=lambda value, _: dict(value))
    converter.register_unstructure_hook(
        TrialResult, make_dict_unstructure_fn(TrialResult, converter, curve=curve)
    )
    result = make_dict_structure_fn(TrialResult, converter, curve=curve)
    converter.register_structure_hook(TrialResult, lambda *given: _checked(result(*given)))
    converter.register_unstructure_hook(
        Proposal, make_dict_unstructure_fn(Proposal, converter, values=values)
    )
    converter.register_structure_hook(
        Proposal, make_dict_structure_fn(Proposal, converter, values=values)
    )
    return converter


def _exact(value: Any, kind: type[T]) -> T:
    """`value`, which JSON gives in its own type: a number as a text is damage."""
    if issubclass(kind, Enum):  # of texts
        return kind(value)
    if type(value) is not kind:
        raise ValueError(f"expected {kind.__name__}, got {type(value).__name__}")
    return value


def _float(value: Any) -> float:
    """The number that `to_json` wrote: NaN as None, an infinity as a text."""
    if value is None:
        return math.nan
    if type(value) in (int, float) or value in ("inf", "-inf"):
        return float(value)
    raise ValueError(f"expected a number, got {type(value).__name__}")


def _checked(result: TrialResult) -> TrialResult:
    """`result`, whose best epoch is one of its curve."""
    if result.best_epoch is not None and not 1 <= result.best_epoch <= result.epochs:
        raise ValueError(f"best_epoch is {result.best_epoch}, of {result.epochs} epochs")
    return result


def _columns(curve: Iterable[Epoch]) -> dict[str, list[float]]:
    """The values of each field of the epochs, in order."""
    epochs = list(curve)
    return {name: [getattr(epoch, name) for epoch in epochs] for name in CURVES}


def _curve(columns: Mapping[str, list[Any]]) -> tuple[Epoch, ...]:
    """The inverse of `_columns`; a record may lack a column that has a default."""
    rows = zip(*columns.values(), strict=True)
    return tuple(epoch_of(dict(zip(columns, map(_float, row), strict=True))) for row in rows)
