"""`autocnn baselines`: networks from the literature, to be trained with `search --baseline`."""

from __future__ import annotations

import json
from dataclasses import asdict

from autocnn.cli.options import JsonOption


def baselines(as_json: JsonOption = False) -> None:
    """List the networks from the literature that `autocnn search --baseline NAME` trains."""
    import autocnn.api as api
    from autocnn.terminal.baselines_table import render_baselines
    from autocnn.terminal.printing import print_wide

    found = api.list_baselines()
    if as_json:
        print(json.dumps({"baselines": [asdict(baseline) for baseline in found]}))
    else:
        print_wide(render_baselines(found))
