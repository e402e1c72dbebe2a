"""`autocnn baselines`: the networks from the literature that come with autocnn."""

from __future__ import annotations

import json
from dataclasses import asdict

import autocnn.api as api
import autocnn.terminal as terminal
from autocnn.cli.options import JsonOption


def baselines(as_json: JsonOption = False) -> None:
    """List the networks from the literature that `autocnn search --baseline NAME` trains."""
    found = api.list_baselines()
    if as_json:
        print(json.dumps({"baselines": [asdict(baseline) for baseline in found]}))
    else:
        terminal.print_wide(terminal.render_baselines(found))
