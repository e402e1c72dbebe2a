"""Copying a study to another place while a search runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from autocnn.errors import RecordError
from autocnn.records.remote_copy import StudyCopy, open_remote
from autocnn.records.study_folder import StudyPaths
from autocnn.trial import Listener, Progress, Relay

PUSH_EVERY_S = 20.0  # between two copies


@dataclass(slots=True)
class Copier(Relay):
    """Passes every event of a search on, while a thread copies the study."""

    copy: StudyCopy
    _failures: list[str] = field(default_factory=list)  # that no line has said yet
    _said: set[str] = field(default_factory=set)

    def progress(self, progress: Progress) -> None:
        """Pass it on."""
        self.show_failures()
        Relay.progress(self, progress)

    def run(self, ended: threading.Event) -> None:
        """Copy the study again and again."""
        while not ended.wait(PUSH_EVERY_S):
            self.push()

    def push(self) -> None:
        """Copy what has changed; a failure becomes a line, and the next copy tries again."""
        if not self.copy.paths.exists:
            return
        try:
            self.copy.push()
        except RecordError as error:
            self._failures.append(str(error))

    def show_failures(self) -> None:
        """Pass on why a copy failed, each reason once."""
        while self._failures:
            text = self._failures.pop(0)
            if text not in self._said:
                self._said.add(text)
                self.listener.message(f"--copy-to: {text}; the search goes on")


@contextmanager
def copying(listener: Listener, root: Path, url: str | None) -> Iterator[Listener]:
    """A listener around `listener`; if there is a URL, the study at `root` is copied to it.

    It is copied every PUSH_EVERY_S seconds, and once more when the block ends.
    Raises: SettingsError if the URL is wrong, or another study is there.
    """
    if url is None:
        yield listener
        return
    copy = StudyCopy(StudyPaths(root), open_remote(url).child(root.name))
    copy.check()
    copier, ended = Copier(listener, copy), threading.Event()
    thread = threading.Thread(target=copier.run, args=(ended,), daemon=True, name="copy")
    thread.start()
    try:
        yield copier
    finally:
        ended.set()
        thread.join()
        copier.push()
        copier.show_failures()
