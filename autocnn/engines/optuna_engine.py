"""Optuna behind the ask/report/tell protocol."""

from __future__ import annotations

import optuna
from optuna.trial import TrialState as OptunaState

from autocnn.engines.protocol import EngineSetup
from autocnn.engines.recipes import Recipe
from autocnn.engines.samplers import PerTrialSampler, build_pruner, passes_first_look
from autocnn.errors import Infeasible
from autocnn.records.storage import (
    mark_infeasible,
    unfinished_trials,
    write_proposal,
    write_result,
)
from autocnn.space.parameters import Categorical, Fixed, Int, Parameter, Value, same
from autocnn.space.seeds import derive_seed
from autocnn.space.space import SearchSpace
from autocnn.trial import Proposal, TrialResult, TrialState

MAX_COUNTED_POINTS = 1000  # a larger space is never searched to its end
FIRST_LOOK = 0  # the step of a score from within the first epoch
MAX_DRAWS = 1000  # infeasible ones in a row before the space counts as exhausted


class OptunaEngine:
    """Proposes with an Optuna sampler and prunes with an Optuna pruner.

    The Optuna study is the record: trials that it still calls running are proposed again first,
    with the same values, so an interrupted study goes on where it stopped.
    """

    def __init__(self, study: optuna.Study, space: SearchSpace, setup: EngineSetup) -> None:
        self._study, self._space, self._setup = study, space, setup
        study.sampler = PerTrialSampler(setup.sampler, setup.seed)
        study.pruner = build_pruner(setup.pruner, setup.horizon)
        self._running: dict[int, optuna.Trial] = {}
        self._best: dict[int, float] = {}
        self._n_points = space.n_points()
        self._to_continue = unfinished_trials(study)

    def enqueue(self, recipe: Recipe) -> None:
        """Propose `recipe` before anything that the sampler draws."""
        self._study.enqueue_trial(
            dict(recipe.values_in(self._space)), user_attrs={"recipe": recipe.name}
        )

    def ask(self) -> Proposal | None:
        """The next feasible configuration.

        None once every point of a finite space has been drawn, or after MAX_DRAWS infeasible draws
        in a row.
        """
        for _ in range(MAX_DRAWS):
            if not self._to_continue and self._is_exhausted():
                return None
            trial = self._to_continue.pop(0) if self._to_continue else self._study.ask()
            try:
                proposal = self._propose(trial)
            except Infeasible as error:
                mark_infeasible(trial, str(error))
                # Pruned without a report is what TPE ranks last: it learns to stay away.
                self._study.tell(trial, state=OptunaState.PRUNED)
                continue
            write_proposal(trial, proposal)
            self._running[trial.number] = trial
            return proposal
        return None

    def first_look(self, number: int, score: float) -> bool:
        """Put the score on record as that of epoch 0; True: not among the best looks, prune now."""
        trials = self._study.get_trials(deepcopy=False)
        values = [t.intermediate_values for t in trials if t.number != number]
        others = [looks[FIRST_LOOK] for looks in values if FIRST_LOOK in looks]
        self._report(self._running[number], FIRST_LOOK, score)
        return not passes_first_look(score, others)

    def report(self, number: int, epoch: int, score: float) -> bool:
        """Tell the best score so far at `epoch`; True: prune now."""
        trial = self._running[number]
        self._best[number] = max(score, self._best.get(number, score))
        self._report(trial, epoch, self._best[number])
        return trial.should_prune()

    def tell(self, number: int, result: TrialResult) -> None:
        """Put the result on record and tell Optuna; a trial that ended early is padded first.

        Halving writes its rungs only inside `should_prune`: without the padding a trial that
        stopped early at 0.92 would be missing where a rival of 0.91 is judged.
        """
        trial = self._running.pop(number)
        write_result(trial, result)
        score = result.score
        if result.state in (TrialState.COMPLETE, TrialState.STOPPED) and score is not None:
            for epoch in range(result.epochs + 1, self._setup.horizon + 1):
                self._report(trial, epoch, score)
                trial.should_prune()
            self._study.tell(trial, score)
        elif result.state is TrialState.PRUNED:
            self._study.tell(trial, state=OptunaState.PRUNED)
        else:
            self._study.tell(trial, state=OptunaState.FAIL)

    def leave(self, number: int, result: TrialResult | None) -> None:
        """Note how far a trial came, but leave it running, to be continued with the study."""
        trial = self._running.pop(number)
        if result is not None and result.score is not None:
            write_result(trial, result)

    def _report(self, trial: optuna.Trial, epoch: int, score: float) -> None:
        """Report, unless a run that was interrupted has done so: Optuna would warn each time."""
        known = self._study.get_trials(deepcopy=False)[trial.number].intermediate_values
        if epoch not in known:
            trial.report(score, epoch)

    def _is_exhausted(self) -> bool:
        if self._n_points > MAX_COUNTED_POINTS:
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
        return Proposal(
            number=trial.number,
            values=values,
            config=config,
            origin=setup.sampler if recipe is None else f"recipe:{recipe}",
            seed=derive_seed(setup.seed, trial.number, "train"),
            parameters=network.parameters,
            macs=network.macs,
        )


def _suggest(trial: optuna.Trial, name: str, parameter: Parameter) -> Value:
    if isinstance(parameter, Fixed):
        return parameter.value
    if isinstance(parameter, Categorical):
        at = trial.suggest_categorical(name, list(parameter.choices))
        return next(choice for choice in parameter.choices if same(choice, at))  # type: ignore[arg-type]
    if isinstance(parameter, Int):
        low, step = parameter.low, parameter.step
        high = parameter.high - (parameter.high - low) % step  # on the grid, or Optuna warns
        return trial.suggest_int(name, low, high, step=step, log=parameter.log)
    end = parameter.high if parameter.step is None else float(parameter.all_values()[-1])
    return trial.suggest_float(name, parameter.low, end, step=parameter.step, log=parameter.log)
