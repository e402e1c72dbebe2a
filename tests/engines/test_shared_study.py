"""Several engines on one study in SQLite, as several processes have them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import optuna
import pytest

from autocnn.engines.base import RecordedEngine
from autocnn.engines.choose import make_engine
from autocnn.engines.protocol import EngineSetup
from autocnn.records.leases import Leases
from autocnn.records.lock import Owner
from autocnn.records.optuna_record import finished_records, n_infeasible
from autocnn.records.study_folder import StudyPaths
from autocnn.trial import Proposal, TrialState, Wait


@pytest.fixture
def make_member(tmp_path, space) -> Iterator[Callable[[], tuple[RecordedEngine, Owner, Any]]]:
    """An engine with its own connection, and its owner's name."""
    owners = []

    def make() -> tuple[RecordedEngine, Owner, Any]:
        storage = optuna.storages.RDBStorage(f"sqlite:///{tmp_path}/study.db")
        study = optuna.create_study(
            storage=storage, study_name="shared", direction="maximize", load_if_exists=True
        )
        owners.append(Owner(StudyPaths(tmp_path)))
        setup = EngineSetup(
            image_shape=(8, 8, 1), n_classes=10, horizon=3, seed=0, proposer="random", pruner="none"
        )
        leases = Leases(study, owners[-1])
        return make_engine("optuna", study, space, setup, leases), owners[-1], study

    yield make
    for owner in owners:
        owner.leave()


def test_two_engines_never_propose_the_same_trial(make_member, make_result):
    """Ten trials between them, and not one more."""
    (one, _, study), (two, _, _) = make_member(), make_member()
    numbers = []
    for engine in (one, two, two, one, one, two, one, two, one, one):
        proposal = engine.ask(limit=10)
        assert isinstance(proposal, Proposal)
        numbers.append(proposal.number)
        engine.tell(proposal.number, make_result(0.5, 0.6, 0.7))
    assert isinstance(one.ask(limit=10), Wait)
    assert isinstance(two.ask(limit=10), Wait)
    assert sorted(numbers) == sorted(set(numbers))
    assert len(finished_records(study)) == 10


def test_a_trial_too_many_is_given_back(make_member, make_result, monkeypatch):
    """Where two engines draw the last one at the same time, the later number goes."""
    (one, _, study), (two, _, _) = make_member(), make_member()
    drawn = []
    draw = one._draw

    def draw_late() -> Any:
        drawn.append(two.ask(limit=1))  # the other engine is faster
        return draw()

    monkeypatch.setattr(one, "_draw", draw_late)
    assert isinstance(one.ask(limit=1), Wait)
    assert isinstance(drawn[0], Proposal)
    two.tell(drawn[0].number, make_result(0.5))
    assert [record.number for record in finished_records(study)] == [drawn[0].number]
    assert n_infeasible(study) == 1
    assert not one.runs_elsewhere()


def test_a_dead_engines_trial_is_proposed_to_the_other(make_member, make_result):
    """As it was: number, values, seed; before the number of trials is looked at."""
    (one, owner, study), (two, _, _) = make_member(), make_member()
    left = one.ask(limit=1)
    one.report(left.number, 1, 0.5)
    assert two.runs_elsewhere()
    owner.leave()
    assert not two.runs_elsewhere()
    again = two.ask(limit=1)
    assert again == left
    assert not one.holds(left.number)
    assert two.holds(left.number)
    two.tell(again.number, make_result(0.4, 0.6, 0.7))
    (record,) = finished_records(study)
    assert (record.state, record.score) == (TrialState.COMPLETE, 0.7)


def test_a_left_trial_is_free_for_others(make_member, make_result):
    """Ctrl-C in one process: the other goes on with it at once."""
    (one, _, _), (two, _, _) = make_member(), make_member()
    left = one.ask()
    one.leave(left.number, make_result(0.5, state=TrialState.STOPPED))
    assert two.ask() == left
