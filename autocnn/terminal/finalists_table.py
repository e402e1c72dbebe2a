"""The finalists on a terminal: the scores with new seeds, by which the winner was chosen."""

from __future__ import annotations

from autocnn.objectives import Objective
from autocnn.records.finalists import Finalist
from autocnn.records.finals_file import Finals
from autocnn.report.formatting import count
from autocnn.terminal.tables import Column, FittedTable

SPARE = ("parameters", "seeds")  # columns that may be left out for want of width


def render_finalists(finals: Finals) -> FittedTable:
    """One row for each finalist, the winner first; all scores are of validation images."""
    objective, found = finals.scoring, finals.finalists
    n = max(len(each.retrainings) for each in found)
    seeds = "1 new seed" if n == 1 else f"{n} new seeds"
    return FittedTable(
        title=f"Finals: {objective.title} on validation with {seeds}, by which the winner is "
        "chosen; test images have no part in it",
        columns=[
            _numbers("trial", [str(each.trial) for each in found]),
            _numbers("mean ± sd", [mean_text(each, objective) for each in found]),
            _numbers("seeds", [_scores(each, objective) for each in found]),
            _numbers("in the search", [objective.text(each.val_best) for each in found]),
            _numbers("parameters", [count(each.parameters) for each in found]),
            Column(name="", cells=[_remark(each, i == 0) for i, each in enumerate(found)]),
        ],
        spare=SPARE,
    )


def mean_text(finalist: Finalist, objective: Objective) -> str:
    """The mean and the standard deviation over the seeds, such as "97.93 % ± 0.28"."""
    text, deviation = objective.text(finalist.mean), finalist.deviation
    if deviation is None:
        return text
    return f"{text} ± {objective.difference_text(deviation).removeprefix('+')}"


def _scores(finalist: Finalist, objective: Objective) -> str:
    texts = [objective.text(each.score) for each in finalist.retrainings]
    return " ".join(text.removesuffix(" %") for text in texts)


def _remark(finalist: Finalist, is_winner: bool) -> str:
    failed = f"{finalist.n_failed} failed" if finalist.n_failed else ""
    what = "winner" if is_winner else "tied: within the standard error" if finalist.is_tied else ""
    return ", ".join(part for part in (what, failed) if part)


def _numbers(name: str, cells: list[str]) -> Column:
    return Column(name=name, cells=cells, is_number=True)
