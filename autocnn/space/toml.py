"""The reader of search spaces in TOML; every error names the file and the path of the key."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autocnn.errors import SpaceError, did_you_mean
from autocnn.input_files import parse_toml, read_text
from autocnn.space.config import Block, Dense, convert
from autocnn.space.expand import MAX_FILTERS, MAX_LAYERS, NAMES, Name
from autocnn.space.library import space_file, space_names
from autocnn.space.parameters import (
    Between,
    Categorical,
    Condition,
    Fixed,
    Float,
    Int,
    OneOf,
    Parameter,
    Value,
    is_number,
)
from autocnn.space.segments import can_hold
from autocnn.space.space import Limits, Published, SearchSpace

EXCLUSIVE = (
    ("learning_rate", "learning_rate_scale"),
    ("weight_decay", "decay_scale"),
    ("shift", "shift_fraction"),
    ("cutout", "cutout_fraction"),
)
TOP_KEYS = ("description", "limits", "parameters", "block", "dense", "published")
PUBLISHED_KEYS = {
    "dataset": Name(str),
    "source": Name(str),
    "test_accuracy": Name(float, 0, 1),
    "epochs": Name(int, 1),
    "batch_size": Name(int, 1),
}
INTEGER_BITS = 64
MAX_CHOICES = 10_000  # of a parameter: a draw of a sampler goes through all of them
MAX_DECIDING_CHOICES = 1_000  # of a parameter that a condition names: each is tried
MAX_CONDITION_VALUES = 1_000  # of all conditions of a space; the bounds of a range count as one
KIND_NAMES = {int: "an integer", float: "a number", str: "a string", bool: "true or false"}


def load_space(name_or_file: str) -> SearchSpace:
    """The search space of this library name, or in this TOML file.

    Raises: SpaceError if there is no such space or the file is no valid space.
    """
    path = space_file(name_or_file)
    if path is None:
        path = Path(name_or_file)
        if path.suffix != ".toml" or not os.path.isfile(path):
            known = ", ".join(space_names())
            raise SpaceError(
                f"no search space named {name_or_file!r}; choose one of {known}, "
                "or give a .toml file"
            )
    try:
        text = read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        raise SpaceError(f"{path}: cannot be read as UTF-8 text: {error}") from None
    return parse_space(text, name=path.stem, where=str(path))


def parse_space(text: str, *, name: str, where: str) -> SearchSpace:
    """The search space in the TOML `text`; `where` is the name of its source in errors.

    Raises: SpaceError if the text is no valid space.
    """
    try:
        data = parse_toml(text)
    except ValueError as error:
        raise SpaceError(f"{where}: broken TOML: {error}") from None
    _check_integers(data, f"{where}:", " ")
    _known_keys(data, TOP_KEYS, where)
    tables = data.get("parameters", {})
    if not isinstance(tables, dict):
        raise SpaceError(f"{where}: parameters: expected a table, got {tables!r}")
    _check_conditions(tables, where)
    explicit = "block" in data or "dense" in data
    parameters: dict[str, Parameter] = {}
    for key, table in tables.items():
        parameters[key] = _Reader(f"{where}: parameters.{key}", parameters).read(key, table)
        if explicit and NAMES[key].architecture:
            raise SpaceError(
                f"{where}: parameters.{key}: cannot stand beside [[block]] or [[dense]], "
                "which state the architecture; remove one of the two"
            )
    _check_exclusive(parameters, where)
    description = _typed(data.get("description", ""), Name(str), f"{where}: description")
    space = SearchSpace(
        name=name,
        description=" ".join(str(description).split()),  # one line, whatever it was
        parameters=parameters,
        limits=_limits(data.get("limits", {}), where),
        blocks=_explicit(data, "block", Block, where) if explicit else None,
        dense=_explicit(data, "dense", Dense, where) if explicit else None,
        published=_published(data["published"], where) if "published" in data else None,
        text=text,
    )
    try:
        space.n_points()
    except SpaceError as error:
        raise SpaceError(f"{where}: parameters: {error}") from None
    return space


def _check_integers(value: Any, where: str, between: str = ".") -> None:
    """Refuse integers of more than 64 bits at any depth: NumPy cannot compute with them."""
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_integers(inner, f"{where}{between}{key}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            _check_integers(inner, f"{where}[{i}]")
    elif type(value) is int and value.bit_length() > INTEGER_BITS:
        raise SpaceError(
            f"{where}: expected an integer of at most {INTEGER_BITS} bits, got one of "
            f"{value.bit_length()}"
        )


def _known_keys(data: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    unknown = sorted(set(data) - set(known))
    if unknown:
        hint = did_you_mean(unknown[0], known)
        raise SpaceError(f"{where}: {unknown[0]}: unknown key; {hint}known: {', '.join(known)}")


def _check_conditions(tables: Mapping[str, Any], where: str) -> None:
    """Refuse conditions of too many values before any of them is read."""
    whens = [table.get("when") for table in tables.values() if isinstance(table, dict)]
    rules = [rule for when in whens if isinstance(when, dict) for rule in when.values()]
    n = sum(len(rule) if isinstance(rule, list) else 1 for rule in rules)
    if n > MAX_CONDITION_VALUES:
        raise SpaceError(
            f"{where}: parameters: expected at most {MAX_CONDITION_VALUES:,} values in all "
            f"conditions (when), got {n:,}; low and high count as one value"
        )


def _check_exclusive(parameters: Mapping[str, Parameter], where: str) -> None:
    for first, second in EXCLUSIVE:
        if first in parameters and second in parameters:
            raise SpaceError(
                f"{where}: parameters: {first} and {second} exclude each other; "
                "remove one of the two"
            )


def _limits(data: Any, where: str) -> Limits:
    if not isinstance(data, dict):
        raise SpaceError(f"{where}: limits: expected a table, got {data!r}")
    _known_keys(data, tuple(Limits.__dataclass_fields__), f"{where}: limits")
    values = {
        key: _typed(value, Name(int, 1), f"{where}: limits.{key}") for key, value in data.items()
    }
    return Limits(**values)  # type: ignore[arg-type]


def _published(data: Any, where: str) -> Published:
    if not isinstance(data, dict):
        raise SpaceError(f"{where}: published: expected a table, got {data!r}")
    _known_keys(data, tuple(PUBLISHED_KEYS), f"{where}: published")
    for key in ("dataset", "source"):
        if key not in data:
            raise SpaceError(f"{where}: published.{key}: this key is missing")
    values = {
        key: _typed(value, PUBLISHED_KEYS[key], f"{where}: published.{key}")
        for key, value in data.items()
    }
    return Published(**values)  # type: ignore[arg-type]


def _explicit(data: Mapping[str, Any], key: str, cls: Any, where: str) -> tuple[Any, ...]:
    tables = data.get(key, [])
    n_layers = sum(_n_layers(table) for table in tables) if isinstance(tables, list) else 0
    if n_layers > MAX_LAYERS:
        raise SpaceError(
            f"{where}: {key}: expected at most {MAX_LAYERS:,} layers, got {n_layers:,}"
        )
    layers = tuple(convert(tuple[cls, ...], tables, f"{where}: {key}"))
    for i, layer in enumerate(layers):
        widest = layer.units if isinstance(layer, Dense) else max(layer.filters)
        if widest > MAX_FILTERS:
            raise SpaceError(
                f"{where}: {key}[{i}]: expected at most {MAX_FILTERS:,} filters or units, got "
                f"{widest:,}"
            )
    return layers


def _n_layers(table: Any) -> int:
    """The layers of an entry of [[block]] or [[dense]], before its types are checked."""
    filters = table.get("filters") if isinstance(table, dict) else None
    return len(filters) if isinstance(filters, list) else 1


def _is_a(value: Any, kind: type) -> bool:
    """True if `value` has exactly this type: true and false are no integers."""
    return type(value) is kind


def _typed(given: Any, name: Name, where: str) -> Value:
    """`given` as a value of `name`'s type and range."""
    value: Any = float(given) if name.kind is float and is_number(given) else given
    if not _is_a(value, name.kind):
        raise SpaceError(f"{where}: expected {KIND_NAMES[name.kind]}, got {value!r}")
    if name.choices and value not in name.choices:
        raise SpaceError(f"{where}: expected one of {', '.join(name.choices)}, got {value!r}")
    if is_number(value) and not math.isfinite(value):
        raise SpaceError(f"{where}: expected a finite number, got {value!r}")
    if is_number(value) and not name.low <= value <= name.high:
        bounds = f">= {name.low:g}" + (f" and <= {name.high:g}" if name.high < 1e300 else "")
        raise SpaceError(f"{where}: expected a value {bounds}, got {value!r}")
    result: Value = value
    return result


@dataclass(frozen=True, slots=True)
class _Reader:
    """The reader of one entry of [parameters]; conditions may refer to the `earlier` ones."""

    where: str
    earlier: Mapping[str, Parameter]

    def read(self, key: str, table: Any) -> Parameter:
        if key not in NAMES:
            hint = did_you_mean(self.where.rpartition(".")[2], NAMES)
            raise SpaceError(f"{self.where}: unknown parameter; {hint}known: {', '.join(NAMES)}")
        name = NAMES[key]
        if not isinstance(table, dict):
            return Fixed(value=_typed(table, name, self.where))
        when = self._when(table.get("when", {}))
        keys = set(table) - {"when"}
        if "choices" in keys:
            self._only(keys, {"choices"})
            return self._guard(
                Categorical, choices=self._choices(table["choices"], name), when=when
            )
        if "value" in keys:
            self._only(keys, {"value"})
            return Fixed(value=_typed(table["value"], name, f"{self.where}.value"), when=when)
        if {"low", "high"} <= keys:
            self._only(keys, {"low", "high", "step", "log"})
            return self._range(table, name, when)
        raise SpaceError(
            f"{self.where}: expected low and high, or choices, or value; got {table!r}"
        )

    def _only(self, keys: set[str], known: set[str]) -> None:
        unknown = sorted(keys - known)
        if unknown:
            names = ", ".join(sorted(known | {"when"}))
            raise SpaceError(f"{self.where}.{unknown[0]}: unknown key here; known: {names}")

    def _choices(self, values: Any, name: Name) -> tuple[Value, ...]:
        if not isinstance(values, list):
            raise SpaceError(f"{self.where}.choices: expected a list, got {values!r}")
        if len(values) > MAX_CHOICES:
            n = f"{len(values):,}"
            raise SpaceError(f"{self.where}.choices: expected at most {MAX_CHOICES:,}, got {n}")
        return tuple(
            _typed(value, name, f"{self.where}.choices[{i}]") for i, value in enumerate(values)
        )

    def _range(
        self, table: Mapping[str, Any], name: Name, when: Mapping[str, Condition]
    ) -> Parameter:
        if name.kind not in (int, float):
            kind = KIND_NAMES[name.kind]
            raise SpaceError(f"{self.where}: expected {kind} or choices, got a range")
        bounds = {key: _typed(table[key], name, f"{self.where}.{key}") for key in ("low", "high")}
        if "step" in table:
            bounds["step"] = _typed(table["step"], Name(name.kind), f"{self.where}.step")
        bounds["log"] = _typed(table.get("log", False), Name(bool), f"{self.where}.log")
        return self._guard(Int if name.kind is int else Float, **bounds, when=when)

    def _guard(self, cls: Any, **arguments: Any) -> Parameter:
        try:
            parameter: Parameter = cls(**arguments)
        except SpaceError as error:
            raise SpaceError(f"{self.where}: {error}") from None
        return parameter

    def _when(self, table: Any) -> dict[str, Condition]:
        if not isinstance(table, dict):
            raise SpaceError(f"{self.where}.when: expected a table, got {table!r}")
        when = {other: self._condition(other, rule) for other, rule in table.items()}
        for other, rules in self._all_rules(when).items():
            if not can_hold(self.earlier[other], rules):
                raise SpaceError(
                    f"{self.where}.when: impossible conditions: with those of the parameters that "
                    f"they name, no value of {other} satisfies all; change or remove one"
                )
        return when

    def _all_rules(self, when: Mapping[str, Condition]) -> dict[str, list[Condition]]:
        """All rules on each parameter: those of `when`, and of the parameters that it names."""
        found: dict[str, list[Condition]] = {other: [rule] for other, rule in when.items()}
        for name in reversed(list(self.earlier)):  # a condition names earlier parameters only
            if name in found:
                for other, rule in self.earlier[name].when.items():
                    found.setdefault(other, []).append(rule)
        return found

    def _condition(self, other: str, rule: Any) -> Condition:
        where = f"{self.where}.when.{other}"
        if other not in self.earlier:
            known = ", ".join(self.earlier) or "none"
            raise SpaceError(f"{where}: no parameter of that name stands before this one ({known})")
        n = self.earlier[other].n_values()
        if isinstance(self.earlier[other], Categorical) and n > MAX_DECIDING_CHOICES:
            raise SpaceError(
                f"{where}: {other} has {n:,} choices; a parameter of more than "
                f"{MAX_DECIDING_CHOICES:,} cannot decide whether another one is active"
            )
        condition = _read_condition(self.earlier[other], NAMES[other].kind, rule, where)
        if not can_hold(self.earlier[other], [condition]):
            raise SpaceError(
                f"{where}: impossible condition: {other} can never be {rule!r}"
                f"{_advice(self.earlier[other], condition)}"
            )
        return condition


def _read_condition(other: Parameter, kind: type, rule: Any, where: str) -> Condition:
    """The condition `rule` on the parameter `other`, in the notation of its values."""
    free = Name(kind, -float("inf"))
    if not isinstance(rule, dict):
        values = rule if isinstance(rule, list) else [rule]
        return OneOf(tuple(other.canonical(_typed(v, free, where)) for v in values))
    _known_keys(rule, ("low", "high"), where)
    if kind not in (int, float):
        raise SpaceError(f"{where}: expected {KIND_NAMES[kind]} or a list of them, got a range")
    bounds = {k: other.canonical(_typed(v, free, f"{where}.{k}")) for k, v in rule.items()}
    return Between(**{k: float(v) for k, v in bounds.items()})


def _advice(other: Parameter, condition: Condition) -> str:
    """What to do about an impossible condition, if the values of `other` explain it."""
    if math.isinf(other.n_values()) and isinstance(condition, OneOf):
        return " exactly, since its range is continuous; give low and high, or a step"
    if isinstance(other, Int | Float) and 1 < other.n_values() < math.inf:
        last = other.value_at(int(other.n_values()) - 1)
        return f"; it goes from {other.low!r} to {last!r} in steps of {other.step!r}"
    return ""
