"""What follows from a study's record: its leaderboard, and whose weights are kept."""

from __future__ import annotations

from collections.abc import Sequence

import optuna

from autocnn.leaderboard.growing import GrowingLeaderboard
from autocnn.leaderboard.pareto import pareto_front
from autocnn.leaderboard.ranking import rank_trials
from autocnn.records.shared_weights import drop_weights, fetch_weights
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings
from autocnn.records.trial_record import TrialRecord
from autocnn.space.space import SearchSpace
from autocnn.trial import TrialState

_COMPLETE, _STOPPED = TrialState.COMPLETE, TrialState.STOPPED


class DerivedFiles:
    """Writes the files that follow from the record of one study, each time for new trials only.

    `shared` is the study if workers on other machines may have put weights on record, which become
    files here.
    """

    def __init__(
        self,
        paths: StudyPaths,
        settings: StudySettings,
        space: SearchSpace,
        keeps: int,
        shared: optuna.Study | None = None,
    ) -> None:
        self._paths, self._keeps, self._shared = paths, keeps, shared
        self._objective, self._costs = settings.scoring, settings.costs
        self._leaderboard = GrowingLeaderboard(
            paths.leaderboard, space, self._objective, self._costs
        )
        self._seen: set[int] = set()  # ended trials
        self._kept: list[TrialRecord] = []  # those of them whose weights are kept

    def write(self, records: Sequence[TrialRecord], n_bytes: int | None) -> None:
        """Write the leaderboard of `records`, all trials, and keep the best ones' weights only.

        `n_bytes` is the `record_bytes` of the journal before the trials were read.
        Raises: RecordError if the leaderboard cannot be written.
        """
        self._leaderboard.write(records, n_bytes)
        ended = [r for r in records if r.finished is not None and r.number not in self._seen]
        self._seen.update(record.number for record in ended)
        candidates = rank_trials([*self._kept, *ended], self._objective)
        kept = {record.number for record in candidates[: self._keeps]}
        if self._costs:
            kept |= pareto_front(candidates, self._objective, self._costs)
        for record in candidates:
            if record.number not in kept:
                self._paths.weights(record.number).unlink(missing_ok=True)
                if self._shared is not None:
                    drop_weights(self._shared, record.number)
        self._kept = [record for record in candidates if record.number in kept]
        if self._shared is not None:
            trained = [r.number for r in self._kept if r.state in (_COMPLETE, _STOPPED)]
            fetch_weights(self._shared, self._paths, trained)
