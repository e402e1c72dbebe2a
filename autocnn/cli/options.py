"""Options and arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def env(name: str, help: str, *flags: str) -> Any:
    """An option that the variable AUTOCNN_<name> gives where the command line does not."""
    return typer.Option(*flags, help=help, envvar=f"AUTOCNN_{name}", show_envvar=False)


ResultsOption = Annotated[
    Path, typer.Option(help="Folder of all studies.", envvar="AUTOCNN_RESULTS", show_default=True)
]
StudyArgument = Annotated[
    str | None, typer.Argument(help="Name of the study; the latest one by default.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="A line for every epoch.")]
WorkersOption = Annotated[
    int | None,
    env("WORKERS", "Training processes; by default as many as the machine feeds."),
]
GpusOption = Annotated[str | None, env("GPUS", "GPUs to train on, such as 0,1; all by default.")]
WorkersPerGpuOption = Annotated[
    int | None, env("WORKERS_PER_GPU", "Training processes on each GPU; 1.")
]
ImageSizeOption = Annotated[
    str | None,
    env(
        "IMAGE_SIZE",
        "Of your own images: 64, or 48x64 (height x width); by default the one that all have, else "
        "chosen.",
    ),
]
SkipCorruptOption = Annotated[
    bool | None,
    env(
        "SKIP_CORRUPT",
        "Leave out those of your own images that cannot be read.",
        "--skip-corrupt/--no-skip-corrupt",
    ),
]


def given_values(**options: Any) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in options.items() if value is not None}
