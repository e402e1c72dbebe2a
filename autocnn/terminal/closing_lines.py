"""The last lines of a search: what was found, how sure that is, and where it lies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from autocnn.report.formatting import clock, percent


def describe_finals(finals: dict[str, Any]) -> list[str]:
    """The test scores, with the number of errors and a 95 % interval."""
    test, winner = finals["test"], finals["test_winner"]
    shipped = "refit on train + validation" if finals["refit"]["shipped"] else "validation weights"
    errors = f"{test['errors']} error{'' if test['errors'] == 1 else 's'}"
    views = finals.get("test_time_augmentation")
    augmented = (
        f"with test-time augmentation  {percent(views['accuracy'])}  (several views of every "
        "image, as published; not comparable with the scores of other networks)"
        if views
        else ""
    )
    lines = [
        f"test accuracy  {percent(test['accuracy'])}  ({errors} in {test['n']}; "
        f"95 % interval {percent(test['low'])} to {percent(test['high'])}; {shipped})",
        augmented,
        f"winner         trial {finals['winner']}: validation {percent(finals['val_best'])}, "
        f"its own weights on test {percent(winner['accuracy'])} "
        f"(gap {100 * finals['gap']:+.2f} points)",
    ]
    return [line for line in lines if line]


def describe_end(
    seconds: float, cpu_seconds: float, model: str | None, leaderboard: str, runs: int = 1
) -> list[str]:
    """Where the files lie, and what the study took: wall and CPU seconds of all its `runs`."""
    lines = [] if model is None else [f"model          {Path(model)}"]
    several = f" in {runs} runs" if runs > 1 else ""
    return [
        *lines,
        f"leaderboard    {Path(leaderboard)}",
        f"took           {clock(seconds)} ({cpu_seconds:.0f} CPU s){several}",
    ]
