"""Why a search ends."""

from __future__ import annotations

from enum import StrEnum


class Ending(StrEnum):
    """Why a search ended."""

    TRIALS = "trials"  # as many as were asked for
    BUDGET = "budget"
    TARGET = "target"  # the score that was asked for
    FAILURES = "failures"  # so many in a row that nothing better is expected
    EXHAUSTED = "exhausted"  # nothing feasible is left to propose
    CLOSED = "closed"  # the process that began the study has ended its search
    INTERRUPTED = "interrupted"  # Ctrl-C


CUTS = (Ending.TARGET, Ending.FAILURES, Ending.CLOSED, Ending.INTERRUPTED)  # running trials too
