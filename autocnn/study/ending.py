"""Why a search ends."""

from __future__ import annotations

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
