"""The trial log: everything that is written to the record about a trial, from its draw to its end.

It keeps the books for whatever engine proposes the trials. In a study that several processes share
it also keeps the leases: a trial is leased to this process as long as the log holds it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import optuna
from optuna.samplers import BaseSampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState

from autocnn.errors import TakenOver
from autocnn.records.distributions import why_refused
from autocnn.records.leases import Leases
from autocnn.records.optuna_private import (
    OwnStudy,
    enqueued_values,
    known_of,
    one_trial,
    open_trial,
)
from autocnn.records.optuna_record import (
    mark_infeasible,
    n_begun,
    unfinished_trials,
    write_proposal,
    write_result,
)
from autocnn.records.own_trials import ORIGIN, is_promoted, refuse
from autocnn.records.transactions import one_transaction
from autocnn.space.parameters import Value
from autocnn.space.space import SearchSpace
from autocnn.trial import Proposal, TrialResult, TrialState

PRUNED_AT = "prune_at"  # the user attribute of a trial with the epoch at which it was pruned
_NO_NOTES: Mapping[str, Any] = {}


class TrialLog:
    """The record of the trials of one study, as one process writes it.

    Trials that an earlier process left running are continued first; in a shared study, those whose
    lease is stale.
    """

    def __init__(self, study: optuna.Study, leases: Leases | None = None) -> None:
        self._study, self._leases = study, leases
        self._held: dict[int, tuple[optuna.Trial, Proposal]] = {}  # trials that are being trained
        self._best: dict[int, float] = {}  # the best score that each of them has reported
        self._foreign: set[int] = set()  # trials of other programs that were returned
        left = [] if leases is not None else unfinished_trials(study)
        self._left = {trial.number: trial for trial in left}

    @property
    def is_shared(self) -> bool:
        """True if other processes may train trials of the study."""
        return self._leases is not None

    # --- before a trial is proposed ---

    def left_behind(self) -> FrozenTrial | None:
        """A running trial that no process trains; the same one until it is begun or skipped."""
        if self._leases is None:
            return next(iter(self._left.values()), None)
        for trial in self._leases.held_elsewhere():
            if self._leases.claim(trial):
                return trial
        return None

    def skip(self, trial: FrozenTrial) -> None:
        """Leave a trial that was left behind as it is, running, for as long as this log is open."""
        self._left.pop(trial.number, None)

    def n_begun(self, before: int | None = None) -> int:
        """The number of trials that were begun; only of those below number `before`, if given.

        In a shared study the trials that another process is drawing now count too.
        """
        return n_begun(self._study, undecided=self.is_shared, before=before)

    def enqueue(self, origin: str, values: Mapping[str, Value]) -> None:
        """Have `values` drawn before any others; only once for each origin."""
        trials = self._study.get_trials(deepcopy=False)
        if origin not in {trial.user_attrs.get(ORIGIN) for trial in trials}:
            self._study.enqueue_trial(dict(values), user_attrs={ORIGIN: origin})

    def new_trial(
        self, sampler: BaseSampler | None, notes: Mapping[str, Any] = _NO_NOTES
    ) -> optuna.Trial:
        """The next trial that is enqueued, else a new one; its values are drawn with `sampler`.

        With `notes`, which go on record with it, the trial is a new one, and so it is without a
        sampler.
        """
        self._use(sampler)
        study, leases = self._study, self._leases
        if isinstance(study, OwnStudy) and (notes or sampler is None or not study.has_waiting()):
            lease = {} if leases is None else leases.first_attributes()
            trial = study.begin({**notes, **lease})
            if leases is not None:
                leases.hold(trial)
            return trial
        trial = study.ask()
        self.note(trial, notes)
        if leases is not None:
            leases.take(trial)
        return trial

    def continue_trial(self, trial: FrozenTrial, sampler: BaseSampler | None) -> optuna.Trial:
        """A trial that was left behind; the values that it still lacks are drawn with `sampler`."""
        self._use(sampler)
        self.skip(trial)
        return open_trial(self._study, trial)

    def _use(self, sampler: BaseSampler | None) -> None:
        if sampler is not None:
            self._study.sampler = sampler  # in memory only

    def note(self, trial: optuna.Trial, notes: Mapping[str, Any]) -> None:
        """Write what an engine needs on record to be built again from it."""
        for key, value in notes.items():
            trial.set_user_attr(key, value)

    def reject(self, trial: optuna.Trial, reason: str, notes: Mapping[str, Any]) -> None:
        """End a draw that can have no network; it is no trial."""
        with one_transaction(self._study):
            mark_infeasible(trial, reason)
            self.note(trial, notes)
            # TPE ranks a pruned trial that reported nothing last, and so learns to avoid it.
            self._drop(trial, OptunaState.PRUNED)

    def refuse(self, trial: optuna.Trial, reason: str) -> None:
        """End a trial of which another program gave values that the space does not have."""
        with one_transaction(self._study):
            refuse(trial, reason)
            self._drop(trial, OptunaState.FAIL)

    def why_refused(self, trial: optuna.Trial, space: SearchSpace) -> str | None:
        """Why the values that another program gave `trial` are refused; None if they are not."""
        known = known_of(trial)
        given = {**known.params, **(enqueued_values(known) or {})}
        return why_refused(given, known.distributions, space)

    def is_enqueued(self, trial: optuna.Trial) -> bool:
        """True if the values of `trial` were enqueued, as a recipe or by another program."""
        return enqueued_values(known_of(trial)) is not None

    def is_promoted(self, number: int) -> bool:
        """True if a running trial has an earlier one's configuration, and a longer schedule."""
        return is_promoted(known_of(self._held[number][0]))

    def new_foreign_trials(self) -> list[int]:
        """The numbers of trials that another program made; each is returned once."""
        if not isinstance(self._study, OwnStudy):
            return []
        found = [n for n in self._study.foreign_trials() if n not in self._foreign]
        self._foreign.update(found)
        return found

    def withdraw(self, number: int) -> None:
        """End a trial that was begun although the study had its number of trials by then."""
        trial, _ = self._held.pop(number)
        with one_transaction(self._study):
            mark_infeasible(trial, "the study had its number of trials by then")
            self._drop(trial, OptunaState.FAIL)

    def give_back(self, number: int) -> None:
        """Free a trial of which another process has drawn the values, after it took it over."""
        self._held.pop(number, None)
        if self._leases is not None:
            self._leases.release(number)

    def _drop(self, trial: optuna.Trial, state: OptunaState) -> None:
        if self._leases is not None:
            self._leases.drop(trial.number)
        self._study.tell(trial, state=state)

    # --- while a trial runs ---

    def begin(self, trial: optuna.Trial, proposal: Proposal) -> None:
        """Write the proposal: from here on the draw is a trial, and it is running.

        What the trial reported before an interruption still counts as its best score.
        """
        write_proposal(trial, proposal)
        self._held[trial.number] = trial, proposal
        reported = known_of(trial).intermediate_values
        if reported:
            self._best[trial.number] = self._best_of(reported.values())

    def report(self, number: int, epoch: int, score: float) -> FrozenTrial:
        """Write the best score so far at `epoch`, unless the epoch is on record already.

        Epoch 0 holds the score of a first look, within the first epoch.
        Returns: the trial with that score. Raises: TakenOver if another process has the trial now;
        then nothing is written.
        """
        trial, _ = self._held[number]
        with one_transaction(self._study):
            found = one_trial(self._study, number)
            if self._leases is not None and not self._leases.is_held(found):
                raise TakenOver(f"trial {number}")
            self._best[number] = self._best_of([score, self._best.get(number, score)])
            self._write_epoch(trial, epoch, self._best[number])
        return _with_reports(found, trial)

    def best(self, number: int) -> float | None:
        """The best score that a running trial has reported, or None."""
        return self._best.get(number)

    def pruned_at(self, number: int) -> int | None:
        """The epoch at which a running trial was pruned, also by an earlier process, or None."""
        trial, _ = self._held[number]
        epoch = known_of(trial).user_attrs.get(PRUNED_AT)
        return None if epoch is None else int(epoch)

    def note_pruned(self, number: int, epoch: int) -> None:
        """Write that a running trial is pruned at `epoch`, before its worker ends it."""
        trial, _ = self._held[number]
        trial.set_user_attr(PRUNED_AT, epoch)

    # --- the end of a trial ---

    def end(
        self,
        number: int,
        result: TrialResult,
        notes: Mapping[str, Any] = _NO_NOTES,
        padded: Callable[[FrozenTrial, int], object] = lambda trial, epoch: None,
    ) -> None:
        """Write the result, and end the trial in Optuna's words.

        A trial that stopped early is padded: its score is written at every later epoch, and
        `padded(trial, epoch)` is called after each. Halving writes its rungs only when it is
        asked about a trial: without the padding, a trial that stopped early at 0.92 would be
        missing where a rival of 0.91 is judged.
        """
        trial, proposal = self._held.pop(number)
        if self._leases is not None:
            self._leases.end(number)
        pads = result.epochs < proposal.last_epoch and _is_scored(result)
        with one_transaction(self._study, gathers=not pads):
            self._write_end(trial, proposal, result, notes, padded)

    def _write_end(
        self,
        trial: optuna.Trial,
        proposal: Proposal,
        result: TrialResult,
        notes: Mapping[str, Any],
        padded: Callable[[FrozenTrial, int], object],
    ) -> None:
        write_result(trial, result)
        self.note(trial, notes)
        score = result.score
        if score is not None and _is_scored(result):
            for epoch in range(result.epochs + 1, proposal.last_epoch + 1):
                self._write_epoch(trial, epoch, score)
                padded(one_trial(self._study, trial.number), epoch)
            self._study.tell(trial, score)
        elif result.state is TrialState.PRUNED:
            self._study.tell(trial, state=OptunaState.PRUNED)
        else:
            self._study.tell(trial, state=OptunaState.FAIL)

    def leave(self, number: int, result: TrialResult | None) -> None:
        """Write how far a trial came, and leave it running, to be continued later."""
        trial, _ = self._held.pop(number)
        if result is not None and result.score is not None:
            write_result(trial, result)
        if self._leases is not None:
            self._leases.release(number)

    # --- leases ---

    def holds(self, number: int) -> bool:
        """True unless another process has taken the trial over."""
        return self._leases is None or self._leases.holds(number)

    def renew(self) -> frozenset[int]:
        """Renew the leases of this process, if it is time; to be called every few seconds.

        Returns: the trials that another process has taken over.
        """
        return frozenset() if self._leases is None else self._leases.renew()

    def runs_elsewhere(self) -> bool:
        """True if a trial runs on record that is not this process's, be its lease stale or not."""
        return self._leases is not None and bool(self._leases.held_elsewhere())

    def trains_elsewhere(self) -> bool:
        """True if another process trains a trial of the study, as far as the leases show."""
        return self._leases is not None and self._leases.run_elsewhere()

    # --- Optuna ---

    def _best_of(self, scores: Iterable[float]) -> float:
        """The best of `scores` in the direction of the study."""
        return max(scores) if self._study.direction is StudyDirection.MAXIMIZE else min(scores)

    def _write_epoch(self, trial: optuna.Trial, epoch: int, score: float) -> None:
        """Report, unless an earlier process has done so: Optuna would warn of it."""
        if epoch not in known_of(trial).intermediate_values:
            trial.report(score, epoch)


def _is_scored(result: TrialResult) -> bool:
    """True if the trial ends with a score, so with one at each of its epochs."""
    has_ended = result.state in (TrialState.COMPLETE, TrialState.STOPPED)
    return has_ended and result.score is not None


def _with_reports(found: FrozenTrial, trial: optuna.Trial) -> FrozenTrial:
    """`found`, with what was reported to `trial` since it was read."""
    shown = copy.copy(found)
    shown.intermediate_values = {**found.intermediate_values, **known_of(trial).intermediate_values}
    return shown
