"""A console that remembers, and a quiet Optuna, for the tests of `autocnn.report`."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rich.console import Console


@pytest.fixture
def quiet_optuna() -> Iterator[None]:
    """Optuna tells of each study that it makes, unless it is hushed."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    yield
    optuna.logging.set_verbosity(before)


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
