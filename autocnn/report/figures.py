"""The data of figures: trials as an Optuna study in memory, and importances of parameters.

Scores are in the unit of the objective's axis, percent for a fraction, so that every library
prints them in the same form.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
)
from optuna.exceptions import ExperimentalWarning
from optuna.trial import FrozenTrial, create_trial
from optuna.trial import TrialState as OptunaState

from autocnn.errors import SettingsError, StudyError, did_you_mean
from autocnn.leaderboard.ranking import rank_trials
from autocnn.objectives import ACCURACY, Objective
from autocnn.records.distributions import to_distribution
from autocnn.records.goals import COSTS, DEFAULT_COSTS
from autocnn.records.trial_record import TrialRecord
from autocnn.report.formatting import find_fence, first_hint
from autocnn.space.parameters import Categorical, Fixed, Parameter, Value
from autocnn.space.space import SearchSpace
from autocnn.trial import TrialState

LEAST_TRIALS = 10  # for importances: the best tenth of fewer trials is less than one trial
SHOWN_PARAMETERS = 8  # of figures with an axis for each parameter
MARGIN = 0.05  # of the range of an axis, beyond the first and the last score
MOST_COSTS = 2  # of a figure of goals: it has three axes at most
COLOURED_CURVES = 9  # the curves of the best trials; all others are grey
TITLES = {
    "history": "validation {score} by trial",
    "curves": "learning curves",
    "importance": "importance of parameters, from {n} complete trials",
    "parallel": "parameters and validation {score}",
    "slice": "validation {score} by parameter",
    "pareto": "trials that no other one beats in {score} and cost",
}
IN_COMMON = "What the best trials have in common, not what a change would do."
_STATES = {
    TrialState.COMPLETE: OptunaState.COMPLETE,
    TrialState.STOPPED: OptunaState.COMPLETE,
    TrialState.PRUNED: OptunaState.PRUNED,
    TrialState.FAILED: OptunaState.FAIL,
}

Escape = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyData:
    """The study that figures are drawn from."""

    name: str
    space: SearchSpace
    records: Sequence[TrialRecord]
    objective: Objective = ACCURACY
    costs: Sequence[str] = ()  # of a network, that are goals besides the score

    @property
    def drawn_costs(self) -> Sequence[str]:
        """The costs that a figure of goals has axes for: two at most; without any the size."""
        return (self.costs or DEFAULT_COSTS)[:MOST_COSTS]

    @property
    def priced(self) -> list[TrialRecord]:
        """The scored trials of which the costs are known."""
        costs = [COSTS[name] for name in self.drawn_costs]
        return [r for r in self.scored if all(cost.of(r) is not None for cost in costs)]

    @property
    def scored(self) -> list[TrialRecord]:
        """The complete and stopped trials with a finite score."""
        return scored_trials(self.records)

    @property
    def drawn(self) -> StudyData:
        """The same study without its promoted trials, whose scores are of a longer schedule."""
        return replace(self, records=[r for r in self.records if r.promoted_from is None])


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """One figure of one study."""

    kind: str  # a key of TITLES
    data: StudyData
    params: Sequence[str] = ()  # the parameters that parallel and slice show

    @property
    def shown(self) -> StudyData:
        """The trials of the figure: one that compares values leaves out promoted trials."""
        return self.data if self.kind in ("history", "curves") else self.data.drawn

    @property
    def title(self) -> str:
        """The study's name and the subject of the figure."""
        score = self.data.objective.title
        text = TITLES[self.kind].format(n=len(self.shown.scored), score=score)
        return f"{self.data.name}: {text}"

    @property
    def score_label(self) -> str:
        """The label of an axis of scores."""
        return self.data.objective.axis

    @property
    def notes(self) -> list[str]:
        """The lines below the title, which warn of wrong conclusions."""
        if self.kind != "importance":
            return []
        return [IN_COMMON, *first_hint(len(self.shown.scored))]

    @property
    def pruned(self) -> dict[int, float]:
        """The best scores of pruned trials until then, by number, in the unit of the axis."""
        objective = self.data.objective
        return {
            r.number: objective.axis_value(r.score)
            for r in sorted(self.data.records, key=lambda record: record.number)
            if r.state is TrialState.PRUNED and r.score is not None and math.isfinite(r.score)
        }

    @property
    def window(self) -> tuple[float, float] | None:
        """The ends of the axis of scores, of a history or of curves; None if there is no score.

        Scores that are far worse than the others are outside: they would flatten the differences.
        """
        objective = self.data.objective
        if self.kind == "curves":
            curves = [_curve(record, objective) for record in self.data.records]
            values = [value for curve in curves for value in curve.values()]
        else:
            values = [objective.axis_value(r.score or 0.0) for r in self.data.scored]
            values += self.pruned.values()
        if not values:
            return None
        sign = 1.0 if objective.maximize else -1.0
        merits = [sign * value for value in values]
        fence, high = find_fence(merits), max(merits)
        low = min(merit for merit in merits if merit >= fence)
        margin = MARGIN * (high - low or abs(high) or 1.0)
        first, last = sorted((sign * (low - margin), sign * (high + margin)))
        return first, last

    @property
    def best_trials(self) -> dict[int, str]:
        """The labels of the trials with coloured curves by number, the best trial first."""
        ranked = rank_trials(self.data.records, self.data.objective)
        drawn = (r for r in ranked if r.state is not TrialState.FAILED)
        best = [r for r in drawn if r.score is not None and math.isfinite(r.score)]
        return {
            r.number: f"trial {r.number}: {self.data.objective.text(r.score)}"
            + ("" if r.state is TrialState.COMPLETE else f", {r.state}")
            for r in best[:COLOURED_CURVES]
        }


def draw_plot(library: Any, plot: Plot, escape: Escape) -> Any:
    """The figure of `plot`, drawn by `library`: one of Optuna's two visualization modules.

    Raises: StudyError if the trials give no importances.
    """
    score = plot.score_label
    if plot.kind == "pareto":
        names = [*(COSTS[name].title for name in plot.data.drawn_costs), score]
        return library.plot_pareto_front(build_goals(plot.shown), target_names=names)
    study = build_study(plot.shown, escape)
    params = [escape(name) for name in plot.params]
    match plot.kind:
        case "history":
            return library.plot_optimization_history(study, target_name=score)
        case "curves":
            return library.plot_intermediate_values(study)
        case "importance":
            names = [escape(name) for name in importances(plot.data)]
            return library.plot_param_importances(study, params=names, target_name=score)
        case "parallel":
            return library.plot_parallel_coordinate(study, params=params, target_name=score)
        case _:
            return library.plot_slice(study, params=params, target_name=score)


def scored_trials(records: Iterable[TrialRecord]) -> list[TrialRecord]:
    """The complete and stopped trials among `records` that have a finite score."""
    ended = (r for r in records if _STATES.get(r.state) is OptunaState.COMPLETE)
    return [r for r in ended if r.score is not None and math.isfinite(r.score)]


# the study


def build_study(data: StudyData, escape: Escape = str) -> optuna.Study:
    """The trials that have ended as a study in memory, each under its own number.

    Intermediate values are the raw curve; its first step is epoch 1. `escape` is applied to the
    names of parameters and to choices that are texts.
    """
    study = optuna.create_study(direction=data.objective.direction)
    ended = {r.number: r for r in data.records if r.state in _STATES}
    gap = create_trial(state=OptunaState.FAIL)  # for missing numbers: Optuna counts without gaps
    for number in range(max(ended, default=-1) + 1):
        record = ended.get(number)
        study.add_trial(gap if record is None else _trial(record, data, escape))
    return study


def build_goals(data: StudyData) -> optuna.Study:
    """The trials whose costs are known as a study with values for the costs and the score."""
    costs = [COSTS[name] for name in data.drawn_costs]
    lower: list[Literal["minimize", "maximize"]] = ["minimize"] * len(costs)
    study = optuna.create_study(directions=[*lower, data.objective.direction])
    known = {record.number: record for record in data.priced}
    for number in range(max(known, default=-1) + 1):
        record = known.get(number)
        if record is None:  # Optuna counts without gaps
            study.add_trial(create_trial(state=OptunaState.FAIL))
            continue
        prices = [float(cost.of(record) or 0.0) for cost in costs]
        score = data.objective.axis_value(record.score or 0.0)
        study.add_trial(create_trial(state=OptunaState.COMPLETE, values=[*prices, score]))
    return study


def _trial(record: TrialRecord, data: StudyData, escape: Escape) -> FrozenTrial:
    active = [
        (name, parameter)
        for name, parameter in data.space.varying()
        if name in record.values and parameter.contains(record.values[name])
    ]
    score = record.score if scored_trials([record]) else None
    state = _STATES[record.state]
    return create_trial(
        state=OptunaState.FAIL if state is OptunaState.COMPLETE and score is None else state,
        value=None if score is None else data.objective.axis_value(score),
        params={escape(name): _escaped(record.values[name], escape) for name, _ in active},
        distributions={escape(name): _distribution(p, escape) for name, p in active},
        intermediate_values=_curve(record, data.objective),
    )


def _curve(record: TrialRecord, objective: Objective) -> dict[int, float]:
    """The score by epoch, in the unit of the objective's axis."""
    epochs = () if record.result is None else record.result.curve
    return {
        number: objective.axis_value(epoch.score)
        for number, epoch in enumerate(epochs, start=1)
        if math.isfinite(epoch.score)
    }


def _distribution(parameter: Parameter, escape: Escape) -> BaseDistribution:
    """The distribution of a parameter in Optuna, with escaped choices."""
    if isinstance(parameter, Categorical):
        return CategoricalDistribution([_escaped(c, escape) for c in parameter.choices])
    if isinstance(parameter, Fixed):
        return CategoricalDistribution([_escaped(parameter.value, escape)])
    return to_distribution(parameter)


def _escaped(value: Value, escape: Escape) -> Value:
    return escape(value) if isinstance(value, str) else value


# the importance of its parameters


def importances(data: StudyData) -> dict[str, float]:
    """Each parameter's share in reaching the best scores, by Optuna's default; largest first.

    Parameters with one value in all complete trials are left out.

    Raises: StudyError if the trials are too few or too much alike.
    """
    data = data.drawn
    obstacle = _obstacle(data)
    if obstacle is not None:
        raise StudyError(f"study {data.name}: the importance of parameters {obstacle}")
    names = varied_parameters(data)
    with quiet_optuna():
        shares = optuna.importance.get_param_importances(build_study(data), params=names)
    return {name: float(shares[name]) for name in sorted(names, key=lambda name: -shares[name])}


def choose_parameters(data: StudyData, wanted: Sequence[str] | None = None) -> list[str]:
    """The parameters of a figure: those wanted, else the most important, else the first ones.

    Raises: SettingsError for a parameter that no complete trial has; StudyError if there is none.
    """
    data = data.drawn
    known = [name for name, values in _values(data) if values]
    if not known:
        raise StudyError(f"study {data.name}: no complete trial has a parameter that varies")
    if wanted is None:
        first = varied_parameters(data) or known
        return (first if _obstacle(data) else list(importances(data)))[:SHOWN_PARAMETERS]
    for name in wanted:
        if name not in known:
            raise SettingsError(
                f"--params: no parameter {name!r} varies in study {data.name}; "
                f"{did_you_mean(name, known)}known: {', '.join(known)}"
            )
    return list(dict.fromkeys(wanted))


def varied_parameters(data: StudyData) -> list[str]:
    """The parameters with two values or more in the complete trials, in the space's order."""
    return [name for name, values in _values(data) if len(values) > 1]


def _values(data: StudyData) -> Iterator[tuple[str, set[str]]]:
    """Each parameter that is not fixed, with the values that complete trials have."""
    scored = data.scored
    for name, _ in data.space.varying():
        yield name, {repr(r.values[name]) for r in scored if name in r.values}


def _obstacle(data: StudyData) -> str | None:
    """The reason why there are no importances, or None."""
    scored = data.scored
    if len(scored) < LEAST_TRIALS:
        count = {0: "is none", 1: "is 1"}.get(len(scored), f"are {len(scored)}")
        return (
            f"needs at least {LEAST_TRIALS} complete trials, and there {count}; "
            "`autocnn ablate` works with one"
        )
    if not varied_parameters(data):
        return f"needs some that vary, and all {len(scored)} complete trials have the same values"
    if len({record.score for record in scored}) == 1:
        return f"needs scores that differ, and all {len(scored)} complete trials have the same"
    return None


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Suppress Optuna's warnings about experimental figures and about few trials."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        warnings.simplefilter("ignore", UserWarning)
        yield
