"""NSGA-II, a genetic algorithm, whose generations follow from the order of the trials."""

from __future__ import annotations

import optuna
from optuna.samplers import BaseSampler, NSGAIISampler
from optuna.trial import FrozenTrial, TrialState

from autocnn.engines.replayed_samplers import Draw, InMemorySampler
from autocnn.records.optuna_private import select_elite

POPULATION = 10  # Optuna's 50 are more trials than most studies have


class Nsga2(NSGAIISampler):
    """Optuna's NSGA-II, but the generations follow from the order of the trials.

    Optuna marks them in the storage, and finds the parents of a generation by those of the one
    before: in a study that is new for each trial it would recurse to the first generation.
    """

    def get_trial_generation(self, study: optuna.Study, trial: FrozenTrial) -> int:
        """The generation of a trial, from the number of trials that have ended."""
        return len(_complete(study)) // POPULATION

    def get_parent_population(self, study: optuna.Study, generation: int) -> list[FrozenTrial]:
        """The parents of a generation, from all the generations before it."""
        trials, parents = _complete(study), list[FrozenTrial]()
        for start in range(0, generation * POPULATION, POPULATION):
            rivals = trials[start : start + POPULATION] + parents
            parents = select_elite(self, study, rivals)
        return parents


def _complete(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])


def nsga2(draw: Draw) -> BaseSampler:
    """A genetic algorithm: each POPULATION trials with a score are a generation, recipes included.

    Optuna's counts complete trials only, of which pruning leaves few; here pruned ones count with
    their best report. Parameters that are active at some points only are not inherited.
    """
    sampler = Nsga2(population_size=POPULATION, seed=draw.seed)
    return InMemorySampler(sampler, draw.completed(), [draw.objective.direction])
