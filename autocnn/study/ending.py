"""Why a search ends."""

from __future__ import annotations

import math
from enum import StrEnum


class Ending(StrEnum):
    """Why a search ended."""

    TRIALS = "trials"  # the number of trials is reached
    BUDGET = "budget"
    TARGET = "target"  # a trial has reached the target score
    FAILURES = "failures"  # too many failed trials in a row
    EXHAUSTED = "exhausted"  # nothing feasible is left to propose
    CLOSED = "closed"  # the process that began the study has ended its search
    INTERRUPTED = "interrupted"  # Ctrl-C


CUTS = (Ending.TARGET, Ending.FAILURES, Ending.CLOSED, Ending.INTERRUPTED)  # running trials too


def exhausted_line(n_points: float, n_tried: int) -> str:
    """One line about a search that found nothing new to try.

    `n_points` counts the points of the space, infinite if it is continuous, and `n_tried` those
    that were drawn.
    """
    if n_tried >= n_points:
        if n_points == 1:
            return "the only point of the space was tried: the search ends"
        return f"all {n_points:,.0f} points of the space were tried: the search ends"
    of = f" of {n_points:,.0f}" if math.isfinite(n_points) else ""
    return (
        f"nothing new was found to try after {n_tried:,}{of} points of the space: the search ends; "
        "the last draws repeated trials, or can have no network"
    )
