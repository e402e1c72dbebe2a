"""The count of trials that have ended in any process, the best one, and their results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from autocnn.leaderboard.ranking import winner
from autocnn.objectives import ACCURACY, Objective, Standing, can_win, rank_key
from autocnn.records.trial_record import TrialRecord
from autocnn.study.duplicates import KnownResults
from autocnn.trial import Progress, Proposal, TrialResult, TrialState


@dataclass(slots=True, kw_only=True)
class Tally:
    """The trials that have ended: counts by state, the best, and the results for duplicates."""

    counts: Counter[TrialState] = field(default_factory=Counter)
    objective: Objective = ACCURACY
    leader: Standing | None = None  # the best trial of those that can win
    refit_s: float = 0.0  # seconds of the best trial until the end of its best epoch
    trial_s: float = 0.0  # seconds of the best trial until its end
    failures: int = 0  # failed trials in a row, up to now
    known: KnownResults = field(default_factory=lambda: KnownResults(()))
    numbers: set[int] = field(default_factory=set)  # of the counted trials

    @classmethod
    def of(
        cls, finished: Iterable[TrialRecord], objective: Objective, *, by_seed: bool = False
    ) -> Tally:
        """The tally of trials on record, with no failures in a row. `by_seed`: see KnownResults."""
        records = list(finished)
        best = winner(records, objective)
        tally = cls(
            objective=objective,
            counts=Counter(record.state for record in records),
            known=KnownResults(records, by_seed=by_seed),
            numbers={record.number for record in records},
        )
        if best is not None and best.result is not None:
            tally._lead(_standing(best, best.result), best.result)
        return tally

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
        if self._leads(standing := _standing(trial, result)):
            self._lead(standing, result)

    def _lead(self, standing: Standing, result: TrialResult) -> None:
        self.leader, self.refit_s = standing, seconds_to_best(result)
        self.trial_s = result.curve[-1].seconds if result.curve else 0.0

    def _leads(self, standing: Standing) -> bool:
        if not can_win(self.objective, standing):
            return False
        key = rank_key(self.objective, standing)
        return self.leader is None or key < rank_key(self.objective, self.leader)


def _standing(trial: TrialRecord | Proposal, result: TrialResult) -> Standing:
    return Standing(
        number=trial.number,
        state=result.state,
        score=result.score,
        val_loss=result.val_loss,
        parameters=trial.parameters,
    )


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


def seconds_to_best(result: TrialResult) -> float:
    """Wall seconds that `result` took until the end of its best epoch; 0 without one."""
    return 0.0 if result.best_epoch is None else result.curve[result.best_epoch - 1].seconds
