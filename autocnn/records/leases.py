"""Leases: which process trains which trial, if several processes share a study in a database.

A running trial carries a lease as a user attribute: its owner, how often it changed hands, and a
beat that the owner raises every RENEW_S. A lease is stale if its owner's process has ended, or if
it has not changed for LEASE_S on the monotonic clock of the process that watches it. Times of two
clocks are never compared, so a wrong clock does no harm.

A stale lease is taken over in three steps: the process claims the next handover of the trial, reads
the lease again, and writes its own. A claim is an empty Optuna study named after the trial and the
handover: every storage of Optuna refuses a second study of one name, so one process holds it. The
claim of a process that died before its second step is never deleted and made again: after LEASE_S
the others claim the handover after it. So a process deletes only its own claim, and claims that the
lease on record has outdated.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import optuna
from optuna.exceptions import DuplicatedStudyError
from optuna.trial import FrozenTrial

from autocnn.records.converter import from_json, to_json
from autocnn.records.lock import Owner
from autocnn.records.optuna_private import one_trial, storage_of, write_attribute
from autocnn.records.optuna_record import unfinished_trials

LEASE = "lease"  # the user attribute of a trial
TOKEN = "token"  # the user attribute of a claim
RENEW_S = 30.0  # between two beats
LEASE_S = 90.0  # without a beat, after which the owner counts as gone
UNLEASED_S = 10.0  # between the creation of a trial and its lease; far longer than it takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The owner of a running trial."""

    owner: str  # the name of the process; empty: the trial is free
    handover: int = 0  # how often the trial changed hands
    beat: int = 0  # raised every RENEW_S


class Leases:
    """The leases that this process holds, and those that it watches, in one study."""

    def __init__(
        self, study: optuna.Study, owner: Owner, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._study, self._owner, self._clock = study, owner, clock
        self.n_ended = 0  # trials that this process has ended
        self._held: dict[int, tuple[optuna.Trial | FrozenTrial, Lease]] = {}
        self._renewed = clock()
        self._seen: dict[int, tuple[Lease | None, float]] = {}  # a lease, unchanged since when
        self._blocked: dict[str, tuple[str | None, float]] = {}  # a claim's token, since when

    def take(self, trial: optuna.Trial) -> None:
        """Write a lease of this process for a trial that it has just begun."""
        self._write(trial, self._first)

    def first_attributes(self) -> dict[str, Any]:
        """The user attribute by which a trial is leased to this process from its creation on."""
        return {LEASE: to_json(self._first)}

    def hold(self, trial: optuna.Trial) -> None:
        """Keep the lease of a trial that was created with `first_attributes`."""
        self._held[trial.number] = trial, self._first

    @property
    def _first(self) -> Lease:
        return Lease(owner=self._owner.name)

    def claim(self, trial: FrozenTrial) -> bool:
        """Take over a running trial if its lease is stale; True if this process now owns it."""
        if not self._is_stale(trial):
            return False
        before = read_lease(trial)
        handover = 1 if before is None else before.handover + 1
        dead: list[str] = []  # claims of processes that died in the middle of a handover
        while not self._create_claim(name := self._claim_name(trial, handover)):
            if not self._is_dead_claim(name):
                return False
            dead.append(name)
            handover += 1
        now = one_trial(self._study, trial.number)
        is_taken = not now.state.is_finished() and read_lease(now) == before
        if is_taken:
            self._write(trial, Lease(owner=self._owner.name, handover=handover))
        for claim in [*dead, name] if is_taken else [name]:
            self._delete_claim(claim)
        return is_taken

    def release(self, number: int) -> None:
        """Free a trial that this process owns: another process may go on with it at once."""
        if self.holds(number):
            trial, lease = self._held[number]
            self._write(trial, replace(lease, owner=""))
        self.drop(number)

    def drop(self, number: int) -> None:
        """Stop renewing the lease of a trial."""
        self._held.pop(number, None)

    def end(self, number: int) -> None:
        """Drop a trial and count it as ended by this process."""
        self.n_ended += 1
        self.drop(number)

    def renew(self) -> frozenset[int]:
        """Raise the beat of every lease held, if RENEW_S have passed.

        Returns: the trials that another process has taken over; their leases are dropped.
        """
        if self._clock() - self._renewed < RENEW_S:
            return frozenset()
        self._renewed = self._clock()
        lost = frozenset(number for number in self._held if not self.holds(number))
        for number in lost:
            self.drop(number)  # this process may claim it again, as any other process may
        for trial, lease in list(self._held.values()):
            self._write(trial, replace(lease, beat=lease.beat + 1))
        return lost

    def holds(self, number: int) -> bool:
        """True if the record still names this process as the owner, and the trial is running."""
        return number in self._held and self.is_held(one_trial(self._study, number))

    def is_held(self, trial: FrozenTrial) -> bool:
        """What `holds` finds in `trial`, which was just read from the record."""
        lease = read_lease(trial)
        is_owner = lease is not None and lease.owner == self._owner.name
        return trial.number in self._held and is_owner and not trial.state.is_finished()

    def held_elsewhere(self) -> list[FrozenTrial]:
        """The running trials that this process does not own, those with a stale lease included."""
        return [t for t in unfinished_trials(self._study) if t.number not in self._held]

    def run_elsewhere(self) -> bool:
        """True if another process trains a trial, as far as the leases show."""
        return not all(self._is_stale(trial) for trial in self.held_elsewhere())

    def _is_stale(self, trial: FrozenTrial) -> bool:
        lease, now = read_lease(trial), self._clock()
        if lease is not None and (not lease.owner or self._owner.is_gone(lease.owner)):
            return True
        known, since = self._seen.get(trial.number, (None, now))
        if trial.number not in self._seen or known != lease:
            self._seen[trial.number] = lease, now
            return False
        return now - since >= (UNLEASED_S if lease is None else LEASE_S)

    def _claim_name(self, trial: FrozenTrial, handover: int) -> str:
        return f"{self._study.study_name} (trial {trial.number}, handover {handover})"

    def _create_claim(self, name: str) -> bool:
        """True if no other process holds the claim of this name."""
        try:
            claim = optuna.create_study(study_name=name, storage=storage_of(self._study))
        except DuplicatedStudyError:
            return False
        claim.set_user_attr(TOKEN, uuid.uuid4().hex)
        return True

    def _is_dead_claim(self, name: str) -> bool:
        """True if the same claim of this name has been there for LEASE_S.

        A claim that was deleted and made again meanwhile is another one: its token differs.
        """
        try:
            claim = optuna.load_study(study_name=name, storage=storage_of(self._study))
            token = claim.user_attrs.get(TOKEN)
        except KeyError:  # deleted meanwhile
            return False
        known, since = self._blocked.setdefault(name, (token, self._clock()))
        if known != token:
            self._blocked[name] = token, self._clock()
            return False
        return self._clock() - since >= LEASE_S

    def _delete_claim(self, name: str) -> None:
        self._blocked.pop(name, None)
        with contextlib.suppress(KeyError):  # another process has deleted the outdated claim
            optuna.delete_study(study_name=name, storage=storage_of(self._study))

    def _write(self, trial: optuna.Trial | FrozenTrial, lease: Lease) -> None:
        write_attribute(self._study, trial, LEASE, to_json(lease))
        self._held[trial.number] = trial, lease


def read_lease(trial: FrozenTrial) -> Lease | None:
    """The lease of `trial`, or None if no process has written one yet."""
    value: Any = trial.user_attrs.get(LEASE)
    return None if value is None else from_json(value, Lease)
