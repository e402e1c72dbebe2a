"""The count of trials that have ended in any process, the best one, and their results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from autocnn.leaderboard.ranking import winner
from autocnn.objectives import ACCURACY, Objective, Standing, can_win, rank_key
from autocnn.records.trial_record import TrialRecord
from autocnn.study.budget import BestTrial
from autocnn.study.duplicates import KnownResults
from autocnn.study.predicted_cost import seconds_of_epoch
from autocnn.study.refit_choice import Candidate, candidate_of, choose_for_refit, knows_by_heart
from autocnn.trial import Progress, Proposal, TrialResult, TrialState

RISING_PART = 0.7  # of a trial's epochs; a score that does not fall after them still rose


@dataclass(slots=True, kw_only=True)
class Tally:
    """The trials that have ended: counts by state, the best, and the results for duplicates."""

    counts: Counter[TrialState] = field(default_factory=Counter)
    objective: Objective = ACCURACY
    lengthens: bool = False  # the refit may be longer than the trials
    class_sizes: tuple[int, ...] = ()  # the images of each class that a trial is scored on
    candidates: list[Candidate] = field(default_factory=list)  # for a longer refit
    failures: int = 0  # failed trials in a row, up to now
    known: KnownResults = field(default_factory=lambda: KnownResults(()))
    numbers: set[int] = field(default_factory=set)  # of the counted trials
    _leader: Candidate | None = None  # the best trial of those that can win

    @classmethod
    def of(
        cls,
        finished: Iterable[TrialRecord],
        objective: Objective,
        *,
        by_seed: bool = False,
        lengthens: bool = False,
        class_sizes: tuple[int, ...] = (),
    ) -> Tally:
        """The tally of trials on record, with no failures in a row. `by_seed`: see KnownResults."""
        records = list(finished)
        tally = cls(
            objective=objective,
            lengthens=lengthens,
            class_sizes=class_sizes,
            counts=Counter(record.state for record in records),
            known=KnownResults(records, by_seed=by_seed),
            numbers={record.number for record in records},
        )
        for record in records:
            if record.result is not None:
                tally._rank(candidate_of(record, record.result))
        return tally

    @property
    def leader(self) -> Standing | None:
        """The best trial of those that can win."""
        return None if self._leader is None else self._leader.standing

    @property
    def best(self) -> tuple[int, float] | None:
        """The number and the score of the best trial, or None if no trial can win yet."""
        leader = self.leader
        return None if leader is None or leader.score is None else (leader.number, leader.score)

    def reaches(self, target: float) -> bool:
        """True if the best score is `target` or better."""
        return self.best is not None and self.objective.reaches(self.best[1], target)

    def add(self, trial: TrialRecord | Proposal, result: TrialResult) -> None:
        """Count a trial that ended; it is the best if it ranks above the best so far."""
        self.numbers.add(trial.number)
        self.known.add(trial, result)
        self.counts[result.state] += 1
        self.failures = self.failures + 1 if result.state is TrialState.FAILED else 0
        self._rank(candidate_of(trial, result))

    def times(self) -> BestTrial | None:
        """The seconds of the trial of which the refit is made; None without one."""
        chosen = self._leader
        if self.lengthens:
            chosen = choose_for_refit(self.candidates, self.objective)
        if chosen is None:
            return None
        sizes, is_varied = self.class_sizes, chosen.is_varied
        return times_of(chosen.result, self.objective, sizes, is_varied=is_varied)

    def _rank(self, candidate: Candidate) -> None:
        if can_win(self.objective, candidate.standing):
            self.candidates.append(candidate)
        if self._leads(candidate.standing):
            self._leader = candidate

    def _leads(self, standing: Standing) -> bool:
        if not can_win(self.objective, standing):
            return False
        key = rank_key(self.objective, standing)
        leader = self.leader
        return leader is None or key < rank_key(self.objective, leader)


def last_progress(phase: str, records: Iterable[TrialRecord], objective: Objective) -> Progress:
    """The last snapshot of a run: how it ended, and the trials on record."""
    records = list(records)
    best = winner(records, objective)
    return Progress(
        phase=phase,
        counts=count_states(records),
        best=None if best is None or best.score is None else (best.number, best.score),
    )


def count_states(records: Iterable[TrialRecord]) -> Counter[TrialState]:
    """The number of trials in each state."""
    return Counter(record.state for record in records)


def times_of(
    result: TrialResult,
    objective: Objective = ACCURACY,
    class_sizes: Sequence[int] = (),
    *,
    is_varied: bool = False,
) -> BestTrial | None:
    """The wall seconds of a trial that ended with `result`; None if it has no best epoch.

    `class_sizes` are the images of each class that it is scored on. Which epoch is the best is a
    matter of chance among those within one standard error of it, and all the more while the network
    guesses. `is_varied`: see Candidate.
    """
    if result.best_epoch is None or result.score is None:
        return None
    guesses = bool(class_sizes) and objective.is_guess(result.score, class_sizes)
    error = objective.error(result.score, class_sizes) if class_sizes else 0.0
    late = [e.score for i, e in enumerate(result.curve, 1) if i > RISING_PART * result.epochs]
    by_heart = knows_by_heart(result, is_varied=is_varied)
    end_s = result.curve[-1].seconds
    is_whole = result.state is TrialState.COMPLETE or result.epochs > 1  # else the time cut it
    is_late = objective.advantage(result.score, objective.best(late)) <= error
    return BestTrial(
        refit_s=result.curve[result.best_epoch - 1].seconds,
        trial_s=end_s,
        epoch_s=seconds_of_epoch(result) or end_s / result.epochs,
        is_rising=is_whole and (is_late or guesses) and not by_heart,
        guesses=guesses,
    )
