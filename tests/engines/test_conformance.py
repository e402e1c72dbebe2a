"""The contract of every engine: one list of cases, run for each proposer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import pytest
from scripted import ScriptedExecutor, Training

from autocnn.engines.choose import make_engine
from autocnn.engines.protocol import EngineSetup
from autocnn.engines.recipes import Recipe
from autocnn.errors import SpaceError
from autocnn.objectives import ACCURACY, LOSS, Objective
from autocnn.records.choices import SAMPLERS, TUNERS
from autocnn.records.optuna_record import create_study, open_study, read_records
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings
from autocnn.records.trial_log import TrialLog
from autocnn.space.parameters import Between, Categorical, Float, Int, OneOf
from autocnn.space.space import Limits, SearchSpace
from autocnn.study.budget import Budget
from autocnn.study.ending import Ending
from autocnn.study.loop import Search
from autocnn.study.proposals import Proposals
from autocnn.trial import FailureCause, Proposal, TrialJob, TrialResult, TrialState, Wait

HORIZON = 9
DRAWS = 14
# Keras Tuner's Bayesian oracle draws twelve points of FLAT at random; each later one takes seconds,
# so that only the test of a resumed search and a slow one have some.
QUICK_DRAWS = 12
PACKAGES = {"cma-es": "cmaes", "gp": "torch"}
ENGINES = [
    *(
        pytest.param(
            ("optuna", name),
            id=f"optuna-{name}",
            marks=pytest.mark.skipif(
                name in PACKAGES and find_spec(PACKAGES[name]) is None,
                reason=f"the package {PACKAGES.get(name)} is not installed",
            ),
        )
        for name in SAMPLERS
    ),
    *(pytest.param(("keras-tuner", name), id=f"keras-tuner-{name}") for name in TUNERS),
]
SERVE_CONDITIONS = [
    engine
    for engine in ENGINES
    if engine.values[0][0] == "keras-tuner"
    or engine.values[0][1] in ("tpe", "random", "nsga2", "evolution")
]
LEARN = [
    engine
    for engine in ENGINES
    if engine.values[0][1] in ("tpe", "gp", "cma-es", "nsga2", "evolution")
]

FLAT = SearchSpace(
    name="flat",
    parameters={
        "dense_layers": Int(low=0, high=2),
        "batch_size": Int(low=16, high=128, step=16),
        "learning_rate_scale": Float(low=0.5, high=2.0, step=0.25),
        "optimizer": Categorical(choices=("sgd", "adam", "lion")),
    },
)
CONDITIONAL = SearchSpace(
    name="conditional",
    parameters={
        "dense_layers": Int(low=0, high=2),
        "dense_units": Categorical(choices=(8, 16, 32, 64), when={"dense_layers": Between(low=1)}),
        "dense_dropout": Float(low=0.0, high=0.4, step=0.2, when={"dense_layers": Between(low=1)}),
        "optimizer": Categorical(choices=("sgd", "adam", "lion")),
        "flip": Categorical(choices=(False, True)),
    },
)
TINY = SearchSpace(
    name="tiny",
    parameters={
        "dense_layers": Int(low=0, high=1),
        "batch_size": Int(low=16, high=32, step=16),
    },
)


@pytest.fixture(params=ENGINES)
def kind(request: pytest.FixtureRequest) -> tuple[str, str]:
    """An engine and its sampler or tuner."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def open_trials(tmp_path) -> Callable[..., Proposals]:
    """An engine and a log over the study of this name: a new study, or the one on record."""

    def make(
        kind: tuple[str, str],
        space: SearchSpace = FLAT,
        name: str = "a",
        seed: int = 0,
        pruner: str = "none",
        objective: Objective = ACCURACY,
    ) -> Proposals:
        paths = StudyPaths(tmp_path / name)
        is_new = not paths.journal.exists()
        paths.root.mkdir(exist_ok=True)
        settings = StudySettings(study="s", objective=objective.name)
        study = create_study(paths, settings) if is_new else open_study(paths)
        setup = EngineSetup(
            image_shape=(8, 8, 1),
            n_classes=10,
            horizon=HORIZON,
            seed=seed,
            proposer=kind[1],
            pruner=pruner,
            objective=objective,
        )
        engine = make_engine(kind[0], study, space, setup)
        return Proposals(engine=engine, log=TrialLog(study), study=study, space=space, setup=setup)

    return make


def _score(proposal: Proposal) -> float:
    """A score with its peak at batches of 64 and a medium rate, rising with the epochs."""
    values = proposal.values
    off = abs(int(values.get("batch_size", 64)) - 64) / 64
    off += abs(float(values.get("learning_rate_scale", 1.0)) - 1.25)
    off += 0.1 * int(values["dense_layers"])
    return 0.9 - 0.2 * off + 0.001 * proposal.last_epoch


@pytest.fixture
def end(make_result) -> Callable[..., TrialResult]:
    """A function that makes the result of a trial; the first trials end in each possible way."""

    def make(proposal: Proposal, *, mixed: bool = False) -> TrialResult:
        scores = [_score(proposal)] * proposal.last_epoch
        if mixed and proposal.number % 7 == 1:
            return make_result(state=TrialState.FAILED, cause=FailureCause.DIVERGED)
        if mixed and proposal.number % 7 == 2:
            return make_result(*scores[:1], state=TrialState.STOPPED)
        if mixed and proposal.number % 7 == 4:
            return make_result(*scores[:1], state=TrialState.PRUNED)
        return make_result(*scores)

    return make


def _play(trials: Proposals, end: Any, n: int, **how: Any) -> Iterator[Proposal]:
    """Yield up to `n` proposals; each trial is ended before the next is proposed."""
    for _ in range(n):
        proposal = trials.next()
        if not isinstance(proposal, Proposal):
            return
        result = end(proposal, **how)
        for epoch in range(proposal.first_epoch + 1, result.epochs + 1):
            trials.report(proposal.number, epoch, result.curve[epoch - 1].score)
        trials.end(proposal.number, result)
        yield proposal


def _draws(kind: tuple[str, str]) -> int:
    return QUICK_DRAWS if kind[1] == "bayesian" else DRAWS


def _key(proposal: Proposal) -> tuple[Any, ...]:
    return (
        proposal.number,
        dict(proposal.values),
        proposal.seed,
        proposal.first_epoch,
        proposal.last_epoch,
        proposal.parent,
    )


def test_every_proposal_is_a_point_of_the_space(kind, open_trials, end):
    """Epochs are within the horizon, and the configuration is that of the values."""
    proposals = list(_play(open_trials(kind), end, _draws(kind)))
    assert len(proposals) == _draws(kind)
    for proposal in proposals:
        FLAT.check_point(proposal.values)
        assert proposal.config == FLAT.config(proposal.values)
        assert 0 <= proposal.first_epoch < proposal.last_epoch <= HORIZON
        assert proposal.origin == kind[1]


@pytest.mark.parametrize("kind", SERVE_CONDITIONS, indirect=True)
def test_inactive_parameters_have_no_value(kind, open_trials, end):
    """Points without dense layers have no value for the parameters that depend on them."""
    proposals = list(_play(open_trials(kind, CONDITIONAL), end, _draws(kind)))
    for proposal in proposals:
        CONDITIONAL.check_point(proposal.values)
    depths = {proposal.values["dense_layers"] for proposal in proposals}
    assert 0 in depths or kind[1] == "hyperband"
    assert all(("dense_units" in p.values) == (p.values["dense_layers"] != 0) for p in proposals)


def test_the_record_holds_every_trial(kind, open_trials, end, tmp_path):
    """Another process reads failed, stopped and pruned trials too; the largest score leads."""
    proposals = list(_play(open_trials(kind), end, 10, mixed=True))
    study = open_study(StudyPaths(tmp_path / "a"))
    records = read_records(study)
    states = {1: TrialState.FAILED, 2: TrialState.STOPPED, 4: TrialState.PRUNED}
    assert [r.number for r in records] == [p.number for p in proposals] == list(range(10))
    assert [r.state for r in records] == [
        states.get(number % 7, TrialState.COMPLETE) for number in range(10)
    ]
    with_score = [_score(p) for p in proposals if p.number % 7 not in (1, 4)]
    assert study.best_value == max(with_score)


@pytest.mark.parametrize("kind", LEARN, indirect=True)
def test_learning_samplers_find_high_scores(kind, open_trials, end):
    """Of 504 points 15 are within 0.05 of the best: by chance 1.2 of 40 trials, 2 of 70."""
    n, least = (80, 9) if kind[1] == "nsga2" else (50, 7)  # generations of ten learn slowly
    scores = [_score(proposal) for proposal in _play(open_trials(kind), end, n)]
    assert sum(score > 0.909 - 0.0501 for score in scores[10:]) >= least


def test_a_small_space_is_searched_to_its_end(kind, open_trials, end):
    """All four points are proposed, and then the space is exhausted."""
    # Hyperband draws points again to fill its brackets, and promotes the best.
    proposals = list(_play(open_trials(kind, TINY), end, 100))
    points = {tuple(sorted(proposal.values.items())) for proposal in proposals}
    assert len(points) == 4
    assert len(proposals) < 100 or kind[1] == "hyperband"
    assert HORIZON in {proposal.last_epoch for proposal in proposals}


def test_proposals_before_any_result_are_new_trials_or_wait(kind, open_trials):
    """Without any result no trial is proposed twice."""
    trials = open_trials(kind, TINY)
    answers = [trials.next() for _ in range(6)]
    numbers = [answer.number for answer in answers if isinstance(answer, Proposal)]
    assert numbers == sorted(set(numbers)) != []
    assert all(isinstance(answer, (Proposal, Wait, type(None))) for answer in answers)
    if kind == ("keras-tuner", "grid"):
        assert isinstance(answers[-1], Wait)


def test_resuming_is_as_if_never_interrupted(kind, open_trials, end):
    """Two new processes, one after an unfinished trial, give the trials of an unbroken run."""
    whole = [_key(p) for p in _play(open_trials(kind, name="whole"), end, 16, mixed=True)]
    parts = [_key(p) for p in _play(open_trials(kind), end, 5, mixed=True)]
    trials = open_trials(kind)
    parts += [_key(p) for p in _play(trials, end, 6, mixed=True)]
    left = trials.next()
    assert isinstance(left, Proposal)
    trials.report(left.number, left.first_epoch + 1, _score(left))
    trials.leave(left.number, None)
    parts += [_key(p) for p in _play(open_trials(kind), end, 5, mixed=True)]
    assert parts == whole


def test_the_trials_follow_from_the_seed(kind, open_trials, end):
    """Equal seeds give equal trials, also seed 0; a grid has a fixed order."""
    first = [_key(p) for p in _play(open_trials(kind, name="a", seed=0), end, 6)]
    again = [_key(p) for p in _play(open_trials(kind, name="b", seed=0), end, 6)]
    other = [_key(p) for p in _play(open_trials(kind, name="c", seed=1), end, 6)]
    assert first == again
    assert [key[2] for key in first] != [key[2] for key in other]  # the seeds of the trainings
    if kind != ("keras-tuner", "grid"):
        assert [key[1] for key in first] != [key[1] for key in other]


def test_infeasible_draws_are_no_trials(kind, open_trials, end):
    """Layers of 128 units have 650, 9,610 or 26,122 parameters; the last are too many."""
    limits = Limits(parameters=20_000)
    limited = SearchSpace(name="limited", parameters=FLAT.parameters, limits=limits)
    proposals = list(_play(open_trials(kind, limited), end, 8))
    assert len(proposals) == 8
    assert {p.parameters for p in proposals} <= {650, 9610}


CORNER = {"batch_size": 16, "learning_rate_scale": 0.5, "optimizer": "sgd"}


def test_a_recipe_comes_first_and_the_search_goes_on(kind, open_trials, end):
    """A recipe is also proposed if the engine's library has none, and again after a resume."""
    recipe = Recipe(name="known", values={"dense_layers": 1, **CORNER})
    trials = open_trials(kind)
    trials.enqueue([recipe])
    first, *others = _play(trials, end, 3)
    others += _play(open_trials(kind), end, 9)
    assert (first.number, first.origin, dict(first.values)) == (0, "recipe:known", recipe.values)
    assert (first.first_epoch, first.last_epoch, first.parent) == (0, HORIZON, None)
    assert [p.number for p in others] == list(range(1, 12))
    assert {p.origin for p in others} == {kind[1]}


def test_a_recipe_of_another_space_is_refused(kind, open_trials, end):
    """The refusal precedes any write, and the later search is unchanged."""
    plain = [_key(p) for p in _play(open_trials(kind, name="plain"), end, 4)]
    trials = open_trials(kind)
    for values in ({"blocks": 3}, {"dense_layers": 7, **CORNER}, {"dense_layers": 1}):
        with pytest.raises(SpaceError):
            trials.enqueue([Recipe(name="foreign", values=values)])
    assert [_key(p) for p in _play(trials, end, 4)] == plain


class _Executor(ScriptedExecutor):
    """An executor that trains nothing."""

    def __init__(self, end: Any) -> None:
        super().__init__()
        self.end = end

    def train(self, job: TrialJob) -> Training:
        """End at once."""
        yield from ()
        return self.end(job)  # type: ignore[no-any-return]


def test_no_configuration_is_trained_twice(kind, open_trials, make_result, tmp_path):
    """An equal configuration with equal epochs and parent takes over the marked result."""
    executor = _Executor(lambda job: make_result(*[1 / job.config.batch_size] * job.last_epoch))
    search = Search(
        proposals=open_trials(kind, TINY),
        executor=executor,
        paths=StudyPaths(tmp_path / "a"),
        budget=Budget(end=None, setup_s=1.0, epoch_s=1.0, horizon=HORIZON),
        listener=_Silent(),
        horizon=HORIZON,
        precision="float32",
        first_look=0.0,
        interrupted=lambda: False,
        recorded=lambda: None,
        max_trials=500,
    )
    assert search.run() is Ending.EXHAUSTED
    keys = [(job.config, job.last_epoch, job.continue_from) for job in executor.jobs]
    assert len(keys) == len(set(keys))
    records = read_records(open_study(StudyPaths(tmp_path / "a")))
    duplicates = [r for r in records if r.result and r.result.duplicate_of is not None]
    assert len(duplicates) == len(records) - len(keys)
    for record in duplicates:
        original = records[record.result.duplicate_of]
        assert (record.config, record.score) == (original.config, original.score)
    assert max(record.epochs for record in records) == HORIZON


class _Silent:
    """A listener that ignores every event."""

    def progress(self, progress: Any) -> None:
        """Nothing."""

    def trial_finished(self, proposal: Any, result: Any) -> None:
        """Nothing."""

    def message(self, text: str) -> None:
        """Nothing."""


def test_hyperband_promotes_the_best_trials(open_trials, end):
    """Thirds of nine epochs: 9 trials of 1 epoch, the best 4 go to 3, the best 2 of them to 9."""
    # Keras Tuner's sizes: ceil(ceil(1 + log3(9)) / 3 * 3^2) = 9, then ceil(3) = 3, then 1.
    trials = open_trials(("keras-tuner", "hyperband"))
    proposals = list(_play(trials, end, 13))
    start, second, third = proposals[:9], proposals[9:12], proposals[12:13]
    assert {(p.first_epoch, p.last_epoch, p.parent) for p in start} == {(0, 1, None)}
    best = sorted(start, key=_score, reverse=True)[:3]
    assert [p.parent for p in second] == [p.number for p in best]
    assert {(p.first_epoch, p.last_epoch) for p in second} == {(1, 3)}
    assert [dict(p.values) for p in second] == [dict(p.values) for p in best]
    assert [p.seed for p in second] == [p.seed for p in best]
    assert [p.parent for p in third] == [max(second, key=_score).number]
    assert {(p.first_epoch, p.last_epoch) for p in third} == {(3, 9)}


def test_hyperband_keeps_what_may_be_promoted(open_trials, end):
    """After nine trials all may be promoted; a parent may not once its promotion has ended."""
    trials = open_trials(("keras-tuner", "hyperband"))
    list(_play(trials, end, 9))
    assert trials.continuable() == frozenset(range(9))
    promoted = trials.next()
    assert isinstance(promoted, Proposal)
    assert trials.continuable() == frozenset(range(10))  # it is being continued, and may be
    trials.end(promoted.number, end(promoted))
    assert trials.continuable() == frozenset(range(10)) - {promoted.parent}


def test_only_hyperband_continues_trials(kind, open_trials, end):
    """Other engines keep no checkpoints."""
    trials = open_trials(kind)
    list(_play(trials, end, 3))
    assert bool(trials.continuable()) == (kind[1] == "hyperband")


def test_a_record_of_another_oracle_is_refused(open_trials, end, monkeypatch):
    """If another version of Keras Tuner draws otherwise, resuming is refused before training."""
    from autocnn.engines import keras_tuner_oracles as oracles
    from autocnn.errors import StudyError

    list(_play(open_trials(("keras-tuner", "hyperband")), end, 3))
    monkeypatch.setattr(oracles, "derive_seed", lambda *parts: 77)
    with pytest.raises(StudyError, match=r"draws another trial 0 than the record holds"):
        open_trials(("keras-tuner", "hyperband"))


def test_a_trial_that_a_crash_left_undrawn_is_drawn(open_trials, end, tmp_path):
    """A crash between Optuna's number and the oracle's draw does not change the trials."""
    kind = ("keras-tuner", "random")
    whole = [_key(p) for p in _play(open_trials(kind, name="whole"), end, 4)]
    parts = [_key(p) for p in _play(open_trials(kind), end, 2)]
    open_study(StudyPaths(tmp_path / "a")).ask()
    parts += [_key(p) for p in _play(open_trials(kind), end, 2)]
    assert parts == whole


def test_a_lost_decision_of_the_pruner_is_made_again(kind, open_trials, end, make_result):
    """A trial killed after halving's decision, before it was ended, is pruned after resuming."""
    trials = open_trials(kind, pruner="halving")
    for _ in range(4):
        good = trials.next()
        for epoch in range(good.first_epoch + 1, good.last_epoch + 1):
            trials.report(good.number, epoch, 0.9)
        trials.end(good.number, make_result(*[0.9] * good.last_epoch))
    poor = trials.next()
    first = poor.first_epoch + 1
    answers = [trials.report(poor.number, e, 0.1) for e in range(first, poor.last_epoch + 1)]
    again = open_trials(kind, pruner="halving")
    resumed = again.next()
    assert _key(resumed) == _key(poor)
    repeated = [again.report(poor.number, e, 0.1) for e in range(first, poor.last_epoch + 1)]
    if True in answers:  # a rung of Hyperband may end before halving's only one
        assert repeated.index(True) == answers.index(True)
    assert (True in repeated) == (True in answers)
    assert True in answers or kind[1] == "hyperband"


NESTED = SearchSpace(
    name="nested",
    parameters={
        "dense_layers": Int(low=0, high=1),
        "flip": Categorical(choices=(False, True)),
        "dense_units": Categorical(choices=(8, 16), when={"dense_layers": Between(low=1)}),
        "dense_dropout": Float(
            low=0.0,
            high=0.2,
            step=0.2,
            when={"dense_units": OneOf((16,)), "flip": OneOf((True,))},
        ),
    },
)


@pytest.mark.parametrize("kind", SERVE_CONDITIONS, indirect=True)
def test_conditions_may_depend_on_conditional_parameters(kind, open_trials, end):
    """Two nested and two joint conditions leave 2 + 2 + 1 + 2 points."""
    proposals = list(_play(open_trials(kind, NESTED), end, 60))
    for proposal in proposals:
        NESTED.check_point(proposal.values)
    points = {tuple(sorted(proposal.values.items())) for proposal in proposals}
    assert NESTED.n_points() == 7
    assert len(points) == 7 or kind[1] in (
        "hyperband",
        "nsga2",
        "random",
        "tpe",
        "evolution",
        "bayesian",
    )
    assert len(points) >= 5


def test_the_upper_end_of_a_logarithmic_range_is_its_end():
    """Keras Tuner's upper end is one too high; `decode` limits it to that of the range."""
    from autocnn.engines.keras_tuner_oracles import declare, decode

    space = SearchSpace(name="log", parameters={"dense_units": Int(low=32, high=512, log=True)})
    (units,) = declare(space, is_grid=False).space
    assert units.prob_to_value(1.0) == 513
    assert decode(space, {"dense_units": units.prob_to_value(1.0)}, is_grid=False) == {
        "dense_units": 512
    }


def _assert_mirrored_scores_draw_alike(
    kind: tuple[str, str], open_trials: Any, end: Any, n: int
) -> None:
    def mirrored(proposal: Proposal) -> TrialResult:
        result = end(proposal)
        curve = tuple(replace(epoch, score=-epoch.score) for epoch in result.curve)
        return replace(result, curve=curve)

    maximised = [_key(p) for p in _play(open_trials(kind), end, n)]
    trials = open_trials(kind, name="mirrored", objective=LOSS)
    assert [_key(p) for p in _play(trials, mirrored, n)] == maximised


def test_mirrored_scores_that_are_minimised_give_the_same_proposals(kind, open_trials, end):
    """Every engine follows the direction of the objective: -s is to a loss what s is to a share."""
    _assert_mirrored_scores_draw_alike(kind, open_trials, end, _draws(kind))


@pytest.mark.slow
def test_the_bayesian_oracle_follows_the_direction_with_its_model(open_trials, end):
    """Its thirteenth point is the first that the model draws."""
    _assert_mirrored_scores_draw_alike(("keras-tuner", "bayesian"), open_trials, end, 13)
