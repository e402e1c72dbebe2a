"""What the report of a study says: its headline, sentences and tables, as plain texts.

Everything here is computed from the record; nothing is escaped, which is the work of the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from autocnn.objectives import Objective
from autocnn.records.cost import StudyCost
from autocnn.records.facts import Facts
from autocnn.records.finals_file import Confusion, Finals
from autocnn.records.trial_record import TrialRecord
from autocnn.report.data_sheet import DataSheet
from autocnn.report.formatting import clock, count, percent
from autocnn.report.layer_table import LayerRow, Stage
from autocnn.report.page_table import Cell, Table
from autocnn.report.winner_look import WinnerLook
from autocnn.states import TrialState
from autocnn.trial import PROMOTED_ORIGIN, RECIPE_ORIGIN, WARM_ORIGIN

MOST_ROWS = 2_000  # of the leaderboard on the page: the best ones


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyReport:
    """All that the page of one study shows, but its figures."""

    name: str
    dataset: str
    objective: Objective
    records: Sequence[TrialRecord]  # in rank order
    winner: TrialRecord | None
    facts: Facts | None
    finals: Finals | None
    cost: StudyCost
    model_bytes: int = 0  # of the shipped file; 0: there is none
    error: float | None = None  # one standard error of the best score, as a fraction
    confusion: Confusion | None = None
    layers: Sequence[LayerRow] = ()
    leaderboard: Table = field(default_factory=lambda: Table(titles=(), rows=()))
    ablations: Mapping[str, Table] = field(default_factory=dict)  # by the name of their study
    manifest: Mapping[str, Any] = field(default_factory=dict)
    commands: Sequence[str] = ()
    stages: Sequence[Stage] = ()  # of the winner's network
    look: WinnerLook | None = None  # at the winner's answers for validation images
    data: DataSheet | None = None
    missing: str = ""  # why there is no look, or no data sheet


def headline(report: StudyReport) -> list[tuple[str, str]]:
    """The large figures of the page: pairs of a value and what it is."""
    finals, winner = report.finals, report.winner
    found: list[tuple[str, str]] = []
    if finals is not None:
        test = finals.test
        interval = f"95 % interval {percent(test.low)} to {percent(test.high)}"
        found.append((percent(test.accuracy), f"test accuracy; {interval}, {test.n:,} images"))
    if report.model_bytes:
        found.append((f"{report.model_bytes / 1000:,.0f} kB", "size of the model's file"))
    if winner is not None:
        best = f"validation {report.objective.title} of trial {winner.number}, the winner"
        found.append((report.objective.text(winner.score), best))
        found.append((count(winner.parameters), "parameters"))
        found.append((count(winner.macs), "multiply-accumulates an image"))
    found.append((f"{len(report.records)}", "trials"))
    cost = report.cost
    if cost.seconds:
        found.append((clock(cost.seconds), f"wall time; {cost.cpu_seconds:,.0f} CPU seconds"))
    return found


def cost_facts(report: StudyReport) -> list[tuple[str, str]]:
    """What the study has cost: pairs of a name and a value; none if nothing is on record."""
    cost = report.cost
    if not cost.seconds:
        return []
    runs = "1 run" if cost.runs == 1 else f"{cost.runs} runs"
    found = [("wall time", f"{clock(cost.seconds)} in {runs}")]
    hours = cost.cpu_seconds / 3600
    found.append(("CPU time", f"{cost.cpu_seconds:,.0f} seconds ({hours:,.2f} CPU hours)"))
    epochs = sum(len(r.result.curve) for r in report.records if r.result is not None)
    found.append(("trained", f"{epochs:,} epochs in {_count_trials(len(report.records))}"))
    return found


def _count_trials(n: int) -> str:
    return "1 trial" if n == 1 else f"{n:,} trials"


def sentences(report: StudyReport) -> list[str]:
    """What was tried, what won, and what the scores say of that; a sentence or two each."""
    winner = report.winner
    if winner is None:
        return [_tried(report), "No trial ended with a score, so there is no winner."]
    found = [_tried(report), _won(report, winner)]
    if report.objective.is_enough(winner.score):
        found.append(_smallest(report, winner))
    else:
        found += [*_doubt(report, winner), *_recipes(report, winner)]
    if report.finals is not None:
        found += _tested(report, report.finals)
    else:
        found.append("The winner has not been refitted and tested yet.")
    return [sentence for sentence in found if sentence]


def _tried(report: StudyReport) -> str:
    states = [record.state for record in report.records]
    parts = [f"{states.count(state)} {state}" for state in TrialState if state in states]
    facts = report.facts
    how = "" if facts is None else f" Configurations were drawn by {facts.proposer}."
    schedule = ""
    if facts is not None and facts.horizon:
        folds = f", for each of {facts.folds} folds" if facts.folds > 1 else ""
        epochs = "1 epoch" if facts.horizon == 1 else f"{facts.horizon} epochs"
        schedule = f" A trial has {epochs} at most{folds}."
    return f"{_trials(len(states))} on {report.dataset}: {', '.join(parts)}.{how}{schedule}"


def _trials(n: int) -> str:
    return "1 trial was trained" if n == 1 else f"{n} trials were trained"


def _won(report: StudyReport, winner: TrialRecord) -> str:
    return (
        f"The winner is trial {winner.number}, {describe_origin(winner.origin)}: "
        f"{report.objective.text(winner.score)} on {_images(report)}validation images."
    )


def _images(report: StudyReport) -> str:
    facts = report.facts
    return f"{facts.n_validation:,} " if facts is not None and facts.n_validation else ""


def describe_origin(origin: str) -> str:
    """Where a configuration comes from, in words."""
    for prefix, words in (
        (RECIPE_ORIGIN, "the recipe {}"),
        (WARM_ORIGIN, "from the earlier study {}"),
        (PROMOTED_ORIGIN, "trial {} once more, with a longer schedule"),
    ):
        if origin.startswith(prefix):
            return words.format(origin.removeprefix(prefix))
    return f"drawn by {origin}"


def _smallest(report: StudyReport, winner: TrialRecord) -> str:
    """Why the winner of a search for the smallest network has won."""
    objective = report.objective
    reaching = sum(objective.is_enough(record.score) for record in _ranked(report))
    target, size = objective.text(objective.smallest_from), count(winner.parameters)
    if reaching == 1:
        return f"It is the only trial that reaches {target}; its network has {size} parameters."
    return f"Of the {reaching} trials that reach {target} it has the fewest parameters, {size}."


def _doubt(report: StudyReport, winner: TrialRecord) -> Iterator[str]:
    """How many others could as well have won."""
    if report.error is None or winner.score is None:
        return
    objective, error = report.objective, report.error
    tied = [r for r in _ranked(report) if _is_tied(objective, winner.score, r, error)]
    others = [record for record in tied if record.number != winner.number]
    size = objective.difference_text(error).lstrip("+")
    if others:
        which = ", ".join(str(record.number) for record in others[:12])
        which += f" and {len(others) - 12} more" if len(others) > 12 else ""
        what = f"trial {which} is" if len(others) == 1 else f"trials {which} are"
        yield (
            f"One standard error of that score is {size}{objective.difference_unit}: {what} within "
            "it, and their order is mostly chance."
        )
    else:
        yield (
            f"One standard error of that score is {size}{objective.difference_unit}, and no other "
            "trial is within it."
        )


def _ranked(report: StudyReport) -> list[TrialRecord]:
    ended = (TrialState.COMPLETE, TrialState.STOPPED)
    return [r for r in report.records if r.state in ended and r.score is not None]


def _is_tied(objective: Objective, best: float, record: TrialRecord, error: float) -> bool:
    return record.score is not None and objective.advantage(best, record.score) <= error


def _recipes(report: StudyReport, winner: TrialRecord) -> Iterator[str]:
    """Whether the search found something better than the recipes that came first."""
    recipes = [r for r in _ranked(report) if r.origin.startswith(RECIPE_ORIGIN)]
    drawn = [r for r in _ranked(report) if not r.origin.startswith(RECIPE_ORIGIN)]
    if not recipes or not drawn or winner.score is None:
        return
    objective, unit = report.objective, report.objective.difference_unit
    if winner.origin.startswith(RECIPE_ORIGIN):
        gap = objective.advantage(winner.score, drawn[0].score or 0.0)
        yield (
            f"The best of {len(drawn)} drawn configurations, trial {drawn[0].number}, is "
            f"{objective.difference_text(gap).lstrip('+')}{unit} behind this recipe."
        )
    else:
        gap = objective.advantage(winner.score, recipes[0].score or 0.0)
        yield (
            f"It is {objective.difference_text(gap).lstrip('+')}{unit} better than the best "
            f"recipe, trial {recipes[0].number}."
        )


def _tested(report: StudyReport, finals: Finals) -> Iterator[str]:
    refit, objective = finals.refit, report.objective
    if refit.shipped:
        epochs = "1 epoch" if refit.epochs == 1 else f"{refit.epochs} epochs"
        yield (
            f"It was trained once more on the training and the validation images together, for "
            f"{epochs}; these weights are shipped."
        )
    else:
        yield f"The weights of the trial itself are shipped: {refit.refusal}."
    if finals.instead_of is not None:
        yield (
            f"Trial {finals.instead_of} had the best score, but its lead on its own training "
            "images is larger, so that a longer training was expected to improve it less."
        )
    test = finals.test
    errors = "1 error" if test.errors == 1 else f"{test.errors:,} errors"
    yield (
        f"The test images were read once, after all choices: {errors} in {test.n:,} images. The "
        f"trial's own weights have {objective.text(finals.test_winner.objective_score)} on them; "
        f"the validation score by which the trial was chosen differs from that by "
        f"{objective.difference_text(finals.gap)}{objective.difference_unit} (its optimism)."
    )
    if test.may_be_blind:
        yield (
            f"Always answering the most common class would have {percent(test.majority)}: the "
            "network is not shown to be better."
        )


def settings_table(report: StudyReport) -> Table:
    """The winner's value of every parameter, and those that the other trials had."""
    if report.winner is None:
        return Table(titles=(), rows=())
    rows: list[list[Cell]] = []
    for name, value in report.winner.values.items():
        others = {_short(r.values[name]) for r in report.records if name in r.values}
        tried = "one value" if len(others) == 1 else f"{len(others)} values"
        rows.append([name, _short(value), tried])
    return Table(titles=("parameter", "winner", "tried"), rows=rows)


def _short(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def class_table(confusion: Confusion) -> Table:
    """Precision, recall and F1 of every class, of the shipped model on the test images."""
    counts = confusion.counts
    rows: list[list[Cell]] = []
    for i, name in enumerate(confusion.classes):
        hits, n_true = counts[i][i], sum(counts[i])
        n_predicted = sum(row[i] for row in counts)
        precision = hits / n_predicted if n_predicted else None
        recall = hits / n_true if n_true else None
        f1 = 2 * hits / (n_true + n_predicted) if n_true + n_predicted else None
        rows.append([name, n_true, precision, recall, f1])
    return Table(titles=("class", "images", "precision", "recall", "F1"), rows=rows)
