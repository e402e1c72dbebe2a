"""What a training costs."""

from __future__ import annotations

import os


def cpu_seconds() -> float:
    """CPU seconds that this process has used, all its threads together."""
    times = os.times()
    return times.user + times.system
