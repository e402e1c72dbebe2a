"""A fixed list of trainings as an engine: an ablation, or a comparison of known networks."""

from __future__ import annotations

from collections.abc import Sequence

import optuna
from optuna.trial import FrozenTrial

from autocnn.engines.base import BaseEngine
from autocnn.engines.protocol import Draft, EngineSetup
from autocnn.records.optuna_record import proposed_values
from autocnn.space.plan import REPEAT, VARIANT, Planned
from autocnn.space.space import SearchSpace


class PlanEngine(BaseEngine):
    """Proposes what is planned and not on record yet, in the order of the plan; prunes nothing.

    A plan may grow between two runs: a training that is on record keeps its place.
    """

    def __init__(
        self,
        study: optuna.Study,
        space: SearchSpace,
        setup: EngineSetup,
        plan: Sequence[Planned],
    ) -> None:
        super().__init__(study, space, setup)
        self._plan = {planned.key: planned for planned in plan}
        recorded = (_key(trial) for trial in study.get_trials(deepcopy=False))
        self._taken = {key for key in recorded if key is not None}

    def propose(self, left: FrozenTrial | None = None) -> Draft | None:
        """The next training of the plan; `left` once more, if it is planned still."""
        key = None if left is None else _key(left)
        if key is None:  # a new trial, or one that was interrupted before it was proposed
            key = next((planned for planned in self._plan if planned not in self._taken), None)
        if key not in self._plan:
            return None
        self._taken.add(key)
        return Draft(source=self._plan[key], last_epoch=self._setup.horizon)


def _key(trial: FrozenTrial) -> tuple[str, int] | None:
    """The variant and the repetition that `trial` trains; None before it is proposed."""
    values = proposed_values(trial)
    return None if values is None else (values[VARIANT], values[REPEAT])
