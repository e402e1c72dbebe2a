"""Proposals, results and a console that remembers, for the tests of `autocnn.report`."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from autocnn.space.config import Block, TrialConfig
from autocnn.trial import Epoch, Proposal, TrialResult, TrialState

CONFIG = TrialConfig(blocks=(Block(filters=(8,)),))


@pytest.fixture
def make_proposal() -> Callable[..., Proposal]:
    """A proposal with this number: 1.3 k parameters, 88.0 k MACs."""

    def make(number: int, **changes: Any) -> Proposal:
        fields: dict[str, Any] = {
            "number": number,
            "values": {},
            "config": CONFIG,
            "origin": "tpe",
            "seed": 1,
            "parameters": 1290,
            "macs": 88_000,
            "last_epoch": 12,
        }
        return Proposal(**{**fields, **changes})

    return make


@pytest.fixture
def make_result() -> Callable[..., TrialResult]:
    """A result from its scores, one an epoch of 2.5 s; the best is the first largest."""

    def make(*scores: float, **changes: Any) -> TrialResult:
        curve = tuple(
            Epoch(
                train_loss=1 / number,
                train_accuracy=0.5,
                val_loss=1.0,
                val_accuracy=score,
                seconds=2.5 * number,
            )
            for number, score in enumerate(scores, start=1)
        )
        fields: dict[str, Any] = {
            "state": TrialState.COMPLETE,
            "curve": curve,
            "best_epoch": scores.index(max(scores)) + 1 if scores else None,
            "seconds": 2.5 * len(scores),
            "cpu_seconds": 4.0 * len(scores),
            "precision": "float32",
        }
        return TrialResult(**{**fields, **changes})

    return make


@pytest.fixture
def console() -> Console:
    """A terminal of 120 columns that remembers what was printed."""
    return Console(
        record=True, force_terminal=True, width=120, height=50, file=io.StringIO(), highlight=False
    )


@pytest.fixture
def show() -> Callable[..., list[str]]:
    """The lines that something looks like on a terminal of this width."""

    def lines(renderable: Any, width: int = 120) -> list[str]:
        plain = Console(width=width, file=io.StringIO(), record=True, highlight=False)
        plain.print(renderable)
        return [line.rstrip() for line in plain.export_text().splitlines()]

    return lines
