"""A warm start: the best configurations of earlier studies, which a new study tries first."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autocnn.errors import AutocnnError, Infeasible, SettingsError, SpaceError, StudyError
from autocnn.leaderboard.ranking import rank_trials
from autocnn.objectives import can_win
from autocnn.records.open_study import OpenStudy, find_study, open_folder
from autocnn.records.setting import is_path, listed_names
from autocnn.space.config import TrialConfig
from autocnn.space.layers import Network
from autocnn.space.parameters import Value
from autocnn.space.space import BATCH_SIZE, SearchSpace
from autocnn.study.budget import Budget
from autocnn.study.predicted_cost import PredictedCost
from autocnn.trial import WARM_ORIGIN

WARM_TRIALS = 3  # of each earlier study, at most


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmTrial:
    """A trial of an earlier study, as a point of that study's space."""

    study: str
    number: int
    values: Mapping[str, Value]
    space: SearchSpace  # of the earlier study

    @property
    def origin(self) -> str:
        """The origin of the trial that repeats this one."""
        return f"{WARM_ORIGIN}{self.study}/{self.number}"

    def with_batch(self, size: int) -> WarmTrial:
        """The same trial with batches of `size` images."""
        values = {**self.values, BATCH_SIZE: size}
        return replace(self, values=values, space=self.space.with_batch(size))

    def point_in(self, space: SearchSpace) -> dict[str, Value]:
        """The point of `space` with the configuration that this trial has for the same images.

        Raises: SpaceError if there is none; Infeasible if the values contradict each other.
        """
        if (self.space.blocks, self.space.dense) != (space.blocks, space.dense):
            raise SpaceError("one of the two spaces states its blocks")
        point = space.point_with(self.values)
        if space.config(point) != self._config_for(space):
            raise SpaceError("its values are another configuration in this space")
        return point

    def _config_for(self, space: SearchSpace) -> TrialConfig:
        if space.images is None:
            return self.space.config(self.values)
        side, n = space.images.side, space.images.n
        return self.space.fitted((side, side, 1), n).config(self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmPoint:
    """A point of the new space that is tried first."""

    origin: str
    values: Mapping[str, Value]  # those that the space varies


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmCheck:
    """What a warm start is checked against: the images, the limits of the space, and the time."""

    space: SearchSpace  # of the new study, fitted to its images
    image_shape: tuple[int, int, int]
    n_classes: int
    horizon: int  # epochs of a trial
    budget: Budget
    cost: PredictedCost

    def values_of(self, trial: WarmTrial) -> dict[str, Value]:
        """The values that the space varies, of the point that `trial` is in it.

        Raises: SpaceError or Infeasible if it is none, or would take too long.
        """
        point = trial.point_in(self.space)
        config = self.space.config(point)
        network = self.space.network(config, self.image_shape, self.n_classes)
        self._check_time(config, network)
        return self.space.varied(point)

    def _check_time(self, config: TrialConfig, network: Network) -> None:
        longest = self.budget.share_s()
        seconds = self.cost.seconds(config, network, self.horizon)
        if longest is not None and seconds > longest:
            raise Infeasible(
                f"it would take {seconds:.0f} s, more than the {longest:.0f} s of a trial"
            )


def find_warm_points(
    trials: Sequence[WarmTrial], check: WarmCheck
) -> tuple[list[WarmPoint], list[str]]:
    """The points that `trials` are in the space, each once, and a line for each that is none."""
    found: list[WarmPoint] = []
    skipped: list[str] = []
    for trial in trials:
        try:
            values = check.values_of(trial)
        except (SpaceError, Infeasible) as error:
            skipped.append(f"{trial.origin} is skipped: {error}")
            continue
        same = next((each.origin for each in found if each.values == values), None)
        if same is None:
            found.append(WarmPoint(origin=trial.origin, values=values))
        else:
            skipped.append(f"{trial.origin} is skipped: it is the same configuration as {same}")
    return found, skipped


def read_warm_trials(text: str, own: OpenStudy) -> tuple[WarmTrial, ...]:
    """The best trials of the studies that `text` names, for the study `own`.

    A name is looked up beside `own`, and a path is that of a study's folder.
    Raises: SettingsError if a study is named twice, or is `own`; StudyError if there is no such
    study, or none of its trials can be used; otherwise as the record of a study raises.
    """
    studies = [_find(name, own) for name in listed_names(text)]
    names = [study.name for study in studies]
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice:
        raise SettingsError(
            f"--warm-start names two studies called {twice[0]}; name each study once"
        )
    return tuple(trial for study in studies for trial in _best_trials(study))


def _find(name: str, own: OpenStudy) -> OpenStudy:
    """The study `name`; SettingsError if it is `own`, StudyError if there is none."""
    results = own.paths.root.parent
    root = Path(os.path.expanduser(name)) if is_path(name) else results / name
    if root.resolve() == own.paths.root.resolve():
        raise SettingsError(f"--warm-start {name}: is the study itself; name an earlier one")
    if is_path(name):
        study = open_folder(root)
        if not study.exists:
            raise StudyError(f"--warm-start {name}: expected the folder of a study, found none")
        return study
    try:
        return find_study(results, name)
    except StudyError as error:
        raise StudyError(f"--warm-start {name}: {error}") from error


def _best_trials(study: OpenStudy) -> list[WarmTrial]:
    """The best trials of `study`, of different configurations.

    Raises: StudyError if there is none, or if its trainings are no points of a space.
    """
    name = study.name
    if study.is_plan:
        raise StudyError(
            f"--warm-start {name}: is a comparison or an ablation, whose trainings are no points "
            "of a search space; name a search"
        )
    try:
        records, objective, space = study.read_trials(), study.settings.scoring, study.space
    except AutocnnError as error:
        raise type(error)(f"--warm-start {name}: {error}") from error
    ranked = [each for each in rank_trials(records, objective) if can_win(objective, each)]
    different = {each.config: each for each in reversed(ranked)}  # the best one of each stays
    best = [each for each in ranked if different[each.config] is each][:WARM_TRIALS]
    if not best:
        raise StudyError(f"--warm-start {name}: has no ranked trial, so there is nothing to repeat")
    return [
        WarmTrial(study=name, number=each.number, values=each.values, space=space) for each in best
    ]
