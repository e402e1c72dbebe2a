"""The display of a running study in a notebook: one output that is drawn again and again."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from autocnn.objectives import ACCURACY, Objective
from autocnn.python import html
from autocnn.report.formatting import clock, count, sparkline
from autocnn.terminal.screen import describe_counts, describe_origin
from autocnn.trial import END_PHASES, Progress, Proposal, Running, TrialResult, TrialState

SHOWN_TRIALS = 15
REDRAW_S = 0.5  # at least, between two drawings
MOST_MESSAGES = 12
TITLES = ("trial", "score", "epochs", "seconds", "parameters", "state", "origin", "curve")
LEFT = ("state", "origin", "curve")
STYLES = {TrialState.PRUNED: html.FAINT, TrialState.FAILED: html.FAINT}


class NotebookScreen:
    """A listener that shows a table of the trials, and below it those that are being trained."""

    def __init__(self, objective: Objective = ACCURACY) -> None:
        self._objective = objective
        self._progress = Progress(phase="starting", counts={})
        self._reading = ""
        self._finished: deque[tuple[Proposal, TrialResult]] = deque(maxlen=SHOWN_TRIALS)
        self._n_finished = 0
        self._messages: deque[str] = deque(maxlen=MOST_MESSAGES)
        self._closing: list[str] = []  # lines that come after the end
        self._started = time.monotonic()
        self._drawn = -REDRAW_S
        self._handle: Any = None

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the output below the cell that runs; the last drawing has the last state."""
        self._draw()
        try:
            yield
        finally:
            self._draw()

    def read(self, what: str, done: int, total: int) -> None:
        """Show the progress of the reading of images."""
        self._reading = html.bar(what, done, total, f"{done:,} of {total:,}")
        self._draw_soon()

    def progress(self, progress: Progress) -> None:
        """Show the snapshot, unless the last drawing is very recent."""
        self._reading = ""
        is_new = progress.phase != self._progress.phase
        self._progress = progress
        if is_new:
            self._draw()
        else:
            self._draw_soon()

    def trial_finished(self, proposal: Proposal, result: TrialResult) -> None:
        """Add the trial to the table."""
        self._finished.append((proposal, result))
        self._n_finished += 1
        self._draw_soon()

    def message(self, text: str) -> None:
        """Show the line above the table; after the end, below it."""
        if self._progress.phase in END_PHASES:
            self._closing.append(text)
        else:
            self._messages.append(text)
        self._draw_soon()

    def render(self) -> str:
        """The output as HTML."""
        progress = self._progress
        head = f"{progress.phase}: {describe_counts(progress, self._objective)}"
        parts = [html.line(head, style="font-weight:bold"), html.line(self._time_line())]
        parts += [html.line(text, style=html.FAINT) for text in self._messages]
        if self._reading:
            parts.append(self._reading)
        if self._finished:
            parts.append(self._table())
        if progress.phase == "refitting":
            n = len(progress.curve)
            parts.append(html.bar("refit", n, progress.horizon, f"epoch {n}/{progress.horizon}"))
        parts += [self._running(each) for each in progress.running]
        parts += [html.line(text, style="font-weight:bold") for text in self._closing]
        return html.box(*parts)

    def _time_line(self) -> str:
        left, passed = self._progress.seconds_left, clock(time.monotonic() - self._started)
        if left is None or self._progress.phase in END_PHASES:
            return f"{passed} passed"
        return f"{passed} passed, {clock(left)} left"

    def _table(self) -> str:
        rows = [self._row(*each) for each in self._finished]
        styles = [STYLES.get(result.state, "") for _, result in self._finished]
        hidden = self._n_finished - len(self._finished)
        note = html.line(f"{hidden} earlier trials are not shown", style=html.FAINT)
        return (note if hidden else "") + html.table(TITLES, rows, LEFT, styles)

    def _row(self, proposal: Proposal, result: TrialResult) -> tuple[str, ...]:
        is_failure = result.state is TrialState.FAILED and result.cause
        return (
            str(proposal.number),
            self._objective.text(result.score),
            str(result.epochs),
            f"{result.seconds:.1f}",
            count(proposal.parameters),
            str(result.cause if is_failure else result.state),
            describe_origin(proposal, result),
            sparkline([epoch.score for epoch in result.curve]),
        )

    def _running(self, running: Running) -> str:
        proposal, n = running.proposal, len(running.curve)
        text = f"epoch {n}/{proposal.last_epoch} · {proposal.origin}"
        if running.curve:
            text += f" · validation {self._objective.text(running.curve[-1].score)}"
        return html.bar(f"trial {proposal.number}", n, proposal.last_epoch, text)

    def _draw_soon(self) -> None:
        if time.monotonic() - self._drawn >= REDRAW_S:
            self._draw()

    def _draw(self) -> None:
        from IPython.display import HTML, display

        self._drawn = time.monotonic()
        page = HTML(self.render())  # type: ignore[no-untyped-call]
        if self._handle is None:
            self._handle = display(page, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(page)
