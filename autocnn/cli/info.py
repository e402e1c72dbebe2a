"""`autocnn info`: versions, devices, precision, folders."""

from __future__ import annotations

import json
from pathlib import Path

import autocnn.api as api
import autocnn.terminal as terminal
from autocnn.cli.options import JsonOption, ResultsOption


def info(results: ResultsOption = Path("results"), as_json: JsonOption = False) -> None:
    """Print the versions, the devices, the precision with its reason, and the folders in use."""
    found = api.describe_installation(results)
    if as_json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        terminal.print_line(f"{name:<12} {value}")
