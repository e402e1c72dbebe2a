"""The sides of search_throughput.py: the same networks trained by autocnn and by its peers."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import psutil
from measuring import tree_cpu_seconds

from autocnn.api.search_study import SilentListener
from autocnn.data.catalog import dataset_info
from autocnn.errors import Infeasible
from autocnn.keras_startup import load_keras
from autocnn.plans.run import plan_settings, trained_plan
from autocnn.records.optuna_record import silence_optuna
from autocnn.space.config import Augmentation, EarlyStopping, TrialConfig
from autocnn.space.plan import repeat_all
from autocnn.space.toml import load_space
from autocnn.trial import Progress

INDEX = "network"  # the one parameter of the peers: which of the list
PEER = "Optuna, model.fit"  # whom the others are compared with

Found = dict[str, Any]  # what the process of a side measured


def draw_networks(options: argparse.Namespace) -> list[TrialConfig]:
    """The configurations that all sides train: the first feasible ones that the seed draws."""
    info, space = dataset_info(options.dataset), load_space(options.space)
    rng, found = np.random.default_rng(options.seed), list[TrialConfig]()
    while len(found) < options.trials:
        try:
            config = space.config(space.sample(rng))
            space.network(config, info.image_shape, info.n_classes)
        except Infeasible:
            continue
        config = replace(config, early_stopping=EarlyStopping(enabled=False))
        found.append(config if options.augment else replace(config, augmentation=Augmentation()))
    return found


class Stopwatch:
    """Wall and CPU seconds of this process and its children, before the first trial and after."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._marks: list[tuple[float, float]] = [(self._process.create_time(), 0.0)]

    def begin(self) -> None:
        """The first trial begins; said again, nothing."""
        if len(self._marks) == 1:
            self._mark()

    def end(self) -> None:
        """The last trial is on record."""
        self._mark()

    def _mark(self) -> None:
        self._marks.append((time.time(), tree_cpu_seconds(self._process)))

    def spent(self) -> dict[str, float]:
        """Seconds of both parts."""
        (born, _), (begun, begun_cpu), (ended, ended_cpu) = self._marks
        return {
            "startup": begun - born,
            "startup_cpu": begun_cpu,
            "wall": ended - begun,
            "cpu": ended_cpu - begun_cpu,
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the trials of a side came to."""

    epochs: int  # that were trained, of all trials
    failed: int  # trials
    best: float  # validation accuracy


def be_side(options: argparse.Namespace) -> Found:
    """What this process measures for the parent that started it."""
    watch = Stopwatch()
    silence_optuna()
    load_keras()
    outcome = SIDES[options.side](options, watch)
    found = {"epochs": outcome.epochs, "failed": outcome.failed, "best": outcome.best}
    return {**found, **watch.spent()}


class _FirstTrial(SilentListener):
    """Starts the watch when a trial begins."""

    def __init__(self, watch: Stopwatch) -> None:
        self._watch = watch

    def progress(self, progress: Progress) -> None:
        """Something moved."""
        if progress.running:
            self._watch.begin()


def search_autocnn(options: argparse.Namespace, watch: Stopwatch, workers: int) -> Outcome:
    """The search loop of autocnn, workers, record and leaderboard."""
    from autocnn.study.session import Mode

    networks = draw_networks(options)
    plan = repeat_all({f"network {i}": config for i, config in enumerate(networks)}, 1)
    with tempfile.TemporaryDirectory(prefix="autocnn-search-") as folder:
        settings = plan_settings(
            len(plan),
            study="search",
            results=folder,
            dataset=options.dataset,
            space=options.space,
            epochs=options.epochs,
            seed=options.seed,
            subset=options.images,
            precision=options.precision,
            workers=workers,
        )
        space, listener = load_space(options.space), _FirstTrial(watch)
        with trained_plan(settings, space, Mode(plan=plan), listener, lambda: False) as session:
            watch.end()
            records = session.records()
    scores = [record.score for record in records if record.score is not None]
    return Outcome(
        epochs=sum(record.epochs for record in records),
        failed=sum(record.cause is not None for record in records),
        best=max(scores, default=0.0),
    )


def _trainings(options: argparse.Namespace) -> list[Any]:
    """The peers' trainings, with the data that autocnn prepares."""
    from plain_keras import Training

    from autocnn.data.prepared import prepare

    data = prepare(options.dataset, subset=options.images)
    networks = draw_networks(options)
    return [Training(config=each, data=data, epochs=options.epochs) for each in networks]


def search_optuna(options: argparse.Namespace, watch: Stopwatch) -> Outcome:
    """A script of a few lines: Optuna's study in memory, `model.fit` in its objective."""
    import keras
    import optuna
    from plain_keras import fit

    trainings = _trainings(options)
    n_epochs = 0

    def objective(trial: optuna.Trial) -> float:
        nonlocal n_epochs
        keras.utils.clear_session()
        told = fit(trainings[trial.suggest_int(INDEX, 0, len(trainings) - 1)], validates=True)
        n_epochs += len(told["val_accuracy"])
        return max(told["val_accuracy"])

    sampler = optuna.samplers.RandomSampler(seed=options.seed)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for i in range(len(trainings)):
        study.enqueue_trial({INDEX: i})
    watch.begin()
    study.optimize(objective, n_trials=len(trainings))
    watch.end()
    return Outcome(epochs=n_epochs, failed=0, best=study.best_value)


def search_keras_tuner(options: argparse.Namespace, watch: Stopwatch) -> Outcome:
    """Keras Tuner's random search, whose oracle takes the networks in order."""
    import keras_tuner
    from plain_keras import compiled_network

    trainings = _trainings(options)

    class InOrder(keras_tuner.oracles.RandomSearchOracle):  # type: ignore[misc]
        def populate_space(self, trial_id: str) -> dict[str, Any]:
            return {"status": "RUNNING", "values": {INDEX: len(self.trials)}}

    class Networks(keras_tuner.HyperModel):  # type: ignore[misc]
        def build(self, hp: Any) -> Any:
            return compiled_network(trainings[hp.Int(INDEX, 0, len(trainings) - 1)])

        def fit(self, hp: Any, model: Any, *_: Any, **more: Any) -> Any:
            training = trainings[hp.get(INDEX)]
            train, validation = map(
                training.arrays, (training.data.train, training.data.validation)
            )
            return model.fit(*train, validation_data=validation, batch_size=training.batch, **more)

    with tempfile.TemporaryDirectory(prefix="autocnn-search-") as folder:
        objective = keras_tuner.Objective("val_accuracy", "max")
        oracle = InOrder(objective=objective, max_trials=len(trainings), seed=options.seed or 1)
        tuner = keras_tuner.Tuner(oracle, Networks(), directory=folder, project_name="search")
        watch.begin()
        tuner.search(epochs=options.epochs, verbose=0)
        watch.end()
    trials = list(oracle.trials.values())
    good = [trial for trial in trials if trial.status == "COMPLETED"]
    return Outcome(
        epochs=options.epochs * len(good),
        failed=len(trainings) - len(good),
        best=max((trial.score for trial in good), default=0.0),
    )


SIDES: dict[str, Callable[[argparse.Namespace, Stopwatch], Outcome]] = {
    "autocnn, 1 worker": partial(search_autocnn, workers=1),
    "autocnn, 2 workers": partial(search_autocnn, workers=2),
    "Keras Tuner, model.fit": search_keras_tuner,
    PEER: search_optuna,
}
