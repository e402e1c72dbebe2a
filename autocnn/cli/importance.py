"""`autocnn importance`: which parameters the good trials have in common."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from autocnn.cli.options import ResultsOption, StudyArgument

NOT_EFFECT = (
    "Importance is not effect: it says which parameters the best trials have in common, not what a "
    "change would do. `autocnn ablate` trains that."
)


def importance(
    study: StudyArgument = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    results: ResultsOption = Path("results"),
) -> None:
    """Say which parameters the best trials have in common."""
    import autocnn.api as api
    from autocnn.terminal.printing import print_wide

    view = api.load_study(results, study)
    if as_json:
        print(json.dumps(api.describe_importances(view)))
        return
    print_wide(api.draw_study(view, "importance"))
    print(NOT_EFFECT)
