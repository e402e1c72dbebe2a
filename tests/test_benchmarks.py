"""The benchmark that takes a session apart still fits it; others are run when they are needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "overhead.py"


@pytest.mark.training
def test_overhead_is_measured_in_a_small_study(tmp_path):
    """Three trials on record, two more; a part of each, and the steps of the resume."""
    command = [sys.executable, str(SCRIPT), "--sizes", "3", "--trials", "2", "--rounds", "1"]
    done = subprocess.run(
        [*command, "--folder", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "ms a trial" in done.stdout
    assert "ms of a resume" in done.stdout
    assert not list(tmp_path.iterdir())
