"""Proposals: joins the engine, which proposes trials, and the log, which puts them on record."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.samplers import BaseSampler

from autocnn.engines.protocol import Draft, Engine, EngineSetup
from autocnn.engines.recipes import Recipe
from autocnn.errors import Infeasible
from autocnn.records.distributions import draw_values
from autocnn.records.optuna_private import one_reading
from autocnn.records.optuna_record import seed_of, trained_as
from autocnn.records.own_trials import ORIGIN
from autocnn.records.promotions import promoted_proposal, promotion_notes, promotion_of
from autocnn.records.transactions import RowExists, one_transaction
from autocnn.records.trial_log import TrialLog
from autocnn.space.config import TrialConfig
from autocnn.space.layers import Network
from autocnn.space.parameters import Value
from autocnn.space.plan import REPEAT, VARIANT, Planned
from autocnn.space.seeds import derive_seed
from autocnn.space.space import SearchSpace
from autocnn.study.warm_start import WarmPoint
from autocnn.trial import RECIPE_ORIGIN, Promotion, Proposal, TrialResult, Wait

_Opened = tuple[optuna.Trial, Draft | Promotion]

# values, configuration, origin and seed of a proposal
_Content = tuple[dict[str, Value], TrialConfig, str, int]

# From a configuration, its layers, its epochs and its origin to the reason why it would take too
# long, or "".
TooLong = Callable[[TrialConfig, Network, int, str], str]

# From the layers of a network to the reason why it is too large to be of use, or "".
TooLarge = Callable[[Network], str]

# From whether nothing else is left to be tried to the promotion that is due, or None.
Promote = Callable[[bool], Promotion | None]

ENQUEUED = "enqueued"  # the origin of a trial whose values another program gave to Optuna
MAX_DRAWS = 1000  # infeasible draws in a row before the space counts as exhausted
MAX_TOO_LONG = 50  # draws in a row that would take too long, before the time counts as over


@dataclass(frozen=True, slots=True)
class NoTime:
    """The answer if whatever is drawn would take too long."""


class _TooLong(Infeasible):
    """A configuration that could not be trained in the time that is left."""


class _Refused(Infeasible):
    """Values of another program that the space does not have, or of another process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposals:
    """The trials of a study, from their proposal to their end."""

    engine: Engine
    log: TrialLog
    study: optuna.Study  # is read only
    space: SearchSpace
    setup: EngineSetup
    message: Callable[[str], None] = lambda text: None  # shows a line
    too_long: TooLong = lambda config, network, epochs, origin: ""
    too_large: TooLarge = lambda network: ""
    promote: Promote = lambda is_last: None

    def enqueue(self, recipes: Iterable[Recipe]) -> None:
        """Propose `recipes` before anything that is drawn; each once in a study.

        Raises: SpaceError if a recipe is no point of the space.
        """
        for recipe in recipes:
            self.log.enqueue(RECIPE_ORIGIN + recipe.name, recipe.values_in(self.space))

    def enqueue_warm(self, points: Iterable[WarmPoint]) -> None:
        """Propose the points of a warm start before anything that is enqueued later."""
        for point in points:
            self.log.enqueue(point.origin, point.values)

    def next(
        self, stops: Callable[[], bool] = lambda: False, limit: int | None = None
    ) -> Proposal | Wait | NoTime | None:
        """The next feasible proposal, which is on record as running.

        `stops` is called before each draw. Returns: Wait if `stops` returns True, if `limit` trials
        have begun, or if a running trial must end first; None if nothing is left to be trained, or
        after MAX_DRAWS infeasible draws in a row; NoTime after MAX_TOO_LONG draws that would take
        too long.
        """
        n_infeasible = n_too_long = 0
        while n_infeasible < MAX_DRAWS:
            if stops():
                return Wait()
            with one_reading(self.study):
                self._report_foreign()
                opened = self._opened(limit, is_late=n_too_long >= MAX_TOO_LONG)
                if not isinstance(opened, tuple):
                    return opened
                drawn = self._draw(*opened)
            if isinstance(drawn, Infeasible):
                n_infeasible += not isinstance(drawn, _Refused)
                n_too_long += isinstance(drawn, _TooLong)
                continue
            if self._is_surplus(drawn.number, limit):
                self.log.withdraw(drawn.number)
                return Wait()
            return drawn
        return None

    def report(self, number: int, epoch: int, score: float) -> bool:
        """Put the score of an epoch on record; True if the trial is to be pruned now.

        Epoch 0 is a look within the first epoch. A decision that is on record, of this process or
        of an earlier one, stays: a pruner that is asked again would judge at its next rung.
        Raises: TakenOver, with nothing on record, if another process has taken the trial over.
        """
        trial = self.log.report(number, epoch, score)
        pruned_at = self.log.pruned_at(number)
        if pruned_at is not None:
            return epoch >= pruned_at
        prunes = self.engine.should_prune(trial, epoch)
        if prunes:
            self.log.note_pruned(number, epoch)
        return prunes

    def end(self, number: int, result: TrialResult) -> None:
        """Put the result on record, and let the engine learn from it."""
        score = self.log.best(number) if result.score is None else result.score
        is_known = score is not None and math.isfinite(score)
        notes: Mapping[str, Any] = {}
        if not self.log.is_promoted(number):
            notes = self.engine.learn(number, score if is_known else None)
        self.log.end(number, result, notes, padded=self.engine.should_prune)

    def leave(self, number: int, result: TrialResult | None) -> None:
        """Put on record how far a trial came, and leave it running, to be continued later."""
        self.log.leave(number, result)

    def continuable(self) -> frozenset[int]:
        """The trials that may be continued, here or by a later trial: their checkpoints stay."""
        return self.engine.continuable()

    # --- other processes that train trials of the study ---

    def holds(self, number: int) -> bool:
        """True unless another process has taken the trial over."""
        return self.log.holds(number)

    def renew(self) -> frozenset[int]:
        """Renew the leases of this process; returns the trials that another one took over."""
        return self.log.renew()

    def runs_elsewhere(self) -> bool:
        """True if a trial runs that is not this process's: it ends, or is taken over in time."""
        return self.log.runs_elsewhere()

    def trains_elsewhere(self) -> bool:
        """True if another process trains a trial of the study, as far as its lease shows."""
        return self.log.trains_elsewhere()

    # --- one proposal ---

    def _opened(self, limit: int | None, *, is_late: bool) -> _Opened | Wait | NoTime | None:
        """The next trial, without values; `is_late`: nothing is drawn any more."""
        opened = self._continue()
        if opened is not None:
            return opened
        is_full = limit is not None and self.log.n_begun() >= limit
        promoted = None if is_full else self._promote(is_last=is_late)
        if promoted is None and is_late:
            return NoTime()
        if promoted is not None or is_full:
            return promoted or Wait()
        return self._open() or self._promote(is_last=True)

    def _draw(self, trial: optuna.Trial, source: Draft | Promotion) -> Proposal | Infeasible:
        """The proposal of `trial`, which is on record as running; or why it ended instead."""
        reason = self.log.why_refused(trial, self.space)
        if reason is not None:
            self.log.refuse(trial, reason)
            self.message(f"trial {trial.number}, which was enqueued, is refused: {reason}")
            return _Refused(reason)
        try:
            with one_transaction(self.study, gathers=True):
                drawn = self._drawn(trial, source)
        except RowExists:  # this process was suspended, or waited for the database, for too long
            self.log.give_back(trial.number)
            return _Refused("another process has drawn its values")
        if isinstance(drawn, Infeasible):
            self._report_rejected(trial, drawn)
        return drawn

    def _drawn(self, trial: optuna.Trial, source: Draft | Promotion) -> Proposal | Infeasible:
        """The proposal of `trial`, or why it ended instead; either is written."""
        try:
            proposal = self._proposal(trial, source)
        except Infeasible as error:
            self.log.reject(trial, str(error), self.engine.learn(trial.number, None))
            return error
        self.log.begin(trial, proposal)
        return proposal

    def _continue(self) -> _Opened | Wait | None:
        """A trial that was left behind, opened again; None if there is no such trial."""
        while (left := self.log.left_behind()) is not None:
            promotion = promotion_of(left)
            if promotion is not None:
                return self.log.continue_trial(left, None), promotion
            draft = self.engine.propose(left)
            if isinstance(draft, Wait):
                return draft
            if draft is not None:
                trial = self.log.continue_trial(left, _sampler(draft))
                self.log.note(trial, draft.notes)
                return trial, draft
            self.log.skip(left)
        return None

    def _promote(self, *, is_last: bool) -> tuple[optuna.Trial, Promotion] | None:
        """A new trial for the promotion that is due, or None."""
        promotion = self.promote(is_last)
        if promotion is None:
            return None
        return self.log.new_trial(None, promotion_notes(promotion)), promotion

    def _open(self) -> tuple[optuna.Trial, Draft] | Wait | None:
        """A new trial for what the engine proposes; None if it proposes nothing more."""
        draft = self.engine.propose()
        if not isinstance(draft, Draft):
            return draft
        return self.log.new_trial(_sampler(draft), draft.notes), draft

    def _report_foreign(self) -> None:
        numbers = self.log.new_foreign_trials()
        if numbers:
            listed = ", ".join(str(number) for number in numbers)
            which = f"trial {listed} was" if len(numbers) == 1 else f"trials {listed} were"
            self.message(f"{which} put on record by another program: ignored")

    def _report_rejected(self, trial: optuna.Trial, error: Infeasible) -> None:
        """Show why `trial` is not trained, if another program asked for it."""
        if not self.log.is_enqueued(trial):
            return
        if not isinstance(error, _TooLong):
            self.message(f"trial {trial.number}, which was enqueued, can have no network: {error}")
        elif not str(trial.user_attrs.get(ORIGIN)).startswith(RECIPE_ORIGIN):
            self.message(f"trial {trial.number}, which was enqueued, is not begun: {error}")

    def _is_surplus(self, number: int, limit: int | None) -> bool:
        """True if other processes had begun `limit` trials before this one."""
        if limit is None or not self.log.is_shared:
            return False
        return self.log.n_begun(before=number) >= limit

    def _proposal(self, trial: optuna.Trial, draft: Draft | Promotion) -> Proposal:
        """The draft with values, configuration, costs and seed.

        Raises: Infeasible if the values can have no network, or one that would take too long or is
        too large to be of use.
        """
        if isinstance(draft, Promotion):
            seed = self._seed(trial.number, None)
            return promoted_proposal(self.study, draft, trial.number, seed)
        values, config, origin, seed = self._content(trial, draft)
        network = self.space.network(config, self.setup.image_shape, self.setup.n_classes)
        reason = self.too_long(config, network, draft.last_epoch - draft.first_epoch, origin)
        if not isinstance(draft.source, Planned):
            self._check_use(network, reason)
        return Proposal(
            number=trial.number,
            values=values,
            config=config,
            origin=origin,
            seed=seed,
            parameters=network.parameters,
            macs=network.macs,
            first_epoch=draft.first_epoch,
            last_epoch=draft.last_epoch,
            parent=draft.parent,
        )

    def _check_use(self, network: Network, too_long: str) -> None:
        """Raise Infeasible if the network would take too long, or is too large to be of use."""
        if too_long:
            raise _TooLong(too_long)
        too_large = self.too_large(network)
        if too_large:
            raise Infeasible(too_large)

    def _content(self, trial: optuna.Trial, draft: Draft) -> _Content:
        source, study_seed = draft.source, self.setup.seed
        if isinstance(source, Planned):
            values: dict[str, Value] = {VARIANT: source.variant, REPEAT: source.repeat}
            seed = derive_seed(study_seed, source.repeat, "repeat")
            return values, source.config, f"plan:{source.variant}", seed
        values = draw_values(trial, self.space)
        seed = self._seed(trial.number, draft.parent)
        return values, self.space.config(values), self._origin(trial), seed

    def _origin(self, trial: optuna.Trial) -> str:
        """Where the values are from: autocnn's or another program's queue, or the proposer."""
        origin = trial.user_attrs.get(ORIGIN)
        if origin is not None:
            return str(origin)
        return ENQUEUED if self.log.is_enqueued(trial) else self.setup.proposer

    def _seed(self, number: int, parent: int | None) -> int:
        """The seed of the training; a trial keeps its parent's, as if training never paused."""
        if parent is None:
            return derive_seed(self.setup.seed, number, "train")
        return seed_of(self.study, trained_as(self.study, parent))


def _sampler(draft: Draft) -> BaseSampler | None:
    """The sampler of the values; None for a training of a plan, which draws none."""
    return None if isinstance(draft.source, Planned) else draft.source
