"""Optuna's samplers as an engine."""

from __future__ import annotations

import optuna
from optuna.trial import FrozenTrial

from autocnn.engines.base import BaseEngine
from autocnn.engines.protocol import Draft, EngineSetup
from autocnn.engines.samplers import PerTrialSampler
from autocnn.space.space import SearchSpace


class OptunaEngine(BaseEngine):
    """Proposes with a sampler of Optuna and prunes with a pruner of Optuna."""

    def __init__(self, study: optuna.Study, space: SearchSpace, setup: EngineSetup) -> None:
        super().__init__(study, space, setup)
        self._sampler = PerTrialSampler(space, setup)

    def propose(self, left: FrozenTrial | None = None) -> Draft | None:
        """The sampler's next trial; None once a finite space has been searched to its end."""
        is_grid = self._setup.proposer == "grid"
        if left is None and self._is_exhausted(is_grid=is_grid):
            return None
        return Draft(source=self._sampler, last_epoch=self._setup.horizon)
