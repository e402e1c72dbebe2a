"""The choice of the value range of a data set, from the values of all its images."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from autocnn.data.part_names import PART_NAMES
from autocnn.data.value_range import EIGHT_BITS, Stored, ValueRange, number
from autocnn.errors import DatasetError

Limits = tuple[float, float]

_DEPTHS = (8, 10, 12, 14, 16)  # bits that cameras and scanners use
_MAX_INTEGER = 2**16 - 1
_MAX_FLOAT = 255
_OVERSHOOT = 0.1  # of the range, by which resizing and filters may leave it


@dataclass(slots=True)
class _Extremes:
    """The lowest and the highest value of some images, and the names of the first that have it."""

    low: float
    high: float
    lowest: str
    highest: str

    def add(self, other: _Extremes) -> None:
        if other.low < self.low:
            self.low, self.lowest = other.low, other.lowest
        if other.high > self.high:
            self.high, self.highest = other.high, other.highest


@dataclass(slots=True)
class ValueCensus:
    """The types and extreme values of the images of one data set, added one by one."""

    _first: tuple[str, Stored] | None = None
    _parts: dict[int, _Extremes] = field(default_factory=dict)

    def add(self, name: str, part: int, stored: Stored, limits: Limits | None) -> None:
        """Add an image; `limits` are those of its values, or None if they are not deep.

        Raises: DatasetError if it has another type than those before, or values that are no number.
        """
        if self._first is None:
            self._first = name, stored
        elif limits is None and stored is self._first[1]:
            return  # most images: of 8 bits
        before, first = self._first
        if stored != first and (stored.kind, first.kind) != ("floats", "floats"):
            raise DatasetError(
                f"expected one depth in the whole data set, got {first} in {before} and {stored} "
                f"in {name}; save all images with the same one"
            )
        if limits is None:
            return
        if not all(map(math.isfinite, limits)):
            raise DatasetError(
                f"{name}: has NaN or infinite values; expected numbers only; leave the image out, "
                "or save x = np.nan_to_num(x, nan=0, posinf=0, neginf=0)"
            )
        found = _Extremes(*limits, name, name)
        self._parts.setdefault(part, found).add(found)

    def choose(self) -> tuple[ValueRange, list[str]]:
        """The range of the data set, and a line on it if its images have no 8 bits.

        Raises: DatasetError if the values fit no range; the line has the Python that converts.
        """
        if self._first is None or self._first[1].kind == "bytes":
            return EIGHT_BITS, []
        stored = self._first[1]
        if stored.kind == "booleans":
            return ValueRange("booleans", 1), ["pixels are booleans: they become 0 and 255"]
        whole = _whole(self._parts)
        if stored.kind == "integers":
            _check_integers(whole)
            found = ValueRange("integers", 2 ** _bits_in_use(whole.high) - 1)
            return found, [_describe_integers(stored, found, self._parts)]
        _check_floats(whole, self._parts)
        found = ValueRange("floats", 1 if whole.high <= 1 else _MAX_FLOAT)
        return found, [_describe_floats(found, whole)]


def describe_faint(values: ValueRange, counts: dict[int, NDArray[np.int64]]) -> list[str]:
    """A line if the largest 8-bit value of some part is 1, which may be meant as white.

    Shapes: counts of each part (channels, 256), as `pixel_counts`.
    """
    if values.kind not in ("bytes", "integers"):
        return []
    faint = [PART_NAMES[part] for part, found in counts.items() if _largest(found) == 1]
    if not faint:
        return []
    return [
        f"{' and '.join(faint)}: the largest value is 1, of 255; if values from 0 to 1 are meant, "
        "save (x * 255).astype(np.uint8)"
    ]


def _largest(counts: NDArray[np.int64]) -> int:
    return int(np.flatnonzero(counts.any(axis=0)).max(initial=0))


def _whole(parts: dict[int, _Extremes]) -> _Extremes:
    first, *others = parts.values()
    whole = _Extremes(first.low, first.high, first.lowest, first.highest)
    for other in others:
        whole.add(other)
    return whole


def _bits_in_use(high: float) -> int:
    return next(bits for bits in _DEPTHS if high < 2**bits)


def _describe_integers(stored: Stored, found: ValueRange, parts: dict[int, _Extremes]) -> str:
    bits = _bits_in_use(found.high)
    high = max(part.high for part in parts.values())
    scaled = "they are kept" if bits == 8 else f"0 to {found.high:,} is scaled to 0 to 255"
    darker = [
        f"; the largest value of {PART_NAMES[part]} is only {number(extremes.high)}"
        for part, extremes in sorted(parts.items())
        if _bits_in_use(extremes.high) < bits
    ]
    return (
        f"pixels of {stored} use {bits} (largest value {number(high)}): {scaled}{''.join(darker)}"
    )


def _describe_floats(found: ValueRange, whole: _Extremes) -> str:
    scaled = "0 to 1 is scaled" if found.high == 1 else "they are rounded"
    return f"pixels are floats (largest value {number(whole.high)}): {scaled} to 0 to 255"


def _check_integers(whole: _Extremes) -> None:
    """Raise DatasetError for integers below 0 or of more than 16 bits."""
    low, high = int(whole.low), int(whole.high)
    expected = f"expected integers from 0 to {_MAX_INTEGER:,}"
    if low >= 0 and high <= _MAX_INTEGER:
        return
    name, wrong = (whole.lowest, low) if low < 0 else (whole.highest, high)
    shifted = f"(x.astype(float) + {-low})" if low < 0 else "x.astype(float)"
    span = high - min(low, 0)
    factor = "" if span <= _MAX_INTEGER else f" * ({_MAX_INTEGER} / {span})"
    raise DatasetError(
        f"{name}: {expected}, got {number(wrong)}; save, for all images alike, "
        f"x = np.rint({shifted}{factor}).astype(np.uint16)"
    )


def _check_floats(whole: _Extremes, parts: dict[int, _Extremes]) -> None:
    """Raise DatasetError for floats that are neither 0 to 1 nor 0 to 255."""
    name, wrong = (whole.lowest, whole.low) if whole.low < 0 else (whole.highest, whole.high)
    advice = _advise(whole.low, whole.high)
    if advice:
        raise DatasetError(
            f"{name}: expected floats from 0 to 1, or from 0 to 255, got {number(wrong)}; {advice}"
        )
    unlike = [part for part in sorted(parts) if (parts[part].high <= 1) != (whole.high <= 1)]
    if unlike:
        part = parts[unlike[0]]
        raise DatasetError(
            f"{whole.highest}: expected one range in the whole data set, got floats up to "
            f"{number(whole.high)}, and in {PART_NAMES[unlike[0]]} up to {number(part.high)}; save "
            "all images from 0 to 1, or all from 0 to 255"
        )


def _advise(low: float, high: float) -> str | None:
    """The way to save floats of this range, or None if they can be read as they are."""
    if low >= 0 and (high <= 1 or 2 <= high <= _MAX_FLOAT):
        return None
    for top in (1, _MAX_FLOAT):
        if low > -_OVERSHOOT * top and top / 2 < high < max(2, (1 + _OVERSHOOT) * top):
            return f"if 0 to {top} is meant, save x = np.clip(x, 0, {top})"
    if low < 0 and low >= -1 and high <= 1:
        return "if -1 to 1 is meant, save x = ((x + 1) * 127.5).round().astype(np.uint8)"
    if low < 0:
        return "standardised images cannot be restored: save them as they were before it"
    factor = "" if high <= _MAX_INTEGER else f" * ({_MAX_INTEGER} / {high!r})"
    return f"save, for all images alike, x = np.rint(x{factor}).astype(np.uint16)"
