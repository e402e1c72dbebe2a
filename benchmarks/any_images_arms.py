"""One training of a plain Keras script on a folder of `any_images_data.py`: the peers of autocnn.

Called by `any_images.py`, in a process of its own. Its last line is a JSON object with the test
accuracy. Test images are read once, after the training. The arms:

- keras_guide: the network, augmentation, optimizer and rate of the Keras guide "Image
  classification from scratch", with fewer blocks below 48 pixels; a tenth of the images validates.
  It ends with the time or after 50 epochs without a better validation; the best weights are tested.
- first_try: three convolutions, a dense layer, Adam, at most 25 epochs, sides of at most 64 pixels.
- hand_recipe: hand_recipe.py.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from any_images_task import Task, Trained, compile_network, deadline, read_part
from hand_recipe import train_hand_recipe

from autocnn.keras_startup import load_keras

PATIENCE = 50  # epochs of keras_guide without a better validation
VALIDATES = 10  # one image in so many
FIRST_EPOCHS = 25
LONGEST_SIDE = 64  # of first_try


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


ARMS: dict[str, Callable[[Task], Trained]] = {
    "keras_guide": train_keras_guide,
    "first_try": train_first_try,
    "hand_recipe": train_hand_recipe,
}


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
