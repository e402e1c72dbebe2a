"""The dimensions of a search space, and the conditions under which they are active."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol, TypeGuard

from autocnn.errors import SpaceError

if TYPE_CHECKING:  # the names of settings are printed without loading a library
    import numpy as np

Value = int | float | bool | str

MAX_STEPS = 10_000_000  # of a range of floats
CLOSE = 1e-9  # relative: numbers that are nearer to each other are one value


class Condition(Protocol):
    """A condition on another parameter's value, under which a parameter is active."""

    def holds(self, value: Value) -> bool:
        """True if `value` satisfies the condition."""
        ...


@dataclass(frozen=True, slots=True)
class OneOf:
    """The condition that the other parameter has one of these values."""

    values: tuple[Value, ...]
    _known: frozenset[tuple[bool, Value]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        known = frozenset((isinstance(value, bool), value) for value in self.values)
        object.__setattr__(self, "_known", known)

    def holds(self, value: Value) -> bool:
        """True if `value` is among the values; 1 and true are different values."""
        return (isinstance(value, bool), value) in self._known


@dataclass(frozen=True, slots=True)
class Between:
    """The condition that the other parameter is a number within the bounds, both included."""

    low: float = -math.inf
    high: float = math.inf

    def holds(self, value: Value) -> bool:
        """True if `value` is a number within the bounds."""
        return is_number(value) and self.low <= float(value) <= self.high


When = Mapping[str, Condition]


def is_number(value: object) -> TypeGuard[int | float]:
    """True for integers and floats, not for booleans."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def same(a: object, b: object) -> bool:
    """Equality that keeps booleans apart from numbers."""
    return isinstance(a, bool) == isinstance(b, bool) and a == b


@dataclass(frozen=True, slots=True, kw_only=True)
class Int:
    """A parameter of integers from `low` to `high`, both included."""

    low: int
    high: int
    step: int = 1
    log: bool = False
    when: When = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_range(self.low, self.high, self.step, self.log)
        if self.log and self.step != 1:
            raise SpaceError("log = true and step cannot be given together")

    def contains(self, value: object) -> bool:
        """True if `value` is a point of the range; a whole float such as 64.0 may be one."""
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            return False
        return self.low <= value <= self.high and (value - self.low) % self.step == 0

    def canonical(self, value: Value) -> Value:
        """A point of the range as an integer; any other value as it is."""
        return int(value) if self.contains(value) else value

    def sample(self, rng: np.random.Generator) -> int:
        """A random value, uniform over the range, or over its logarithm if `log`."""
        if self.log:
            low, high = math.log(self.low - 0.5), math.log(self.high + 0.5)
            return min(max(round(math.exp(rng.uniform(low, high))), self.low), self.high)
        return self.low + self.step * int(rng.integers((self.high - self.low) // self.step + 1))

    def n_values(self) -> float:
        """The number of values."""
        return (self.high - self.low) // self.step + 1

    def all_values(self) -> tuple[Value, ...]:
        """All values, in ascending order."""
        return tuple(range(self.low, self.high + 1, self.step))

    def value_at(self, place: int) -> int:
        """The value at `place` in ascending order; 0 is the first place."""
        return self.low + place * self.step


@dataclass(frozen=True, slots=True, kw_only=True)
class Float:
    """A parameter of numbers from `low` to `high`; both are included if `step` is given."""

    low: float
    high: float
    step: float | None = None
    log: bool = False
    when: When = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_range(self.low, self.high, 1 if self.step is None else self.step, self.log)
        if self.log and self.step is not None:
            raise SpaceError("log = true and step cannot be given together")
        if self.step is not None and self.high > self.low:
            _check_step(self.low, self.high, self.step)

    def contains(self, value: object) -> bool:
        """True if `value` is a point of the range, give or take the rounding of its notation."""
        if not is_number(value):
            return False
        if self.step is None:
            return self.low <= float(value) <= self.high
        return self._place(float(value)) is not None

    def canonical(self, value: Value) -> Value:
        """A point of the range in its one notation: 0.3, not 0.1 + 0.2; any other value as it is.

        The points are low + i step in decimal arithmetic, so they are what a person writes in TOML.
        """
        if self.step is None or not is_number(value):
            return float(value) if self.contains(value) else value
        place = self._place(float(value))
        return value if place is None else self.value_at(place)

    def sample(self, rng: np.random.Generator) -> float:
        """A random value, uniform over the range, or over its logarithm if `log`."""
        if self.log:
            return math.exp(rng.uniform(math.log(self.low), math.log(self.high)))
        if self.step is None:
            return float(rng.uniform(self.low, self.high))
        return self.value_at(int(rng.integers(int(self.n_values()))))

    def n_values(self) -> float:
        """The number of values; infinite without a step."""
        if self.step is None:
            return math.inf if self.high > self.low else 1
        return _n_steps(self.low, self.high, self.step) + 1

    def all_values(self) -> tuple[Value, ...]:
        """All values, in ascending order.

        Raises: SpaceError if the range is continuous.
        """
        if math.isinf(self.n_values()):
            raise SpaceError("a continuous range has no list of values")
        return tuple(self.value_at(i) for i in range(int(self.n_values())))

    def value_at(self, place: int) -> float:
        """The value at `place` in ascending order, `low` at 0; of a range with a step."""
        if self.step is None or place == 0:
            return float(self.low)
        return _after_steps(self.low, place, self.step)

    def _place(self, value: float) -> int | None:
        """The place of `value`, which a float's rounding may have moved; None if it has none."""
        step = self.step or 1.0
        most = max(abs(self.low), abs(self.high))
        tolerance = max(1e-8 * step, 8 * math.ulp(most))
        if not self.low - tolerance <= value <= self.high + tolerance:
            return None
        place = min(max(round((value - self.low) / step), 0), int(self.n_values()) - 1)
        return place if abs(value - self.value_at(place)) <= tolerance else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Categorical:
    """A parameter of several values without an order."""

    choices: tuple[Value, ...]
    when: When = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.choices:
            raise SpaceError("choices must name at least one value, got []")
        earlier: dict[Value, Value] = {}  # equal values have one hash, such as 1, 1.0 and True
        for choice in self.choices:
            if choice not in earlier:
                earlier[choice] = choice
                continue
            other = earlier[choice]
            if same(choice, other):
                raise SpaceError(f"choices must differ, got {choice!r} twice")
            raise SpaceError(
                f"choices must differ, got {choice!r} beside {other!r}, which are one value on "
                "record"
            )

    def contains(self, value: object) -> bool:
        """True if `value` is one of the choices."""
        return any(same(value, choice) for choice in self.choices)

    def canonical(self, value: Value) -> Value:
        """The choice that equals `value`, such as 64 for 64.0; any other value as it is."""
        return next((choice for choice in self.choices if same(value, choice)), value)

    def sample(self, rng: np.random.Generator) -> Value:
        """A random choice, each with the same probability."""
        return self.choices[int(rng.integers(len(self.choices)))]

    def n_values(self) -> float:
        """The number of choices."""
        return len(self.choices)

    def all_values(self) -> tuple[Value, ...]:
        """All choices, in their order in the space."""
        return self.choices


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """A parameter with one value, which the search does not vary."""

    value: Value
    when: When = field(default_factory=dict)

    def contains(self, value: object) -> bool:
        """True if `value` is the fixed value."""
        return same(value, self.value) or _is_close(value, self.value)

    def canonical(self, value: Value) -> Value:
        """The fixed value if `value` is another notation of it; any other value as it is."""
        return self.value if self.contains(value) else value

    def sample(self, rng: np.random.Generator) -> Value:
        """The fixed value."""
        return self.value

    def n_values(self) -> float:
        """The number of values: 1."""
        return 1

    def all_values(self) -> tuple[Value, ...]:
        """The fixed value."""
        return (self.value,)


Parameter = Int | Float | Categorical | Fixed


def _check_range(low: float, high: float, step: float, log: bool) -> None:
    if not (math.isfinite(low) and math.isfinite(high)):
        raise SpaceError(f"low and high must be finite, got {low} and {high}")
    if low > high:
        raise SpaceError(f"low must not be above high, got low = {low}, high = {high}")
    if not step > 0:
        raise SpaceError(f"step must be > 0, got {step}")
    if log and not low > 0:
        raise SpaceError(f"log = true needs low > 0, got {low}")


def _check_step(low: float, high: float, step: float) -> None:
    """Refuse a step that a range of floats cannot be divided by."""
    if (high - low) / step > MAX_STEPS:
        raise SpaceError(
            f"step = {step!r} gives more than {MAX_STEPS:,} values; take a larger step, or leave "
            "step out"
        )
    if step < 1000 * math.ulp(max(abs(low), abs(high))):
        raise SpaceError(f"step = {step!r} is too small for numbers from {low!r} to {high!r}")


@lru_cache(maxsize=4096)  # a record of many trials asks for the same few again and again
def _n_steps(low: float, high: float, step: float) -> int:
    """The number of whole steps from `low` to `high`."""
    return int((_decimal(high) - _decimal(low)) // _decimal(step))


@lru_cache(maxsize=4096)
def _after_steps(low: float, n: int, step: float) -> float:
    """The number that is `n` steps above `low`."""
    return float(_decimal(low) + n * _decimal(step))


def _decimal(number: float) -> Decimal:
    """`number` as it is written: 0.1 is one tenth."""
    return Decimal(repr(float(number)))


def _is_close(a: object, b: object) -> bool:
    return is_number(a) and is_number(b) and math.isclose(a, b, rel_tol=CLOSE)
