"""`SearchOutcome`: what a search gave, and why it gave nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass

ROUNDED_S = 10  # seconds, to which a time that may be enough is rounded up


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOutcome:
    """The outcome of a search, as `autocnn search --json` prints it."""

    study: str
    state: str  # "finished", "interrupted" or "failed"
    trials: int  # on record
    complete: int  # trials in this state, as in the next three fields
    pruned: int
    stopped: int
    failed: int
    objective: str  # the name of what a score is
    val_best: float | None  # the validation score of the winner
    val_mean: float | None  # the mean over the seeds of the finals; None: it was not trained again
    test: float | None  # accuracy of the shipped file
    test_score: float | None  # score of the shipped file
    test_winner: float | None  # score of the winner's own weights on the test images
    gap: float | None  # the amount by which val_best is better than test_winner
    seconds: float  # wall, of all runs of the study together
    cpu_seconds: float  # of all runs together, and of the processes that joined them
    runs: int  # the first run, and each one that continued the study
    winner: int | None  # its number: of the finals, or without them of the best trial
    model: str | None  # path of the shipped file
    leaderboard: str  # path of its file
    causes: dict[str, int]  # failed trials by cause
    ending: str  # why the search ended, such as "trials" or "budget"
    least_seconds: float | None  # of a search that gives a network; None: there is one
    report: str | None = None  # path of the page about the study, if it was made


def describe_failure(outcome: SearchOutcome) -> str:
    """Why a search gave no network, and what to do."""
    if outcome.failed == 0 and outcome.ending == "budget":
        least_s = math.ceil((outcome.least_seconds or 0.0) / ROUNDED_S) * ROUNDED_S
        return (
            "the time was over before a network had a score; "
            f"--time-budget {least_s}s may be enough here"
        )
    causes = ", ".join(f"{n} {cause}" for cause, n in sorted(outcome.causes.items()))
    failed = f"{outcome.failed} failed{f': {causes}' if causes else ''}"
    return (
        f"none of {outcome.trials} trials gave a network ({failed}; "
        f"{outcome.pruned} pruned); see autocnn leaderboard {outcome.study}, or give more time"
    )
