"""The finals of a search: refit the winner, export it, test the files once, write the result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from autocnn.errors import RecordError
from autocnn.exports.formats import Exported, copy_export, export_to
from autocnn.files import delete_file, make_folder_in
from autocnn.finals.contract import contract_of
from autocnn.finals.finalists import Room, describe_plan, judge_finalists, plan_finals
from autocnn.finals.outcome import finals_of, load_test_of, score_winner
from autocnn.finals.refit import Refit, choose_refit, describe_refit, plan_refit, refit_winner
from autocnn.finals.retrain import Retrainer
from autocnn.leaderboard.ranking import winner
from autocnn.models.trained import TrainedModel
from autocnn.records.finalists import Finalist
from autocnn.records.finals_file import Confusion, Finals, write_confusion, write_finals
from autocnn.records.trial_record import TrialRecord
from autocnn.study.session import Session
from autocnn.study.tally import count_states
from autocnn.train.assembly import spec_of
from autocnn.trial import WEIGHTS_FILE, Epoch, Listener, Progress, Running, TrialState

RESERVE_PART = 0.5  # of the time for export, reload and test, that a refit leaves at least


def finish(
    session: Session,
    listener: Listener,
    interrupted: Callable[[], bool],
    known: Finals | None = None,
) -> Finals | None:
    """Choose, refit, export and test the winner; None without a winner or after an interrupt.

    The finals on record and the files of an earlier winner stay until the refit is trained. `known`
    are finals of the same trials: the test split is not read again for the same winner.
    """
    records = session.records()
    best = winner(records, session.objective)
    if best is None:
        return None
    screen = _Screen(session, listener, best, count_states(records))
    finalists = _choose(session, records, screen, interrupted)
    if interrupted():
        return None
    if finalists:
        best = next(record for record in records if record.number == finalists[0].trial)
    reserve_s = RESERVE_PART * session.budget.fixed_s
    chosen, plan = (best, None) if finalists else choose_refit(session, records, best, reserve_s)
    if known is not None and known.winner == chosen.number and session.paths.winner.exists():
        finals = replace(known, finalists=finalists or known.finalists)
        write_finals(session.paths, finals)
        return finals
    _check_weights(session, chosen)
    plan = plan_refit(session, chosen, reserve_s) if plan is None else plan
    for line in describe_refit(plan, chosen, best):
        listener.message(line)
    screen.record = chosen
    screen.horizon = plan.last_epoch
    screen.show("refitting")
    refit = refit_winner(session, chosen, plan, screen.on_epoch, interrupted, reserve_s)
    if interrupted():
        return None
    if not refit.is_shipped:
        listener.message(f"{refit.refusal}; the winner's own weights are shipped")
    session.executor.close()  # nothing more is trained: its memory is needed for the test
    screen.show("testing")
    delete_file(session.paths.finals_json)  # the files below replace what it describes
    own, shipped = _export(session, chosen, refit)
    found = _test(session, chosen, refit, own, shipped)
    finals = replace(
        found,
        finalists=finalists,
        instead_of=None if chosen.number == best.number else best.number,
    )
    write_finals(session.paths, finals)
    return finals


def _check_weights(session: Session, chosen: TrialRecord) -> None:
    """Raise RecordError if the weights of the winner's own trial are not here."""
    file = session.paths.weights(chosen.number)
    if not file.is_file():
        raise RecordError(
            f"{file}: the weights of the winner are missing; if another machine trained trial "
            f"{chosen.number}, copy that file from its results folder, and give `autocnn resume "
            f"{session.settings.study}`"
        )


def _choose(
    session: Session, records: list[TrialRecord], screen: _Screen, interrupted: Callable[[], bool]
) -> tuple[Finalist, ...]:
    """Train the best configurations again, and order them by their mean score on validation.

    Returns: the finalists, the winner first; none if no seed was trained.
    """
    left, reserve_s = session.budget.left(), session.budget.finish_s()
    room = Room(
        objective=session.objective,
        class_sizes=session.validation_sizes,
        seconds=None if left is None else max(0.0, left - reserve_s),
        capacity=session.executor.capacity,
    )
    plan = plan_finals(session.settings, records, room)
    if not plan.n_seeds:
        return ()
    screen.listener.message(describe_plan(plan, is_asked=session.settings.asked_finals is not None))
    retrainer = Retrainer(
        session=session,
        listener=screen.listener,
        interrupted=interrupted,
        show=lambda running: screen.show("finals", running),
        reserve_s=reserve_s,
    )
    n_seeds = retrainer.run(plan)
    if n_seeds == 0:
        return ()
    return judge_finalists(plan.trials, retrainer.known, n_seeds, room)


def _export(session: Session, record: TrialRecord, refit: Refit) -> tuple[Exported, Exported]:
    """Write the file of the trial's own weights and the shipped file, with their contracts."""
    paths = session.paths
    make_folder_in(paths.root, paths.finals)
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
    """Read the test split, score the two files on it, and write the confusion matrix."""
    data, paths = session.data, session.paths
    test = load_test_of(session)
    predictors = own.load(), shipped.load() if refit.is_shipped else None
    scores = score_winner(*predictors, test, data.n_classes, record.config.architecture)
    finals = finals_of(record, refit, scores, session.objective)
    confusion = Confusion(classes=data.class_names, counts=scores.shipped.confusion)
    write_confusion(paths.confusion, confusion)
    return finals


@dataclass(slots=True)
class _Screen:
    """Sends the progress of the finals to the listener."""

    session: Session
    listener: Listener
    record: TrialRecord
    counts: Counter[TrialState]
    horizon: int = 0  # epochs of the refit
    curve: list[Epoch] = field(default_factory=list)  # of the refit

    def on_epoch(self, _: int, metrics: Epoch) -> None:
        """Add an epoch of the refit."""
        self.curve.append(metrics)
        self.show("refitting")

    def show(self, phase: str, running: tuple[Running, ...] = ()) -> None:
        """Send a snapshot, with the trainings that are under way."""
        score = self.record.score
        self.listener.progress(
            Progress(
                phase=phase,
                counts=self.counts,
                horizon=self.horizon,
                best=None if score is None else (self.record.number, score),
                curve=tuple(self.curve),
                running=running,
                seconds_left=self.session.budget.left(),
            )
        )
