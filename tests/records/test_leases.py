"""Leases on the trials of a study in SQLite, with one owner a process and a manual clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import optuna
import pytest
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState

from autocnn.records.leases import LEASE_S, RENEW_S, UNLEASED_S, Leases, read_lease
from autocnn.records.lock import Owner
from autocnn.records.optuna_private import storage_of
from autocnn.records.study_folder import StudyPaths


@dataclass
class Member:
    """A process that shares the study, with its own owner name."""

    study: optuna.Study
    owner: Owner
    now: list[float] = field(default_factory=lambda: [0.0])

    def __post_init__(self) -> None:
        self.leases = Leases(self.study, self.owner, lambda: self.now[0])

    def begin(self) -> optuna.Trial:
        """Create a trial and take its lease."""
        trial = self.study.ask()
        self.leases.take(trial)
        return trial

    def frozen(self, number: int = 0) -> Any:
        """The trial of this number as it is on record."""
        return self.study.get_trials(deepcopy=False)[number]

    def claim(self, number: int = 0) -> bool:
        """Try to take a trial over from its owner."""
        return self.leases.claim(self.frozen(number))


@pytest.fixture
def make_member(tmp_path) -> Iterator[Callable[[], Member]]:
    """A function that makes a member with its own connection to the one study."""
    url, owners = f"sqlite:///{tmp_path}/study.db", []

    def make() -> Member:
        storage = optuna.storages.RDBStorage(url)
        study = optuna.create_study(storage=storage, study_name="shared", load_if_exists=True)
        owners.append(Owner(StudyPaths(tmp_path)))
        return Member(study, owners[-1])

    yield make
    for owner in owners:
        owner.leave()


def test_a_trial_of_a_living_owner_cannot_be_claimed(make_member):
    """A claim fails at once, and as long as the owner renews its lease."""
    one, two = make_member(), make_member()
    trial = one.begin()
    for _ in range(10):
        assert not two.claim()
        for member in (one, two):
            member.now[0] += LEASE_S - RENEW_S
        assert one.leases.renew() == frozenset()
    assert two.leases.run_elsewhere()
    assert one.leases.holds(trial.number)


def test_a_trial_can_be_claimed_once_its_owner_has_ended(make_member):
    """The claim succeeds at once if the lock on the owner's file is free or the file is gone."""
    one, two = make_member(), make_member()
    one.begin()
    one.owner._file.close()  # the system closes the file when a process dies
    assert not two.leases.run_elsewhere()
    assert two.claim()
    lease = read_lease(two.frozen())
    assert (lease.owner, lease.handover) == (two.owner.name, 1)
    assert two.leases.holds(0)
    assert [study.study_name for study in optuna.get_all_study_summaries(two.study._storage)] == [
        "shared"
    ]


def test_a_lease_that_is_not_renewed_can_be_claimed(make_member):
    """A lease is stale after LEASE_S on the claimant's clock; `renew` reports the loss."""
    one, two = make_member(), make_member()
    trial = one.begin()
    assert not two.claim()
    two.now[0] = LEASE_S - 1
    assert not two.claim()
    two.now[0] = LEASE_S
    assert two.claim()
    assert not one.leases.holds(trial.number)
    one.now[0] = RENEW_S
    assert one.leases.renew() == {trial.number}
    assert [t.number for t in one.leases.held_elsewhere()] == [
        trial.number
    ]  # the lost trial is on record as another owner's


def test_an_owner_with_another_folder_is_given_the_whole_wait(make_member, tmp_path):
    """Its file is not in this folder, which says nothing: only the lease shows that it lives."""
    one, two = make_member(), make_member()
    apart = StudyPaths(tmp_path / "apart")
    apart.root.mkdir()
    apart.joined.write_text("abcd\n")
    far = Member(two.study, Owner(apart))
    one.begin()
    far.begin()
    assert far.owner.name.endswith("@abcd")
    assert not far.claim(0)
    assert not one.claim(1)
    one.owner.leave()
    far.owner.leave()
    assert not far.claim(0)
    assert not one.claim(1)
    one.now[0] = far.now[0] = LEASE_S
    assert far.claim(0)
    assert one.claim(1)


def test_a_renewed_lease_restarts_the_wait(make_member):
    """A lease is stale only if it was not renewed for LEASE_S; no other clock matters."""
    one, two = make_member(), make_member()
    one.begin()
    assert not two.claim()
    one.now[0] = two.now[0] = LEASE_S - 1
    one.leases.renew()
    two.now[0] = LEASE_S
    assert not two.claim()
    two.now[0] = 2 * LEASE_S - 1
    assert not two.claim()
    two.now[0] = 2 * LEASE_S
    assert two.claim()


def test_only_one_of_two_takes_a_trial_over(make_member):
    """Of two processes that find a lease stale at the same time only one claims it."""
    one, two, three = make_member(), make_member(), make_member()
    one.begin()
    one.owner.leave()
    seen_by_three = three.frozen()
    assert two.claim()
    assert not three.leases.claim(seen_by_three)
    assert two.leases.holds(0)
    assert not three.leases.holds(0)


def _claim_and_die(member: Member, handover: int) -> None:
    """Leave the claim of a process that died during a handover of trial 0."""
    name = f"shared (trial 0, handover {handover})"
    optuna.create_study(storage=member.study._storage, study_name=name)


def _studies(member: Member) -> list[str]:
    return sorted(s.study_name for s in optuna.get_all_study_summaries(member.study._storage))


def test_a_claim_blocks_others_until_it_is_stale(make_member):
    """The claim of a process that died during a handover is ignored after LEASE_S."""
    one, two = make_member(), make_member()
    one.begin()
    one.owner.leave()
    _claim_and_die(one, handover=1)
    assert not two.claim()
    two.now[0] = LEASE_S - 1
    assert not two.claim()
    two.now[0] = LEASE_S
    assert two.claim()
    assert read_lease(two.frozen()).handover == 2
    assert _studies(two) == ["shared"]


def test_a_fresh_claim_is_not_taken_for_an_old_one(make_member):
    """A new claim under the name of a deleted one has its own age."""
    one, two = make_member(), make_member()
    one.begin()
    one.owner.leave()
    _claim_and_die(one, handover=1)
    assert not two.claim()
    optuna.delete_study(storage=one.study._storage, study_name="shared (trial 0, handover 1)")
    two.now[0] = LEASE_S
    assert one.leases._create_claim("shared (trial 0, handover 1)")
    assert not two.claim()
    assert "shared (trial 0, handover 1)" in _studies(two)


def test_a_process_never_deletes_a_claim_that_another_one_just_made(make_member, monkeypatch):
    """If one of two processes replaces a dead claim first, the other leaves the new claim."""
    one, two, three = make_member(), make_member(), make_member()
    one.begin()
    one.owner.leave()
    _claim_and_die(one, handover=1)
    seen = two.frozen()
    assert not two.leases.claim(seen)
    assert not three.leases.claim(seen)
    two.now[0] = three.now[0] = LEASE_S
    by_three = []

    def claim_meanwhile() -> None:
        by_three.extend(three.leases.claim(seen) for _ in range(3))

    storage, meanwhile = storage_of(two.study), [claim_meanwhile]
    read = storage.get_trial

    def read_and_pause(trial_id: int) -> FrozenTrial:
        trial = read(trial_id)
        if meanwhile:
            meanwhile.pop()()
        return trial  # as it was before the other process claimed it

    monkeypatch.setattr(storage, "get_trial", read_and_pause)
    by_two = [two.leases.claim(seen) for _ in range(3)]
    assert len(by_three) == 3
    assert (any(by_two), any(by_three)) == (True, False)


def test_a_trial_without_a_lease_can_be_claimed_after_a_wait(make_member):
    """A trial without a lease is claimed only after UNLEASED_S."""
    one, two = make_member(), make_member()
    one.study.ask()
    assert not two.claim()
    two.now[0] = UNLEASED_S
    assert two.claim()


def test_a_released_trial_is_free_at_once(make_member):
    """After a release every process can claim the trial, the former owner included."""
    one, two = make_member(), make_member()
    one.begin()
    one.leases.release(0)
    assert not one.leases.holds(0)
    assert two.claim()
    two.leases.release(0)
    assert one.claim()


def test_an_ended_trial_has_no_owner(make_member):
    """An ended trial counts for the owner that ended it and is held by no process."""
    one, two = make_member(), make_member()
    trial = one.begin()
    one.study.tell(trial, state=OptunaState.FAIL)
    one.leases.end(0)
    assert (one.leases.n_ended, one.leases.holds(0)) == (1, False)
    assert two.leases.held_elsewhere() == []
    assert not two.leases.run_elsewhere()
