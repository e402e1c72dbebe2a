"""`autocnn importance`: the parameters that the best trials have in common."""

from __future__ import annotations

import json
from pathlib import Path

import autocnn.api as api
import autocnn.terminal as terminal
from autocnn.cli.options import JsonOption, ResultsOption, StudyArgument, TrustOption

NOT_EFFECT = (
    "Importance is not effect: it shows which parameters the best trials have in common, not the "
    "effect of a change. `autocnn ablate` measures that."
)


def importance(
    study: StudyArgument = None,
    as_json: JsonOption = False,
    results: ResultsOption = Path("results"),
    trust: TrustOption = False,
) -> None:
    """Show which parameters the best trials have in common."""
    if trust:
        api.trust_studies(results, [study] if study else [])
    view = api.load_study(results, study)
    if as_json:
        print(json.dumps(api.describe_importances(view)))
        return
    terminal.print_wide(api.draw_study(view, "importance"))
    print(NOT_EFFECT)
