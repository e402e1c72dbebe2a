"""Durations and memory sizes from texts such as 12m and 4G."""

from __future__ import annotations

import math
import re

from autocnn.errors import SettingsError

_DURATION = re.compile(
    r"(?P<bare>\d+(\.\d+)?)|(?=\d)((?P<h>\d+(\.\d+)?)h)?((?P<m>\d+(\.\d+)?)m)?((?P<s>\d+(\.\d+)?)s)?"
)


def parse_duration(text: str, where: str = "--time-budget") -> float:
    """The seconds of a duration such as "90", "90s", "12m", "1h30m" or "1.5h".

    Raises: SettingsError, naming the option `where`, if `text` is no time above zero.
    """
    match = _DURATION.fullmatch(text.strip().lower())
    seconds = 0.0
    if match is not None:
        units = (("bare", 1), ("s", 1), ("m", 60), ("h", 3600))
        seconds = sum(float(match[unit] or 0) * length for unit, length in units)
    if not 0 < seconds < math.inf:
        raise SettingsError(
            f"{where} must be a time above zero such as 90s, 12m or 1h30m, got {text!r}"
        )
    return seconds


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
