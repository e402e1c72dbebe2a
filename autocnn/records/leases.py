"""Who trains which trial, where several processes share a study in a database.

A running trial carries a lease as a user attribute: its owner, how often it changed hands, and a
beat that the owner raises every RENEW_S. A lease is stale once its owner is known to be gone, or
has not moved for LEASE_S by the watcher's own clock: no two clocks are compared, so none of them
may be wrong. Whoever takes a stale lease over makes an (empty) study named after that handover:
every storage of Optuna makes one of several such studies only.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import optuna
from optuna.exceptions import DuplicatedStudyError
from optuna.trial import FrozenTrial

from autocnn.records.lock import Owner
from autocnn.records.optuna_record import continued_trial, unfinished_trials

LEASE = "lease"  # the user attribute of a trial
RENEW_S = 30.0  # between two beats
LEASE_S = 90.0  # without a beat, after which the owner counts as gone
UNLEASED_S = 10.0  # between asking for a trial and its lease; far longer than it takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Who trains a trial."""

    owner: str
    handover: int = 0  # how often it changed hands
    beat: int = 0


class Leases:
    """The leases that this process holds and watches in one study."""

    def __init__(
        self, study: optuna.Study, owner: Owner, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._study, self._owner, self._clock = study, owner, clock
        self.n_ended = 0  # trials that this process has ended
        self._mine: dict[int, tuple[optuna.Trial, Lease]] = {}
        self._renewed = clock()
        self._seen: dict[int, tuple[Lease | None, float]] = {}  # since when a lease is as it is
        self._blocked: dict[str, float] = {}  # since when a handover is under way elsewhere

    def take(self, trial: optuna.Trial) -> None:
        """Put our name on a trial that was just asked for."""
        self._write(trial, Lease(owner=self._owner.name))

    def claim(self, trial: FrozenTrial) -> optuna.Trial | None:
        """Take over a running trial that nobody trains any more; None: somebody does."""
        if not self._is_stale(trial):
            return None
        before = read_lease(trial)
        handover = 1 if before is None else before.handover + 1
        name = f"{self._study.study_name} (trial {trial.number}, handover {handover})"
        if not self._make_unique(name):
            return None
        now, claimed = self._fresh(trial.number), None
        if not now.state.is_finished() and read_lease(now) == before:
            claimed = continued_trial(self._study, trial)
            self._write(claimed, Lease(owner=self._owner.name, handover=handover))
        self._delete(name)
        return claimed

    def release(self, number: int) -> None:
        """Let others go on with a trial of ours at once."""
        if self.holds(number):
            trial, lease = self._mine[number]
            self._write(trial, replace(lease, owner=""))
        self.drop(number)

    def drop(self, number: int) -> None:
        """Forget a trial that is ours no more."""
        self._mine.pop(number, None)

    def end(self, number: int) -> None:
        """Count a trial of ours as ended."""
        self.n_ended += 1
        self.drop(number)

    def renew(self) -> frozenset[int]:
        """Raise the beat of our leases, every RENEW_S; the trials that another took over."""
        if self._clock() - self._renewed < RENEW_S:
            return frozenset()
        self._renewed = self._clock()
        lost = frozenset(number for number in self._mine if not self.holds(number))
        for number in lost:
            self.drop(number)  # it may come back to us, as to anyone
        for trial, lease in list(self._mine.values()):
            self._write(trial, replace(lease, beat=lease.beat + 1))
        return lost

    def holds(self, number: int) -> bool:
        """True where the record still says that the trial is ours, and it has not ended."""
        trial = self._fresh(number)
        lease = read_lease(trial)
        is_ours = lease is not None and lease.owner == self._owner.name
        return number in self._mine and is_ours and not trial.state.is_finished()

    def not_ours(self) -> list[FrozenTrial]:
        """The running trials that are not ours, stale ones included."""
        return [t for t in unfinished_trials(self._study) if t.number not in self._mine]

    def run_elsewhere(self) -> bool:
        """True where another process trains a trial, for all that is known."""
        return not all(self._is_stale(trial) for trial in self.not_ours())

    def _is_stale(self, trial: FrozenTrial) -> bool:
        lease, now = read_lease(trial), self._clock()
        if lease is not None and (not lease.owner or self._owner.is_gone(lease.owner)):
            return True
        known, since = self._seen.get(trial.number, (None, now))
        if trial.number not in self._seen or known != lease:
            self._seen[trial.number] = lease, now
            return False
        return now - since >= (UNLEASED_S if lease is None else LEASE_S)

    def _make_unique(self, name: str) -> bool:
        """True where we were the first; what a process left that died here is deleted in time."""
        try:
            optuna.create_study(study_name=name, storage=self._study._storage)
        except DuplicatedStudyError:
            since = self._blocked.setdefault(name, self._clock())
            if self._clock() - since >= LEASE_S:
                del self._blocked[name]
                self._delete(name)
            return False
        return True

    def _delete(self, name: str) -> None:
        with contextlib.suppress(KeyError):  # two that waited for it may delete it at once
            optuna.delete_study(study_name=name, storage=self._study._storage)

    def _fresh(self, number: int) -> FrozenTrial:
        return self._study.get_trials(deepcopy=False)[number]

    def _write(self, trial: optuna.Trial, lease: Lease) -> None:
        trial.set_user_attr(LEASE, asdict(lease))
        self._mine[trial.number] = trial, lease


def read_lease(trial: FrozenTrial) -> Lease | None:
    """Who trains `trial`, or None where nobody has said so."""
    value: Any = trial.user_attrs.get(LEASE)
    return None if value is None else Lease(**value)
