"""A listener that keeps what a search says, for the tests of what wraps listeners."""

from __future__ import annotations


class Recorder:
    """A listener that keeps all events in one list."""

    def __init__(self) -> None:
        self.events: list[object] = []

    def progress(self, progress) -> None:
        """Keep the phase."""
        self.events.append(progress.phase)

    def trial_finished(self, proposal, result) -> None:
        """Keep the number of the trial."""
        self.events.append(proposal.number)

    def message(self, text) -> None:
        """Keep the line."""
        self.events.append(text)
