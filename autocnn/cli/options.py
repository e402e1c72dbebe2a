"""Options and arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ResultsOption = Annotated[
    Path, typer.Option(help="Folder of all studies.", envvar="AUTOCNN_RESULTS", show_default=True)
]
StudyArgument = Annotated[
    str | None, typer.Argument(help="Name of the study; the latest one by default.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="A line for every epoch.")]
