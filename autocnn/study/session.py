"""Everything that a running study holds: data, record, worker, horizon, budget."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import optuna

from autocnn.data.prepared import PreparedData, prepare, save_prepared
from autocnn.data.split import Split
from autocnn.engines.optuna_engine import OptunaEngine
from autocnn.engines.protocol import EngineSetup
from autocnn.engines.recipes import load_recipes
from autocnn.errors import Infeasible, SpaceError, StudyError
from autocnn.files import write_atomic
from autocnn.records.leaderboard import build_leaderboard, write_leaderboard
from autocnn.records.paths import StudyPaths
from autocnn.records.ranking import winner
from autocnn.records.record import TrialRecord
from autocnn.records.settings import StudySettings
from autocnn.records.storage import (
    create_study,
    open_study,
    read_records,
    read_study_facts,
    write_study_facts,
)
from autocnn.space.config import TrialConfig
from autocnn.space.space import SearchSpace
from autocnn.study.budget import MAX_EPOCHS, Budget, choose_horizon, plan_search_seconds
from autocnn.study.loop import Ending, Search, seconds_to_best
from autocnn.study.worker import Worker
from autocnn.train.backend import Device, choose_precision
from autocnn.trial import Listener, Progress, TrialState

PROBED_SAMPLES = 51  # random networks, of which those around the median of MACs are measured
MEASURED = 3  # of them: MACs alone do not tell the time


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
            interrupted=interrupted,
            recorded=self.record,
            max_trials=self.settings.trials,
            target=self.settings.target,
            counts=Counter(record.state for record in finished),
            best=None if best is None or best.score is None else (best.number, best.score),
        ).run()

    def _engine(self, listener: Listener) -> OptunaEngine:
        settings = self.settings
        setup = EngineSetup(
            image_shape=self.data.image_shape,
            n_classes=self.data.n_classes,
            horizon=self.horizon,
            seed=settings.seed,
            sampler=settings.sampler,
            pruner=settings.pruner,
        )
        engine = OptunaEngine(self.study, self.space, setup)
        is_new = not self.study.get_trials(deepcopy=False)
        if is_new and settings.recipes:
            for recipe in load_recipes(self.data.image_shape):
                try:
                    engine.enqueue(recipe)
                except SpaceError as error:
                    listener.message(f"recipe {recipe.name} is skipped: {error}")
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
        worker = Worker(Path(folder), paths.root / "worker.log")
        worker.start()
        try:
            data = prepare(settings.dataset, settings.split_seed)
            save_prepared(data, Path(folder))
            _write_split(paths, data.split)
            study = create_study(paths, settings) if is_new else open_study(paths)
            facts = _facts(settings, space, data, study, worker)
            yield Session(
                settings=settings,
                paths=paths,
                space=space,
                data=data,
                study=study,
                worker=worker,
                device=worker.device(),
                budget=_budget(facts, end),
                precision=facts["precision"],
                horizon=facts["horizon"],
            )
        finally:
            worker.close()


def _is_left(study: optuna.Study, number: int) -> bool:
    """True where Ctrl-C left trial `number` to be continued."""
    trial = study.get_trials(deepcopy=False)[number]
    return trial.state is optuna.trial.TrialState.RUNNING


def _facts(
    settings: StudySettings,
    space: SearchSpace,
    data: PreparedData,
    study: optuna.Study,
    worker: Worker,
) -> dict[str, Any]:
    """What the study found out when it was created, and must not change afterwards."""
    facts = read_study_facts(study)
    if facts:
        if facts["fingerprint"] != data.fingerprint:
            raise StudyError(
                f"study {settings.study}: data set {data.name} is no longer the data that "
                "the study was made with; start another study"
            )
        return facts
    device: Device = worker.device()
    precision = choose_precision(settings.precision, device)
    speeds = [worker.measure(c, precision) for c in _probe_configs(settings, space, data)]
    setup_s, image_s = sorted(speeds, key=lambda speed: speed[1])[len(speeds) // 2]
    facts = {
        "image_shape": data.image_shape,
        "class_names": data.class_names,
        "fingerprint": data.fingerprint,
        "mean": data.mean,
        "std": data.std,
        "n_train": data.train.n,
        "n_validation": data.validation.n,
        "backend": device.backend,
        "device": device.kind,
        "precision": precision,
        "setup_seconds": setup_s,
        "epoch_seconds": image_s * data.train.n,
        "horizon": _horizon(settings, device, setup_s, image_s * data.train.n),
    }
    write_study_facts(study, facts)
    return facts


def _write_split(paths: StudyPaths, split: Split) -> None:
    """Keep the frozen split: which training images are validation images."""

    def write(file: IO[bytes]) -> None:
        np.savez_compressed(file, train=split.train, validation=split.validation)

    write_atomic(paths.split, write)


def _horizon(settings: StudySettings, device: Device, setup_s: float, epoch_s: float) -> int:
    if settings.epochs is not None:
        return settings.epochs
    budget = settings.time_budget_s
    search_s = None if budget is None else plan_search_seconds(budget)
    return choose_horizon(search_s, setup_s, epoch_s, MAX_EPOCHS[device.kind])


def _probe_configs(
    settings: StudySettings, space: SearchSpace, data: PreparedData
) -> list[TrialConfig]:
    """The configurations whose speed stands for a typical trial: a recipe, or middling draws."""
    if settings.recipes:
        for recipe in load_recipes(data.image_shape):
            try:
                return [space.config(recipe.point_in(space))]
            except SpaceError:
                continue
    rng = np.random.default_rng(settings.seed)
    found: list[tuple[int, TrialConfig]] = []
    while len(found) < PROBED_SAMPLES:
        try:
            config = space.config(space.sample(rng))
            found.append((space.network(config, data.image_shape, data.n_classes).macs, config))
        except Infeasible:
            continue
    found.sort(key=lambda item: item[0])
    first = (PROBED_SAMPLES - MEASURED) // 2
    return [config for _, config in found[first : first + MEASURED]]


def _budget(facts: dict[str, Any], end: float | None) -> Budget:
    return Budget(
        end=end,
        setup_s=float(facts["setup_seconds"]),
        epoch_s=float(facts["epoch_seconds"]),
        horizon=int(facts["horizon"]),
    )
