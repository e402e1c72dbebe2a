"""The options of the command line: those of the settings, and those that several commands share."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

import autocnn.api as api

DATA, SEARCH, LIMITS, MACHINE, OUTPUT = "Data", "Search", "Limits", "Machine", "Output"
PANELS = {  # of --help, by the settings' keys; the others stand without a panel
    **dict.fromkeys(("dataset", *api.IMAGE_OPTIONS, "split_seed", "folds", "class_weights"), DATA),
    **dict.fromkeys(("space", "engine", "sampler", "tuner", "pruner", "objective"), SEARCH),
    **dict.fromkeys(("recipes", "warm_start", "finals", "seeds", "horizons", "seed"), SEARCH),
    **dict.fromkeys(("time_budget_s", "trials", "epochs", "target", "trial_timeout_s"), LIMITS),
    **dict.fromkeys(("smallest", "batch_size"), SEARCH),
    **dict.fromkeys(("max_params", "max_macs", "max_latency_ms"), LIMITS),
    **dict.fromkeys(("max_consecutive_failures",), LIMITS),
    **dict.fromkeys(("workers", "gpus", "workers_per_gpu", "worker_memory_mb"), MACHINE),
    **dict.fromkeys(("executor", "ray_address", "cpus_per_trial", "gpus_per_trial"), MACHINE),
    **dict.fromkeys(("recycle", "precision", "storage"), MACHINE),
    **dict.fromkeys(("study", "results"), OUTPUT),
}

Given = dict[str, Any]  # settings by the field names of `StudySettings`
Command = Callable[..., None]


def split_names(text: str) -> list[str]:
    """The names in a text such as "dropout,optimizer", without the spaces around them."""
    return [name.strip() for name in text.split(",")]


def setting_option(
    key: str, *, help: str = "", environment: bool = True, grouped: bool = False, **more: Any
) -> Any:
    """The option of setting `key`, as the table of settings describes it.

    `help` replaces the table's text. `environment`: the setting's variable gives a value that the
    command line does not give. `grouped`: --help shows it in the panel of PANELS.
    """
    return typer.Option(
        api.option_name(key),
        help=help or api.option_help(key),
        envvar=api.option_variable(key) if environment else None,
        show_envvar=False,
        rich_help_panel=PANELS.get(key) if grouped else None,
        **more,
    )


def with_settings(**options: Any) -> Callable[[Command], Command]:
    """Add options of settings, by the settings' keys, to a command.

    The command receives the values that were given as its first argument, of type `Given`.
    """

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def run(**arguments: Any) -> None:
            texts = {key: arguments.pop(key) for key in options}
            command({k: _parsed(k, v) for k, v in texts.items() if v is not None}, **arguments)

        own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
        added = [_parameter(key, option) for key, option in options.items()]
        ordered = sorted([*added, *own], key=lambda each: each.default is not each.empty)
        run.__signature__ = inspect.Signature(ordered)  # type: ignore[attr-defined]
        return run

    return decorate


def _parameter(key: str, option: Any) -> inspect.Parameter:
    kind = str if api.SETTINGS[key].parse is not None else api.setting_types()[key]
    return inspect.Parameter(
        key,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        default=None,
        annotation=Annotated[kind | None, option],
    )


def _parsed(key: str, value: Any) -> Any:
    """The value of setting `key`, parsed if the option takes a text such as 12m."""
    parse = api.SETTINGS[key].parse
    return value if parse is None else parse(value, api.option_name(key))


image_options = with_settings(**{key: setting_option(key) for key in api.IMAGE_OPTIONS})

ResultsOption = Annotated[Path, setting_option("results", show_default=False)]
WorkersOption = Annotated[int | None, setting_option("workers")]

StudyArgument = Annotated[
    str | None, typer.Argument(help="Name of the study; by default the latest one.")
]
TrustOption = Annotated[
    bool,
    typer.Option("--trust", help="Connect to the database that study.toml names, now and later."),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object, and nothing else, on stdout.")
]
ReportOption = Annotated[
    bool,
    typer.Option(
        "--report/--no-report",
        envvar="AUTOCNN_REPORT",
        show_envvar=False,
        rich_help_panel=OUTPUT,
        help="Write report.html into the study's folder at the end (default).",
        show_default=False,
    ),
]
WatchOption = Annotated[
    bool,
    typer.Option(
        "--watch",
        envvar="AUTOCNN_WATCH",
        show_envvar=False,
        rich_help_panel=OUTPUT,
        help="Serve the report, which grows with the search, on 127.0.0.1 while it runs.",
        show_default=False,
    ),
]
WatchPortOption = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=65535,
        envvar="AUTOCNN_WATCH_PORT",
        show_envvar=False,
        rich_help_panel=OUTPUT,
        help="The port of --watch, which it implies; 0 is any free one; by default 8001.",
    ),
]
TensorboardOption = Annotated[
    str | None,
    typer.Option(
        envvar="AUTOCNN_TENSORBOARD",
        show_envvar=False,
        metavar="FOLDER",
        rich_help_panel=OUTPUT,
        help="Write each trial's curves and parameters into a folder for TensorBoard.",
    ),
]
MlflowOption = Annotated[
    str | None,
    typer.Option(
        envvar="AUTOCNN_MLFLOW",
        show_envvar=False,
        metavar="URI",
        rich_help_panel=OUTPUT,
        help="Log each trial as a run of MLflow, such as to http://127.0.0.1:5000 or "
        "sqlite:///mlflow.db.",
    ),
]
CopyOption = Annotated[
    str | None,
    typer.Option(
        "--copy-to",
        envvar="AUTOCNN_COPY_TO",
        show_envvar=False,
        metavar="URL",
        rich_help_panel=OUTPUT,
        help="Keep a copy of the study below a URL such as s3://bucket/results while the search "
        "runs; `autocnn studies fetch URL/STUDY` brings it back.",
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress.")]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", "-v", help="Print a line for every epoch.")
]
