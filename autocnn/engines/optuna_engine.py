"""Optuna's samplers as an engine."""

from __future__ import annotations

import optuna

from autocnn.engines.base import RecordedEngine
from autocnn.engines.protocol import EngineSetup
from autocnn.engines.samplers import PerTrialSampler
from autocnn.records.leases import Leases
from autocnn.space.space import SearchSpace


class OptunaEngine(RecordedEngine):
    """Proposes with an Optuna sampler and prunes with an Optuna pruner."""

    def __init__(
        self,
        study: optuna.Study,
        space: SearchSpace,
        setup: EngineSetup,
        leases: Leases | None = None,
    ) -> None:
        super().__init__(study, space, setup, leases)
        study.sampler = PerTrialSampler(setup.proposer, setup.seed, space)

    def _draw(self) -> optuna.Trial | None:
        is_grid = self._setup.proposer == "grid"
        return None if self._is_exhausted(is_grid=is_grid) else self._study.ask()
