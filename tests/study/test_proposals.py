"""Proposals of several processes that share one study in SQLite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import optuna
import pytest
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial

from autocnn.engines.choose import make_engine
from autocnn.engines.protocol import EngineSetup
from autocnn.records.database import open_database
from autocnn.records.leases import Leases
from autocnn.records.lock import Owner
from autocnn.records.optuna_private import OwnStudy
from autocnn.records.optuna_record import finished_records, n_infeasible
from autocnn.records.own_trials import DRAWN, is_own
from autocnn.records.promotions import promoted_trials
from autocnn.records.study_folder import StudyPaths
from autocnn.records.trial_log import TrialLog
from autocnn.space.parameters import Categorical, Float
from autocnn.space.space import SearchSpace
from autocnn.study.proposals import NoTime, Proposals
from autocnn.trial import Promotion, Proposal, TrialState, Wait

SPACE = SearchSpace(
    name="test",
    parameters={
        "optimizer": Categorical(choices=("sgd", "adam", "lion")),
        "learning_rate_scale": Float(low=0.1, high=4.0, log=True),
    },
)
SETUP = EngineSetup(
    image_shape=(8, 8, 1), n_classes=10, horizon=3, seed=0, proposer="random", pruner="none"
)
Member = tuple[Proposals, Owner, optuna.Study]


@pytest.fixture
def make_member(tmp_path) -> Iterator[Callable[..., Member]]:
    """A function that makes a process of the study: proposals, an owner, a connection.

    Called with a function, which wraps the engine.
    """
    owners = []

    def make(wrap: Callable[[Any], Any] = lambda engine: engine) -> Member:
        storage = open_database(f"sqlite:///{tmp_path}/study.db")
        study = optuna.create_study(
            storage=storage, study_name="shared", direction="maximize", load_if_exists=True
        )
        owners.append(Owner(StudyPaths(tmp_path)))
        proposals = Proposals(
            engine=wrap(make_engine("optuna", study, SPACE, SETUP)),
            log=TrialLog(study, Leases(study, owners[-1])),
            study=study,
            space=SPACE,
            setup=SETUP,
        )
        return proposals, owners[-1], study

    yield make
    for owner in owners:
        owner.leave()


def test_two_processes_never_get_the_same_trial(make_member, make_result):
    """Two processes get exactly ten different trials."""
    (one, _, study), (two, _, _) = make_member(), make_member()
    numbers = []
    for member in (one, two, two, one, one, two, one, two, one, one):
        proposal = member.next(limit=10)
        assert isinstance(proposal, Proposal)
        numbers.append(proposal.number)
        member.end(proposal.number, make_result(0.5, 0.6, 0.7))
    assert isinstance(one.next(limit=10), Wait)
    assert isinstance(two.next(limit=10), Wait)
    assert sorted(numbers) == sorted(set(numbers))
    assert len(finished_records(study)) == 10


def test_a_trial_reads_all_others_three_times(tmp_path, make_result, monkeypatch):
    """Once before it is made, once as it is drawn, once at its rung; never for another epoch."""
    storage = RDBStorage(f"sqlite:///{tmp_path}/study.db")
    made = optuna.create_study(storage=storage, study_name="shared", direction="maximize")
    study, owner = OwnStudy(made, is_own, DRAWN), Owner(StudyPaths(tmp_path))
    setup = replace(SETUP, horizon=5, pruner="halving")
    proposals = Proposals(
        engine=make_engine("optuna", study, SPACE, setup),
        log=TrialLog(study, Leases(study, owner)),
        study=study,
        space=SPACE,
        setup=setup,
    )
    read, readings = RDBStorage._get_trials, list[int]()

    def count(*args: Any, **kwargs: Any) -> list[FrozenTrial]:
        readings.append(1)
        return read(*args, **kwargs)

    monkeypatch.setattr(RDBStorage, "_get_trials", count)
    n_read = []
    for _ in range(2):
        number = proposals.next().number
        n_read.append(len(readings))
        for epoch in range(1, 6):
            proposals.report(number, epoch, 0.5)
            n_read.append(len(readings))
        assert proposals.holds(number)
        proposals.end(number, make_result(0.5, 0.5, 0.5, 0.5, 0.5))
        n_read.append(len(readings))
        readings.clear()
    assert n_read == 2 * [2, 2, 2, 3, 3, 3, 3]
    owner.leave()


def test_a_trial_with_a_stale_lease_still_runs(make_member):
    """A search that has nothing else to begin waits for it, and takes it over when it asks again.

    If it ended as soon as the lease is stale, the trial would be left as it is.
    """
    (one, owner, _), (two, _, _) = make_member(), make_member()
    number = one.next(limit=1).number
    assert isinstance(two.next(limit=1), Wait)
    assert two.runs_elsewhere()
    owner.leave()  # between the question and the answer whether a trial runs
    assert two.runs_elsewhere()
    assert not two.trains_elsewhere()
    assert two.next(limit=1).number == number
    assert not two.runs_elsewhere()


def test_draws_that_would_take_too_long_end_the_search(make_member):
    """Fifty in a row are put on record as infeasible, each with its reason."""
    proposals, _, study = make_member()
    asked = []

    def refuse(config, network, epochs, origin):
        asked.append((network.macs, epochs, origin))
        return "too slow"

    assert isinstance(replace(proposals, too_long=refuse).next(), NoTime)
    assert asked == [(640, 3, "random")] * 50
    assert n_infeasible(study) == 50
    assert isinstance(proposals.next(), Proposal)


def test_a_promotion_trains_an_earlier_configuration_anew(make_member, make_result):
    """It has a number and a seed of its own; the pruner and the engine leave it out."""
    learned = []

    class Learns:
        def __init__(self, engine):
            self.engine = engine

        def learn(self, number, score):
            learned.append(number)
            return {}

        def __getattr__(self, name):
            return getattr(self.engine, name)

    proposals, _, study = make_member(Learns)
    first = proposals.next()
    proposals.end(first.number, make_result(0.5, 0.6, 0.7))
    due = [None, Promotion(of=first.number, epochs=9)]
    proposals = replace(proposals, promote=lambda is_last: due.pop() if due else None)
    longer = proposals.next()
    assert longer.config == first.config
    assert longer.values == first.values
    assert (longer.number, longer.origin) == (1, "promoted:0")
    assert (longer.promoted_from, longer.first_epoch, longer.last_epoch) == (0, 0, 9)
    assert longer.seed not in (first.seed, 0)
    assert longer.schedule_epochs(3) == 9
    assert first.schedule_epochs(3) == 3
    assert not proposals.report(longer.number, 1, 0.1)
    proposals.end(longer.number, make_result(0.1, 0.9))
    assert learned == [0]
    assert promoted_trials(study) == {0}
    assert finished_records(study)[1].promoted_from == 0
    after = proposals.next()
    assert (after.origin, after.promoted_from) == ("random", None)


def test_an_interrupted_promotion_goes_on(make_member, make_result):
    """Another process proposes it with the same configuration, seed and epochs."""
    (one, owner, _), (two, _, _) = make_member(), make_member()
    one.end(one.next().number, make_result(0.5, 0.6, 0.7))
    one = replace(one, promote=lambda is_last: Promotion(of=0, epochs=9))
    left = one.next()
    owner.leave()
    assert two.next() == left


def test_a_promotion_counts_as_a_trial(make_member, make_result):
    """With two trials at most, one of which is left, a promotion takes it; then none is begun."""
    proposals, _, _ = make_member()
    proposals.end(proposals.next().number, make_result(0.5, 0.6, 0.7))
    proposals = replace(proposals, promote=lambda is_last: Promotion(of=0, epochs=9))
    assert proposals.next(limit=2).promoted_from == 0
    assert isinstance(proposals.next(limit=2), Wait)


def test_the_last_promotion_comes_when_nothing_else_is_left(make_member):
    """It is asked for after fifty draws that would take too long, before the search ends."""
    proposals, _, _ = make_member()
    asked = []

    def promote(is_last):
        asked.append(is_last)

    too_long = replace(proposals, promote=promote, too_long=lambda *_: "too slow")
    assert isinstance(too_long.next(), NoTime)
    assert asked == [False] * 50 + [True]


def test_a_trial_that_is_taken_over_while_it_is_drawn_is_given_back(make_member):
    """The process that drew for too long gets another trial; the values of the other one stay."""
    (one, owner, study), (two, _, _) = make_member(), make_member()
    taken = []

    def take_over(*_: Any) -> str:
        if not taken:
            owner.leave()
            taken.append(two.next())
        return ""

    drawn = replace(one, too_long=take_over).next()
    assert [taken[0].number, drawn.number] == [0, 1]
    assert study.trials[0].params == taken[0].values
    assert two.holds(0)


class _Slow:
    """An engine that calls `meanwhile` before it proposes."""

    def __init__(self, engine: Any, meanwhile: Callable[[], object]) -> None:
        self.engine, self.meanwhile = engine, meanwhile

    def propose(self, left: Any = None) -> Any:
        """The engine's proposal after `meanwhile`."""
        self.meanwhile()
        return self.engine.propose(left)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)


def test_a_trial_too_many_is_withdrawn(make_member, make_result):
    """If two processes draw the last trial at the same time, the later number goes."""
    drawn: list[Any] = []
    two, _, study = make_member()
    one, _, _ = make_member(lambda engine: _Slow(engine, lambda: drawn.append(two.next(limit=1))))
    assert isinstance(one.next(limit=1), Wait)
    assert isinstance(drawn[0], Proposal)
    two.end(drawn[0].number, make_result(0.5))
    assert [record.number for record in finished_records(study)] == [drawn[0].number]
    assert n_infeasible(study) == 1
    assert not one.runs_elsewhere()


def test_the_trial_of_a_dead_process_is_proposed_to_another(make_member, make_result):
    """It keeps number, values and seed, although the maximum number of trials has begun."""
    (one, owner, study), (two, _, _) = make_member(), make_member()
    left = one.next(limit=1)
    one.report(left.number, 1, 0.5)
    assert two.trains_elsewhere()
    owner.leave()
    assert not two.trains_elsewhere()
    again = two.next(limit=1)
    assert again == left
    assert not one.holds(left.number)
    assert two.holds(left.number)
    two.end(again.number, make_result(0.4, 0.6, 0.7))
    (record,) = finished_records(study)
    assert (record.state, record.score) == (TrialState.COMPLETE, 0.7)


def test_a_left_trial_is_free_for_others(make_member, make_result):
    """After Ctrl-C in one process another one continues the trial at once."""
    (one, _, _), (two, _, _) = make_member(), make_member()
    left = one.next()
    one.leave(left.number, make_result(0.5, state=TrialState.STOPPED))
    assert two.next() == left
