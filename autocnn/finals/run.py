"""The finals of a search: refit the winner, export it, test the files once, write the result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from autocnn.export.formats import Exported, copy_export, export_to
from autocnn.finals.contract import contract_of
from autocnn.finals.outcome import finals_of, load_test_of, score_winner
from autocnn.finals.refit import Refit, refit_winner
from autocnn.leaderboard.ranking import winner
from autocnn.models.trained import TrainedModel
from autocnn.records.finals_file import Confusion, Finals, write_confusion, write_finals
from autocnn.records.trial_record import TrialRecord
from autocnn.study.session import Session
from autocnn.study.tally import count_states
from autocnn.train.assembly import spec_of
from autocnn.trial import WEIGHTS_FILE, Epoch, Listener, Progress, TrialState

RESERVE_S = 10.0  # of the budget, for the export and the test after the refit


def finish(session: Session, listener: Listener, interrupted: Callable[[], bool]) -> Finals | None:
    """Refit, export and test the winner; None without a winner or after an interrupt.

    The finals on record and the files of an earlier winner stay until the refit is trained.
    """
    records = session.records()
    record = winner(records, session.objective)
    if record is None:
        return None
    screen = _Screen(session, listener, record, count_states(records))
    screen.show("refitting")
    refit = refit_winner(session, record, screen.on_epoch, interrupted, RESERVE_S)
    if interrupted():
        return None
    if not refit.is_shipped:
        listener.message(f"{refit.refusal}; the winner's own weights are shipped")
    session.executor.close()  # nothing more is trained: its memory is needed for the test
    screen.show("testing")
    session.paths.finals_json.unlink(missing_ok=True)  # the files below replace what it describes
    own, shipped = _export(session, record, refit)
    return _test(session, record, refit, own, shipped)


def _export(session: Session, record: TrialRecord, refit: Refit) -> tuple[Exported, Exported]:
    """Write the file of the trial's own weights and the shipped file, with their contracts."""
    paths = session.paths
    paths.finals.mkdir(exist_ok=True)
    model = TrainedModel(
        config=record.config,
        image=spec_of(session.data),
        class_names=session.data.class_names,
        weights=paths.weights(record.number),
    )
    contract = contract_of(session.settings, session.facts, record.number)
    own = export_to(model, contract, paths.validation)
    if refit.is_shipped:
        refitted = replace(model, weights=paths.refit / WEIGHTS_FILE)
        return own, export_to(refitted, contract, paths.winner)
    copy_export(paths.validation, paths.winner)
    return own, replace(own, path=paths.winner)


def _test(
    session: Session, record: TrialRecord, refit: Refit, own: Exported, shipped: Exported
) -> Finals:
    """Read the test split, score the two files on it, and write what was measured."""
    data, paths = session.data, session.paths
    test = load_test_of(session)
    predictors = own.load(), shipped.load() if refit.is_shipped else None
    scores = score_winner(*predictors, test, data.n_classes, record.config.architecture)
    finals = finals_of(record, refit, scores, session.objective)
    confusion = Confusion(classes=data.class_names, counts=scores.shipped.confusion)
    write_confusion(paths.confusion, confusion)
    write_finals(paths, finals)
    return finals


@dataclass(slots=True)
class _Screen:
    """Sends the progress of the finals to the listener."""

    session: Session
    listener: Listener
    record: TrialRecord
    counts: Counter[TrialState]
    curve: list[Epoch] = field(default_factory=list)  # of the refit

    def on_epoch(self, _: int, metrics: Epoch) -> None:
        """Add an epoch of the refit."""
        self.curve.append(metrics)
        self.show("refitting")

    def show(self, phase: str) -> None:
        """Send a snapshot."""
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
