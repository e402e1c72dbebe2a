"""Numbers and times as short text."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"


def percent(value: float | None) -> str:
    """A fraction such as 0.92345 as "92.35 %"; None as a dash."""
    return "–" if value is None else f"{100 * value:.2f} %"


def count(value: float) -> str:
    """A count such as 7300000 as "7.3 M"."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= 0.99995 * limit:  # smaller values would be rounded up to 1000.0
            return f"{value / limit:.1f} {unit}"
    return f"{value:.0f}"


def clock(seconds: float) -> str:
    """Seconds as "1:02:03" or "4:05"."""
    whole = int(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    tail = f"{minutes:02d}:{whole % 60:02d}"
    return f"{hours}:{tail}" if hours else f"{minutes}:{whole % 60:02d}"


def sparkline(values: Sequence[float], most: int = 16) -> str:
    """One bar for each value, scaled from the smallest to the largest; at most `most` bars.

    Of more values, evenly spread ones get a bar, the last one always.
    """
    if not values:
        return ""
    if len(values) > most:
        values = [values[(i + 1) * len(values) // most - 1] for i in range(most)]
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    return "".join(BARS[round((value - low) / span * (len(BARS) - 1))] for value in values)


STABLE_TRIALS = 50  # below this number one more trial can reorder the importances


def first_hint(n_trials: int) -> list[str]:
    """A warning about importances from few trials; empty for many trials."""
    if n_trials >= STABLE_TRIALS:
        return []
    return [f"With fewer than {STABLE_TRIALS} complete trials this is a first hint."]


def find_fence(values: Sequence[float]) -> float:
    """The value below which one is far below the others.

    It is the lower quartile less 1.5 times the distance of the quartiles (Tukey's fence); minus
    infinity for three values or fewer.
    """
    if len(values) <= 3:
        return -math.inf
    lower, _, upper = statistics.quantiles(values, n=4, method="inclusive")
    return lower - 1.5 * (upper - lower)
