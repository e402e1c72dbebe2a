"""Seeds that are reproducible, and independent for each purpose."""

from __future__ import annotations

import numpy as np


def derive_seed(*parts: int | str) -> int:
    """A 32-bit seed for `parts`, such as (study seed, trial number, "sample")."""
    entropy: list[int] = []
    for part in parts:
        entropy.extend(part.encode() if isinstance(part, str) else [part])
    return int(np.random.SeedSequence(entropy).generate_state(1)[0])
