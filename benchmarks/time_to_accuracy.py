"""How long until a network of so many percent on the test split? autocnn and its peers.

    python benchmarks/time_to_accuracy.py run --folder FOLDER --dataset fashion_mnist
    python benchmarks/time_to_accuracy.py score --folder FOLDER

`run` starts each side in a process of its own, one after another: autocnn without recipes and with
them, Keras Tuner's Hyperband and a plain Optuna script on the same space with `model.fit`, and
`model.fit` of autocnn's first recipe alone; AutoKeras if `--side AutoKeras` names it
(autokeras_side.py). A side keeps a file whenever its best validation score improves, with the wall
and CPU seconds since its process began; no side reads the test split. It ends when its validation
score reaches `--stop-at` or after `--minutes`. `score` reads the test split for all files, and
prints when each side had its first file at or above the thresholds; for one that had none the cell
is "> so many min".
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from measuring import describe_machine, tree_cpu_seconds, watch_load
from rich.console import Console
from rich.table import Table

THRESHOLDS = (0.92, 0.93)
AUTOKERAS = "AutoKeras"
FACTOR = 3  # of Hyperband, Keras Tuner's default


def main() -> None:
    """Run the sides, one of them, or score what they kept."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("action", choices=("run", "side", "score"))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--dataset", default="fashion_mnist")
    parser.add_argument(
        "--side", choices=[*SIDES, *OTHERS], action="append", help="only this; repeatable"
    )
    parser.add_argument("--minutes", type=float, default=45)
    parser.add_argument("--stop-at", type=float, default=0.94, help="validation accuracy")
    parser.add_argument("--epochs", type=int, default=9, help="horizon of the peers' trials")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.action == "score":
        report(options)
        return
    for side in options.side or SIDES:
        if options.action == "run":
            run_side(options, side)
            continue
        with suppress(Ended):
            {**SIDES, **OTHERS}[side](Race(options, side))


def run_side(options: argparse.Namespace, side: str) -> None:
    """One side in a fresh process, unless it has run before; how busy the machine was is kept."""
    folder = options.folder / side.replace(" ", "_")
    if (folder / "end.json").is_file():
        return
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, __file__, "side", "--folder", str(options.folder), "--side", side]
    for name in ("dataset", "minutes", "stop_at", "epochs", "seed"):
        command += ["--" + name.replace("_", "-"), str(getattr(options, name))]
    with watch_load() as load, open(folder / "log.txt", "w", encoding="utf-8") as log:
        code = subprocess.run(command, stdout=log, stderr=log, check=False).returncode
    end = {"code": code, "others": load.others, "machine": describe_machine(), **vars(options)}
    (folder / "end.json").write_text(json.dumps(end, default=str), encoding="utf-8")
    Console().print(f"{side}: ended with code {code}; {load.warning() or 'the machine was free'}")


class Ended(BaseException):
    """A side has reached its validation score, or its time is over; no library catches it."""


@dataclass
class Race:
    """What a side may use: the settings, the clock, and where its best networks go."""

    options: argparse.Namespace
    side: str
    best: float = -1.0
    kept: int = 0
    process: psutil.Process = field(default_factory=psutil.Process)

    @property
    def folder(self) -> Path:
        """Of this side's files."""
        folder: Path = self.options.folder / self.side.replace(" ", "_")
        return folder

    @property
    def seconds(self) -> float:
        """Wall, since the process began."""
        return time.time() - float(self.process.create_time())

    def left(self) -> float:
        """Seconds until the side is cut."""
        return float(self.options.minutes) * 60 - self.seconds

    def offer(self, score: float, keep: Callable[[Path], None]) -> None:
        """Keep a network if it is the best so far on validation; the side may be over then."""
        if score > self.best:
            self.best = score
            line = {"wall": self.seconds, "cpu": tree_cpu_seconds(self.process)}
            file = self.folder / f"{self.kept:03d}.keras"
            keep(file)
            with open(self.folder / "kept.jsonl", "a", encoding="utf-8") as log:
                log.write(json.dumps({**line, "validation": score, "file": file.name}) + "\n")
            self.kept += 1
        if score >= self.options.stop_at or self.left() <= 0:
            raise Ended


def run_autocnn(race: Race, *, recipes: bool) -> None:
    """A search with autocnn's defaults and a budget that it does not reach."""
    from autocnn.api.search_study import SilentListener, search
    from autocnn.records.study_folder import StudyPaths
    from autocnn.records.study_settings import StudySettings
    from autocnn.trial import TrialState

    paths = StudyPaths(race.folder / "results" / "race")
    ended = False

    class Kept(SilentListener):
        def trial_finished(self, proposal: Any, result: Any) -> None:
            nonlocal ended
            if result.score is None or result.state is TrialState.PRUNED:
                return  # whoever is given up leaves no weights
            try:
                race.offer(result.score, lambda file: _export(proposal, paths, race, file))
            except Ended:
                ended = True

    settings = StudySettings(
        dataset=race.options.dataset,
        study="race",
        results=str(race.folder / "results"),
        time_budget_s=race.options.minutes * 60,
        recipes=recipes,
        seed=race.options.seed,
    )
    search(settings, Kept(), lambda: ended or race.left() <= 0)


def _export(proposal: Any, paths: Any, race: Race, file: Path) -> None:
    """The trial's weights and configuration; the file of Keras is built when it is scored."""
    from autocnn.space.config import config_to_dict

    weights = paths.weights(proposal.number)
    file.with_suffix(".npz").write_bytes(weights.read_bytes())
    config = json.dumps(config_to_dict(proposal.config))
    file.with_suffix(".json").write_text(config, encoding="utf-8")


def run_keras_tuner(race: Race) -> None:
    """Keras Tuner's Hyperband over the space `cnn`; infeasible draws are failed trials there."""
    import keras_tuner

    from autocnn.engines.keras_tuner_oracles import declare, decode
    from autocnn.errors import Infeasible

    setting = Setting.of(race)

    class Network(keras_tuner.HyperModel):  # type: ignore[misc]
        def build(self, hp: Any) -> Any:
            try:
                return setting.compile(decode(setting.space, hp.values, is_grid=False))
            except Infeasible as error:
                raise keras_tuner.errors.FailedTrialError(str(error)) from error

        def fit(self, hp: Any, model: Any, *_: Any, callbacks: Any = (), **arguments: Any) -> Any:
            config = setting.space.config(decode(setting.space, hp.values, is_grid=False))
            epochs = range(arguments.get("initial_epoch", 0), arguments["epochs"])
            history = setting.fit(model, config, epochs, [setting.watcher(race), *callbacks])
            return max(history["val_accuracy"])

    tuner = keras_tuner.Hyperband(
        Network(),
        objective=keras_tuner.Objective("val_accuracy", "max"),
        max_epochs=race.options.epochs,
        factor=FACTOR,
        hyperband_iterations=1000,
        hyperparameters=declare(setting.space, is_grid=False),
        allow_new_entries=False,
        seed=race.options.seed + 1,  # it takes 0 for "none"
        max_consecutive_failed_trials=10**6,
        directory=str(race.folder),
        project_name="tuner",
    )
    tuner.search()


def run_optuna(race: Race) -> None:
    """A plain Optuna script: its defaults (TPE) with the Hyperband pruner."""
    import optuna

    from autocnn.errors import Infeasible

    setting = Setting.of(race)

    def objective(trial: optuna.Trial) -> float:
        values: dict[str, Any] = {}
        for name, parameter in setting.space.parameters.items():
            if setting.space.is_active(name, values):
                values[name] = draw(trial, name, parameter)
        try:
            model = setting.compile(values)
        except Infeasible as error:
            raise optuna.TrialPruned(str(error)) from error
        config = setting.space.config(values)
        epochs = range(race.options.epochs)
        pruning = setting.watcher(race, trial)
        return float(max(setting.fit(model, config, epochs, [pruning])["val_accuracy"]))

    sampler = optuna.samplers.TPESampler(seed=race.options.seed)
    study = optuna.create_study(
        direction="maximize", sampler=sampler, pruner=optuna.pruners.HyperbandPruner()
    )
    study.optimize(objective, timeout=race.left())


def run_autokeras(race: Race) -> None:
    """AutoKeras' classifier of images, with its defaults."""
    from autokeras_side import search_networks

    search_networks(Setting.of(race).data, race.folder, race.options.seed, race.offer)


def draw(trial: Any, name: str, parameter: Any) -> Any:
    """The parameter's value, from Optuna where it varies."""
    from autocnn.records.distributions import suggest, to_distribution

    if parameter.n_values() == 1:
        return parameter.all_values()[0]
    return suggest(trial, name, to_distribution(parameter))


def run_recipe(race: Race) -> None:
    """`model.fit` of the first recipe for this size of images, and nothing else."""
    from autocnn.engines.recipes import NetworkSize, TrainingSet, recipes_for

    setting = Setting.of(race)
    images = TrainingSet(shape=setting.data.image_shape, n=setting.data.train.n)
    values = recipes_for(images, NetworkSize(filters=48))[0].values
    config = setting.space.fitted(images.shape, images.n).config(values)
    setting.fit(
        setting.compile(values), config, range(race.options.epochs), [setting.watcher(race)]
    )


@dataclass
class Setting:
    """Data and space of the peers, and how they train."""

    data: Any
    space: Any
    horizon: int
    seed: int

    @classmethod
    def of(cls, race: Race) -> Setting:
        """The same split and space as autocnn's."""
        from autocnn.keras_startup import load_keras

        load_keras()
        from autocnn.data.prepared import prepare
        from autocnn.space.toml import load_space

        options = race.options
        return cls(prepare(options.dataset), load_space("cnn"), options.epochs, options.seed)

    def training(self, config: Any) -> Any:
        """The training of `config` as people write it with Keras alone."""
        from plain_keras import Training

        return Training(config=config, data=self.data, epochs=self.horizon, seed=self.seed)

    def compile(self, values: Any) -> Any:
        """The network at this point of the space. Raises: Infeasible."""
        from plain_keras import compiled_network

        config = self.space.config(values)
        self.space.network(config, self.data.image_shape, self.data.n_classes)
        return compiled_network(self.training(config))

    def fit(self, model: Any, config: Any, epochs: range, callbacks: Any) -> dict[str, list[float]]:
        """Keras' history of these epochs."""
        training, stopping = self.training(config), config.early_stopping
        if stopping.enabled:
            callbacks = [*callbacks, self.stopper(stopping)]
        history = model.fit(
            *training.arrays(self.data.train),
            batch_size=training.batch,
            epochs=epochs.stop,
            initial_epoch=epochs.start,
            validation_data=training.arrays(self.data.validation),
            callbacks=callbacks,
            verbose=0,
        )
        found: dict[str, list[float]] = history.history
        return found

    def stopper(self, rule: Any) -> Any:
        """Keras' early stopping by the configuration's rule."""
        import keras

        return keras.callbacks.EarlyStopping(
            "val_accuracy", min_delta=rule.min_delta, patience=rule.patience, mode="max"
        )

    def watcher(self, race: Race, trial: Any = None) -> Any:
        """A callback that offers the network after each epoch, and lets Optuna prune."""
        import keras
        import optuna

        class Watch(keras.callbacks.Callback):  # type: ignore[misc]  # untyped
            best = -1.0

            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                score = float(logs["val_accuracy"])
                race.offer(score, lambda file: save_plain(self.model, file))
                self.best = max(self.best, score)
                if trial is not None:
                    trial.report(self.best, epoch)
                    if trial.should_prune():
                        raise optuna.TrialPruned

        return Watch()


def save_plain(model: Any, file: Path) -> None:
    """The network without its augmentation and with probabilities, as autocnn's files are."""
    import keras

    network = model.layers[-1] if isinstance(model.layers[-1], keras.Model) else model
    logits = network.output
    keras.Model(network.input, keras.layers.Softmax(dtype="float32")(logits)).save(file)


SIDES: dict[str, Callable[[Race], None]] = {
    "autocnn without recipes": lambda race: run_autocnn(race, recipes=False),
    "autocnn": lambda race: run_autocnn(race, recipes=True),
    "first recipe with model.fit": run_recipe,
    "Optuna with model.fit": run_optuna,
    "Keras Tuner Hyperband with model.fit": run_keras_tuner,
}
OTHERS: dict[str, Callable[[Race], None]] = {AUTOKERAS: run_autokeras}  # only if they are named


def report(options: argparse.Namespace) -> None:
    """Score all files that were kept, and print the table."""
    from autocnn.data.prepared import prepare
    from autocnn.data.test_split import load_test

    data = prepare(options.dataset)
    test = load_test(options.dataset)
    table = Table(
        "side", *(f"test {100 * t:.0f} %: wall s, CPU s" for t in THRESHOLDS), "best test"
    )
    for side in options.side or [*SIDES, *OTHERS]:
        folder = options.folder / side.replace(" ", "_")
        if (folder / "kept.jsonl").is_file():
            table.add_row(side, *describe(folder, score_kept(folder, data, test)))
        elif (folder / "end.json").is_file():
            table.add_row(side, *["no network"] * len(THRESHOLDS), "–")
    console = Console()
    console.print(describe_machine())
    console.print(table)


def score_kept(folder: Path, data: Any, test: Any) -> list[dict[str, float]]:
    """The lines of a side with the test accuracy of each file."""
    from autokeras_side import load_network

    from autocnn.exports.formats import KERAS
    from autocnn.finals.scoring import score_images
    from autocnn.models.trained import TrainedModel
    from autocnn.space.config import config_from_dict
    from autocnn.train.assembly import spec_of

    lines = []
    for text in (folder / "kept.jsonl").read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        file = folder / line["file"]
        if not file.is_file():
            config = config_from_dict(json.loads(file.with_suffix(".json").read_text()))
            model = TrainedModel(
                config=config,
                image=spec_of(data),
                class_names=data.class_names,
                weights=file.with_suffix(".npz"),
            )
            model.build().save(file)
        load = load_network if folder.name == AUTOKERAS else KERAS.load
        score = score_images(load(file), test, data.n_classes)
        lines.append({**line, "test": score.accuracy})
    return lines


def describe(folder: Path, lines: list[dict[str, float]]) -> list[str]:
    """A cell for each threshold, and the best test accuracy of all files."""
    minutes = json.loads((folder / "end.json").read_text())["minutes"]
    cells = []
    for threshold in THRESHOLDS:
        reached = next((line for line in lines if line["test"] >= threshold), None)
        never = f"> {minutes:.0f} min"
        cells.append(f"{reached['wall']:.0f}, {reached['cpu']:.0f}" if reached else never)
    return [*cells, f"{100 * max(line['test'] for line in lines):.2f} %"]


if __name__ == "__main__":
    main()
