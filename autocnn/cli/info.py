"""`autocnn info`: versions, devices, precision, folders."""

from __future__ import annotations

from pathlib import Path

import autocnn.api as api
import autocnn.terminal as terminal
from autocnn.cli.options import ResultsOption


def info(results: ResultsOption = Path("results")) -> None:
    """Print the versions, the devices, the precision with its reason, and the folders in use."""
    for name, value in api.describe_installation(results).items():
        terminal.print_line(f"{name:<12} {value}")
