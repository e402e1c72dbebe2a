"""The count of trials that have ended in any process, the best one, and their results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from autocnn.leaderboard.ranking import winner
from autocnn.records.trial_record import TrialRecord
from autocnn.study.duplicates import KnownResults
from autocnn.trial import Progress, Proposal, TrialResult, TrialState


@dataclass(slots=True, kw_only=True)
class Tally:
    """The trials that have ended: counts by state, the best, and the results for duplicates."""

    counts: Counter[TrialState] = field(default_factory=Counter)
    best: tuple[int, float] | None = None  # trial and score
    refit_s: float = 0.0  # seconds of the best trial until the end of its best epoch
    failures: int = 0  # failed trials in a row, up to now
    known: KnownResults = field(default_factory=lambda: KnownResults(()))
    numbers: set[int] = field(default_factory=set)  # of the counted trials

    @classmethod
    def of(cls, finished: Iterable[TrialRecord], *, by_seed: bool = False) -> Tally:
        """The tally of trials on record, with no failures in a row. `by_seed`: see KnownResults."""
        records = list(finished)
        best = winner(records)
        tally = cls(
            counts=Counter(record.state for record in records),
            known=KnownResults(records, by_seed=by_seed),
            numbers={record.number for record in records},
        )
        if best is not None and best.result is not None and best.score is not None:
            tally.best, tally.refit_s = (best.number, best.score), seconds_to_best(best.result)
        return tally

    def reaches(self, target: float) -> bool:
        """True if the best score is `target` or larger."""
        return self.best is not None and self.best[1] >= target

    def add(self, trial: TrialRecord | Proposal, result: TrialResult) -> None:
        """Count a trial that ended; the first of equals stays the best."""
        self.numbers.add(trial.number)
        self.known.add(trial, result)
        self.counts[result.state] += 1
        self.failures = self.failures + 1 if result.state is TrialState.FAILED else 0
        score = result.score
        ranked = result.state in (TrialState.COMPLETE, TrialState.STOPPED)
        if ranked and score is not None and (self.best is None or score > self.best[1]):
            self.best, self.refit_s = (trial.number, score), seconds_to_best(result)


def last_progress(phase: str, records: Iterable[TrialRecord]) -> Progress:
    """The last snapshot of a run: how it ended, and the trials on record."""
    records = list(records)
    best = winner(records)
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
