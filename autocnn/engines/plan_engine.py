"""A fixed list of trainings as an engine: what an ablation or a comparison of baselines runs."""

from __future__ import annotations

from collections.abc import Sequence

import optuna
from optuna.trial import FrozenTrial

from autocnn.engines.base import RecordedEngine
from autocnn.engines.protocol import EngineSetup
from autocnn.records.optuna_record import continued_trial, proposed_values
from autocnn.space.plan import REPEAT, VARIANT, Planned
from autocnn.space.seeds import derive_seed
from autocnn.space.space import SearchSpace
from autocnn.trial import Proposal


class PlanEngine(RecordedEngine):
    """Proposes what is planned and not on record yet, in the order of the plan; prunes nothing.

    A plan may grow between two runs: what is on record keeps its place.
    """

    def __init__(
        self,
        study: optuna.Study,
        space: SearchSpace,
        setup: EngineSetup,
        plan: Sequence[Planned],
    ) -> None:
        super().__init__(study, space, setup)
        self._plan = list(plan)
        taken = (_key(trial) for trial in study.get_trials(deepcopy=False))
        self._taken = {key for key in taken if key is not None}
        wanted = {planned.key for planned in plan}
        self._undecided = [t for t in self._to_continue if _key(t) is None]
        self._to_continue = [t for t in self._to_continue if _key(t) in wanted]

    def _draw(self) -> optuna.Trial | None:
        left = [planned for planned in self._plan if planned.key not in self._taken]
        if not left:
            return None
        if self._undecided:  # asked for, when the process ended
            return continued_trial(self._study, self._undecided.pop(0))
        return self._study.ask()

    def _propose(self, trial: optuna.Trial) -> Proposal:
        planned = self._planned(trial)
        self._taken.add(planned.key)
        setup = self._setup
        network = self._space.network(planned.config, setup.image_shape, setup.n_classes)
        return Proposal(
            number=trial.number,
            values={VARIANT: planned.variant, REPEAT: planned.repeat},
            config=planned.config,
            origin=f"plan:{planned.variant}",
            seed=derive_seed(setup.seed, planned.repeat, "repeat"),
            parameters=network.parameters,
            macs=network.macs,
            last_epoch=setup.horizon,
        )

    def _planned(self, trial: optuna.Trial) -> Planned:
        """What `trial` trains: as it is on record, or the next of the plan."""
        key = _key(trial)
        if key is None:
            return next(planned for planned in self._plan if planned.key not in self._taken)
        return next(planned for planned in self._plan if planned.key == key)


def _key(trial: optuna.Trial | FrozenTrial) -> tuple[str, int] | None:
    values = proposed_values(trial)
    return None if values is None else (values[VARIANT], values[REPEAT])
