"""Choosing the engine of a study, and checking that it can serve the study."""

from __future__ import annotations

import math

import optuna

from autocnn.engines.base import BaseEngine
from autocnn.engines.optuna_engine import OptunaEngine
from autocnn.engines.protocol import EngineSetup
from autocnn.engines.pruners import FEWEST_UPDATES, LATEST_RUNG, first_rung
from autocnn.engines.samplers import check_sampler, samplers_for_several
from autocnn.errors import SettingsError, SpaceError
from autocnn.records.choices import PLAN
from autocnn.records.setting import either
from autocnn.records.study_settings import StudySettings
from autocnn.space.space import SearchSpace


def check_engine(settings: StudySettings, space: SearchSpace) -> None:
    """Find out whether the engine can serve the study.

    Raises: SettingsError or SpaceError, in one line, if it cannot.
    """
    if settings.engine == PLAN:
        raise SettingsError(
            f"study {settings.study} is no search: `autocnn ablate` or `autocnn compare` made it, "
            "and goes on with it"
        )
    if settings.engine == "optuna":
        if settings.sampler != "auto":  # "auto" chooses a sampler that serves every space
            check_sampler(settings.sampler, space)
    else:
        _check_tuner(settings.tuner, space)
    if settings.costs:
        _check_goals(settings)
    if settings.smallest and settings.pruner not in ("auto", "none"):
        raise SettingsError(
            f"--pruner {settings.pruner}: --smallest prunes no trial, because a smaller network is "
            "no worse for a lower score; leave --pruner out"
        )
    if _prunes_itself(settings) and settings.pruner not in ("auto", "none"):
        raise SettingsError(
            f"--pruner {settings.pruner}: --tuner hyperband gives up on trials by itself; leave "
            "--pruner out"
        )


def choose_proposer(settings: StudySettings, *, is_blind: bool) -> str:
    """The sampler for "auto", or the sampler or tuner that the settings name.

    Evolution if recipes come first: it starts from them, and TPE needs more trials to learn as
    much. TPE if none do (`is_blind`). For the smallest network evolution in any case, which draws
    smaller children of networks that reach the target. For several goals TPE, which serves them.
    """
    if settings.proposer != "auto":
        return settings.proposer
    if settings.costs:
        return "tpe"
    if settings.smallest:
        return "evolution"
    return "tpe" if is_blind else "evolution"


def choose_pruner(settings: StudySettings, horizon: int, steps: int, *, is_blind: bool) -> str:
    """The pruner for "auto", if a trial has at most `horizon` epochs of `steps` updates.

    Halving, but none beside Keras Tuner's Hyperband, and none if its rung comes before the networks
    can be told apart, or in the second half of the recipes' trials. It is Hyperband if TPE starts
    without a recipe: one rung leaves too few trials whole. A search for the smallest network, or
    with several goals, has none: a cheaper network is no worse for a lower score.
    """
    if settings.pruner != "auto":
        return settings.pruner
    if _prunes_itself(settings) or settings.smallest or settings.costs:
        return "none"
    is_tpe = choose_proposer(settings, is_blind=is_blind) == "tpe"
    if is_blind and is_tpe:
        return "hyperband"
    rung = first_rung(horizon)
    is_early = is_blind or rung <= LATEST_RUNG * horizon
    return "halving" if is_early and rung * steps >= FEWEST_UPDATES else "none"


def make_engine(
    name: str, study: optuna.Study, space: SearchSpace, setup: EngineSetup
) -> BaseEngine:
    """The engine of this name, in the state that follows from the study's record."""
    if name == "optuna":
        return OptunaEngine(study, space, setup)
    from autocnn.engines.keras_tuner_engine import KerasTunerEngine  # it takes seconds to import

    return KerasTunerEngine(study, space, setup)


def _check_goals(settings: StudySettings) -> None:
    """Raise SettingsError if the engine or the pruner serves one goal only."""
    goals = f"--objective {settings.objective}"
    serving = samplers_for_several()
    if settings.engine != "optuna":
        raise SettingsError(f"--engine {settings.engine}: has one goal, got {goals}; use optuna")
    if settings.sampler not in ("auto", *serving):
        raise SettingsError(
            f"--sampler {settings.sampler}: has one goal, got {goals}; use {either(serving)}"
        )
    if settings.pruner not in ("auto", "none"):
        raise SettingsError(
            f"--pruner {settings.pruner}: {goals} prunes no trial, because a cheaper network is no "
            "worse for a lower score; leave --pruner out"
        )


def _prunes_itself(settings: StudySettings) -> bool:
    return settings.engine == "keras-tuner" and settings.tuner == "hyperband"


def _check_tuner(tuner: str, space: SearchSpace) -> None:
    if tuner == "hyperband" and space.n_points() == 1:
        raise SpaceError(
            f"space {space.name}: has one point only, and --tuner hyperband compares many; use "
            "--engine optuna"
        )
    parents = {name for parameter in space.parameters.values() for name in parameter.when}
    for name, parameter in space.varying():
        if parameter.n_values() < math.inf:
            continue
        if name in parents:
            raise SpaceError(
                f"space {space.name}: a condition depends on {name}, which is continuous, and "
                "Keras Tuner's conditions list values; give it a step, or use --engine optuna"
            )
        if tuner == "grid":
            raise SpaceError(
                f"space {space.name}: {name} is continuous, and a grid has points; give it a step, "
                "or use --tuner bayesian"
            )
