"""A search space on a terminal, and the findings of a dry run."""

from __future__ import annotations

import json
import math
from dataclasses import asdict

from rich.table import Table
from rich.text import Text

from autocnn.report.formatting import count
from autocnn.space.parameters import Between, Categorical, Condition, Fixed, OneOf, Parameter
from autocnn.space.space import SearchSpace
from autocnn.space.survey import QUANTILES, Survey


def render_space(space: SearchSpace) -> Table:
    """The parameters of `space` in the order in which they are drawn."""
    table = Table(title=Text(f"{space.name}: {space.description}"), title_justify="left")
    for title in ("parameter", "values", "when"):
        table.add_column(title)
    for name, parameter in space.parameters.items():
        when = ", ".join(_describe_condition(n, c) for n, c in parameter.when.items())
        table.add_row(Text(name), Text(describe_values(parameter)), Text(when))
    return table


def describe_explicit(space: SearchSpace) -> list[str]:
    """The explicit blocks and dense layers of a baseline, one a line."""
    return [str(part) for part in (*(space.blocks or ()), *(space.dense or ()))]


def describe_values(parameter: Parameter) -> str:
    """The values of a parameter in one line."""
    if isinstance(parameter, Fixed):
        return str(parameter.value)
    if isinstance(parameter, Categorical):
        return ", ".join(str(choice) for choice in parameter.choices)
    text = f"{parameter.low:g} to {parameter.high:g}"
    if parameter.log:
        return f"{text}, logarithmic"
    return text if parameter.step in (None, 1) else f"{text} in steps of {parameter.step:g}"


def _describe_condition(name: str, condition: Condition) -> str:
    if isinstance(condition, OneOf):
        values = ", ".join(str(value) for value in condition.values)
        return f"{name} = {values}"
    assert isinstance(condition, Between)
    if math.isinf(condition.high):
        return f"{name} ≥ {condition.low:g}"
    if math.isinf(condition.low):
        return f"{name} ≤ {condition.high:g}"
    return f"{name} from {condition.low:g} to {condition.high:g}"


def survey_json(space: SearchSpace, survey: Survey, image_shape: tuple[int, int, int]) -> str:
    """A dry run as one JSON object; "points" is null for a continuous space."""
    found = {**asdict(survey), "quantiles": QUANTILES}
    if math.isinf(survey.points):
        found["points"] = None
    return json.dumps({"space": space.name, "image_shape": image_shape, **found})


def describe_survey(
    space: SearchSpace, survey: Survey, image_shape: tuple[int, int, int]
) -> list[str]:
    """A dry run as lines: points, feasible share, quantiles of cost, one reason."""
    size = "×".join(str(side) for side in image_shape)
    points = "continuous" if math.isinf(survey.points) else f"{survey.points:,.0f} points"
    share = 100 * survey.feasible / survey.samples
    lines = [
        f"space {space.name} for images of {size}: {points}, "
        f"{share:.1f} % of {survey.samples:,} random samples are feasible",
    ]
    if survey.feasible:
        names = ["least" if q == 0 else "most" if q == 1 else f"{q:.0%}" for q in QUANTILES]
        lines.append("            " + "".join(f"{name:>10}" for name in names))
        for title, values in (("parameters", survey.parameters), ("MACs", survey.macs)):
            lines.append(f"{title:<12}" + "".join(f"{count(value):>10}" for value in values))
    if survey.reason:
        lines.append(f"an infeasible one: {survey.reason}")
    return lines
