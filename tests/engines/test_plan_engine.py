"""A fixed list of trainings as an engine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autocnn.engines.plan_engine import PlanEngine
from autocnn.engines.protocol import EngineSetup
from autocnn.records.optuna_record import finished_records, open_study
from autocnn.records.trial_log import TrialLog
from autocnn.space.config import Block, TrialConfig
from autocnn.space.plan import Planned, plan_space
from autocnn.study.proposals import Proposals

CONFIG = TrialConfig(blocks=(Block(filters=(4,)),))
WIDE = TrialConfig(blocks=(Block(filters=(8,)),))
IMPOSSIBLE = TrialConfig(blocks=(Block(filters=(4,), kernel=9, padding="valid"),))


def planned(variant, repeat, config=CONFIG):
    """A planned training."""
    return Planned(variant=variant, repeat=repeat, config=config)


PLAN = [planned("a", 0), planned("b", 0, WIDE), planned("a", 1), planned("b", 1, WIDE)]


def trials_of(study, plan):
    """The trials of this plan, for images of 8x8 and three epochs."""
    setup = EngineSetup(
        image_shape=(8, 8, 1), n_classes=10, horizon=3, seed=5, proposer="plan", pruner="none"
    )
    space = plan_space(plan)
    engine = PlanEngine(study, space, setup, plan)
    return Proposals(engine=engine, log=TrialLog(study), study=study, space=space, setup=setup)


def test_a_plan_is_proposed_in_its_order(study, make_result):
    """Equal repetitions have equal seeds in every variant; the plan then ends."""
    one = trials_of(study, PLAN)
    proposals = [one.next() for _ in PLAN]
    assert [(p.values["variant"], p.values["repeat"]) for p in proposals] == [
        item.key for item in PLAN
    ]
    assert [p.config for p in proposals] == [CONFIG, WIDE, CONFIG, WIDE]
    seeds = [p.seed for p in proposals]
    assert seeds[0] == seeds[1] != seeds[2] == seeds[3]
    assert {p.last_epoch for p in proposals} == {3}
    assert proposals[1].origin == "plan:b"
    assert one.next() is None


def test_a_plan_is_resumed(study, paths, make_result):
    """Ended trials are not proposed again, running ones are; and a plan may have grown."""
    one = trials_of(study, PLAN[:2])
    first, left = one.next(), one.next()
    one.end(first.number, make_result(0.5))
    grown = [planned("c", 0, replace(CONFIG, batch_size=7)), *PLAN]
    again = trials_of(open_study(paths), grown)
    assert again.next() == left
    rest = [again.next() for _ in range(3)]
    assert [p.values["variant"] for p in rest] == ["c", "a", "b"]
    assert again.next() is None
    assert len(finished_records(open_study(paths))) == 1


def test_what_is_planned_no_more_is_left_alone(study, paths):
    """A trial that is no longer in the plan does not change."""
    trials_of(study, PLAN).next()
    again = trials_of(open_study(paths), [planned("z", 0)])
    assert again.next().values["variant"] == "z"
    assert again.next() is None


def test_an_impossible_variant_is_no_trial(study):
    """A variant that cannot be built is skipped."""
    one = trials_of(study, [planned("odd", 0, IMPOSSIBLE), planned("a", 0)])
    assert one.next().values["variant"] == "a"
    assert one.next() is None


def test_a_number_left_by_a_dead_process_is_used(study, paths):
    """Optuna's number without a proposal is used for the next training."""
    study.ask()
    one = trials_of(open_study(paths), PLAN)
    assert [one.next().number for _ in PLAN] == [0, 1, 2, 3]


@pytest.mark.parametrize("repeats", [1, 3])
def test_a_plans_space_names_what_varies(repeats):
    """The parameters of a plan's space are the variant and its repetition."""
    space = plan_space([planned(name, r) for r in range(repeats) for name in ("a", "b")])
    assert space.parameters["variant"].choices == ("a", "b")
    assert space.parameters["repeat"].choices == tuple(range(repeats))
