"""Watching a search: its events for the page that a process beside it makes and serves."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from autocnn.objectives import ACCURACY, Objective
from autocnn.records.study_settings import StudySettings
from autocnn.serve.address import open_socket
from autocnn.side_process import Say, SideProcess
from autocnn.terminal.screen import describe_counts
from autocnn.trial import Listener, Progress, Relay

HOST, WATCH_PORT = "127.0.0.1", 8001
LINE_EVERY_S = 1.0  # between two lines about what happens
CLOSE_S = 10.0  # for the process to end


@dataclass(frozen=True, slots=True, kw_only=True)
class LastPage:
    """The file with the page that is shown at the end."""

    file: Path


@dataclass(slots=True)
class Watch(Relay):
    """Passes every event of a search on, and says what happens on the page.

    Without a process it only passes on.
    """

    objective: Objective = ACCURACY
    process: SideProcess | None = None
    url: str | None = None  # of the page
    _next_line: float = 0.0  # time.monotonic()

    def progress(self, progress: Progress) -> None:
        """Pass it on."""
        if self.process is not None and time.monotonic() >= self._next_line:
            self.process.send(describe_progress(progress, self.objective))
            self._next_line = time.monotonic() + LINE_EVERY_S
        self.show_failures()
        Relay.progress(self, progress)

    def end(self, report: str | None) -> None:
        """Show the page in the file `report` to browsers that follow, if there is one."""
        if self.process is not None and report is not None:
            self.process.send(LastPage(file=Path(report)))

    def show_failures(self) -> None:
        """Print why the page is not updated."""
        if self.process is None:
            return
        for said in self.process.received():
            if said.traceback:
                print(said.traceback, file=sys.stderr)
            ends = "; the page ends here, and the search goes on" if said.is_failure else ""
            self.listener.message(f"--watch: {said.text}{ends}")


@contextmanager
def watching(listener: Listener, settings: StudySettings, port: int | None) -> Iterator[Watch]:
    """A listener around `listener`; if there is a port, the page is served while the block runs.

    The settings are those of the study, its storage with a password. Port 0 is any free one.
    Raises: SettingsError if the port cannot be used.
    """
    if port is None:
        yield Watch(listener)
        return
    with open_socket(HOST, port, "--watch-port") as bound:
        url = f"http://{HOST}:{bound.getsockname()[1]}/"
        root = Path(settings.results) / settings.study
        process = SideProcess(follow, bound, root, settings.storage)
    watch = Watch(listener, settings.scoring, process, url)
    watch.message(f"the search can be watched at {url}")
    try:
        yield watch
    finally:
        process.close(CLOSE_S)
        watch.show_failures()


def describe_progress(progress: Progress, objective: Objective) -> str:
    """One line about a search: its phase, the counts, and the trials under way."""
    parts = [f"{progress.phase}: {describe_counts(progress, objective)}"]
    for running in progress.running:
        epoch = f"epoch {len(running.curve)} of {running.proposal.last_epoch}"
        parts.append(f"trial {running.proposal.number}, {epoch}")
    return " · ".join(parts)


def follow(
    inbox: Iterable[str | LastPage],
    say: Say,
    bound: socket.socket,
    root: Path,
    storage: str | None,
) -> None:
    """The work of the process, which alone imports what makes the page."""
    from autocnn.api.watched_page import follow_study

    follow_study(inbox, say, bound, root, storage)
