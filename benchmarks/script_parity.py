"""Does the exported script train as autocnn itself does?

    python benchmarks/script_parity.py digits fashion -o build/parity

A search of one trial makes the configuration: the first recipe for the images of a case. Its script
is exported with `autocnn.export`. Then both sides train that configuration from the start, on the
same images, as many epochs as the script states and with the same seeds, each training in a fresh
process: autocnn by its own training loop, the script by its own function `train`. Every network
that comes out is scored on all test images. Prints mean and standard deviation of accuracy,
cross-entropy and CPU seconds of a training (the network is built and compiled in them, Keras is
imported before), and the difference of the means with its 95 % interval (Welch). If autocnn trains
in bfloat16 here, its training in float32, the script's precision, is an arm of its own. Outcomes
are kept in the folder of --output: a second call goes on. Fashion-MNIST comes from KERAS_HOME.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from measuring import describe_machine

import autocnn.api as api
from autocnn.data.prepared import PreparedData, prepare
from autocnn.data.test_split import load_test
from autocnn.keras_startup import load_keras
from autocnn.models.script_plan import ScriptPlan
from autocnn.records.study_settings import StudySettings

SCRIPT, OWN, OWN_FLOAT32 = "script", "autocnn", "autocnn float32"
SEEDED = 1000  # the first seed; those of a search are drawn
STUDY, RESULTS, FILE = "parity", "results", "train.py"
SIZE = ("| configuration | arm | n | test accuracy | test cross-entropy | CPU s of a training |", 6)
GAP = ("| configuration | arms | difference of accuracy | of cross-entropy |", 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The images, and the length of a training."""

    dataset: str
    subset: int | None  # training images; None: all that a search trains on
    epochs: int
    seeds: int


CASES = {
    "digits": Case(dataset="digits", subset=None, epochs=20, seeds=5),
    "fashion": Case(dataset="fashion_mnist", subset=6000, epochs=8, seeds=3),
}


def main() -> None:
    """Train what is missing, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("cases", nargs="+", choices=list(CASES))
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--seeds", type=int, help="of each arm; by default 5 or 3, by the case")
    parser.add_argument("--epochs", type=int, help="of the schedule; by default 20 or 8")
    parser.add_argument("--one", nargs=2, metavar=("ARM", "SEED"), help="train one network")
    given = parser.parse_args()
    for name in given.cases:
        case, folder = CASES[name], given.output / name
        case = case if given.epochs is None else replace(case, epochs=given.epochs)
        if given.one is not None:
            print(json.dumps(train_one(case, folder, given.one[0], int(given.one[1]))))
            continue
        arms = make_script(case, folder)
        for seed in range(given.seeds or case.seeds):
            for arm in arms[:: 1 if seed % 2 == 0 else -1]:  # alternating
                outcome_of(given, name, arm, SEEDED + seed)
    if given.one is None:
        print(describe_machine())
        print(report({name: read_outcomes(given.output / name) for name in given.cases}))


def make_script(case: Case, folder: Path) -> list[str]:
    """Search one trial, and export its script, once; returns the arms."""
    done = False

    class First(api.SilentListener):
        def trial_finished(self, *_: Any) -> None:
            nonlocal done
            done = True  # its refit and its test are not needed

    results = folder / RESULTS
    if not (folder / FILE).is_file():
        settings = StudySettings(
            dataset=case.dataset,
            subset=case.subset,
            epochs=case.epochs,
            trials=1,
            study=STUDY,
            results=str(results),
        )
        api.search(settings, First(), lambda: done)
        export = api.ExportSettings(output=folder / FILE, trial=0)
        api.export_files(api.load_study(results, STUDY), export)
    result = api.load_study(results, STUDY).trial(0).result
    is_float32 = result is not None and result.precision == "float32"
    return [SCRIPT, OWN] if is_float32 else [SCRIPT, OWN, OWN_FLOAT32]


def outcome_of(given: argparse.Namespace, name: str, arm: str, seed: int) -> None:
    """Train one network in a fresh process, and keep its outcome; once."""
    file = given.output / name / f"{arm.replace(' ', '-')}-{seed}.json"
    if file.is_file():
        return
    command = [sys.executable, __file__, name, "-o", str(given.output), "--one", arm, str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    line = done.stdout.splitlines()[-1]
    print(name, arm, seed, line, flush=True)
    file.write_text(line)


def train_one(case: Case, folder: Path, arm: str, seed: int) -> dict[str, float]:
    """Accuracy and cross-entropy on the test images, and the CPU seconds of the training."""
    from autocnn.api.script_plans import script_plan
    from autocnn.models.selection import mean_loss

    view = api.load_study(folder / RESULTS, STUDY)
    plan, data = script_plan(view, 0), prepare(case.dataset, subset=case.subset)
    test = load_test(case.dataset)
    load_keras()
    start = time.process_time()
    if arm == SCRIPT:
        network = by_script(folder / FILE, data, seed)
    else:
        result = view.trial(0).result
        precision = "float32" if arm == OWN_FLOAT32 or result is None else result.precision
        network = by_autocnn(plan, data, seed, precision)
    seconds = time.process_time() - start
    found = probabilities(network, test.images)
    return {
        "accuracy": float(np.mean(found.argmax(axis=1) == test.labels)),
        "loss": mean_loss(found, test.labels),
        "cpu_s": seconds,
        "images": float(data.train.n),
    }


def by_script(script: Path, data: PreparedData, seed: int) -> Any:
    """The network of the script's own function."""
    names: dict[str, Any] = {"__name__": "trained"}
    exec(compile(script.read_text(), str(script), "exec"), names)
    part = data.train.copy()
    return names["train"](part.images, part.labels, seed)


def by_autocnn(plan: ScriptPlan, data: PreparedData, seed: int, precision: str) -> Any:
    """The network of autocnn's training, as a refit does it: nothing is validated.

    A refit trains on both parts, which are the training part here: one image of it stands in for
    the images of validation.
    """
    import tempfile

    from autocnn.nn.model import build_model
    from autocnn.nn.weights import load_weights
    from autocnn.train.assembly import spec_of
    from autocnn.train.backend import find_device
    from autocnn.train.trainer import Hooks, train_trial
    from autocnn.trial import WEIGHTS_FILE, TrialJob

    if spec_of(data) != plan.image:
        raise ValueError(f"expected the images of the script, {plan.image}, got {spec_of(data)}")
    chosen = data.split.train
    data = replace(data, split=replace(data.split, train=chosen[:-1], validation=chosen[-1:]))
    with tempfile.TemporaryDirectory() as folder:
        job = TrialJob(
            number=0,
            config=plan.config,
            seed=seed,
            horizon=plan.schedule_epochs,
            last_epoch=plan.epochs,
            precision=precision,
            folder=Path(folder, "trials", "0"),
            fit_on="train+validation",
        )
        hooks = Hooks(report=lambda *_: False, interrupted=lambda: False)
        train_trial(job, data, find_device(), hooks)
        weights = load_weights(job.folder / WEIGHTS_FILE)
    network = build_model(plan.config, plan.image)
    network.set_weights(weights)
    return network


def probabilities(network: Any, images: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """The answers in float32 of a network that returns logits."""
    import keras

    logits = network.predict(images.astype(np.float32), batch_size=500, verbose=0)
    found: npt.NDArray[np.float32] = keras.ops.convert_to_numpy(keras.ops.softmax(logits))
    return found


def read_outcomes(folder: Path) -> dict[str, list[dict[str, float]]]:
    """The outcomes of each arm, by seed."""
    found: dict[str, list[dict[str, float]]] = {}
    for arm in (SCRIPT, OWN, OWN_FLOAT32):
        files = sorted(folder.glob(f"{arm.replace(' ', '-')}-[0-9]*.json"))
        if files:
            found[arm] = [json.loads(file.read_text()) for file in files]
    return found


def report(cases: dict[str, dict[str, list[dict[str, float]]]]) -> str:
    """Two tables in Markdown: the arms, and their differences from the script."""
    sizes, gaps = [SIZE[0], "|---" * SIZE[1] + "|"], [GAP[0], "|---" * GAP[1] + "|"]
    for case, arms in cases.items():
        for arm, rows in arms.items():
            accuracy = [100 * row["accuracy"] for row in rows]
            loss, seconds = ([row[key] for row in rows] for key in ("loss", "cpu_s"))
            cells = mean_and_sd(accuracy, 2), mean_and_sd(loss, 4), mean_and_sd(seconds, 1)
            sizes.append(f"| {case} | {arm} | {len(rows)} | {' | '.join(cells)} |")
        for arm in arms:
            if arm != SCRIPT:
                pairs = {
                    key: difference(*([row[key] for row in arms[each]] for each in (arm, SCRIPT)))
                    for key in ("accuracy", "loss")
                }
                points = tuple(100 * value for value in pairs["accuracy"])
                shown = f"{interval(points, 2)} points | {interval(pairs['loss'], 4)}"
                gaps.append(f"| {case} | {arm} − {SCRIPT} | {shown} |")
    return "\n".join([*sizes, "", *gaps])


def mean_and_sd(values: Sequence[float], digits: int) -> str:
    """`92.10 ± 0.31`; without the deviation of a single value."""
    spread = f" ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.{digits}f}{spread}"


def interval(found: Sequence[float], digits: int) -> str:
    """`+0.10 (-0.20 to +0.40)`."""
    middle, low, high = (f"{value:+.{digits}f}" for value in found)
    return f"{middle} ({low} to {high})"


def difference(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float, float]:
    """The difference of the means, and the ends of its 95 % interval (Welch); NaN for one value."""
    from scipy.stats import t

    middle = statistics.mean(ours) - statistics.mean(theirs)
    if min(len(ours), len(theirs)) < 2:
        return middle, math.nan, math.nan
    parts = [statistics.variance(each) / len(each) for each in (ours, theirs)]
    if not sum(parts):
        return middle, middle, middle
    divisor = sum(
        part**2 / (len(each) - 1) for part, each in zip(parts, (ours, theirs), strict=True)
    )
    half = float(t.ppf(0.975, sum(parts) ** 2 / divisor)) * math.sqrt(sum(parts))
    return middle, middle - half, middle + half


if __name__ == "__main__":
    main()
