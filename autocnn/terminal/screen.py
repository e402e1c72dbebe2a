"""The display of a running study: a live screen on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from autocnn.objectives import ACCURACY, Objective
from autocnn.report.formatting import clock, count, sparkline
from autocnn.terminal.escaping import SafeConsole
from autocnn.trial import (
    END_PHASES,
    Listener,
    Progress,
    Proposal,
    Running,
    TrialResult,
    TrialState,
)

SHOWN_TRIALS = 10
BAR = 24  # columns of a bar
COLUMNS: dict[str, JustifyMethod] = {
    "trial": "right",
    "score": "right",
    "epochs": "right",
    "seconds": "right",
    "parameters": "right",
    "MACs": "right",
    "state": "left",
    "origin": "left",
    "curve": "left",
}
WIDE = 106  # columns of a terminal from which on WIDE_ONLY are shown
WIDE_ONLY = ("MACs", "curve")
STYLES = {
    TrialState.COMPLETE: "green",
    TrialState.STOPPED: "yellow",
    TrialState.PRUNED: "dim",
    TrialState.FAILED: "red",
}


@contextmanager
def open_screen(
    verbosity: int, stream: TextIO | None = None, objective: Objective = ACCURACY
) -> Iterator[Listener]:
    """A listener that prints to `stream`, by default stderr: a live screen on a terminal or lines.

    Scores are printed as those of `objective`.

    Verbosity: -1 prints errors only, 0 a line a trial, 1 a line an epoch too, without the screen.
    """
    console = SafeConsole(file=sys.stderr if stream is None else stream, highlight=False)
    if verbosity == 0 and console.is_terminal and not console.is_dumb_terminal:
        screen = LiveScreen(console, objective)
        with screen.live:
            yield screen
    else:
        yield PlainLines(console, verbosity, objective)


def describe_result(
    proposal: Proposal, result: TrialResult, objective: Objective = ACCURACY
) -> str:
    """One line about the end of a trial: state, score, epochs, seconds, origin, reason."""
    score = f"{objective.text(result.score):>8}"
    epochs = f"{result.epochs:>2} epoch{' ' if result.epochs == 1 else 's'}"
    text = (
        f"trial {proposal.number:>3}  {result.state:<8} {score}  {epochs}  "
        f"{result.seconds:6.1f} s  {describe_origin(proposal, result)}"
    )
    why = result.message if result.cause is None else f"{result.cause}: {result.message}"
    return f"{text}  {why}" if why else text


def describe_origin(proposal: Proposal, result: TrialResult) -> str:
    """The origin of the trial's proposal, and the trial that it continues or repeats."""
    text = proposal.origin
    if proposal.parent is not None:
        text += f", continues {proposal.parent}"
    return text if result.duplicate_of is None else f"{text}, repeats {result.duplicate_of}"


def describe_counts(progress: Progress, objective: Objective = ACCURACY) -> str:
    """How many trials are done, pruned and failed, and the best score."""
    counts = progress.counts
    text = (
        f"{progress.done} done, {counts.get(TrialState.PRUNED, 0)} pruned, "
        f"{counts.get(TrialState.FAILED, 0)} failed"
    )
    if progress.best is not None:
        text += f"; best {objective.text(progress.best[1])} (trial {progress.best[0]})"
    return text


class PlainLines:
    """A listener that prints a line for every trial, and with verbosity 1 for every epoch too."""

    def __init__(self, console: Console, verbosity: int, objective: Objective = ACCURACY) -> None:
        self._console, self._verbosity, self._objective = console, verbosity, objective
        self._phase = ""
        self._seen: dict[int, int] = {}  # epochs of a running trial

    def progress(self, progress: Progress) -> None:
        """Print a new phase, and with verbosity 1 a new epoch."""
        if self._verbosity < 0:
            return
        if progress.phase not in (self._phase, *END_PHASES):
            self._phase = progress.phase
            if progress.phase != "searching":
                self._print(f"{progress.phase} …")
        if self._verbosity > 0:
            for running in progress.running:
                self._print_epoch(running)

    def trial_finished(self, proposal: Proposal, result: TrialResult) -> None:
        """Print a line about the end of the trial."""
        if self._verbosity >= 0:
            self._print(describe_result(proposal, result, self._objective))

    def message(self, text: str) -> None:
        """Print the line."""
        if self._verbosity >= 0:
            self._print(text)

    def _print_epoch(self, running: Running) -> None:
        number, curve = running.proposal.number, running.curve
        if not curve or self._seen.get(number) == len(curve):
            return
        self._seen[number], last = len(curve), curve[-1]
        self._print(
            f"trial {number:>3}  epoch {len(curve)}/{running.proposal.last_epoch}  "
            f"loss {last.train_loss:.4f}  validation {self._objective.text(last.score)}"
        )

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, emoji=False, soft_wrap=True)


class LiveScreen:
    """A listener that draws one screen again and again in the same place."""

    def __init__(self, console: Console, objective: Objective = ACCURACY) -> None:
        self._objective = objective
        self._progress = Progress(phase="starting", counts={})
        self._finished: deque[tuple[Proposal, TrialResult]] = deque(maxlen=SHOWN_TRIALS)
        self._started = time.monotonic()
        self.live = Live(
            get_renderable=self._render, console=console, refresh_per_second=4, transient=False
        )

    def progress(self, progress: Progress) -> None:
        """Keep the snapshot for the next drawing."""
        self._progress = progress

    def trial_finished(self, proposal: Proposal, result: TrialResult) -> None:
        """Add the trial to the table."""
        self._finished.append((proposal, result))

    def message(self, text: str) -> None:
        """Print the line above the screen."""
        self.live.console.print(Text(text, "yellow"))

    def _render(self) -> RenderableType:
        progress = self._progress
        counts = describe_counts(progress, self._objective)
        head = Text.assemble((f"{progress.phase:<10}", "bold cyan"), " ", counts, "\n")
        head.append(self._time_line())
        parts: list[RenderableType] = [head]
        if self._finished:
            parts.append(self._table())
        if progress.phase == "refitting":
            parts.append(_bar("refit", len(progress.curve), progress.horizon))
        parts += [_describe_running(running, self._objective) for running in progress.running]
        return Group(*parts)

    def _time_line(self) -> str:
        elapsed = time.monotonic() - self._started
        left = self._progress.seconds_left
        return f"{clock(elapsed)} passed" + ("" if left is None else f", {clock(left)} left")

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, header_style="bold")
        is_wide = self.live.console.width >= WIDE
        shown = [title for title in COLUMNS if is_wide or title not in WIDE_ONLY]
        for title in shown:
            table.add_column(title, justify=COLUMNS[title], no_wrap=True)
        for proposal, result in self._finished:
            cells = _cells(proposal, result, self._objective)
            row = [cells[title] for title in shown]
            table.add_row(*row, style=STYLES.get(result.state, ""))
        return table


def _cells(
    proposal: Proposal, result: TrialResult, objective: Objective
) -> dict[str, RenderableType]:
    """The cells of a trial, by the titles of the columns."""
    return {
        "trial": str(proposal.number),
        "score": objective.text(result.score),
        "epochs": str(result.epochs),
        "seconds": f"{result.seconds:.1f}",
        "parameters": count(proposal.parameters),
        "MACs": count(proposal.macs),
        "state": (result.state is TrialState.FAILED and result.cause) or result.state,
        "origin": Text(describe_origin(proposal, result)),
        "curve": sparkline([epoch.score for epoch in result.curve]),
    }


def _describe_running(running: Running, objective: Objective) -> Text:
    proposal, curve = running.proposal, running.curve
    text = _bar(f"trial {proposal.number}", len(curve), proposal.last_epoch)
    text.append(f"  {count(proposal.macs)} MACs  {proposal.origin}")
    if curve:
        text.append(f"  validation {objective.text(curve[-1].score)}", "cyan")
    return text


def _bar(name: str, done: int, total: int) -> Text:
    filled = round(BAR * done / max(1, total))
    text = Text.assemble((f"{name:<10}", "bold"), " ")
    text.append("━" * filled, "green").append("─" * (BAR - filled), "dim")
    return text.append(f" epoch {done}/{max(1, total)}")
