"""The dimensions of a search space, and the conditions under which they are active."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from autocnn.errors import SpaceError

if TYPE_CHECKING:  # the names of settings are printed without loading a library
    import numpy as np

Value = int | float | bool | str


class Condition(Protocol):
    """A condition on another parameter's value, under which a parameter is active."""

    def holds(self, value: Value) -> bool:
        """True if `value` satisfies the condition."""
        ...


@dataclass(frozen=True, slots=True)
class OneOf:
    """The condition that the other parameter has one of these values."""

    values: tuple[Value, ...]

    def holds(self, value: Value) -> bool:
        """True if `value` is among the values; 1 and true are different values."""
        return any(same(value, v) for v in self.values)


@dataclass(frozen=True, slots=True)
class Between:
    """The condition that the other parameter is a number within the bounds, both included."""

    low: float = -math.inf
    high: float = math.inf

    def holds(self, value: Value) -> bool:
        """True if `value` is a number within the bounds."""
        return is_number(value) and self.low <= float(value) <= self.high


When = Mapping[str, Condition]


def is_number(value: object) -> bool:
    """True for integers and floats, not for booleans."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def same(a: Value, b: Value) -> bool:
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

    def contains(self, value: Value) -> bool:
        """True if `value` is a point of the range."""
        if isinstance(value, bool) or not isinstance(value, int):
            return False
        return self.low <= value <= self.high and (value - self.low) % self.step == 0

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

    def contains(self, value: Value) -> bool:
        """True if `value` is a point of the range."""
        if not is_number(value) or not self.low <= float(value) <= self.high:
            return False
        if self.step is None:
            return True
        steps = (float(value) - self.low) / self.step
        return math.isclose(steps, round(steps), abs_tol=1e-8)

    def sample(self, rng: np.random.Generator) -> float:
        """A random value, uniform over the range, or over its logarithm if `log`."""
        if self.log:
            return math.exp(rng.uniform(math.log(self.low), math.log(self.high)))
        if self.step is None:
            return float(rng.uniform(self.low, self.high))
        return self._value(int(rng.integers(int(self.n_values()))))

    def n_values(self) -> float:
        """The number of values; infinite without a step."""
        if self.step is None:
            return math.inf if self.high > self.low else 1
        return math.floor((self.high - self.low) / self.step + 1e-8) + 1

    def all_values(self) -> tuple[Value, ...]:
        """All values, in ascending order.

        Raises: SpaceError if the range is continuous.
        """
        if math.isinf(self.n_values()):
            raise SpaceError("a continuous range has no list of values")
        return tuple(self._value(i) for i in range(int(self.n_values())))

    def _value(self, i: int) -> float:
        """Value `i` of the grid, rounded to 12 digits: 0.3, not 3 x 0.1."""
        return (
            self.low if self.step is None else min(self.high, round(self.low + i * self.step, 12))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Categorical:
    """A parameter of several values without an order."""

    choices: tuple[Value, ...]
    when: When = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.choices:
            raise SpaceError("choices must name at least one value, got []")
        for i, choice in enumerate(self.choices):
            if any(same(choice, other) for other in self.choices[:i]):
                raise SpaceError(f"choices must differ, got {choice!r} twice")

    def contains(self, value: Value) -> bool:
        """True if `value` is one of the choices."""
        return any(same(value, choice) for choice in self.choices)

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

    def contains(self, value: Value) -> bool:
        """True if `value` is the fixed value."""
        return same(value, self.value)

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
