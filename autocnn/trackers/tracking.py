"""A listener that passes what a search measures on to trackers, each in a process of its own."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

from autocnn.errors import SettingsError
from autocnn.side_process import Said, Say, SideProcess
from autocnn.trackers.protocol import EpochTrained, Event, Tracker, TrackerSettings, TrialEnded
from autocnn.trial import Epoch, Listener, Progress, Proposal, Relay, TrialResult

MODULES = {"tensorboard": "tensorboard_files", "mlflow": "mlflow_runs"}  # in this folder
PACKAGES = {"tensorboard": "tensorboardX", "mlflow": "mlflow"}  # what each one imports
INSTALLED = {"tensorboard": "tensorboardX", "mlflow": "mlflow-skinny"}  # what pip installs
CLOSE_S = 30.0  # at the end of a search, for what has not been written yet
MOST_CHARACTERS = 300  # of a reason
MLFLOW_SCHEMES = ("http", "https", "sqlite", "postgresql", "mysql", "mssql", "databricks")


def check_trackers(settings: TrackerSettings, study: Path) -> None:
    """Check what can be checked before a search; `study` is its folder.

    Raises: SettingsError if a package is missing, the folder for TensorBoard cannot be one, or the
    URI for MLflow is none.
    """
    for name in _asked(settings):
        if find_spec(PACKAGES[name]) is None:
            raise SettingsError(
                f"--{name}: not installed: {INSTALLED[name]}; pip install 'autocnn[{name}]'"
            )
    if settings.mlflow:
        _check_uri(settings.mlflow)
    if settings.tensorboard:
        _check_folder(settings.tensorboard, study)


def _check_uri(uri: str) -> None:
    scheme = uri.partition("://")[0].partition("+")[0]
    try:
        is_uri = urlsplit(uri).scheme != "" and "://" in uri
    except ValueError:  # such as an address without its ]
        is_uri = False
    if not (is_uri and scheme in MLFLOW_SCHEMES) and uri != "databricks":
        shown = f"{scheme}://..." if "://" in uri else "..." if "@" in uri else uri
        raise SettingsError(
            "--mlflow must be the URI of a server or a database, such as http://127.0.0.1:5000 or "
            f"sqlite:///mlflow.db, got {shown!r}"
        )


def _check_folder(folder: str, study: Path) -> None:
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise SettingsError(f"--tensorboard {folder}: is a file; name a folder")
    place = os.path.realpath(os.path.join(folder, study.name))
    if Path(place).is_relative_to(os.path.realpath(study)):
        raise SettingsError(
            f"--tensorboard {folder}: lies in the folder of the study, {study}; name another "
            "folder, such as runs"
        )


@contextmanager
def tracking(listener: Listener, settings: TrackerSettings, study: str) -> Iterator[Listener]:
    """A listener that passes every event on to `listener`, and what is measured to the trackers.

    At the end of the block the trackers have CLOSE_S seconds to write what they have not written.
    """
    sides = [_start(name, settings, study) for name in _asked(settings)]
    if not sides:
        yield listener
        return
    tracked = TrackedListener(listener, sides)
    try:
        yield tracked
    finally:
        tracked.close()


def track(inbox: Iterable[Event], _: Say, module: str, place: str, study: str) -> None:
    """The work of a tracker's process: pass what arrives to the tracker of `module`."""
    tracker: Tracker = import_module(f"autocnn.trackers.{module}").open_tracker(place, study)
    for event in inbox:
        if isinstance(event, EpochTrained):
            tracker.epoch(event)
        else:
            tracker.trial_ended(event)
    tracker.close()


def _asked(settings: TrackerSettings) -> list[str]:
    return [name for name in MODULES if getattr(settings, name)]


def _start(name: str, settings: TrackerSettings, study: str) -> Side:
    place = getattr(settings, name)
    return Side(name, SideProcess(track, MODULES[name], place, study), place)


@dataclass(slots=True)
class Side:
    """A tracker in a process of its own."""

    name: str
    process: SideProcess
    place: str  # its folder or URI
    has_failed: bool = False

    def describe(self, said: Said) -> str:
        """The one line about a failure, without a password; an internal error is printed, too."""
        if said.traceback:
            print(without_secrets(said.traceback, self.place), file=sys.stderr)
        reason = without_secrets(said.text, self.place)
        if len(reason) > MOST_CHARACTERS:
            reason = f"{reason[:MOST_CHARACTERS]} …"
        return f"--{self.name}: {reason}; the search goes on without it"


@dataclass(slots=True)
class TrackedListener(Relay):
    """Passes every event of a search on, and what was measured to the trackers."""

    sides: list[Side]
    _curves: dict[int, tuple[Epoch, ...]] = field(default_factory=dict)  # sent, by trial

    def progress(self, progress: Progress) -> None:
        """Pass it on, and the epochs that are new."""
        for running in progress.running:
            self._send_curve(running.proposal, running.curve)
        self._show_failures()
        Relay.progress(self, progress)

    def trial_finished(self, proposal: Proposal, result: TrialResult) -> None:
        """Pass it on; a trial of another process, or a repeated one, has all its epochs now."""
        self._send_curve(proposal, result.curve)
        self._curves.pop(proposal.number, None)
        self._send(TrialEnded(proposal=proposal, result=result, time_s=time.time()))
        Relay.trial_finished(self, proposal, result)

    def close(self) -> None:
        """End the trackers, once they have written all or after CLOSE_S seconds."""
        for side in self.sides:
            side.process.finish()
        for side in self.sides:
            is_complete = side.process.close(CLOSE_S)
            if not is_complete and not side.has_failed:
                text = f"not all was written within {CLOSE_S:g} s of the search's end"
                self.message(f"--{side.name}: {text}")
                side.has_failed = True  # its process was ended by force, which is no news
        self._show_failures()

    def _send_curve(self, proposal: Proposal, curve: tuple[Epoch, ...]) -> None:
        before = self._curves.get(proposal.number, ())
        for number in range(n_equal(before, curve) + 1, len(curve) + 1):
            epoch = curve[number - 1]
            self._send(
                EpochTrained(proposal=proposal, number=number, epoch=epoch, time_s=time.time())
            )
        self._curves[proposal.number] = curve

    def _send(self, event: Event) -> None:
        for side in self.sides:
            if not side.has_failed:
                side.process.send(event)

    def _show_failures(self) -> None:
        for side in self.sides:
            for said in side.process.received():
                if said.is_failure and not side.has_failed:
                    side.has_failed = True
                    self.listener.message(side.describe(said))


def n_equal(before: tuple[Epoch, ...], now: tuple[Epoch, ...]) -> int:
    """The number of epochs at the beginning that are the same: none if a trial began again."""
    n = 0
    for one, other in zip(before, now, strict=False):
        if one != other:
            break
        n += 1
    return n


def without_secrets(text: str, uri: str) -> str:
    """`text` without what stands before @ in a URL, and without the password of `uri`."""
    text = re.sub(r"(?<=://)[^/\s]*@", "", text)
    text = re.sub(r"(?i)((?:password|token|secret)=)[^&\s]*", r"\1***", text)
    password = None
    if "://" in uri:
        try:
            password = urlsplit(uri).password
        except ValueError:  # no URL
            return text.replace(uri, "the URI")
    for secret in filter(None, {password, unquote(password or "")}):
        text = text.replace(secret, "***")
    return text
