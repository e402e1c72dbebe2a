"""The last lines of a search: its result, the uncertainty of that, and the files."""

from __future__ import annotations

import shlex
from pathlib import Path

from autocnn.objectives import ACCURACY
from autocnn.records.finals_file import Finals, MeasuredScore
from autocnn.report.formatting import clock, percent
from autocnn.terminal.finalists_table import mean_text


def describe_finals(finals: Finals) -> list[str]:
    """The test scores of the finals, with the number of errors and a 95 % interval."""
    test, winner, views = finals.test, finals.test_winner, finals.test_time_augmentation
    shipped = "refit on train + validation" if finals.refit.shipped else "validation weights"
    errors = f"{test.errors} error{'' if test.errors == 1 else 's'}"
    augmented = (
        f"with test-time augmentation  accuracy {percent(views.accuracy)}  (several views of every "
        "image, as published; not comparable with the scores of other networks)"
        if views is not None
        else ""
    )
    objective = finals.scoring
    is_accuracy = objective.name == ACCURACY.name
    named = "" if is_accuracy else f"{objective.title} "
    lines = [
        f"test accuracy  {percent(test.accuracy)}  ({errors} in {_count_images(test)}; "
        f"95 % interval {percent(test.low)} to {percent(test.high)}; {shipped})",
        _describe_majority(test),
        "" if is_accuracy else f"test {objective.title}  {objective.text(test.objective_score)}",
        augmented,
        f"winner         trial {finals.winner}: validation {named}"
        f"{objective.text(finals.val_best)}, "
        f"its own weights on test {objective.text(winner.objective_score)} "
        f"(gap {objective.difference_text(finals.gap)}{objective.difference_unit})",
        _describe_choice(finals),
    ]
    return [line for line in lines if line]


def _describe_choice(finals: Finals) -> str:
    """One line on how the winner was chosen among finalists or tied trials, or ""."""
    if finals.smallest_from is not None:
        target = finals.scoring.text(finals.smallest_from)
        if finals.scoring.is_enough(finals.val_best):
            return f"               the smallest network that reaches {target} on validation"
        return f"               no trial reached {target} on validation; this is the best one"
    if finals.instead_of is not None:
        return (
            f"               instead of trial {finals.instead_of}, which has the best score and "
            "less to gain from a longer training"
        )
    if not finals.finalists:
        return ""
    chosen, tied = finals.finalists[0], [each for each in finals.finalists if each.is_tied]
    n, objective = len(chosen.scores), finals.scoring
    seeds = "a new seed" if n == 1 else f"{n} new seeds"
    line = f"               validation {mean_text(chosen, objective)} with {seeds}, "
    if len(finals.finalists) == 1:
        return f"{line}the only finalist"
    if not tied:
        return f"{line}the best of {len(finals.finalists)} finalists"
    numbers = ", ".join(str(each.trial) for each in tied)
    return (
        f"{line}the best of {len(finals.finalists)} finalists; not shown to be better than "
        f"{'trial' if len(tied) == 1 else 'trials'} {numbers}"
    )


def _describe_majority(test: MeasuredScore) -> str:
    """One line if the network may be no better than always answering one class, or ""."""
    if test.majority is None or not test.may_be_blind:
        return ""
    return (
        "               not shown to be better than always answering the most common class "
        f"({percent(test.majority)}): try a longer --time-budget, more images, "
        "--objective balanced_accuracy"
    )


def _count_images(test: MeasuredScore) -> str:
    """The number of test images, and of different ones if some are copies."""
    if test.n_different in (None, test.n):
        return str(test.n)
    return f"{test.n}, {test.n_different} of them different"


def describe_next(study: str, results: str, *, has_report: bool = False) -> list[str]:
    """The commands that come next, once a study has a model; `results` is its folder's folder."""
    where = "" if results == "results" else f" --results {shlex.quote(results)}"
    name = f"{shlex.quote(study)}{where}"
    commands = ["" if has_report else f"report {name}", f"predict {name} IMAGE"]
    commands += [f"ablate {name}", f"export {name} -o FILE"]
    heads = ("next", *("" for _ in commands))
    shown = (command for command in commands if command)
    return [f"{head:<15}autocnn {command}" for head, command in zip(heads, shown, strict=False)]


def describe_end(
    seconds: float,
    cpu_seconds: float,
    model: str | None,
    leaderboard: str,
    runs: int = 1,
    report: str | None = None,
) -> list[str]:
    """The paths of the files, and the wall and CPU seconds of all `runs` of the study."""
    lines = [] if model is None else [f"model          {Path(model)}"]
    several = f" in {runs} runs" if runs > 1 else ""
    page = [] if report is None else [f"report         {Path(report)}"]
    return [
        *lines,
        *page,
        f"leaderboard    {Path(leaderboard)}",
        f"took           {clock(seconds)} ({cpu_seconds:.0f} CPU s){several}",
    ]
