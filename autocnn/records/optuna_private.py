"""The names of Optuna that are not public and that autocnn needs, all in this one module.

pyproject.toml bounds Optuna below its next major version. tests/records/test_optuna_private.py
fails, with what to do, once a name has gone.

| name of Optuna | why it is needed |
|---|---|
| `Study._storage` | `create_study` and `set_trial_user_attr` take the storage of a study |
| `_CachedStorage._backend`, `JournalStorage._backend` | several writes become one |
| `Study._get_trials` | every reader of a study, samplers and pruners too, reads trials through it |
| `Study._study_id` | `BaseStorage.create_new_trial` takes it: a trial is made with its attributes |
| `Study._thread_local.cached_all_trials` | kept by `one_reading`, reset for each new trial |
| `Trial._trial_id`, `FrozenTrial._trial_id` | to report to a trial of an earlier process |
| `Trial._cached_frozen_trial` | what this process knows of its trial without asking the storage |
| `_transform._SearchSpaceTransform` | CMA-ES works in the unit cube: Optuna's own CMA-ES uses it |
| `HyperbandPruner._get_bracket_id` | a bracket must not depend on the study's name |
| `QMCSampler._find_sample_id` | Optuna would count the place in the sequence in the storage |
| `NSGAIISampler._elite_population_selection_strategy` | selects the parents of a generation |
| `fixed_params`, a system attribute | the values of an enqueued trial |
| `completed_rung_0`, a system attribute | the score of a trial at its first rung of halving |
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.pruners import HyperbandPruner
from optuna.samplers import NSGAIISampler, QMCSampler
from optuna.storages import BaseStorage, RDBStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

FIRST_RUNG_SCORE = "completed_rung_0"  # Optuna's system attribute of a trial
_FIXED = "fixed_params"  # another one


def storage_of(study: optuna.Study) -> BaseStorage:
    """The storage that holds `study`."""
    return study._storage  # noqa: SLF001  see the table above


def backend_of(study: optuna.Study) -> object:
    """What holds `study`: the database without Optuna's cache, or a journal; None for others."""
    return getattr(storage_of(study), "_backend", None)


def database_of(study: optuna.Study) -> RDBStorage | None:
    """The database that holds `study`, without Optuna's cache; None for other storages."""
    found = backend_of(study)
    return found if isinstance(found, RDBStorage) else None


def open_trial(study: optuna.Study, trial: FrozenTrial) -> optuna.Trial:
    """`trial`, which is running, as an object that takes reports.

    The study's sampler is bound to it here: set the sampler before.
    """
    return optuna.Trial(study, trial._trial_id)  # noqa: SLF001  see the table above


def write_attribute(
    study: optuna.Study, trial: optuna.Trial | FrozenTrial, key: str, value: Any
) -> None:
    """Write a user attribute of a running trial without an `optuna.Trial`, so without a sampler."""
    trial_id = trial._trial_id  # noqa: SLF001  see the table above
    storage_of(study).set_trial_user_attr(trial_id, key, value)


def known_of(trial: optuna.Trial) -> FrozenTrial:
    """`trial` as it was when it was opened, with what was written through it since then.

    System attributes that a pruner has written are missing. It is not to be changed.
    """
    return trial._cached_frozen_trial  # noqa: SLF001  see the table above


def one_trial(study: optuna.Study, number: int) -> FrozenTrial:
    """Trial `number` as it is on record now, without a reading of the others; not to be changed."""
    storage = storage_of(study)
    study_id = study._study_id  # noqa: SLF001  see the table above
    trial = storage.get_trial(storage.get_trial_id_from_study_id_trial_number(study_id, number))
    return study.shown(trial) if isinstance(study, OwnStudy) else trial


@contextmanager
def one_reading(study: optuna.Study) -> Iterator[None]:
    """Read the trials of the study at most once in the body, and again after each new trial.

    What this process or another one writes to a trial meanwhile is not seen, but by `one_trial`.
    """
    if not isinstance(study, OwnStudy):
        yield
        return
    with study.one_reading():
        yield


class OwnStudy(optuna.Study):
    """A study in which a trial that another program made looks like a failed one without values.

    So a number is still the place of its trial, and no sampler or pruner learns from it. `is_own`
    separates the two kinds of trials; `mark` is the user attribute of trials that `ask` creates.
    """

    def __init__(
        self, study: optuna.Study, is_own: Callable[[FrozenTrial], bool], mark: str
    ) -> None:
        super().__init__(study.study_name, storage_of(study))
        self._is_own, self._mark = is_own, mark
        # By number, as they are shown: they change no more.
        self._ended: dict[int, FrozenTrial] = {}
        self._reading = threading.local()  # `is_one`: the thread is in `one_reading`

    @contextmanager
    def one_reading(self) -> Iterator[None]:
        """The body of the function `one_reading`; one within another changes nothing."""
        if self._is_one_reading:
            yield
            return
        self._thread_local.cached_all_trials = None
        self._reading.is_one = True
        try:
            yield
        finally:
            self._reading.is_one = False
            self._thread_local.cached_all_trials = None

    @property
    def _is_one_reading(self) -> bool:
        return getattr(self._reading, "is_one", False)

    def shown(self, trial: FrozenTrial) -> FrozenTrial:
        """`trial`, or a failed one without values if another program made it."""
        found = self._ended.get(trial.number)
        if found is None:
            found = trial if self._is_own(trial) else _blank(trial)
            if trial.state.is_finished():
                self._ended[trial.number] = found
        return found

    def _get_trials(
        self,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
        use_cache: bool = False,
    ) -> list[FrozenTrial]:
        use_cache = use_cache or self._is_one_reading
        shown = [self.shown(t) for t in super()._get_trials(deepcopy=False, use_cache=use_cache)]
        found = [trial for trial in shown if states is None or trial.state in states]
        return copy.deepcopy(found) if deepcopy else found

    def foreign_trials(self) -> list[int]:
        """The numbers of the trials that another program made."""
        trials = super()._get_trials(deepcopy=False, use_cache=self._is_one_reading)
        return [trial.number for trial in trials if self.shown(trial) is not trial]

    def ask(self, fixed_distributions: dict[str, BaseDistribution] | None = None) -> optuna.Trial:
        """The next trial that is enqueued; else a new one with the mark."""
        if not self.has_waiting() and not fixed_distributions:
            return self.begin({})
        trial = super().ask(fixed_distributions)
        trial.set_user_attr(self._mark, True)  # another process may have begun the enqueued one
        return trial

    def has_waiting(self) -> bool:
        """True if a trial is enqueued."""
        return bool(self.get_trials(deepcopy=False, states=[TrialState.WAITING]))

    def begin(self, attrs: Mapping[str, Any]) -> optuna.Trial:
        """A new trial, which has the mark and `attrs` from its first moment on record."""
        attrs = {self._mark: True, **attrs}
        template = create_trial(state=TrialState.RUNNING, user_attrs=attrs)
        trial_id = self._storage.create_new_trial(self._study_id, template_trial=template)
        self._thread_local.cached_all_trials = None
        return optuna.Trial(self, trial_id)


def _blank(trial: FrozenTrial) -> FrozenTrial:
    blank = create_trial(state=TrialState.FAIL)
    blank.number, blank._trial_id = trial.number, trial._trial_id  # noqa: SLF001  see the table
    return blank


def enqueued_values(trial: FrozenTrial) -> dict[str, Any] | None:
    """The values that a trial was enqueued with; None for a trial that was not enqueued."""
    values: dict[str, Any] | None = trial.system_attrs.get(_FIXED)
    return values


class UnitCube:
    """Points of numerical distributions as vectors of the unit cube, and back."""

    def __init__(self, distributions: Mapping[str, BaseDistribution]) -> None:
        from optuna._transform import _SearchSpaceTransform  # if it goes, only CMA-ES goes

        self._transform = _SearchSpaceTransform(dict(distributions), transform_0_1=True)

    @property
    def bounds(self) -> np.ndarray:
        """Lower and upper end of each axis, of shape (axes, 2)."""
        return self._transform.bounds

    def vector(self, params: Mapping[str, Any]) -> np.ndarray:
        """The vector of the values `params`; values of other distributions are left out."""
        return self._transform.transform(dict(params))

    def params(self, vector: np.ndarray) -> dict[str, Any]:
        """The values that `vector` stands for."""
        return self._transform.untransform(vector)


class NamelessHyperband(HyperbandPruner):
    """Optuna's Hyperband, but the bracket of a trial depends on the trial's number alone."""

    def _get_bracket_id(self, study: optuna.Study, trial: FrozenTrial) -> int:
        return super()._get_bracket_id(cast(optuna.Study, SimpleNamespace(study_name="")), trial)


class PlacedQMC(QMCSampler):
    """Optuna's quasi-random sampler, but the place in the sequence is given by `place`."""

    def __init__(self, place: Callable[[], int], *, seed: int) -> None:
        super().__init__(scramble=True, seed=seed)
        self._place = place

    def _find_sample_id(
        self, study: optuna.Study, search_space: dict[str, BaseDistribution]
    ) -> int:
        return self._place()


def select_elite(
    sampler: NSGAIISampler, study: optuna.Study, population: Sequence[FrozenTrial]
) -> list[FrozenTrial]:
    """The trials of `population` that are the parents of the next generation."""
    select = sampler._elite_population_selection_strategy  # noqa: SLF001  see the table above
    return list(select(study, list(population)))
