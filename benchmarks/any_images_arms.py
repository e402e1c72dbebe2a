"""One training of a plain Keras script on a folder of `any_images_data.py`: the peers of autocnn.

Called by `any_images.py`, in a process of its own. Its last line is a JSON object with the test
accuracy. Test images are read once, after the training. The arms:

- keras_guide: the network, augmentation, optimizer and rate of the Keras guide "Image
  classification from scratch", with fewer blocks below 48 pixels; a tenth of the images validates.
  It ends with the time or after 50 epochs without a better validation; the best weights are tested.
- first_try: three convolutions, a dense layer, Adam, at most 25 epochs, sides of at most 64 pixels.
- hand_recipe: the recipe of autocnn's small images, scaled by hand to the size: one whole one-cycle
  schedule, as many epochs as the time allows, all training images, in autocnn's precision.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil
from PIL import Image

from autocnn.keras_startup import load_keras

Pixels = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]

PATIENCE = 50  # epochs of keras_guide without a better validation
VALIDATES = 10  # one image in so many
FIRST_EPOCHS = 25
LONGEST_SIDE = 64  # of first_try
SMALLEST_SIDE = 6  # of the last maps of hand_recipe, about
PEAK_RATE, PEAK_BATCH, DECAY, WARMUP = 8e-3, 128, 0.05, 0.25
MEASURED_STEPS = 20
USED = 0.95  # of the time that is left for the epochs of hand_recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What an arm trains on, and until when."""

    images: Pixels  # (n, height, width, channels)
    labels: Labels
    n_classes: int
    may_flip: bool
    ends_at: float  # time.time() by which the training should have ended

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        height, width, channels = self.images.shape[1:]
        return height, width, channels

    @property
    def side(self) -> float:
        """Of a square with as many pixels."""
        return math.sqrt(self.shape[0] * self.shape[1])

    def left(self) -> float:
        """Seconds until the training should have ended."""
        return self.ends_at - time.time()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A network that is to be tested, and how it was trained."""

    model: Any
    epochs: int
    batch: int
    precision: str = "float32"


def read_part(folder: Path, classes: list[str], longest_side: int | None) -> tuple[Pixels, Labels]:
    """The images of a part, (n, height, width, channels), and their classes by number."""
    images, labels = [], []
    for k, name in enumerate(classes):
        for path in sorted((folder / name).iterdir()):
            with Image.open(path) as image:
                images.append(_sized(image, longest_side))
            labels.append(k)
    stacked = np.stack(images)
    return stacked if stacked.ndim == 4 else stacked[..., None], np.array(labels, np.int64)


def _sized(image: Image.Image, longest_side: int | None) -> Pixels:
    longest = max(image.size)
    if longest_side is None or longest <= longest_side:
        return np.asarray(image, np.uint8)
    width, height = (max(1, round(side * longest_side / longest)) for side in image.size)
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR), np.uint8)


def deadline(task: Task) -> Any:
    """A callback that ends a training with the step during which the time is over."""
    import keras

    class Deadline(keras.callbacks.Callback):  # type: ignore[misc]  # untyped
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if task.left() <= 0:
                self.model.stop_training = True

    return Deadline()


def best_weights() -> Any:
    """A callback that keeps the weights of the best epoch: by accuracy, then loss, of validation.

    It ends a training after `PATIENCE` epochs that are not better, and restores the weights.
    """
    import keras

    class BestWeights(keras.callbacks.Callback):  # type: ignore[misc]  # untyped
        best, at, weights = (-1.0, -math.inf), 0, None

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            score = float(logs["val_accuracy"]), -float(logs["val_loss"])
            if score > self.best:
                self.best, self.at, self.weights = score, epoch, self.model.get_weights()
            if epoch - self.at >= PATIENCE:
                self.model.stop_training = True

        def on_train_end(self, logs: Any = None) -> None:
            if self.weights is not None:
                self.model.set_weights(self.weights)

    return BestWeights()


# keras_guide


def guide_network(shape: tuple[int, int, int], n_classes: int, side: float) -> Any:
    """The small Xception of the guide, its augmentation in front; logits."""
    from keras import Input, Model, layers

    widths = [256, 512, 728, 1024]
    n_blocks = 3 if side >= 48 else 2 if side >= 24 else 1
    image = Input(shape)
    x = layers.RandomRotation(0.1)(layers.RandomFlip("horizontal")(image))
    x = layers.Conv2D(128, 3, strides=2, padding="same")(layers.Rescaling(1 / 255)(x))
    x = layers.Activation("relu")(layers.BatchNormalization()(x))
    for width in widths[:n_blocks]:
        before = x
        for _ in range(2):
            x = layers.SeparableConv2D(width, 3, padding="same")(layers.Activation("relu")(x))
            x = layers.BatchNormalization()(x)
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
        x = layers.add([x, layers.Conv2D(width, 1, strides=2, padding="same")(before)])
    x = layers.SeparableConv2D(widths[n_blocks], 3, padding="same")(x)
    x = layers.Activation("relu")(layers.BatchNormalization()(x))
    x = layers.Dropout(0.25)(layers.GlobalAveragePooling2D()(x))
    return Model(image, layers.Dense(n_classes)(x))


def train_keras_guide(task: Task) -> Trained:
    """The guide's training until the time is over or validation is no longer better."""
    import keras

    model = guide_network(task.shape, task.n_classes, task.side)
    compile_network(model, keras.optimizers.Adam(3e-4))
    order = np.random.default_rng(0).permutation(len(task.labels))
    val, train = np.split(order, [len(order) // VALIDATES])
    batch = max(1, min(32, len(train) // 16))
    history = model.fit(
        task.images[train],
        task.labels[train],
        batch_size=batch,
        epochs=100_000,
        validation_data=(task.images[val], task.labels[val]),
        callbacks=[deadline(task), best_weights()],
        verbose=0,
    )
    return Trained(model=model, epochs=len(history.epoch), batch=batch)


# first_try


def train_first_try(task: Task) -> Trained:
    """What a person may write first; the last weights are tested."""
    import keras
    from keras import layers

    model = keras.Sequential([keras.Input(task.shape), layers.Rescaling(1 / 255)])
    for width in (32, 64, 128):
        model.add(layers.Conv2D(width, 3, padding="same", activation="relu"))
        model.add(layers.MaxPooling2D(padding="same"))
    model.add(layers.Flatten())
    model.add(layers.Dense(128, activation="relu"))
    model.add(layers.Dropout(0.5))
    model.add(layers.Dense(task.n_classes))
    compile_network(model, keras.optimizers.Adam(1e-3))
    history = model.fit(
        task.images,
        task.labels,
        batch_size=16,
        epochs=FIRST_EPOCHS,
        callbacks=[deadline(task)],
        verbose=0,
    )
    return Trained(model=model, epochs=len(history.epoch), batch=16)


# hand_recipe


def count_halvings(side: float) -> int:
    """How often the maps are halved, the stem's stride included: to about 6 pixels."""
    return max(1, round(math.log2(side / SMALLEST_SIDE)))


def stem_stride(side: float) -> int:
    """1 below 28 pixels, 4 from 160 pixels, else 2."""
    return 1 if side < 28 else 2 if side < 160 else 4


def block_widths(side: float) -> list[int]:
    """The width of each pair of convolutions; a pooling halves the maps between two pairs."""
    n_poolings = count_halvings(side) - round(math.log2(stem_stride(side)))
    return [min(256, 32 * 2**i) for i in range(n_poolings + 1)]


def hand_network(task: Task) -> Any:
    """Stem, pairs of convolutions, global maximum, logits; shift and flip in front."""
    from keras import Input, Model, layers

    image = Input(task.shape)
    x = layers.RandomTranslation(
        round(task.side / 14) / task.shape[0],
        round(task.side / 14) / task.shape[1],
        fill_mode="nearest",
        interpolation="nearest",
    )(image)
    x = layers.RandomFlip("horizontal")(x) if task.may_flip else x
    x = layers.Normalization(mean=task.images.mean((0, 1, 2)), variance=task.images.var((0, 1, 2)))(
        x
    )

    def convolve(x: Any, width: int, stride: int = 1) -> Any:
        x = layers.Conv2D(width, 3, strides=stride, padding="same", use_bias=False)(x)
        return layers.Activation("relu")(layers.BatchNormalization()(x))

    x = convolve(x, 32, stem_stride(task.side))
    for i, width in enumerate(block_widths(task.side)):
        x = layers.MaxPooling2D(padding="same")(x) if i > 0 else x
        x = convolve(convolve(x, width), width)
    return Model(image, layers.Dense(task.n_classes)(layers.GlobalMaxPooling2D()(x)))


def train_hand_recipe(task: Task) -> Trained:
    """One schedule that ends within the time, in the precision that autocnn would take."""
    import keras

    from autocnn.train.backend import find_device, set_precision

    device = find_device()
    precision = "bfloat16" if device.bfloat16 else "float32"
    set_precision(precision, device)
    model = hand_network(task)
    batch = max(1, min(128, len(task.labels) // 16))
    optimizer = keras.optimizers.AdamW(1e-3, weight_decay=DECAY)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    compile_network(model, optimizer)
    n_steps = math.ceil(len(task.labels) / batch)
    epochs = max(1, int(USED * task.left() / measure_epoch(model, task, batch)))
    peak = PEAK_RATE * math.sqrt(batch / PEAK_BATCH)
    model.fit(
        task.images,
        task.labels,
        batch_size=batch,
        epochs=epochs,
        callbacks=[one_cycle(peak, n_steps * epochs), deadline(task)],
        verbose=0,
    )
    return Trained(model=model, epochs=epochs, batch=batch, precision=precision)


def measure_epoch(model: Any, task: Task, batch: int) -> float:
    """Seconds of an epoch, from a few steps; weights and optimizer are as before afterwards."""
    variables = [*model.variables, *model.optimizer.variables]
    stored = [variable.numpy() for variable in variables]
    n = len(task.labels)
    few = min(n, batch * MEASURED_STEPS)
    for rows in (min(n, batch + n % batch), few, few):  # the first compiles for both sizes of batch
        start = time.perf_counter()
        model.fit(task.images[:rows], task.labels[:rows], batch_size=batch, verbose=0)
        seconds = time.perf_counter() - start
    for variable, value in zip(variables, stored, strict=True):
        variable.assign(value)
    return seconds * math.ceil(n / batch) / math.ceil(few / batch)


def one_cycle(peak: float, n_steps: int) -> Any:
    """A callback that sets the rate of each step: up along a line, then down to 0."""
    import keras

    class OneCycle(keras.callbacks.Callback):  # type: ignore[misc]  # untyped
        step = 0

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            self.model.optimizer.learning_rate = peak * cycle_share((self.step + 0.5) / n_steps)
            self.step += 1

    return OneCycle()


def cycle_share(done: float) -> float:
    """The rate as a share of the peak, after the share `done` of all steps."""
    return min(done / WARMUP, max(0.0, 1 - done) / (1 - WARMUP))


ARMS: dict[str, Callable[[Task], Trained]] = {
    "keras_guide": train_keras_guide,
    "first_try": train_first_try,
    "hand_recipe": train_hand_recipe,
}


def compile_network(model: Any, optimizer: Any) -> None:
    """Cross-entropy from logits, and the accuracy."""
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])


def main() -> None:
    """Train one arm, test it, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--arm", choices=ARMS, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--budget", type=float, required=True, help="seconds, from the start")
    parser.add_argument("--may-flip", action="store_true")
    options = parser.parse_args()
    started = psutil.Process().create_time()
    load_keras()
    import keras

    keras.utils.set_random_seed(options.seed)
    classes = sorted(path.name for path in (options.folder / "train").iterdir())
    longest = LONGEST_SIDE if options.arm == "first_try" else None
    images, labels = read_part(options.folder / "train", classes, longest)
    task = Task(
        images=images,
        labels=labels,
        n_classes=len(classes),
        may_flip=options.may_flip,
        ends_at=started + 0.96 * options.budget - 2,  # the rest is for the test
    )
    trained = ARMS[options.arm](task)
    images, labels = read_part(options.folder / "test", classes, longest)
    logits = trained.model.predict(images, verbose=0)
    found = {
        "test": float((logits.argmax(-1) == labels).mean()),
        "epochs": trained.epochs,
        "batch": trained.batch,
        "precision": trained.precision,
        "parameters": trained.model.count_params(),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
