"""The finals of a search: refit, export and test of the winner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from autocnn.files import write_atomic
from autocnn.trial import Epoch, Listener, Progress, TrialState

if TYPE_CHECKING:  # imported by the functions that need them: importing this module stays fast
    from autocnn.finals.outcome import Outcome
    from autocnn.finals.refit import Refit
    from autocnn.records.trial_record import TrialRecord
    from autocnn.study.session import Session

RESERVE_S = 10.0  # of the budget, for exporting and testing after the refit


def finish(
    session: Session, listener: Listener, interrupted: Callable[[], bool]
) -> dict[str, Any] | None:
    """Refit, export and test the winner; None without a winner or when interrupted.

    Returns: what finals.json holds.
    """
    from autocnn.finals.outcome import score_winner
    from autocnn.finals.refit import refit_winner
    from autocnn.leaderboard.ranking import winner

    records = session.records()
    record = winner(records)
    if record is None:
        return None
    screen = _Screen(session, listener, record, count_states(records))
    screen.show("refitting")
    refit = refit_winner(session, record, screen.on_epoch, interrupted, RESERVE_S)
    if interrupted():
        return None
    session.executor.close()  # nothing more is trained: its memory is needed for the test
    screen.show("testing")
    if not refit.is_shipped:
        listener.message(f"{refit.refusal}; the winner's own weights are shipped")
    _export(session, record, refit)
    paths = session.paths
    return _keep(session, score_winner(session, record, refit, paths.validation, paths.winner))


def count_states(records: Iterable[TrialRecord]) -> Counter[TrialState]:
    """How many trials are in each state."""
    return Counter(record.state for record in records)


@dataclass(slots=True)
class _Screen:
    """Tells the listener how far the finals are."""

    session: Session
    listener: Listener
    record: TrialRecord
    counts: Counter[TrialState]
    curve: list[Epoch] = field(default_factory=list)

    def on_epoch(self, _: int, metrics: Epoch) -> None:
        self.curve.append(metrics)
        self.show("refitting")

    def show(self, phase: str) -> None:
        score = self.record.score
        self.listener.progress(
            Progress(
                phase=phase,
                counts=self.counts,
                horizon=self.record.best_epoch or 0,
                best=None if score is None else (self.record.number, score),
                curve=tuple(self.curve),
                seconds_left=self.session.budget.left(),
            )
        )


def _export(session: Session, record: TrialRecord, refit: Refit) -> None:
    """Write the validation weights' file and the shipped one."""
    from autocnn.export.keras_file import export_keras
    from autocnn.train.assembly import spec_of
    from autocnn.trial import WEIGHTS_FILE

    paths, spec = session.paths, spec_of(session.data)
    weights = paths.weights(record.number)
    export_keras(record.config, spec, weights, paths.validation)
    if refit.is_shipped:
        export_keras(record.config, spec, paths.refit / WEIGHTS_FILE, paths.winner)
    else:
        write_atomic(paths.winner, paths.validation.read_bytes())


def _keep(session: Session, outcome: Outcome) -> dict[str, Any]:
    from autocnn.finals.outcome import outcome_to_dict
    from autocnn.records.finals_file import Confusion, write_confusion
    from autocnn.records.manifest import write_manifest

    finals, paths = outcome_to_dict(outcome), session.paths
    confusion = Confusion(classes=session.data.class_names, counts=outcome.test.confusion)
    write_confusion(paths.confusion, confusion)
    write_manifest(paths.finals_json, finals)
    return finals
