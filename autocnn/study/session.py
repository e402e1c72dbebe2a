"""Everything that a running study holds: data, record, worker, horizon, budget."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna

from autocnn.data.prepared import PreparedData, prepare, save_prepared
from autocnn.engines.choose import make_engine
from autocnn.engines.protocol import EngineSetup
from autocnn.engines.recorded import RecordedEngine
from autocnn.records.leaderboard import build_leaderboard, write_leaderboard
from autocnn.records.paths import StudyPaths
from autocnn.records.ranking import winner
from autocnn.records.record import TrialRecord
from autocnn.records.settings import StudySettings
from autocnn.records.storage import (
    create_study,
    open_study,
    read_records,
)
from autocnn.space.space import SearchSpace
from autocnn.study.budget import Budget
from autocnn.study.creation import find_facts, find_recipes, write_split
from autocnn.study.duplicates import KnownResults
from autocnn.study.loop import Ending, Search, seconds_to_best
from autocnn.study.worker import Worker
from autocnn.train.backend import Device
from autocnn.trial import Listener, Progress, TrialState


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A study that is open for trials."""

    settings: StudySettings
    paths: StudyPaths
    space: SearchSpace
    data: PreparedData
    study: optuna.Study
    worker: Worker
    device: Device
    budget: Budget
    precision: str
    horizon: int
    pruner: str
    first_look: float

    def records(self) -> list[TrialRecord]:
        """Every trial on record, by number."""
        return read_records(self.study)

    def record(self) -> None:
        """Write the leaderboard from the study's record."""
        table = build_leaderboard(self.records(), self.space)
        write_leaderboard(self.paths.leaderboard, table)

    def search(self, listener: Listener, interrupted: Callable[[], bool]) -> Ending:
        """Run trials until the budget, the number of trials, the target or Ctrl-C ends it."""
        engine = self._engine(listener)
        records = [r for r in read_records(self.study) if r.state is not TrialState.RUNNING]
        finished = [r for r in records if not _is_left(self.study, r.number)]
        best = winner(finished)
        if best is not None and best.result is not None:
            self.budget.refit_s = seconds_to_best(best.result)
        return Search(
            engine=engine,
            worker=self.worker,
            paths=self.paths,
            budget=self.budget,
            listener=listener,
            horizon=self.horizon,
            precision=self.precision,
            first_look=self.first_look,
            interrupted=interrupted,
            recorded=self.record,
            max_trials=self.settings.trials,
            target=self.settings.target,
            max_failures=self.settings.max_consecutive_failures,
            counts=Counter(record.state for record in finished),
            known=KnownResults(finished),
            best=None if best is None or best.score is None else (best.number, best.score),
        ).run()

    def _engine(self, listener: Listener) -> RecordedEngine:
        settings = self.settings
        setup = EngineSetup(
            image_shape=self.data.image_shape,
            n_classes=self.data.n_classes,
            horizon=self.horizon,
            seed=settings.seed,
            proposer=settings.proposer,
            pruner=self.pruner,
        )
        engine = make_engine(settings.engine, self.study, self.space, setup)
        if not self.study.get_trials(deepcopy=False):
            recipes, skipped = find_recipes(settings, self.space, self.data.image_shape)
            for recipe in recipes:
                engine.enqueue(recipe)
            for line in skipped:
                listener.message(line)
        return engine


@contextmanager
def open_session(
    settings: StudySettings,
    paths: StudyPaths,
    space: SearchSpace,
    listener: Listener,
    end: float | None,
) -> Iterator[Session]:
    """Prepare the data, the record and a worker; `end` is when everything must be over.

    Raises: DatasetError; StudyError for other data.
    """
    is_new = not paths.journal.exists()
    listener.progress(Progress(phase="starting", counts={}))
    with tempfile.TemporaryDirectory(prefix="autocnn-") as folder:
        worker = Worker(Path(folder), paths.root / "worker.log", settings.worker_memory_mb)
        worker.start()
        try:
            data = prepare(settings.dataset, settings.split_seed)
            save_prepared(data, Path(folder))
            study = create_study(paths, settings) if is_new else open_study(paths)
            facts = find_facts(settings, space, data, study, worker)
            if not paths.split.exists():  # frozen: never written again, least of all for other data
                write_split(paths, data.split)
            yield Session(
                settings=settings,
                paths=paths,
                space=space,
                data=data,
                study=study,
                worker=worker,
                device=worker.device(),
                budget=_budget(facts, end, settings.trial_timeout_s),
                precision=facts["precision"],
                horizon=facts["horizon"],
                pruner=facts["pruner"],
                first_look=facts["first_look"],
            )
        finally:
            worker.close()


def _is_left(study: optuna.Study, number: int) -> bool:
    """True where Ctrl-C left trial `number` to be continued."""
    trial = study.get_trials(deepcopy=False)[number]
    return trial.state is optuna.trial.TrialState.RUNNING


def _budget(facts: dict[str, Any], end: float | None, trial_timeout_s: float | None) -> Budget:
    return Budget(
        trial_timeout_s=trial_timeout_s,
        end=end,
        setup_s=float(facts["setup_seconds"]),
        epoch_s=float(facts["epoch_seconds"]),
        horizon=int(facts["horizon"]),
    )
