"""Durations, memory sizes and counts from texts such as 12m, 4G and 40M."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from autocnn.errors import SettingsError

_UNITS = {  # name of a unit -> its seconds, and a pattern of its spellings
    "h": (3600, "h|hrs?|hours?"),
    "m": (60, "m|mins?|minutes?"),
    "s": (1, "s|secs?|seconds?"),
}
_NUMBER = r"\d+(?:\.\d+)?"
_DURATION = re.compile(
    r"(?=\d)"
    + r"\s*".join(
        rf"(?:(?P<{unit}>{_NUMBER})\s*(?:{names}))?" for unit, (_, names) in _UNITS.items()
    )
)


def parse_duration(text: str, where: str = "--time-budget") -> float:
    """The seconds of a duration such as "90s", "10min", "1h30m" or "1.5 hours".

    Raises: SettingsError, naming the option `where`, if `text` is no time above zero, or a number
    without a unit.
    """
    cleaned = text.strip().lower()
    if re.fullmatch(_NUMBER, cleaned):
        raise SettingsError(
            f"{where} needs a unit: {cleaned}s are seconds, {cleaned}m minutes; got {text!r}"
        )
    match = _DURATION.fullmatch(cleaned)
    seconds = 0.0
    if match is not None:
        seconds = sum(float(match[unit] or 0) * length for unit, (length, _) in _UNITS.items())
    if not 0 < seconds < math.inf:
        raise SettingsError(
            f"{where} must be a time above zero such as 90s, 12m or 1h30m, got {text!r}"
        )
    return seconds


_MILLISECONDS = re.compile(rf"({_NUMBER})\s*ms")


def parse_milliseconds(text: str, where: str = "--max-latency") -> float:
    """The milliseconds of a short time such as "5ms", "0.5 ms" or "1s".

    Raises: SettingsError, naming the option `where`, if `text` is no time above zero, or a number
    without a unit.
    """
    cleaned = text.strip().lower()
    match = _MILLISECONDS.fullmatch(cleaned)
    if match is None and not re.fullmatch(_NUMBER, cleaned):
        try:
            return 1000 * parse_duration(text, where)
        except SettingsError:
            pass
    found = 0.0 if match is None else float(match[1])
    if not 0 < found < math.inf:
        raise SettingsError(f"{where} must be a time above zero such as 5ms or 0.1s, got {text!r}")
    return found


_MEMORY = re.compile(r"(?P<size>\d+(\.\d+)?)(?P<unit>[mg])(i?b)?", re.IGNORECASE)


def parse_memory(text: str, where: str = "--worker-memory") -> int:
    """The MiB of a size such as "900M", "4G" or "1.5GiB".

    Raises: SettingsError, naming the option `where`, if `text` is no size above zero.
    """
    match = _MEMORY.fullmatch(text.strip())
    size = 0 if match is None else float(match["size"]) * {"m": 1, "g": 1024}[match["unit"].lower()]
    if size == math.inf or round(size) < 1:
        raise SettingsError(f"{where} must be a size such as 900M or 4G, got {text!r}")
    return round(size)


_COUNT = re.compile(
    r"(?P<number>[+-]?\d+(_\d+)*(\.\d+)?(e\d{1,2})?)(?P<unit>[kmg]?)", re.IGNORECASE
)
_TIMES = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}


def parse_count(text: str, where: str = "--max-macs") -> int:
    """The whole number of a text such as "200000", "1.5k" or "40M"; k, M and G are powers of 1000.

    Raises: SettingsError, naming the option `where`, if `text` is no whole number.
    """
    match = _COUNT.fullmatch(text.strip())
    count = None
    if match is not None:
        count = Decimal(match["number"]) * _TIMES[match["unit"].lower()]
    if count is None or count != count.to_integral_value():
        raise SettingsError(
            f"{where} must be a whole number such as 200000, 1.5k or 40M, got {text!r}"
        )
    return int(count)


def parse_per_gpu(text: str, where: str = "--workers-per-gpu") -> int:
    """The training processes on a GPU, of a text such as "2"; 0 for "auto".

    Raises: SettingsError, naming the option `where`, if `text` is neither a whole number above
    zero nor "auto".
    """
    cleaned = text.strip().lower()
    if cleaned == "auto":
        return 0
    if not cleaned.isdecimal() or int(cleaned) < 1:
        raise SettingsError(f"{where} must be auto or a whole number such as 2, got {text!r}")
    return int(cleaned)
