"""Configurations that were trained before: their results are taken over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from autocnn.files import make_folder_in, write_atomic
from autocnn.records.study_folder import StudyPaths
from autocnn.records.trial_record import TrialRecord
from autocnn.space.config import TrialConfig
from autocnn.trial import Epoch, Proposal, TrialResult, TrialState

# Another seed may do better than a stopped trial, which ran out of time, or than a failed one.
REUSED = (TrialState.COMPLETE, TrialState.PRUNED)

_Key = tuple[TrialConfig, int, int, int | None, int | None]


class KnownResults:
    """The results of a study by configuration, epochs and parent.

    With `by_seed`, a configuration with another seed is another training, repeated on purpose.
    """

    def __init__(self, records: Iterable[TrialRecord], *, by_seed: bool = False) -> None:
        self._by_seed = by_seed
        self._known: dict[_Key, tuple[int, TrialResult]] = {}
        self._curves: dict[int, tuple[Epoch, ...]] = {}
        self._source: dict[int, int] = {}  # by duplicate: the trial that was trained
        self._points: set[tuple[Any, ...]] = set()
        for record in records:
            if record.result is not None:
                self.add(record, record.result)

    def add(self, trial: TrialRecord | Proposal, result: TrialResult) -> None:
        """Keep `result` for later duplicates, if its state is in REUSED and it is the first one."""
        self._curves[trial.number] = result.curve
        self._points.add(_point(trial))
        if result.duplicate_of is not None:
            self._source[trial.number] = result.duplicate_of
        if result.state in REUSED and result.score is not None:
            self._known.setdefault(self._key(trial), (trial.number, result))

    def curve(self, number: int | None) -> tuple[Epoch, ...]:
        """The learning curve of trial `number`, or an empty one if there is none."""
        return () if number is None else self._curves.get(number, ())

    def has_point(self, proposal: Proposal) -> bool:
        """True if the values and the epochs of `proposal` were proposed before."""
        return _point(proposal) in self._points

    def are_same(self, one: Proposal, other: Proposal) -> bool:
        """True if both trainings would give the same result."""
        return one.number != other.number and self._key(one) == self._key(other)

    def _key(self, trial: TrialRecord | Proposal) -> _Key:
        parent = None if trial.parent is None else self._source.get(trial.parent, trial.parent)
        seed = trial.seed if self._by_seed else None
        return trial.config, trial.first_epoch, trial.last_epoch, parent, seed

    def find(self, proposal: Proposal) -> TrialResult | None:
        """The result of an equal trial (configuration, epochs, parent), or None."""
        number, result = self._known.get(self._key(proposal), (0, None))
        if result is None:
            return None
        return replace(result, duplicate_of=number, seconds=0.0, cpu_seconds=0.0)


def copy_files(paths: StudyPaths, source: int, target: int) -> None:
    """Copy the weights and the checkpoint of trial `source`, if there are any, to `target`."""
    for place in (paths.weights, paths.checkpoint):
        if place(source).is_file():
            make_folder_in(paths.root, place(target).parent)
            write_atomic(place(target), place(source).read_bytes())


def _point(trial: TrialRecord | Proposal) -> tuple[Any, ...]:
    return (*sorted(trial.values.items()), trial.last_epoch)
