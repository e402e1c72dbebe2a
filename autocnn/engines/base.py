"""What all engines share: the Optuna study as their record, and Optuna's pruner."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable

import optuna
from optuna.trial import TrialState as OptunaState

from autocnn.engines.protocol import EngineSetup
from autocnn.engines.pruners import build_pruner, passes_first_look
from autocnn.engines.recipes import Recipe
from autocnn.errors import Infeasible
from autocnn.records.distributions import suggest, to_distribution
from autocnn.records.leases import Leases
from autocnn.records.optuna_record import (
    continued_trial,
    mark_infeasible,
    n_begun,
    seed_of,
    trained_as,
    unfinished_trials,
    write_proposal,
    write_result,
)
from autocnn.space.parameters import Categorical, Fixed, Parameter, Value, same
from autocnn.space.seeds import derive_seed
from autocnn.space.space import SearchSpace
from autocnn.trial import Proposal, TrialResult, TrialState, Wait

PRUNE_AT = "prune_at"  # the attribute of a trial that holds the epoch at which it is given up
FIRST_LOOK = 0  # the step of a score from within the first epoch
MAX_COUNTED_POINTS = 1000  # a larger space is never searched to its end, but by a grid
MAX_DRAWS = 1000  # infeasible ones in a row before the space counts as exhausted


class RecordedEngine(ABC):
    """An engine that keeps all it knows in an Optuna study; a subclass draws the configurations.

    Trials that the study still calls running are proposed again first, with the same values, so
    an interrupted study goes on where it stopped; of a study that is shared (with leases), those
    that nobody trains any more.
    """

    def __init__(
        self,
        study: optuna.Study,
        space: SearchSpace,
        setup: EngineSetup,
        leases: Leases | None = None,
    ) -> None:
        self._study, self._space, self._setup, self._leases = study, space, setup, leases
        study.pruner = build_pruner(setup.pruner, setup.horizon, setup.n_validation)
        self._running: dict[int, tuple[optuna.Trial, Proposal]] = {}
        self._best: dict[int, float] = {}
        self._to_continue = [] if leases is not None else unfinished_trials(study)
        self._n_points = space.n_points()

    @abstractmethod
    def _draw(self) -> optuna.Trial | Wait | None:
        """A new trial of the study, from which values can be suggested."""

    def _epochs(self, trial: optuna.Trial) -> tuple[int, int, int | None]:
        """The epochs before and after `trial`, and the trial that it continues."""
        return 0, self._setup.horizon, None

    def _learn(self, trial: optuna.Trial, score: float | None) -> None:
        """Hear how `trial` ended, before the study does; None: without any score."""
        return

    def enqueue(self, recipes: Iterable[Recipe]) -> None:
        """Propose `recipes` before anything that is drawn; each once, also after a kill here."""
        told = {t.user_attrs.get("recipe") for t in self._study.get_trials(deepcopy=False)}
        for recipe in recipes:
            if recipe.name not in told:
                values = dict(recipe.values_in(self._space))
                self._study.enqueue_trial(values, user_attrs={"recipe": recipe.name})

    def ask(
        self, stops: Callable[[], bool] = lambda: False, limit: int | None = None
    ) -> Proposal | Wait | None:
        """The next feasible configuration; Wait: not before a running trial has ended.

        `stops` is asked before every draw: True gives up, with Wait. So does a study of `limit`
        trials, running ones included. None once nothing is left to draw, or after MAX_DRAWS
        infeasible draws in a row.
        """
        for _ in range(MAX_DRAWS):
            if stops():
                return Wait()
            trial = self._left_behind() or self._new(limit)
            if trial is None or isinstance(trial, Wait):
                return trial
            try:
                proposal = self._propose(trial)
            except Infeasible as error:
                self._reject(trial, str(error))
                continue
            write_proposal(trial, proposal)
            if self._is_surplus(trial, limit):
                return Wait()
            self._running[trial.number] = trial, proposal
            self._remember_best(trial.number)
            return proposal
        return None

    def _left_behind(self) -> optuna.Trial | None:
        """A trial that was begun, and that nobody trains any more."""
        if self._leases is None:
            left = self._to_continue
            return continued_trial(self._study, left.pop(0)) if left else None
        claims = (self._leases.claim(trial) for trial in self._leases.not_ours())
        return next((trial for trial in claims if trial is not None), None)

    def _new(self, limit: int | None) -> optuna.Trial | Wait | None:
        is_shared = self._leases is not None
        if limit is not None and n_begun(self._study, undecided=is_shared) >= limit:
            return Wait()
        trial = self._draw()
        if self._leases is not None and isinstance(trial, optuna.Trial):
            self._leases.take(trial)
        return trial

    def _is_surplus(self, trial: optuna.Trial, limit: int | None) -> bool:
        """True where other processes had begun `limit` trials meanwhile: this one is given back."""
        if self._leases is None or limit is None:
            return False
        if n_begun(self._study, undecided=True, before=trial.number) < limit:
            return False
        mark_infeasible(trial, "the study had its number of trials by then")
        self._study.tell(trial, state=OptunaState.FAIL)
        self._leases.drop(trial.number)
        return True

    def first_look(self, number: int, score: float) -> bool:
        """Put the score on record as that of epoch 0; True: not among the best looks, prune now."""
        trials = self._study.get_trials(deepcopy=False)
        values = [t.intermediate_values for t in trials if t.number != number]
        others = [looks[FIRST_LOOK] for looks in values if FIRST_LOOK in looks]
        trial, _ = self._running[number]
        self._best[number] = score
        self._report(trial, FIRST_LOOK, score)
        return not passes_first_look(score, others)

    def report(self, number: int, epoch: int, score: float) -> bool:
        """Tell the best score so far at `epoch`; True: prune now."""
        trial, _ = self._running[number]
        self._best[number] = max(score, self._best.get(number, score))
        self._report(trial, epoch, self._best[number])
        if PRUNE_AT in trial.user_attrs:  # Optuna says it once: asked again, halving looks further
            return epoch >= int(trial.user_attrs[PRUNE_AT])
        prunes = trial.should_prune()
        if prunes:
            trial.set_user_attr(PRUNE_AT, epoch)
        return prunes

    def tell(self, number: int, result: TrialResult) -> None:
        """Put the result on record and tell Optuna; a trial that ended early is padded first.

        Halving writes its rungs only inside `should_prune`: without the padding a trial that
        stopped early at 0.92 would be missing where a rival of 0.91 is judged.
        """
        trial, proposal = self._running.pop(number)
        if self._leases is not None:
            self._leases.end(number)
        write_result(trial, result)
        score = result.score
        self._learn(trial, self._best.get(number) if score is None else score)
        if result.state in (TrialState.COMPLETE, TrialState.STOPPED) and score is not None:
            for epoch in range(result.epochs + 1, proposal.last_epoch + 1):
                self._report(trial, epoch, score)
                trial.should_prune()
            self._study.tell(trial, score)
        elif result.state is TrialState.PRUNED:
            self._study.tell(trial, state=OptunaState.PRUNED)
        else:
            self._study.tell(trial, state=OptunaState.FAIL)

    def leave(self, number: int, result: TrialResult | None) -> None:
        """Note how far a trial came, but leave it running, to be continued with the study."""
        trial, _ = self._running.pop(number)
        if result is not None and result.score is not None:
            write_result(trial, result)
        if self._leases is not None:
            self._leases.release(number)

    def holds(self, number: int) -> bool:
        """True where no other process has taken the trial over."""
        return self._leases is None or self._leases.holds(number)

    def keep(self) -> frozenset[int]:
        """Raise the beat of this process's trials; those that another one took over."""
        return frozenset() if self._leases is None else self._leases.renew()

    def runs_elsewhere(self) -> bool:
        """True where another process trains a trial of the study."""
        return self._leases is not None and self._leases.run_elsewhere()

    def continuable(self) -> frozenset[int]:
        """Those that an interrupted run left running; a subclass adds whom it may promote."""
        states = [OptunaState.RUNNING]
        running = self._study.get_trials(deepcopy=False, states=states)
        return frozenset(trial.number for trial in running)

    def _remember_best(self, number: int) -> None:
        """What a trial reported before it was interrupted still counts."""
        reported = self._study.get_trials(deepcopy=False)[number].intermediate_values
        if reported:
            self._best[number] = max(reported.values())

    def _reject(self, trial: optuna.Trial, reason: str) -> None:
        """Tell that `trial` can have no network: it is drawn again."""
        mark_infeasible(trial, reason)
        self._learn(trial, None)
        if self._leases is not None:
            self._leases.drop(trial.number)
        # Pruned without a report is what TPE ranks last: it learns to stay away.
        self._study.tell(trial, state=OptunaState.PRUNED)

    def _report(self, trial: optuna.Trial, epoch: int, score: float) -> None:
        """Report, unless a run that was interrupted has done so: Optuna would warn each time."""
        known = self._study.get_trials(deepcopy=False)[trial.number].intermediate_values
        if epoch not in known:
            trial.report(score, epoch)

    def _is_exhausted(self, *, is_grid: bool = False) -> bool:
        """True once every point of a small space has been drawn, or of any space in a grid."""
        if self._n_points > MAX_COUNTED_POINTS and not is_grid:
            return False
        trials = self._study.get_trials(deepcopy=False)
        drawn = {tuple(sorted(t.params.items())) for t in trials if t.state.name != "WAITING"}
        return len(drawn) >= self._n_points

    def _propose(self, trial: optuna.Trial) -> Proposal:
        values: dict[str, Value] = {}
        for name, parameter in self._space.parameters.items():
            if self._space.is_active(name, values):
                values[name] = _suggest(trial, name, parameter)
        config = self._space.config(values)
        setup = self._setup
        network = self._space.network(config, setup.image_shape, setup.n_classes)
        recipe = trial.user_attrs.get("recipe")
        first_epoch, last_epoch, parent = self._epochs(trial)
        return Proposal(
            number=trial.number,
            values=values,
            config=config,
            origin=setup.proposer if recipe is None else f"recipe:{recipe}",
            seed=self._seed(trial.number, parent),
            parameters=network.parameters,
            macs=network.macs,
            first_epoch=first_epoch,
            last_epoch=last_epoch,
            parent=parent,
        )

    def _seed(self, number: int, parent: int | None) -> int:
        """Of the training; who continues a trial keeps its seed, as if it had never paused."""
        if parent is None:
            return derive_seed(self._setup.seed, number, "train")
        trained = trained_as(self._study, parent)
        return seed_of(self._study, trained)


def _suggest(trial: optuna.Trial, name: str, parameter: Parameter) -> Value:
    if isinstance(parameter, Fixed):
        return parameter.value
    value = suggest(trial, name, to_distribution(parameter))
    if isinstance(parameter, Categorical):  # 1 and true are one to Optuna
        return next(choice for choice in parameter.choices if same(choice, value))
    return value
