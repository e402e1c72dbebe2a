"""Proposals and results for the tests of `autocnn.study`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from autocnn.space.config import TrialConfig
from autocnn.trial import Proposal, TrialResult


@pytest.fixture
def make_proposal(
    make_proposal: Callable[..., Proposal], config: TrialConfig
) -> Callable[[int], Proposal]:
    """A proposal with this number; its seed is ten times that."""

    def make(number: int) -> Proposal:
        own = replace(config, batch_size=16 + number)  # no trial is another's duplicate
        return make_proposal(number, config=own, seed=10 * number, last_epoch=3)

    return make


@pytest.fixture
def make_result(make_result: Callable[..., TrialResult]) -> Callable[..., TrialResult]:
    """A result from its scores, one every 10 s; the best is the first largest."""
    return partial(make_result, epoch_s=10.0, cpu_seconds=0.0)
