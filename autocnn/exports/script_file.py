"""A plain Keras program that trains the network again, without autocnn.

The check runs the program's own function that builds the network, gives it the trained weights and
compares the answers. The contract is a comment line.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from autocnn.errors import RecordError
from autocnn.exports.contract_file import AGAIN, parse_contract_bytes
from autocnn.models.contract import contract_to_json

if TYPE_CHECKING:
    from autocnn.exports.formats import Format
    from autocnn.models.contract import ModelContract
    from autocnn.models.network import Network
    from autocnn.models.script_plan import ScriptPlan
    from autocnn.models.trained import Pixels, Predictor, Probabilities, TrainedModel

TOLERANCE = 1e-5  # of a probability: the same layers with the same weights
CONTRACT: Final = "# contract: "


def for_training(chosen: Format, plan: ScriptPlan, model: TrainedModel) -> Format:
    """The format `chosen` for one training: what it writes, and how its file is checked.

    Raises: SettingsError for what a script cannot hold.
    """
    from autocnn.exports.script_lines import check_plan

    check_plan(plan)

    def write(_: Network, contract: ModelContract, path: Path) -> None:
        path.write_text(script_text(plan, contract), encoding="utf-8")

    def load(path: Path) -> Predictor:
        return _built_by(path, model)

    return replace(chosen, write=write, load=load)


def script_text(plan: ScriptPlan, contract: ModelContract) -> str:
    """The program."""
    from autocnn.exports import script_lines as lines

    config = plan.config
    noise = lines.augmentation_lines(config.augmentation, plan.image.shape)
    changes = _AUGMENTATION.format(
        noise=_indented([*lines.difference_lines(config.augmentation), *noise])
    )
    return _PROGRAM.format(
        score=ascii(plan.score)[1:-1],  # one line, whatever the name of the data set is
        contract=CONTRACT + json.dumps(contract_to_json(contract)),
        source=repr(plan.keras_dataset),
        shape=plan.image.shape,
        n_classes=plan.image.n_classes,
        epochs=plan.epochs,
        schedule_epochs=plan.schedule_epochs,
        batch_size=config.batch_size,
        peak=config.optimizer.learning_rate,
        warmup=config.schedule.warmup,
        smoothing=config.loss.label_smoothing,
        rate=lines.SHAPES[config.schedule.name],
        optimizer=lines.optimizer_line(config.optimizer),
        layers=_indented(lines.layer_lines(plan)),
        augmentation=changes if noise else "",
        model=_AUGMENTED if noise else "network",
    )


def _indented(lines: Sequence[str]) -> str:
    return textwrap.indent("\n".join(lines), 12 * " ")


def write(model: Network, contract: ModelContract, path: Path) -> None:
    """Not to be called: a script is written by the function that `for_training` gives."""
    raise ValueError(f"expected the plan of a training for {path}, got none")


def load(path: Path) -> Predictor:
    """Not to be called: a script is loaded by the function that `for_training` gives."""
    raise ValueError(f"expected trained weights for {path}, got none")


def read_contract(path: Path) -> ModelContract:
    """The contract in the script, which is not run.

    Raises: RecordError if it cannot be read, or holds no valid contract.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise RecordError(f"{path}: cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise RecordError(f"{path}: expected a script, got something else; {AGAIN}") from error
    for line in text.splitlines():
        if line.startswith(CONTRACT):
            return parse_contract_bytes(path, line.removeprefix(CONTRACT).encode())
    raise RecordError(f"{path}: expected a line {CONTRACT!r}, found none; {AGAIN}")


def _built_by(path: Path, model: TrainedModel) -> Predictor:
    """The answers of the network that a program of this process builds, with trained weights."""
    import keras
    import numpy as np

    names: dict[str, Any] = {"__name__": "exported"}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), names)
    network = names["build_network"]()
    network.set_weights(model.build().get_weights())

    def predict(images: Pixels) -> Probabilities:
        logits = network(images, training=False)
        return np.asarray(keras.ops.convert_to_numpy(keras.ops.softmax(logits)), np.float32)

    return predict


_AUGMENTED: Final = "keras.Sequential([keras.Input(IMAGE_SHAPE), build_augmentation(), network])"
_AUGMENTATION: Final = '''def build_augmentation():
    """Random changes of the training images."""
    return keras.Sequential(
        [
            keras.Input(IMAGE_SHAPE),
{noise}
        ]
    )


'''
_PROGRAM: Final = '''"""Train an image classifier with Keras: python THIS_FILE [DATA]

DATA is the name of a data set of keras.datasets, or a .npz file with the arrays x_train, y_train,
x_test and y_test: images (n, height, width, channels), 0 to 255, and whole numbers from 0.
"""

import math
import sys

import keras
import numpy as np
from keras import layers, ops

# {score}
{contract}

DATA = {source}
IMAGE_SHAPE = {shape}  # height, width, channels
N_CLASSES = {n_classes}
EPOCHS = {epochs}
SCHEDULE_EPOCHS = {schedule_epochs}  # the learning rate runs over so many epochs
BATCH_SIZE = {batch_size}
PEAK_RATE = {peak!r}
WARMUP = {warmup!r}  # fraction of the schedule with a rising rate
LABEL_SMOOTHING = {smoothing!r}


def load_data(source):
    """Images as float32, 0 to 255, and labels: two pairs, of training and of test."""
    if source.endswith(".npz"):
        with np.load(source, allow_pickle=False) as file:
            pairs = [(file[f"x_{{part}}"], file[f"y_{{part}}"]) for part in ("train", "test")]
    else:
        pairs = getattr(keras.datasets, source).load_data()
    return [(x.reshape(-1, *IMAGE_SHAPE).astype("float32"), y.reshape(-1)) for x, y in pairs]


def build_network():
    """Raw pixels, 0 to 255, to logits."""
    return keras.Sequential(
        [
            keras.Input(IMAGE_SHAPE),
{layers}
        ]
    )


{augmentation}class Rate(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of each step."""

    def __init__(self, n_steps):
        self.n_steps = n_steps

    def __call__(self, step):
        done = (ops.cast(step, "float32") + 0.5) / self.n_steps
        rising = ops.minimum(1.0, done / WARMUP) if WARMUP else 1.0
        after = ops.clip((done - WARMUP) / (1 - WARMUP), 0.0, 1.0)
        return PEAK_RATE * rising * ({rate})


def main():
    source = sys.argv[1] if len(sys.argv) > 1 else DATA
    if source is None:
        sys.exit("give a .npz file with x_train, y_train, x_test and y_test")
    keras.utils.set_random_seed(0)
    (x_train, y_train), (x_test, y_test) = load_data(source)
    batch_size = min(BATCH_SIZE, len(x_train))
    rate = Rate(SCHEDULE_EPOCHS * math.ceil(len(x_train) / batch_size))
    optimizer = {optimizer}
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    network = build_network()
    model = {model}
    model.compile(
        optimizer=optimizer,
        loss=keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=LABEL_SMOOTHING
        ),
        metrics=["accuracy"],
        jit_compile=False,
    )
    targets = keras.utils.to_categorical(y_train, N_CLASSES)
    model.fit(x_train, targets, batch_size=batch_size, epochs=EPOCHS, verbose=2)
    predicted = network.predict(x_test, verbose=0).argmax(axis=1)
    print(f"test accuracy {{np.mean(predicted == y_test):.4f}} of {{len(y_test)}} images")


if __name__ == "__main__":
    main()
'''
