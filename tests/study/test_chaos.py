"""A few kills of a study with two workers; benchmarks/chaos.py does a hundred."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.training
CHAOS = Path(__file__).parents[2] / "benchmarks" / "chaos.py"


@pytest.mark.parametrize("storage", ["journal", pytest.param("sqlite", marks=pytest.mark.slow)])
def test_kills_cost_nothing_but_time(storage):
    """No ended trial is lost, and no file is incomplete."""
    command = [sys.executable, str(CHAOS), "--kills", "2", "--max-wait", "2", "--storage", storage]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" 0 lost, 0 files unreadable") == 2
