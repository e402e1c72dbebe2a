"""Leases on the trials of a study in SQLite, with owners of their own and a clock that is set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState as OptunaState

from autocnn.records.leases import LEASE_S, RENEW_S, UNLEASED_S, Leases, read_lease
from autocnn.records.lock import Owner
from autocnn.records.study_folder import StudyPaths


@dataclass
class Member:
    """A process that shares the study."""

    study: optuna.Study
    owner: Owner
    now: list[float] = field(default_factory=lambda: [0.0])

    def __post_init__(self) -> None:
        self.leases = Leases(self.study, self.owner, lambda: self.now[0])

    def begin(self) -> optuna.Trial:
        """Ask for a trial and take it."""
        trial = self.study.ask()
        self.leases.take(trial)
        return trial

    def frozen(self, number: int = 0) -> Any:
        """The trial as it is on record."""
        return self.study.get_trials(deepcopy=False)[number]

    def claim(self, number: int = 0) -> optuna.Trial | None:
        """Try to take a trial over."""
        return self.leases.claim(self.frozen(number))


@pytest.fixture
def make_member(tmp_path) -> Iterator[Callable[[], Member]]:
    """A process of its own, with its own connection to the one study."""
    url, owners = f"sqlite:///{tmp_path}/study.db", []

    def make() -> Member:
        storage = optuna.storages.RDBStorage(url)
        study = optuna.create_study(storage=storage, study_name="shared", load_if_exists=True)
        owners.append(Owner(StudyPaths(tmp_path)))
        return Member(study, owners[-1])

    yield make
    for owner in owners:
        owner.leave()


def test_nobody_claims_a_trial_whose_owner_lives(make_member):
    """Neither at once nor as long as it raises its beat."""
    one, two = make_member(), make_member()
    trial = one.begin()
    for _ in range(10):
        assert two.claim() is None
        for member in (one, two):
            member.now[0] += LEASE_S - RENEW_S
        assert one.leases.renew() == frozenset()
    assert two.leases.run_elsewhere()
    assert one.leases.holds(trial.number)


def test_a_trial_goes_over_once_its_owner_has_left(make_member):
    """At once: the lock on the owner's file is free, or the file is gone."""
    one, two = make_member(), make_member()
    one.begin()
    one.owner._file.close()  # as the system does it when a process dies
    assert not two.leases.run_elsewhere()
    claimed = two.claim()
    assert claimed is not None
    assert claimed.number == 0
    lease = read_lease(two.frozen())
    assert (lease.owner, lease.handover) == (two.owner.name, 1)
    assert two.leases.holds(0)
    assert [study.study_name for study in optuna.get_all_study_summaries(two.study._storage)] == [
        "shared"
    ]


def test_a_trial_without_a_beat_goes_over(make_member):
    """Where the owner's file tells nothing, by the watcher's own clock; the owner learns of it."""
    one, two = make_member(), make_member()
    trial = one.begin()
    assert two.claim() is None
    two.now[0] = LEASE_S - 1
    assert two.claim() is None
    two.now[0] = LEASE_S
    assert two.claim() is not None
    assert not one.leases.holds(trial.number)
    one.now[0] = RENEW_S
    assert one.leases.renew() == {trial.number}
    assert [t.number for t in one.leases.not_ours()] == [trial.number]  # as for anyone


def test_a_beat_starts_the_wait_anew(make_member):
    """A lease is stale where it has not moved, whatever any clock shows."""
    one, two = make_member(), make_member()
    one.begin()
    assert two.claim() is None
    one.now[0] = two.now[0] = LEASE_S - 1
    one.leases.renew()
    two.now[0] = LEASE_S
    assert two.claim() is None
    two.now[0] = 2 * LEASE_S - 1
    assert two.claim() is None
    two.now[0] = 2 * LEASE_S
    assert two.claim() is not None


def test_only_one_of_two_takes_a_trial_over(make_member):
    """Though both found it stale before either moved."""
    one, two, three = make_member(), make_member(), make_member()
    one.begin()
    one.owner.leave()
    seen_by_three = three.frozen()
    assert two.claim() is not None
    assert three.leases.claim(seen_by_three) is None
    assert two.leases.holds(0)
    assert not three.leases.holds(0)


def test_a_handover_under_way_keeps_others_off(make_member):
    """What a process left that died in the middle of it is cleared after the time of a lease."""
    one, two = make_member(), make_member()
    one.begin()
    one.owner.leave()
    name = "shared (trial 0, handover 1)"
    optuna.create_study(storage=two.study._storage, study_name=name)
    assert two.claim() is None
    two.now[0] = LEASE_S
    assert two.claim() is None
    assert two.claim() is not None


def test_a_trial_without_a_lease_is_left_alone_for_a_moment(make_member):
    """It was asked for just now; but its process may have died before it took it."""
    one, two = make_member(), make_member()
    one.study.ask()
    assert two.claim() is None
    two.now[0] = UNLEASED_S
    assert two.claim() is not None


def test_a_released_trial_is_free_at_once(make_member):
    """As after Ctrl-C, also for the one that released it."""
    one, two = make_member(), make_member()
    one.begin()
    one.leases.release(0)
    assert not one.leases.holds(0)
    assert two.claim() is not None
    two.leases.release(0)
    assert one.claim() is not None


def test_an_ended_trial_is_nobodys(make_member):
    """It counts for the one that ended it."""
    one, two = make_member(), make_member()
    trial = one.begin()
    one.study.tell(trial, state=OptunaState.FAIL)
    one.leases.end(0)
    assert (one.leases.n_ended, one.leases.holds(0)) == (1, False)
    assert two.leases.not_ours() == []
    assert not two.leases.run_elsewhere()
