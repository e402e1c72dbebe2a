"""The confidence interval of a proportion. Keras is not imported."""

from __future__ import annotations

import math

Z_95 = 1.959963984540054  # two-sided 95 % quantile of the normal distribution


def wilson_interval(hits: float, n: int, z: float = Z_95) -> tuple[float, float]:
    """Lower and upper bound of the proportion that was estimated as `hits` of `n`.

    `hits` may be a fraction, if it is scaled down with `n`.
    Source: Wilson 1927; sound for small n and for proportions near 0 and 1.
    """
    p, zz = hits / n, z * z / n
    centre = (p + zz / 2) / (1 + zz)
    half = z / (1 + zz) * math.sqrt(p * (1 - p) / n + zz / (4 * n))
    return max(0.0, centre - half), min(1.0, centre + half)
