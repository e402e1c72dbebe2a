"""Commands that train: the screen, Ctrl-C, the lines at the end and the exit codes."""

from __future__ import annotations

import functools
import inspect
import json
import shlex
import signal
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, TextIO

import typer

import autocnn.api as api
import autocnn.terminal as terminal
from autocnn.cli.options import (
    Command,
    CopyOption,
    Given,
    JsonOption,
    MlflowOption,
    QuietOption,
    ReportOption,
    TensorboardOption,
    VerboseOption,
    WatchOption,
    WatchPortOption,
)
from autocnn.errors import Interrupted

EXIT_NO_TRIAL, EXIT_INTERRUPTED = 3, 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is printed and written about a search, besides the study; `with_shown` makes it."""

    verbosity: int  # -1 prints no progress, 1 a line for each epoch
    as_json: bool  # the outcome is one object on standard output
    report: bool  # a finished search writes a page
    watch_port: int | None  # of the page while it runs; 0 is any free one, None serves none
    trackers: api.TrackerSettings
    copy_to: str | None  # the URL below which the study is copied


SHOWN: dict[str, tuple[Any, Any]] = {  # options with their defaults
    "as_json": (JsonOption, False),
    "report": (ReportOption, True),
    "watch": (WatchOption, False),
    "watch_port": (WatchPortOption, None),
    "tensorboard": (TensorboardOption, None),
    "mlflow": (MlflowOption, None),
    "copy_to": (CopyOption, None),
    "quiet": (QuietOption, False),
    "verbose": (VerboseOption, False),
}


def with_shown(command: Command) -> Command:
    """Add the options of SHOWN to a command, which receives them as its second argument, a Shown.

    The first one is of type `Given`.
    """

    @functools.wraps(command)
    def run(given: Given, **arguments: Any) -> None:
        chosen = {name: arguments.pop(name) for name in SHOWN}
        command(given, _shown(**chosen), **arguments)

    given, _, *own = inspect.signature(command, eval_str=True).parameters.values()
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    added = [
        inspect.Parameter(name, kind, default=default, annotation=option)
        for name, (option, default) in SHOWN.items()
    ]
    run.__signature__ = inspect.Signature([given, *own, *added])  # type: ignore[attr-defined]
    return run


def _shown(
    *,
    watch: bool,
    watch_port: int | None,
    tensorboard: str | None,
    mlflow: str | None,
    quiet: bool,
    verbose: bool,
    **same: Any,
) -> Shown:
    return Shown(
        verbosity=-1 if quiet else int(verbose),
        watch_port=api.WATCH_PORT if watch and watch_port is None else watch_port,
        trackers=api.TrackerSettings(tensorboard=tensorboard, mlflow=mlflow),
        **same,
    )


def run_study(found: api.Resolved, started: float, shown: Shown) -> None:
    """Search, print the outcome, and exit with the code of how the search ended.

    `started` (time.monotonic) is when the time budget began.
    """
    interrupt, settings, study = Interrupt(), found.settings, found.study
    with (
        terminal.open_screen(shown.verbosity, objective=settings.scoring) as screen,
        api.watching(screen, settings, shown.watch_port) as watch,
        api.copying(watch, study.paths.root, shown.copy_to) as copied,
    ):
        if shown.verbosity < 0 and watch.url is not None:  # the screen shows no message
            terminal.print_line(f"the search can be watched at {watch.url}", sys.stderr)
        with api.tracking(copied, shown.trackers, settings.study) as listener:
            outcome = api.search(settings, listener, interrupt.is_set, started, study=study)
        if shown.report:
            outcome = api.report_search(outcome, study, watch)
        watch.end(outcome.report)
    if outcome.state == "failed":
        terminal.print_line(f"autocnn: error: {api.describe_failure(outcome)}", sys.stderr)
    if not shown.as_json or shown.verbosity >= 0:
        _print_outcome(outcome, found, sys.stderr if shown.as_json else sys.stdout)
    if shown.as_json:
        print(json.dumps(asdict(outcome)))
    raise typer.Exit(_exit_code(outcome))


def join_study(found: api.Resolved, started: float, *, verbosity: int) -> None:
    """Train trials of a study that another process began, and exit with a code as `run_study`."""
    interrupt = Interrupt()
    with terminal.open_screen(verbosity, objective=found.settings.scoring) as screen:
        ended = api.join(found.settings, screen, interrupt.is_set, started, found.study)
    terminal.print_line(
        f"{ended.trials} trials of study {ended.study} were trained here ({ended.ending})"
    )
    raise typer.Exit(EXIT_INTERRUPTED if ended.ending == "interrupted" else 0)


def end_plan(interrupt: Interrupt, scores: Iterable[float | None]) -> None:
    """Exit with a code if a plan was interrupted, or if no training of it has a score."""
    if interrupt.is_set():
        print("interrupted; the same command goes on", file=sys.stderr)
        raise typer.Exit(EXIT_INTERRUPTED)
    if all(score is None for score in scores):
        raise typer.Exit(EXIT_NO_TRIAL)


class Interrupt:
    """What Ctrl-C (SIGINT) and SIGTERM do during a command that trains.

    The first signal asks for a clean end once the command polls `is_set`. Before the first poll,
    while the command loads libraries and data, and at the second signal, the command ends at once.
    """

    def __init__(self) -> None:
        self._is_set = self._is_polled = False
        signal.signal(signal.SIGINT, self._handle)
        signal.signal(signal.SIGTERM, self._handle)

    def is_set(self) -> bool:
        """True after the first signal."""
        self._is_polled = True
        return self._is_set

    def _handle(self, *_: object) -> None:
        ends_at_once = self._is_set or not self._is_polled
        self._is_set = True  # a library that swallows the exception does not lose the signal
        if ends_at_once:
            raise Interrupted


def _print_outcome(outcome: api.SearchOutcome, found: api.Resolved, stream: TextIO) -> None:
    """Print how the search ended; with --json to stderr, for stdout has one object."""
    lines: list[str] = []
    if outcome.state == "finished":
        finals = api.read_finals(found.study.paths)
        assert finals is not None  # a finished study has them
        if finals.finalists and stream is sys.stdout:
            terminal.print_wide(terminal.render_finalists(finals))
        lines += terminal.describe_finals(finals)
    lines += terminal.describe_end(
        outcome.seconds,
        outcome.cpu_seconds,
        outcome.model,
        outcome.leaderboard,
        outcome.runs,
        outcome.report,
    )
    if outcome.model is not None:
        has_report = outcome.report is not None
        where = found.settings.results
        lines += terminal.describe_next(outcome.study, where, has_report=has_report)
    terminal.print_closing(lines, stream)
    if outcome.state == "interrupted":
        again = ("autocnn", "resume", outcome.study, "--results", found.settings.results)
        terminal.print_line(f"interrupted; go on with: {shlex.join(again)}", stream)


def _exit_code(outcome: api.SearchOutcome) -> int:
    return {"finished": 0, "interrupted": EXIT_INTERRUPTED, "failed": EXIT_NO_TRIAL}[outcome.state]
