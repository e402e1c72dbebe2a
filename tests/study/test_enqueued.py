"""What other programs put into the record of a study."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState as OptunaState
from optuna.trial import create_trial

from autocnn.engines.choose import make_engine
from autocnn.engines.protocol import EngineSetup
from autocnn.records.journal import open_journal
from autocnn.records.optuna_private import storage_of
from autocnn.records.optuna_record import (
    create_study,
    finished_records,
    open_study,
    read_records,
    write_proposal,
)
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings
from autocnn.records.trial_log import TrialLog
from autocnn.space.parameters import Between, Categorical, Fixed, Float, Int, OneOf
from autocnn.space.space import SearchSpace
from autocnn.study.proposals import Proposals

SPACE = SearchSpace(
    name="test",
    parameters={
        "optimizer": Categorical(choices=("sgd", "adam")),
        "dropout": Float(low=0.0, high=0.4, step=0.1),
        "dense_layers": Int(low=0, high=2),
        "dense_units": Int(low=4, high=64, log=True, when={"dense_layers": Between(low=1)}),
        "shift": Int(low=0, high=2, when={"optimizer": OneOf(("adam",))}),
        "batch_size": Fixed(value=32),
    },
)
ENGINES = [
    ("optuna", "tpe"), ("optuna", "evolution"), ("optuna", "nsga2"), ("keras-tuner", "random"),
]  # fmt: skip


@dataclass
class Opened:
    """A study as autocnn has it open, and as another program does."""

    proposals: Proposals
    study: optuna.Study
    other: optuna.Study
    paths: StudyPaths
    lines: list[str] = field(default_factory=list)


@pytest.fixture
def open_it(tmp_path, quiet_optuna) -> Callable[..., Opened]:
    """A function that opens the study "test" again, with this engine and proposer."""
    paths = StudyPaths(tmp_path / "test")
    settings = StudySettings(study="test", created="2026-11-22T10:00:00+00:00")

    def open_study_of(engine: str = "optuna", proposer: str = "tpe") -> Opened:
        if paths.journal.exists():
            study = open_study(paths, settings)
        else:
            paths.root.mkdir(exist_ok=True)
            study = create_study(paths, settings)
        setup = EngineSetup(
            image_shape=(8, 8, 1), n_classes=10, horizon=3, seed=0, proposer=proposer, pruner="none"
        )
        lines: list[str] = []
        proposals = Proposals(
            engine=make_engine(engine, study, SPACE, setup),
            log=TrialLog(study),
            study=study,
            space=SPACE,
            setup=setup,
            message=lines.append,
        )
        other = optuna.load_study(study_name="test", storage=open_journal(paths))
        return Opened(proposals, study, other, paths, lines)

    return open_study_of


@pytest.fixture
def train(make_result) -> Callable[..., Any]:
    """A function that takes the next proposal and ends it with this score."""

    def take(opened: Opened, score: float = 0.5) -> Any:
        proposal = opened.proposals.next()
        opened.proposals.end(proposal.number, make_result(score, score, score))
        return proposal

    return take


GOOD = {"optimizer": "adam", "dropout": 0.2, "dense_layers": 1, "dense_units": 8, "shift": 1}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_good_trial_is_trained_as_enqueued(engine, open_it, train):
    """The values are those that were enqueued; the search goes on after it."""
    opened = open_it(*engine)
    opened.other.enqueue_trial(GOOD)
    first, second = train(opened), train(opened)
    assert (first.origin, dict(first.values)) == ("enqueued", {**GOOD, "batch_size": 32})
    assert second.origin == engine[1]
    assert [r.origin for r in finished_records(opened.study)] == ["enqueued", engine[1]]
    assert opened.lines == []


@pytest.mark.parametrize("engine", ENGINES)
def test_missing_parameters_are_drawn(engine, open_it, train):
    """The other values come from the sampler, and the point is one of the space."""
    opened = open_it(*engine)
    opened.other.enqueue_trial({"dropout": 0.1 + 0.2, "dense_layers": 2.0})
    values = dict(train(opened).values)
    assert (repr(values["dropout"]), repr(values["dense_layers"])) == ("0.3", "2")
    SPACE.check_point(values)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"optimizer": "lion"}, "optimizer = 'lion' is outside the space"),
        ({"dropout": 0.7}, "dropout = 0.7 is outside the space"),
        ({"dropout": 0.25}, "dropout = 0.25 is outside the space"),
        ({"dropout": "0.2"}, "dropout = '0.2' is outside the space"),
        ({"dropout": None}, "dropout = None is outside the space"),
        ({"dense_layers": True}, "dense_layers = True is outside the space"),
        ({"dense_layers": [1]}, "dense_layers = [1] is outside the space"),
        ({"batch_size": 64}, "batch_size = 64 is outside the space"),
        ({"epochs": 3}, "the space has no parameter epochs"),
        ({"optimizer": "sgd", "shift": 1}, "shift is not active if optimizer = 'sgd'"),
    ],
)
@pytest.mark.parametrize("engine", ENGINES)
def test_a_bad_trial_is_refused_in_one_line(engine, values, reason, open_it, train):
    """It fails on record, is no trial of the ranking, and the search goes on, resumed too."""
    opened = open_it(*engine)
    opened.other.enqueue_trial(values)
    assert train(opened).number == 1
    assert opened.lines == [f"trial 0, which was enqueued, is refused: {reason}"]
    assert opened.other.get_trials()[0].state is OptunaState.FAIL
    again = open_it(*engine)
    assert train(again).number == 2
    assert [record.number for record in read_records(again.study)] == [1, 2]
    assert again.lines == []


def test_a_bad_trial_that_an_interruption_left_is_refused_too(open_it, train):
    """A process died after it had taken the trial from the queue."""
    opened = open_it()
    opened.other.enqueue_trial({"dropout": 0.7})
    opened.study.ask()
    again = open_it()
    assert train(again).number == 1
    (line,) = again.lines
    assert line == "trial 0, which was enqueued, is refused: dropout = 0.7 is outside the space"


def test_a_value_from_another_range_is_refused(open_it, train):
    """A waiting trial may hold values that were drawn already, from another distribution."""
    opened = open_it()
    drawn = {"params": {"dropout": 0.2}, "distributions": {"dropout": FloatDistribution(0, 9)}}
    opened.other.add_trial(create_trial(state=OptunaState.WAITING, **drawn))
    assert train(opened).number == 1
    assert "dropout was drawn from another range" in opened.lines[0]


def _foreign(other: optuna.Study) -> None:
    """Three trials as other programs make them: running, complete, and complete with our names."""
    other.ask().suggest_float("x", 0, 1)
    asked = other.ask()
    asked.suggest_float("dropout", 0, 1)
    other.tell(asked, 0.99)
    other.add_trial(
        create_trial(
            value=0.99,
            params={"optimizer": "zzz"},
            distributions={"optimizer": optuna.distributions.CategoricalDistribution(("zzz",))},
        )
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_trials_of_other_programs_are_ignored(engine, open_it, train):
    """They are named once, never ranked, and no sampler learns from them."""
    opened, numbers = open_it(*engine), []
    numbers.append(train(opened).number)
    _foreign(opened.other)
    numbers += [train(opened, 0.4).number for _ in range(6)]
    assert opened.lines == ["trials 1, 2, 3 were put on record by another program: ignored"]
    again = open_it(*engine)
    numbers += [train(again, 0.3).number for _ in range(2)]
    assert again.lines == opened.lines
    assert numbers == [0, 4, 5, 6, 7, 8, 9, 10, 11]
    assert [record.number for record in read_records(again.study)] == numbers


def test_a_copied_trial_is_not_ranked_twice(open_it, train):
    """`add_trial` copies the attributes of autocnn too, with the number that the trial had."""
    opened = open_it()
    train(opened)
    opened.other.add_trial(opened.other.get_trials()[0])
    assert train(opened).number == 2
    assert [record.number for record in read_records(opened.study)] == [0, 2]
    assert opened.lines == ["trial 1 was put on record by another program: ignored"]


def test_a_second_study_in_the_journal_is_left_alone(open_it, train):
    """The one of autocnn is found by its name, or by what only autocnn writes."""
    opened = open_it()
    train(opened)
    optuna.create_study(study_name="mine", storage=storage_of(opened.study))
    again = open_it()
    assert train(again).number == 1
    assert open_study(opened.paths).study_name == "test"


def test_a_second_study_in_the_database_is_left_alone(tmp_path, quiet_optuna, make_proposal):
    """A study is found by its name in a database as well."""
    paths, url = StudyPaths(tmp_path / "test"), f"sqlite:///{tmp_path}/studies.db"
    paths.root.mkdir()
    settings = StudySettings(study="test", created="2026-11-22T10:00:00+00:00", storage=url)
    study = create_study(paths, settings)
    write_proposal(study.ask(), make_proposal(0))
    optuna.create_study(study_name="mine", storage=url)
    assert [record.number for record in read_records(open_study(paths, settings))] == [0]
