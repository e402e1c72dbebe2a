"""`autocnn info`: versions, devices, precision, folders."""

from __future__ import annotations

from pathlib import Path

from autocnn.cli.options import ResultsOption


def info(results: ResultsOption = Path("results")) -> None:
    """Say what autocnn runs on, the precision it would choose and why, and where files lie."""
    import autocnn.api as api

    for name, value in api.describe_installation(results).items():
        print(f"{name:<12} {value}")
