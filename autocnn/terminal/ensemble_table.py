"""An ensemble on a terminal: its members, what it gains, how sure that is, and what it costs."""

from __future__ import annotations

from autocnn.models.ensemble_report import EnsembleOutcome
from autocnn.models.selection import HALVINGS, Gain
from autocnn.models.views import PLAIN
from autocnn.report.formatting import count
from autocnn.terminal.tables import Column, FittedTable

SPARE = ("MACs", "parameters", "loss")  # columns that may be left out for want of width


def render_members(outcome: EnsembleOutcome) -> FittedTable:
    """One row a member, the largest weight first; scores are of the validation images."""
    members, objective = outcome.members, outcome.objective
    viewed = "" if outcome.views == PLAIN else f" with {outcome.views} views"
    cells = {
        "trial": [str(each.trial) for each in members],
        "weight": [f"{each.weight:.2f}" for each in members],
        f"{objective.title} alone": [objective.text(each.alone.score) for each in members],
        "loss": [f"{each.alone.loss:.4f}" for each in members],
        "parameters": [count(each.parameters) for each in members],
        "MACs": [count(each.macs) for each in members],
    }
    n = len(members)
    title = (
        f"{outcome.study}: an ensemble of {n} of {outcome.candidates} "
        f"network{'' if outcome.candidates == 1 else 's'}, chosen on {outcome.n:,} validation "
        f"images{viewed}"
    )
    return FittedTable(
        title=title,
        columns=[Column(name=name, cells=cell, is_number=True) for name, cell in cells.items()],
        spare=SPARE,
    )


def describe_ensemble(outcome: EnsembleOutcome) -> list[str]:
    """Lines on the best network alone, the ensemble, its gain, the views and the cost."""
    objective, together, best = outcome.objective, outcome.together, outcome.best
    gain = objective.advantage(together.score, best.alone.score)
    shown = f"{objective.difference_text(gain)}{objective.difference_unit}"
    several = len(outcome.members) > 1
    lines = [
        f"best alone     {objective.text(best.alone.score)}, loss {best.alone.loss:.4f} "
        f"(trial {best.trial})",
        f"ensemble       {objective.text(together.score)}, loss {together.loss:.4f} ({shown}, too "
        "good: of the images by which it was chosen)",
        *_cross_fitted(outcome),
        _views_line(outcome),
        f"cost           {_cost(outcome)}",
        "" if several else f"one network is all: no mean has a lower loss than trial {best.trial}",
    ]
    return [line for line in lines if line]


def _cross_fitted(outcome: EnsembleOutcome) -> list[str]:
    """The gain on images by which nothing was chosen; an accuracy unless the loss is the score."""
    found, is_fraction = outcome.cross_fit, outcome.objective.is_fraction
    texts = [_in_points(found.accuracy), _in_loss(found.loss)]
    main = found.accuracy if is_fraction else found.loss
    viewed = "" if outcome.views == PLAIN else ", with the same views"
    verdict = "" if main.interval[0] > 0 else "; not shown to be better than one network"
    return [
        f"cross-fitted   {'; '.join(texts if is_fraction else texts[::-1])}{verdict}",
        f"               (chosen on one half of the images, scored on the other, in {HALVINGS} "
        f"halvings; beside the best network of the same half{viewed})",
    ]


def _in_points(gain: Gain) -> str:
    low, high = gain.interval
    return (
        f"accuracy {100 * gain.mean:+.2f} points, 95 % interval {100 * low:+.2f} to "
        f"{100 * high:+.2f}"
    )


def _in_loss(gain: Gain) -> str:
    low, high = gain.interval
    least, mean, most = (0.0 - value for value in (high, gain.mean, low))  # and no -0.0000
    return f"loss {mean:+.4f}, {least:+.4f} to {most:+.4f}"


def _views_line(outcome: EnsembleOutcome) -> str:
    """The score of the same members with and without views; "" if there are none."""
    without, objective = outcome.without_views, outcome.objective
    if without is None:
        return ""
    better = objective.is_better(outcome.together.score, without.score)
    why = (
        "" if outcome.knows_mirrored else ("; not every member was trained on mirrored images, too")
    )
    advice = "" if better else "; the views are no gain here: leave --views out"
    return (
        f"views          {objective.text(outcome.together.score)} with {outcome.views}, "
        f"{objective.text(without.score)} without{why}{advice}"
    )


def _cost(outcome: EnsembleOutcome) -> str:
    """Parameters and MACs, also as multiples of those of the best network."""
    best = outcome.best
    return (
        f"{count(outcome.parameters)} parameters ({outcome.parameters / best.parameters:.1f} times "
        f"those of trial {best.trial}), {count(outcome.macs)} MACs an image "
        f"({outcome.macs / best.macs:.1f} times)"
    )
