"""The text of a plain Keras program that trains a network again, without autocnn."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from typing import Final

from autocnn.exports import script_lines as lines
from autocnn.exports.script_changes import Change, changes_of
from autocnn.exports.script_sources import source_of
from autocnn.models.contract import ModelContract, contract_to_json
from autocnn.models.script_plan import ScriptPlan
from autocnn.space.config import Loss, TrialConfig

CONTRACT: Final = "# contract: "
AIRBENCH94, MUON = "autocnn.nn.airbench94", "autocnn.nn.muon"


def script_text(plan: ScriptPlan, contract: ModelContract) -> str:
    """The program."""
    config = plan.config
    changes = changes_of(config.augmentation)
    sources = _sources(config)
    functions = [*(change.function for change in changes), *sources]
    if plan.class_weights:
        functions.append(_CLASS_WEIGHTS)
    alternates = config.augmentation.alternating_flip
    return _PROGRAM.format(
        score=ascii(plan.score)[1:-1],  # one line, whatever the name of the data set is
        contract=CONTRACT + json.dumps(contract_to_json(contract)),
        imports=_TYPES if sources else "",
        typing="import numpy.typing as npt\n" if sources else "",
        source=repr(plan.keras_dataset),
        shape=plan.image.shape,
        n_classes=plan.image.n_classes,
        epochs=plan.epochs,
        schedule_epochs=plan.schedule_epochs,
        batch_size=config.batch_size,
        peak=config.optimizer.learning_rate,
        warmup=config.schedule.warmup,
        targets=_targets(config.loss),
        stored=_stored(plan),
        rate=lines.SHAPES[config.schedule.name],
        optimizer=lines.optimizer_line(config),
        exclusion="" if lines.is_grouped(config) else _EXCLUSION,
        layers=_indented(lines.layer_lines(plan), 4),
        functions="".join(f"{each}\n\n\n" for each in functions),
        sides=_SIDES if alternates else "",
        changes=_changed(changes),
        loss=_loss(config.loss),
        rows="TARGETS * class_weights(labels)[:, None]" if plan.class_weights else "TARGETS",
        first=_first_weights(plan),
    )


def _indented(statements: Sequence[str], spaces: int) -> str:
    return textwrap.indent("\n".join(statements), " " * spaces)


def _sources(config: TrialConfig) -> list[str]:
    """Optimizers and first weights that Keras does not have."""
    wanted = []
    if config.architecture == "airbench94":
        wanted += [(AIRBENCH94, "whitening_sample"), (AIRBENCH94, "initialise")]
    if lines.is_grouped(config):
        wanted.append((AIRBENCH94, "GroupedNesterov"))
    if config.optimizer.name == "muon":
        wanted.append((MUON, "Muon"))
    return [source_of(*wanted)] if wanted else []


def _stored(plan: ScriptPlan) -> str:
    """The factor from the stored values to 0 to 255, as a text that follows the image array."""
    if plan.value_range.kind == "bytes":
        return "x"
    return f"np.rint(x * (255 / {plan.value_range.high})).astype('uint8')".replace("'", '"')


def _targets(loss: Loss) -> str:
    if loss.name == "focal" or loss.label_smoothing == 0:
        return 'TARGETS = np.eye(N_CLASSES, dtype="float32")  # a row for each class'
    return (
        f"LABEL_SMOOTHING = {loss.label_smoothing!r}\n"
        'TARGETS = (1 - LABEL_SMOOTHING) * np.eye(N_CLASSES, dtype="float32")'
        " + LABEL_SMOOTHING / N_CLASSES"
    )


def _loss(loss: Loss) -> str:
    return _FOCAL.format(gamma=loss.focal_gamma) if loss.name == "focal" else _CROSS_ENTROPY


def _changed(changes: Sequence[Change]) -> str:
    statements = [change.statement for change in changes]
    return _indented(statements, 8) + "\n" if statements else ""


def _first_weights(plan: ScriptPlan) -> str:
    if plan.config.architecture != "airbench94":
        return ""
    mean, std = list(plan.image.mean), list(plan.image.std)
    return (
        "    sample = images[whitening_sample(len(images))]\n"
        f"    initialise(network, sample, {mean}, {std}, seed)\n"
    )


_TYPES: Final = """from collections.abc import Sequence
from typing import Any
"""
_EXCLUSION: Final = '    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])\n'
_SIDES: Final = "        self.sides = self.rng.integers(0, 2, len(labels))  # flipped in epoch 1\n"
_CLASS_WEIGHTS: Final = '''def class_weights(labels):
    """Weights that make all classes count alike."""
    counts = np.bincount(labels, minlength=N_CLASSES)
    weights = len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1)) * (counts > 0)
    return weights.astype("float32")'''
_CROSS_ENTROPY: Final = '''def loss(targets, logits):
    """The cross entropy of each image."""
    return -ops.sum(targets * ops.log_softmax(logits), axis=-1)'''
_FOCAL: Final = '''def loss(targets, logits):
    """The focal loss of each image (arXiv:1708.02002)."""
    log_p = ops.log_softmax(logits)
    missing = ops.maximum(1.0 - ops.exp(log_p), 1e-7)
    return -ops.sum(targets * ops.power(missing, {gamma!r}) * log_p, axis=-1)'''
_PROGRAM: Final = '''"""Train an image classifier with Keras: python THIS_FILE [DATA [SEED]]

DATA is the name of a data set of keras.datasets, or a .npz file with the arrays x_train, y_train,
x_test and y_test: images (n, height, width, channels) and labels, whole numbers from 0.
"""

import math
import sys
{imports}
import keras
import numpy as np
{typing}from keras import layers, ops

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
AVERAGED = 0.03  # fraction of the schedule over which weights are averaged
{targets}


def load_data(source):
    """Images, 0 to 255, and labels: two pairs, of training and of test."""
    if source.endswith(".npz"):
        with np.load(source, allow_pickle=False) as file:
            pairs = [(file[f"x_{{part}}"], file[f"y_{{part}}"]) for part in ("train", "test")]
    else:
        pairs = getattr(keras.datasets, source).load_data()
    pairs = [({stored}, y) for x, y in pairs]
    return [(x.reshape(-1, *IMAGE_SHAPE), y.reshape(-1)) for x, y in pairs]


def build_network():
    """Raw pixels, 0 to 255, to logits."""
    image = x = keras.Input(IMAGE_SHAPE, name="image")
{layers}
    return keras.Model(image, x)


{functions}class Batches(keras.utils.PyDataset):
    """The training images and their targets, in a new order in each epoch."""

    def __init__(self, images, labels, targets, seed):
        super().__init__()
        self.images, self.labels, self.targets = images, labels, targets
        self.size = min(BATCH_SIZE, len(labels))
        self.rng = np.random.default_rng(seed)
        self.epoch = 0
{sides}        self.shuffle()

    def __len__(self):
        return math.ceil(len(self.labels) / self.size)

    def shuffle(self):
        order = self.rng.permutation(len(self.labels))
        self.order = np.resize(order, len(self) * self.size)  # the first images fill the last batch

    def on_epoch_end(self):
        self.epoch += 1
        self.shuffle()

    def __getitem__(self, i):
        chosen = self.order[i * self.size : (i + 1) * self.size]
        images = self.images[chosen].astype("float32")
        targets = self.targets[self.labels[chosen]]
{changes}        return images, targets


class Rate(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of each step."""

    def __init__(self, n_steps):
        self.n_steps = n_steps

    def __call__(self, step):
        done = (ops.cast(step, "float32") + 0.5) / self.n_steps
        rising = ops.minimum(1.0, done / WARMUP) if WARMUP else 1.0
        after = ops.clip((done - WARMUP) / (1 - WARMUP), 0.0, 1.0)
        return PEAK_RATE * rising * ({rate})


class Average(keras.callbacks.Callback):
    """An exponential average of all weights, those of normalisation too."""

    def __init__(self, n_steps):
        super().__init__()
        self.kept = math.exp(-1 / (AVERAGED * n_steps))
        self.mass, self.weights = 0.0, None

    def on_train_batch_end(self, batch, logs=None):
        weights = self.model.get_weights()
        self.mass = 1 - (1 - self.mass) * self.kept  # corrects the beginning
        share = (1 - self.kept) / self.mass
        pairs = zip(self.weights or weights, weights)
        self.weights = [old + share * (new - old) for old, new in pairs]


{loss}


def train(images, labels, seed):
    """A network that is trained on these images, with averaged weights."""
    keras.utils.set_random_seed(seed)
    network = build_network()
{first}    batches = Batches(images, labels, {rows}, seed)
    n_steps = SCHEDULE_EPOCHS * len(batches)
    rate = Rate(n_steps)
    optimizer = {optimizer}
{exclusion}    on_tensorflow = keras.backend.backend() == "tensorflow"  # there XLA is slow on a CPU
    network.compile(optimizer, loss, metrics=["accuracy"], jit_compile=not on_tensorflow)
    average = Average(n_steps)
    network.fit(batches, epochs=EPOCHS, verbose=2, shuffle=False, callbacks=[average])
    network.set_weights(average.weights)
    return network


def main():
    source = sys.argv[1] if len(sys.argv) > 1 else DATA
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    if source is None:
        sys.exit("give a .npz file with x_train, y_train, x_test and y_test")
    (x_train, y_train), (x_test, y_test) = load_data(source)
    network = train(x_train, y_train, seed)
    predicted = network.predict(x_test.astype("float32"), verbose=0).argmax(axis=1)
    print(f"test accuracy {{np.mean(predicted == y_test):.4f}} of {{len(y_test)}} images")


if __name__ == "__main__":
    main()
'''
