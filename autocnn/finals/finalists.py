"""The finalists: the configurations that are trained again, and the choice among them.

All scores here are validation scores: the test split has no part in the choice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from autocnn.leaderboard.ranking import rank_trials
from autocnn.objectives import Objective, can_win, score_key
from autocnn.records.finalists import Finalist, Retraining
from autocnn.records.study_settings import StudySettings
from autocnn.records.trial_record import TrialRecord

AUTO_FINALISTS = 3  # at most, if the number is left to autocnn
AUTO_PLANS = ((3, 3), (2, 3), (3, 2), (2, 2))  # configurations and seeds, the best plan first
MARGIN = 1.1  # times the seconds of a trial: its configuration is trained again


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalsPlan:
    """Which trials are trained again, and with how many seeds; no seed: none is."""

    trials: tuple[TrialRecord, ...]  # the best first
    n_seeds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What bounds the finals."""

    objective: Objective
    class_sizes: Sequence[int]  # validation images by class
    seconds: float | None  # for retrainings; None: no time budget
    capacity: int = 1  # jobs at once


def plan_finals(settings: StudySettings, records: Iterable[TrialRecord], room: Room) -> FinalsPlan:
    """The plan that the settings ask for, or one of AUTO_PLANS that fits the time left.

    Unless the settings ask for it, nothing is trained again without a time budget, or if trials are
    ranked by size: scores that are alike are no tie then.
    """
    best = best_configurations(records, room.objective)
    if settings.asked_finals is not None:
        n_finalists, n_seeds = settings.asked_finals
        return FinalsPlan(trials=tuple(best[:n_finalists]), n_seeds=n_seeds)
    if room.objective.smallest_from is not None:
        return FinalsPlan(trials=tuple(best[:1]))
    close = [each for each in best[:AUTO_FINALISTS] if _is_close(best[0], each, room)]
    for n_finalists, n_seeds in AUTO_PLANS:
        trials = tuple(close[:n_finalists])
        needed = n_seeds * round_seconds(trials, room.capacity)
        if len(trials) == n_finalists and room.seconds is not None and needed <= room.seconds:
            return FinalsPlan(trials=trials, n_seeds=n_seeds)
    return FinalsPlan(trials=tuple(best[:1]))


def describe_plan(plan: FinalsPlan, *, is_asked: bool) -> str:
    """One line on what is trained again, before it is."""
    n, seeds = len(plan.trials), "1 seed" if plan.n_seeds == 1 else f"{plan.n_seeds} seeds"
    listed = ", ".join(str(record.number) for record in plan.trials)
    which = f"trial {listed} is" if n == 1 else f"trials {listed} are"
    why = "" if is_asked else "; --finals 1 leaves that out"
    return f"finals: {which} trained again with {seeds}, to be compared on validation{why}"


def best_configurations(records: Iterable[TrialRecord], objective: Objective) -> list[TrialRecord]:
    """The trials that can win, the best first, each configuration once."""
    ranked = [each for each in rank_trials(records, objective) if can_win(objective, each)]
    first = {each.config: each.number for each in reversed(ranked)}  # the best one of each stays
    return [each for each in ranked if first[each.config] == each.number]


def _is_close(best: TrialRecord, other: TrialRecord, room: Room) -> bool:
    """True if the score of `other` is within one standard error of the best one's."""
    assert best.score is not None
    assert other.score is not None
    error = room.objective.error(best.score, room.class_sizes)
    return room.objective.advantage(best.score, other.score) <= error


def round_seconds(trials: Sequence[TrialRecord], capacity: int) -> float:
    """Predicted wall seconds in which each of `trials` is trained again with one seed."""
    seconds = [MARGIN * record.result.curve[-1].seconds for record in trials if record.result]
    return max(max(seconds, default=0.0), sum(seconds) / capacity)


def judge_finalists(
    trials: Sequence[TrialRecord],
    retrainings: Iterable[Retraining],
    n_seeds: int,
    room: Room,
) -> tuple[Finalist, ...]:
    """The finalists by their mean score over `n_seeds` seeds, the winner first; ties are marked.

    A configuration that failed with a seed comes after those that did not. Equal means are ordered
    by the mean loss, then fewer parameters, then the number.
    """
    known = {(each.trial, each.repeat): each for each in retrainings}
    found = [
        Finalist(
            trial=record.number,
            parameters=record.parameters,
            val_best=math.nan if record.score is None else record.score,
            retrainings=tuple(known[record.number, i] for i in range(1, n_seeds + 1)),
        )
        for record in trials
    ]
    ranked = sorted(found, key=_order(room.objective))
    return (
        ranked[0],
        *(replace(each, is_tied=_is_tied(ranked[0], each, room)) for each in ranked[1:]),
    )


def _order(objective: Objective) -> Callable[[Finalist], tuple[float, ...]]:
    def key(finalist: Finalist) -> tuple[float, ...]:
        own = finalist.mean, finalist.mean_loss, finalist.parameters, finalist.trial
        return (finalist.n_failed, *score_key(objective, *own))

    return key


def _is_tied(winner: Finalist, other: Finalist, room: Room) -> bool:
    """True if the means differ by one standard error at most: of the seeds, or of the images."""
    if winner.mean is None or other.mean is None or other.n_failed > winner.n_failed:
        return False
    images = room.objective.error(winner.mean, room.class_sizes)
    gap = abs(room.objective.advantage(winner.mean, other.mean))
    return gap <= max(images, _seeds_error(winner, other))


def _seeds_error(one: Finalist, other: Finalist) -> float:
    """The standard error of the difference of two means over seeds; 0 with a single seed."""
    parts = [(each.deviation or 0.0) ** 2 / len(each.scores) for each in (one, other)]
    return math.sqrt(sum(parts))
