"""Random spaces: whatever counts, draws, compares or filters values agrees on each point."""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping
from typing import Any

import optuna
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autocnn.engines.choose import make_engine
from autocnn.engines.protocol import EngineSetup
from autocnn.leaderboard.columns import filter_rows
from autocnn.leaderboard.filters import parse_condition
from autocnn.records.distributions import draw_values, point_of, to_distribution
from autocnn.records.own_trials import n_drawn_points
from autocnn.records.trial_log import TrialLog
from autocnn.space.config import TrialConfig
from autocnn.space.parameters import Between, Categorical, Float, Int, OneOf, Parameter
from autocnn.space.segments import can_hold
from autocnn.space.space import SearchSpace
from autocnn.study.duplicates import KnownResults
from autocnn.study.proposals import Proposals
from autocnn.trial import Epoch, Proposal, TrialResult, TrialState

NAMES = ("rotation", "zoom", "shear", "mixup")  # parameters that need no layers
FEW = settings(max_examples=40, deadline=None, derandomize=True, database=None)
SLOW = settings(FEW, max_examples=8, suppress_health_check=[HealthCheck.too_slow])
CHOICES = (0, 0.5, 7, 0.1 + 0.2, "a", "b", True)


def stepped() -> st.SearchStrategy[Float]:
    """Ranges such as 0.05 to 0.4 by 0.05, which need not end on their grid."""

    def make(low: int, step: int, n: int, rest: int, digits: int) -> Float:
        unit = 10**digits
        end = low + n * step + rest * step // 10
        return Float(low=low / unit, high=end / unit, step=step / unit)

    return st.builds(
        make, st.integers(-9, 40), st.integers(1, 35), st.integers(0, 5), st.integers(0, 9),
        st.integers(0, 4),
    )  # fmt: skip


def whole() -> st.SearchStrategy[Int]:
    """Ranges of integers: plain, with a step, or logarithmic."""
    plain = st.builds(
        lambda low, n, step: Int(low=low, high=low + n, step=step),
        st.integers(-3, 9), st.integers(0, 5), st.integers(1, 3),
    )  # fmt: skip
    log = st.builds(
        lambda low, n: Int(low=low, high=low + n, log=True), st.integers(1, 9), st.integers(0, 5)
    )
    return plain | log


def parameters() -> st.SearchStrategy[Any]:
    """A finite parameter of any kind; choices may mix integers, floats, texts and a boolean."""
    mixed = st.lists(st.sampled_from(CHOICES), min_size=1, max_size=4, unique=True)
    return stepped() | whole() | mixed.map(lambda choices: Categorical(choices=tuple(choices)))


@st.composite
def spaces(draw: st.DrawFn, *, conditions: bool = True) -> SearchSpace:
    """One to four parameters, each perhaps with a condition on values of an earlier one."""
    made: dict[str, Parameter] = {}
    for name in NAMES[: draw(st.integers(1, 4))]:
        parameter, when = draw(parameters()), {}
        if made and conditions and draw(st.booleans()):
            other = draw(st.sampled_from(sorted(made)))
            value = draw(st.sampled_from(made[other].all_values()))
            rule: Any = OneOf((value,))
            if isinstance(made[other], Int | Float) and draw(st.booleans()):
                rule = draw(st.sampled_from([Between(low=value), Between(high=value)]))
            when = {other: rule}
        made[name] = type(parameter)(**{**_fields(parameter), "when": when})
    return SearchSpace(name="random", parameters=made)


def _fields(parameter: Parameter) -> dict[str, Any]:
    return {name: getattr(parameter, name) for name in parameter.__dataclass_fields__}


def all_points(space: SearchSpace) -> list[dict[str, Any]]:
    """Every point, by plain enumeration."""
    points: list[dict[str, Any]] = [{}]
    for name, parameter in space.parameters.items():
        points = [
            longer
            for point in points
            for longer in (
                [{**point, name: value} for value in parameter.all_values()]
                if space.is_active(name, point)
                else [point]
            )
        ]
    return points


def key(point: Mapping[str, Any]) -> tuple[Any, ...]:
    """A point for a set; 1, 1.0 and True are three."""
    return tuple((name, type(value), value) for name, value in point.items())


@FEW
@given(stepped(), st.data())
def test_every_notation_is_the_value_of_the_list(parameter, data):
    """The sum low + i * step in binary, its neighbours and its decimal are the listed value."""
    values = parameter.all_values()
    place = data.draw(st.integers(0, len(values) - 1))
    binary = parameter.low + place * parameter.step
    decimal = float(f"{values[place]:.12g}")
    for notation in (binary, math.nextafter(binary, 9e9), math.nextafter(binary, -9e9), decimal):
        assert repr(parameter.canonical(notation)) == repr(values[place])
    distribution = to_distribution(parameter)
    assert all(distribution._contains(value) for value in values)
    assert distribution.high == values[-1]
    between = values[place] + 0.4 * parameter.step
    assert not parameter.contains(between)
    assert parameter.canonical(between) == between


@FEW
@given(parameters())
def test_a_canonical_value_stays_and_keeps_its_type(parameter):
    """Canonical twice is canonical once; a boolean never becomes a number."""
    for value in parameter.all_values():
        once = parameter.canonical(value)
        assert (type(once), once) == (type(value), value)
        assert parameter.contains(value)
        if isinstance(parameter, Int):
            assert type(parameter.canonical(float(value))) is int
            assert not parameter.contains(bool(value))


@FEW
@given(spaces())
def test_points_are_counted_as_they_are_listed(space):
    """`n_points` lists no value, and `can_hold` finds the conditions that some value satisfies."""
    points = all_points(space)
    assert len({key(point) for point in points}) == len(points) == space.n_points()
    for parameter in space.parameters.values():
        for other, rule in parameter.when.items():
            held = any(rule.holds(value) for value in space.parameters[other].all_values())
            assert can_hold(space.parameters[other], [rule]) is held


@FEW
@given(spaces(), st.integers(0, 9))
def test_optunas_draws_are_points(space, seed):
    """What Optuna draws and writes, in its own notation, is a listed point, also when read."""
    listed = {key(point) for point in all_points(space)}
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    for _ in range(5):
        values = draw_values(study.ask(), space)
        assert key(values) in listed
        assert key(point_of(study.trials[-1].params, space) or {}) == key(values)


@FEW
@given(spaces(), st.data())
def test_a_filter_finds_the_rows_that_have_a_value(space, data):
    """`--where name=value` agrees with the condition OneOf(value), in any notation on record."""
    points = all_points(space)
    floats = [n for n, p in space.parameters.items() if isinstance(p, Float)]
    for name in floats:
        parameter = space.parameters[name]
        assert isinstance(parameter, Float)
        noisy = [None if name not in p else math.nextafter(p[name], 9e9) for p in points]
        table = pa.table(
            {"row": range(len(points)), f"param.{name}": pa.array(noisy, pa.float64())}
        )
        value = data.draw(st.sampled_from(parameter.all_values()))
        if value == 0:
            continue  # the tolerance is relative
        found = filter_rows(table, [parse_condition(f"{name}={value!r}", table.schema)])
        holds = OneOf((value,)).holds
        expected = [i for i, point in enumerate(points) if name in point and holds(point[name])]
        assert found["row"].to_pylist() == expected


@FEW
@given(spaces(conditions=False), st.data())
def test_duplicates_are_equal_points(space, data):
    """Two trials repeat each other exactly if their points are equal, whatever the notation."""
    points = all_points(space)
    one, other = (data.draw(st.sampled_from(points)) for _ in range(2))
    noisy = {n: math.nextafter(v, 9e9) if type(v) is float and v else v for n, v in other.items()}
    known = KnownResults(())
    known.add(_proposal(0, one), TrialResult(state=TrialState.COMPLETE))
    assert known.has_point(_proposal(1, space.canonical(noisy))) is (key(one) == key(other))


def _proposal(number: int, values: Mapping[str, Any]) -> Proposal:
    return Proposal(
        number=number, values=values, config=TrialConfig(), origin="random", seed=0, parameters=1,
        macs=1, last_epoch=1,
    )  # fmt: skip


# --- engines --------------------------------------------------------------------------------------


def search(space: SearchSpace, engine: str, proposer: str, limit: int) -> tuple[list[Any], Any]:
    """The points of at most `limit` trials, each of which scores 0.5, and the study."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize")
    setup = EngineSetup(
        image_shape=(8, 8, 1), n_classes=10, horizon=1, seed=3, proposer=proposer, pruner="none"
    )
    proposals = Proposals(
        engine=make_engine(engine, study, space, setup),
        log=TrialLog(study),
        study=study,
        space=space,
        setup=setup,
    )
    epoch = Epoch(
        train_loss=1, train_accuracy=0.5, val_loss=1, val_accuracy=0.5, seconds=1, score=0.5
    )
    result = TrialResult(state=TrialState.COMPLETE, curve=(epoch,), best_epoch=1)
    points = []
    for _ in range(limit):
        proposal = proposals.next()
        if not isinstance(proposal, Proposal):
            break
        points.append(key(proposal.values))
        proposals.end(proposal.number, result)
    return points, study


class ValueSpace(SearchSpace):
    """A space of which every point has a network: these spaces are about values only."""

    def config(self, values: Mapping[str, Any]) -> TrialConfig:
        """A network without layers."""
        return TrialConfig()


def small(*, conditions: bool = True) -> st.SearchStrategy[SearchSpace]:
    """Spaces of 1 to 12 points."""
    found = spaces(conditions=conditions).filter(lambda space: space.n_points() <= 12)
    return found.map(lambda space: ValueSpace(name="random", parameters=space.parameters))


@SLOW
@given(small(conditions=False))
def test_a_grid_of_optuna_visits_every_point_once(space):
    """`n_points` trials, all different, and then nothing."""
    points, study = search(space, "optuna", "grid", 20)
    assert len(points) == space.n_points() == n_drawn_points(study, space)
    assert set(points) == {key(point) for point in all_points(space)}


@pytest.fixture(scope="module")
def keras_tuner() -> None:
    """Keras Tuner, which takes seconds to import."""
    importlib.import_module("autocnn.engines.keras_tuner_engine")


@pytest.mark.usefixtures("keras_tuner")
@SLOW
@given(small())
def test_a_grid_of_keras_tuner_visits_every_point_once(space):
    """With conditions, too; without a parameter that varies it has one point."""
    points, study = search(space, "keras-tuner", "grid", 20)
    assert len(points) == space.n_points() == n_drawn_points(study, space)
    assert set(points) == {key(point) for point in all_points(space)}


@pytest.mark.parametrize("proposer", ["random", "evolution", "tpe"])
def test_a_sampler_ends_with_the_last_point(proposer):
    """It draws points of the space only, and ends exactly if each of them was drawn."""

    @SLOW
    @given(small())
    def check(space: SearchSpace) -> None:
        points, study = search(space, "optuna", proposer, 60 if proposer == "tpe" else 150)
        listed = {key(point) for point in all_points(space)}
        assert set(points) <= listed
        assert n_drawn_points(study, space) == len(set(points))
        has_ended = len(points) < (60 if proposer == "tpe" else 150)
        assert has_ended is (set(points[:-1]) != listed and set(points) == listed)

    check()


@pytest.mark.usefixtures("keras_tuner")
@SLOW
@given(small())
def test_a_random_search_of_keras_tuner_repeats_nothing(space):
    """Its points are different ones of the space."""
    points, study = search(space, "keras-tuner", "random", 20)
    assert len(set(points)) == len(points) == n_drawn_points(study, space)
    assert set(points) <= {key(point) for point in all_points(space)}
