"""A job that several tests of executors send."""

from __future__ import annotations

import pytest

from autocnn.trial import TrialJob


@pytest.fixture
def job(config, tmp_path) -> TrialJob:
    """A job of two epochs on a tiny network."""
    return TrialJob(
        number=0,
        config=config,
        seed=7,
        horizon=2,
        last_epoch=2,
        precision="float32",
        folder=tmp_path / "trial",
    )
