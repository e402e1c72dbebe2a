"""The storage of one study for a program that only reads, such as Optuna's dashboard."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any, NoReturn

from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from autocnn.errors import RecordError


class ReadOnlyStorage(BaseStorage):
    """One study of `storage`, as it is at each call; every write is refused.

    Raises: RecordError by all methods that would write.
    """

    def __init__(self, storage: BaseStorage, study_name: str) -> None:
        self._storage, self._study_name = storage, study_name

    def get_all_studies(self) -> list[Any]:
        """The one study, without those that share its file or database."""
        found = self._storage.get_all_studies()
        return [study for study in found if study.study_name == self._study_name]

    def get_study_id_from_name(self, study_name: str) -> int:
        """The identifier of a study."""
        return self._storage.get_study_id_from_name(study_name)

    def get_study_name_from_id(self, study_id: int) -> str:
        """The name of a study."""
        return self._storage.get_study_name_from_id(study_id)

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        """The direction of each objective."""
        return self._storage.get_study_directions(study_id)

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        """The attributes that autocnn has set."""
        return self._storage.get_study_user_attrs(study_id)

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        """The attributes that Optuna has set."""
        return self._storage.get_study_system_attrs(study_id)

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """One trial."""
        return self._storage.get_trial(trial_id)

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        """All trials, or those in one of the `states`."""
        return self._storage.get_all_trials(study_id, deepcopy=deepcopy, states=states)

    def remove_session(self) -> None:
        """End the connection of this thread to a database."""
        self._storage.remove_session()

    def create_new_study(
        self, directions: Sequence[StudyDirection], study_name: str | None = None
    ) -> int:
        """Refuse it."""
        self._refuse()

    def delete_study(self, study_id: int) -> None:
        """Refuse it."""
        self._refuse()

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        """Refuse it."""
        self._refuse()

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        """Refuse it."""
        self._refuse()

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """Refuse it."""
        self._refuse()

    def set_trial_param(
        self,
        trial_id: int,
        param_name: str,
        param_value_internal: float,
        distribution: BaseDistribution,
    ) -> None:
        """Refuse it."""
        self._refuse()

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        """Refuse it."""
        self._refuse()

    def set_trial_intermediate_value(
        self, trial_id: int, step: int, intermediate_value: float
    ) -> None:
        """Refuse it."""
        self._refuse()

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Refuse it."""
        self._refuse()

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Refuse it."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise RecordError(f"study {self._study_name} was opened for reading; nothing is written")
