"""Reproducible draws, and which sampler serves which space."""

from __future__ import annotations

import optuna
import pytest

from autocnn.engines import samplers
from autocnn.engines.protocol import EngineSetup
from autocnn.engines.samplers import PerTrialSampler, check_sampler, find_sampler
from autocnn.errors import SettingsError
from autocnn.records.choices import SAMPLERS
from autocnn.records.distributions import draw_values
from autocnn.records.optuna_record import open_study
from autocnn.space.parameters import Between, Categorical, Fixed, Float, Int, OneOf
from autocnn.space.space import Limits, SearchSpace
from autocnn.study.proposals import Proposals
from autocnn.trial import FailureCause, TrialState

FLAT = SearchSpace(  # 3 x 8 x 7 x 3 points, which every sampler serves
    name="flat",
    parameters={
        "dense_layers": Int(low=0, high=2),
        "batch_size": Int(low=16, high=128, step=16),
        "learning_rate_scale": Float(low=0.5, high=2.0, step=0.25),
        "optimizer": Categorical(choices=("sgd", "adam", "lion")),
        "loss": Fixed(value="cross_entropy"),
    },
)
# The trials after which a sampler's draws depend on the scores.
LEARNS_AFTER = {"tpe": 4, "gp": 4, "cma-es": 7, "nsga2": 10, "evolution": 3}  # 7 = 4 + int(3 log 3)


@pytest.fixture(params=SAMPLERS)
def sampler(request: pytest.FixtureRequest) -> str:
    """The name of each sampler whose packages are installed."""
    for package in find_sampler(request.param).packages:
        found = pytest.importorskip(package)
        if package == "torch":
            found.set_num_threads(1)  # more only wait for one another on so few points
    return request.param


def _new() -> optuna.Study:
    return optuna.create_study(direction="maximize")


def _setup(sampler: str) -> EngineSetup:
    return EngineSetup(
        image_shape=(8, 8, 1), n_classes=10, horizon=12, seed=0, proposer=sampler, pruner="none"
    )


def _score(values) -> float:
    return 0.3 + 0.2 * values["dense_layers"] - 0.1 * abs(values["learning_rate_scale"] - 1)


def _play(trials: Proposals, n: int, make_result, score=_score) -> list[dict]:
    """The values of `n` trials, which end in every possible way."""
    drawn = []
    for _ in range(n):
        proposal = trials.next()
        scores = (score(proposal.values),)
        result = make_result(*scores)
        match proposal.number % 6:
            case 1:
                result = make_result(state=TrialState.FAILED, cause=FailureCause.DIVERGED)
            case 3:
                trials.report(proposal.number, 1, *scores)
                result = make_result(*scores, state=TrialState.PRUNED)
            case 4:
                result = make_result(*scores, state=TrialState.STOPPED)
            case 5:  # pruned before its first epoch
                result = make_result(state=TrialState.PRUNED)
        trials.end(proposal.number, result)
        drawn.append(dict(proposal.values))
    return drawn


# --- draws that repeat -------------------------------------------------------------------------


def test_an_interruption_does_not_change_what_is_drawn(
    sampler, study, paths, make_trials, make_result
):
    """Sixteen draws equal five, five in a new process, one left running, and six more."""
    at_once = _play(make_trials(_new(), FLAT, proposer=sampler), 16, make_result)
    parts = _play(make_trials(study, FLAT, proposer=sampler), 5, make_result)
    trials = make_trials(open_study(paths), FLAT, proposer=sampler)
    parts += _play(trials, 5, make_result)
    trials.next()  # the process dies here
    parts += _play(make_trials(open_study(paths), FLAT, proposer=sampler), 6, make_result)
    assert parts == at_once
    assert len({str(values) for values in at_once}) > 8


def test_draws_follow_from_the_seed(sampler, make_trials, make_result):
    """Equal seeds give equal draws, and seed 0 is a seed."""
    first, again, other = (
        _play(make_trials(_new(), FLAT, proposer=sampler, seed=seed), 8, make_result)
        for seed in (0, 0, 1)
    )
    assert first == again
    assert all(a != b for a, b in zip(first[:3], other[:3], strict=True))


def test_the_optuna_study_may_have_any_name(sampler, make_trials, make_result):
    """The draws do not depend on the name of the study."""
    drawn = [
        _play(
            make_trials(
                optuna.create_study(direction="maximize", study_name=name), FLAT, proposer=sampler
            ),
            8,
            make_result,
        )
        for name in ("one", "two")
    ]
    assert drawn[0] == drawn[1]


# --- what is learned ---------------------------------------------------------------------------


@pytest.mark.parametrize("state", [TrialState.COMPLETE, TrialState.PRUNED])
def test_learning_samplers_use_complete_and_pruned_trials(sampler, state, make_trials, make_result):
    """Inverted scores change the draws once the sampler uses them, and never if it does not."""
    drawn = {}
    for sign in (1, -1):
        trials = make_trials(_new(), FLAT, proposer=sampler)
        drawn[sign] = []
        for _ in range(14):
            proposal = trials.next()
            score = 0.5 + sign * (_score(proposal.values) - 0.5)
            trials.report(proposal.number, 1, score)
            trials.end(proposal.number, make_result(score, state=state))
            drawn[sign].append(dict(proposal.values))
    after = LEARNS_AFTER.get(sampler, 14)
    assert drawn[1][:after] == drawn[-1][:after]
    assert (drawn[1][after:] != drawn[-1][after:]) is (after < 14)


@pytest.mark.parametrize(
    "sampler", [name for name in SAMPLERS if find_sampler(name).startup], indirect=True
)
def test_infeasible_draws_do_not_count_as_startup_trials(sampler, make_trials, make_result):
    """The first trials are those of the random sampler, among any number of infeasible draws."""
    limited = SearchSpace(
        name="limited", parameters=FLAT.parameters, limits=Limits(parameters=9700)
    )
    drawn = {}
    for name in (sampler, "random"):
        study = _new()
        trials = make_trials(study, limited, proposer=name)
        drawn[name] = []
        for number in range(6):
            proposal = trials.next()
            trials.end(proposal.number, make_result(0.1 * number))
            drawn[name].append(dict(proposal.values))
        if name == "random":
            infeasible = ["infeasible" in t.user_attrs for t in study.trials]
            assert sum(infeasible[: infeasible.index(False) + 4]) >= 1
    n = {"tpe": 4, "gp": 4, "evolution": 3}[sampler]
    assert drawn[sampler][:n] == drawn["random"][:n]
    assert drawn[sampler][n:] != drawn["random"][n:]


# --- which spaces ------------------------------------------------------------------------------

UNITS = Int(low=8, high=64, log=True, when={"dense_layers": Between(low=1)})
CONDITIONAL = SearchSpace(name="c", parameters={**FLAT.parameters, "dense_units": UNITS})
CONTINUOUS = SearchSpace(
    name="c", parameters={**FLAT.parameters, "weight_decay": Float(low=1e-5, high=0.1, log=True)}
)
BOTH = SearchSpace(
    name="c", parameters={**CONDITIONAL.parameters, "momentum": Float(low=0.8, high=0.98)}
)
ONE_NUMBER = SearchSpace(
    name="c",
    parameters={"momentum": Float(low=0.8, high=0.98), "flip": Categorical(choices=(False, True))},
)
CHOICES = SearchSpace(name="c", parameters={"flip": Categorical(choices=(False, True))})
LARGE = SearchSpace(
    name="c", parameters={"filters": Int(low=1, high=1000), "dense_units": Int(low=1, high=200)}
)
UNDER_CONDITION = (
    "cannot search the space c: dense_units is active under a condition only; "
    "use --sampler tpe, random, nsga2 or evolution"
)


@pytest.mark.parametrize(
    ("name", "space", "line"),
    [
        (
            "grid",
            CONDITIONAL,
            f"--sampler grid {UNDER_CONDITION}, or --engine keras-tuner --tuner grid",
        ),
        ("grid", BOTH, f"--sampler grid {UNDER_CONDITION}"),  # which Keras Tuner's refuses too
        ("qmc", CONDITIONAL, f"--sampler qmc {UNDER_CONDITION}"),
        ("cma-es", CONDITIONAL, f"--sampler cma-es {UNDER_CONDITION}"),
        ("gp", CONDITIONAL, f"--sampler gp {UNDER_CONDITION}"),
        (
            "grid",
            CONTINUOUS,
            "--sampler grid cannot search the space c: weight_decay is a continuous range; "
            "give it a step, or use --sampler qmc or tpe",
        ),
        (
            "grid",
            LARGE,
            "--sampler grid cannot search the space c: it has 200,000 points, more than 100,000; "
            "fix some parameters, or use --sampler qmc or tpe",
        ),
        (
            "cma-es",
            ONE_NUMBER,
            "--sampler cma-es cannot search the space c: only momentum is a numerical parameter, "
            "and 2 are needed; use --sampler tpe or random",
        ),
        (
            "cma-es",
            CHOICES,
            "--sampler cma-es cannot search the space c: it varies no numerical parameter, "
            "and 2 are needed; use --sampler tpe or random",
        ),
    ],
)
def test_a_space_that_cannot_be_served_is_refused(name, space, line):
    """The error is one line with the parameter that prevents it and an alternative."""
    with pytest.raises(SettingsError) as error:
        check_sampler(name, space)
    assert str(error.value) == line


def _serves(name: str, space: SearchSpace) -> bool:
    try:
        check_sampler(name, space)
    except SettingsError:
        return False
    return True


def test_the_others_serve_these_spaces(monkeypatch):
    """Every other sampler serves the space, if all packages are installed."""
    monkeypatch.setattr(samplers, "find_spec", lambda name: name)
    spaces = (FLAT, CONDITIONAL, CONTINUOUS, ONE_NUMBER, CHOICES, LARGE)
    served = {name: [_serves(name, space) for space in spaces] for name in SAMPLERS}
    assert served == {
        "tpe": [True] * 6,
        "random": [True] * 6,
        "grid": [True, False, False, False, True, False],
        "qmc": [True, False, True, True, True, True],
        "cma-es": [True, False, True, False, False, True],
        "gp": [True, False, True, True, True, True],
        "nsga2": [True] * 6,
        "evolution": [True] * 6,
    }


def test_a_condition_on_a_fixed_value_is_none():
    """A space whose only condition is on a fixed value is served by every sampler."""
    steady = SearchSpace(
        name="c",
        parameters={
            "dense_layers": Fixed(value=1),
            "dense_units": UNITS,
            "optimizer": Categorical(choices=("sgd", "adam")),
            "loss": Fixed(value="cross_entropy"),
            "focal_gamma": Int(low=1, high=3, when={"loss": OneOf(("focal",))}),  # never active
        },
    )
    check_sampler("qmc", steady)
    check_sampler("grid", steady)


@pytest.mark.parametrize(
    ("name", "missing", "line"),
    [
        ("cma-es", "cmaes", "needs the package cmaes: pip install 'autocnn[cma-es]'"),
        ("gp", "torch", "needs the package torch: pip install 'autocnn[gp]'"),
        ("gp", "scipy", "needs the package scipy: pip install 'autocnn[gp]'"),
    ],
)
def test_a_package_that_is_missing_is_named(name, missing, line, monkeypatch):
    """The error names the install command; the check of the space comes first."""
    monkeypatch.setattr(samplers, "find_spec", lambda name: None if name == missing else name)
    with pytest.raises(SettingsError) as error:
        check_sampler(name, FLAT)
    assert str(error.value) == f"--sampler {name} {line}"
    with pytest.raises(SettingsError, match="under a condition"):
        check_sampler(name, CONDITIONAL)


def test_an_unknown_sampler_is_refused():
    """The settings check the name earlier, so an unknown name is an internal error here."""
    with pytest.raises(KeyError):
        PerTrialSampler(FLAT, _setup("unheard_of"))


@pytest.mark.parametrize("name", ["random", "tpe", "evolution", "nsga2"])
def test_the_record_holds_the_one_notation(name, quiet_optuna):
    """What a sampler draws is canonical before Optuna writes it, so other tools read 0.3."""
    space = SearchSpace(name="test", parameters={"zoom": Float(low=0.0, high=0.4, step=0.1)})
    study = optuna.create_study(direction="maximize", sampler=PerTrialSampler(space, _setup(name)))
    for _ in range(40):
        trial = study.ask()
        study.tell(trial, draw_values(trial, space)["zoom"])
    written = {trial.params["zoom"] for trial in study.trials}
    assert 0.3 in written
    assert written <= set(space.parameters["zoom"].all_values())
