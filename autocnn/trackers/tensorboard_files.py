"""TensorBoard's event files: a folder for each trial, with scalars by epoch and its parameters.

They are written by tensorboardX, which needs neither TensorFlow nor PyTorch; the files are flushed
after each epoch, so that TensorBoard follows a search.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event as Record
from tensorboardX.proto.event_pb2 import SessionLog
from tensorboardX.summary import hparams, scalar

from autocnn.errors import RecordError
from autocnn.trackers.protocol import (
    EpochTrained,
    Event,
    TrialEnded,
    epoch_scalars,
    trial_scalars,
)


def open_tracker(folder: str, study: str) -> TensorBoardFiles:
    """The tracker that writes to `folder`/`study`; nothing is made before the first epoch."""
    return TensorBoardFiles(Path(folder) / study)


@dataclass(slots=True)
class _Run:
    """The open event file of a trial."""

    writer: EventsWriter
    last: int  # epoch


class TensorBoardFiles:
    """Writes a folder of event files for each trial below `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._runs: dict[int, _Run] = {}  # of trials under way, by number
        self._n_files = 0

    def epoch(self, event: EpochTrained) -> None:
        """Write the scalars of an epoch."""
        with self._disk_errors():
            run = self._run(event, event.number)
            for tag, value in epoch_scalars(event.epoch).items():
                _write(run.writer, event, summary=scalar(tag, value), step=event.number)
            run.writer.flush()
            run.last = event.number

    def trial_ended(self, event: TrialEnded) -> None:
        """Write the parameters, for the page HParams, and the scalars of the whole trial."""
        values, epochs = dict(event.proposal.values), event.result.epochs
        with self._disk_errors():
            run = self._run(event, epochs + 1)
            for tag, value in trial_scalars(event):
                _write(run.writer, event, summary=scalar(tag, value), step=epochs)
            # Without the list of all parameters, which TensorBoard would take from one trial: a
            # space may have conditions, and then it finds the parameters of all trials itself.
            _, started, ended = hparams({**values, "origin": event.proposal.origin}, {})
            for summary in (started, ended):
                _write(run.writer, event, summary=summary)
            run.writer.close()
        del self._runs[event.proposal.number]

    def close(self) -> None:
        """Close the files of trials that have not ended."""
        with self._disk_errors():
            for run in self._runs.values():
                run.writer.close()
        self._runs.clear()

    def _run(self, event: Event, epoch: int) -> _Run:
        """The file of a trial, a new one if `epoch` came before: a trial that begins again."""
        number = event.proposal.number
        run = self._runs.get(number)
        if run is not None and epoch > run.last:
            return run
        if run is not None:
            run.writer.close()
        self._runs[number] = run = _Run(self._open(event, epoch), epoch)
        return run

    def _open(self, event: Event, epoch: int) -> EventsWriter:
        """A new file, of which TensorBoard drops what an earlier one has from `epoch` on."""
        folder = self._root / f"trial-{event.proposal.number:05d}"
        folder.mkdir(parents=True, exist_ok=True)
        self._n_files += 1
        writer = EventsWriter(str(folder / "events"), f".{os.getpid()}.{self._n_files}")
        _write(writer, event, step=epoch, session_log=SessionLog(status=SessionLog.START))
        return writer

    @contextmanager
    def _disk_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise RecordError(f"{self._root}: cannot be written ({error.strerror})") from error


def _write(writer: EventsWriter, event: Event, **fields: Any) -> None:
    writer.write_event(Record(wall_time=event.time_s, **fields))
