"""How the stored values of a data set become 8 bits: one range for all images, training and test.

0 stays 0, and the upper end of the range becomes 255. The range follows from the type of the stored
values and from their lowest and highest value in the data set; a range that is unclear is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["bytes", "booleans", "integers", "floats"]

_KINDS: dict[str, Kind] = {"b": "booleans", "i": "integers", "u": "integers", "f": "floats"}
_LEVELS = 255  # the highest value of 8 bits


@dataclass(frozen=True, slots=True)
class Stored:
    """The type of the values of one image as they are stored."""

    kind: Kind
    bits: int

    @property
    def is_deep(self) -> bool:
        """True if the range of these values is only known after all of them are seen."""
        return self.kind in ("integers", "floats")

    def __str__(self) -> str:
        """As "8 bits", "booleans" or "floats"."""
        return f"{self.bits} bits" if self.kind in ("bytes", "integers") else self.kind


BYTES = Stored("bytes", 8)  # also of palettes and of images with 1 bit, which are 0 and 255


class UnfitValuesError(ValueError):
    """An image has values outside of a range; the text says which."""


@dataclass(frozen=True, slots=True)
class ValueRange:
    """The stored values that become 0 to 255: those from 0 to `high`.

    "bytes" are 8 bits, and "integers" have more: 8, 10, 12, 14 or 16 of their bits are in use.
    """

    kind: Kind = "bytes"
    high: int = _LEVELS

    def __str__(self) -> str:
        """As "8 bits, 0 to 255" or "floats, 0 to 1"."""
        return f"{'8 bits' if self.kind == 'bytes' else self.kind}, 0 to {self.high:,}"

    def check(self, stored: Stored) -> None:
        """Raise UnfitValuesError for values of another kind, except 8 bits that mean the same."""
        if not (stored.kind == self.kind or (stored.kind == "bytes" and self.high <= _LEVELS)):
            raise UnfitValuesError(f"expected {self}, got {stored}")

    def to_bytes(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """The values as 8 bits, rounded to the nearest; the shape stays.

        Raises: UnfitValuesError for values of another kind, and for those outside of the range.
        """
        stored = stored_in(values.dtype)
        self.check(stored)
        if not stored.is_deep:
            return values if values.dtype == np.uint8 else values.astype(np.uint8) * _LEVELS
        low, high = limits(values)
        if not (low >= 0 and high <= self.high):  # also if one is NaN
            raise UnfitValuesError(f"expected {self}, got {number(low)} to {number(high)}")
        if stored.kind == "integers":
            scaled: NDArray[np.uint8] = _table(self.high)[values]
            return scaled
        return np.rint(values.astype(np.float64) * (_LEVELS / self.high)).astype(np.uint8)


EIGHT_BITS = ValueRange()


def stored_in(dtype: np.dtype[Any]) -> Stored:
    """The type of the values of an array.

    Raises: UnfitValuesError if they are no numbers.
    """
    if dtype == np.uint8:
        return BYTES
    if dtype.kind not in _KINDS:
        raise UnfitValuesError(f"expected booleans, integers or floats, got {dtype}")
    return Stored(_KINDS[dtype.kind], dtype.itemsize * 8)


def limits(values: NDArray[Any]) -> tuple[float, float]:
    """The lowest and the highest value; both are NaN if one value is."""
    return values.min().item(), values.max().item()


def number(value: float) -> str:
    """As "4,021", "-0.25" or "nan"."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"


@cache
def _table(high: int) -> NDArray[np.uint8]:
    """The 8 bits of each integer from 0 to `high`; none of them is halfway between two."""
    return np.rint(np.arange(high + 1) * _LEVELS / high).astype(np.uint8)
