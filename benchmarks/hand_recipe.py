"""The recipe of autocnn's small images, scaled by hand to any size; an arm of `any_images.py`.

A stem, pairs of convolutions and a global maximum, trained with AdamW over one whole one-cycle
schedule: as many epochs as the time allows, on all training images. If the processor has bfloat16,
by Keras' policy `mixed_bfloat16`: under the graph option that autocnn takes, Keras' own batch
normalisation loses its statistics (docs/experiments.md).
"""

from __future__ import annotations

import math
import time
from typing import Any

from any_images_task import Task, Trained, compile_network, deadline

SMALLEST_SIDE = 6  # of the last maps, about
PEAK_RATE, PEAK_BATCH, DECAY, WARMUP = 8e-3, 128, 0.05, 0.25
MEASURED_STEPS = 20
USED = 0.95  # of the time that is left for the epochs


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
        dtype="float32",
    )(image)
    x = layers.RandomFlip("horizontal", dtype="float32")(x) if task.may_flip else x
    mean, variance = task.images.mean((0, 1, 2)), task.images.var((0, 1, 2))
    x = layers.Normalization(mean=mean, variance=variance, dtype="float32")(x)

    def convolve(x: Any, width: int, stride: int = 1) -> Any:
        x = layers.Conv2D(width, 3, strides=stride, padding="same", use_bias=False)(x)
        return layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))

    x = convolve(x, 32, stem_stride(task.side))
    for i, width in enumerate(block_widths(task.side)):
        x = layers.MaxPooling2D(padding="same")(x) if i > 0 else x
        x = convolve(convolve(x, width), width)
    return Model(
        image, layers.Dense(task.n_classes, dtype="float32")(layers.GlobalMaxPooling2D()(x))
    )


def train_hand_recipe(task: Task) -> Trained:
    """One schedule that ends within the time, in the precision that autocnn would take."""
    import keras

    from autocnn.train.backend import find_device

    precision = "mixed_bfloat16" if find_device().bfloat16 else "float32"
    keras.config.set_dtype_policy(precision)
    model = hand_network(task)
    batch = max(1, min(128, len(task.labels) // 16))
    optimizer = keras.optimizers.AdamW(1e-3, weight_decay=DECAY)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    compile_network(model, optimizer)
    n_steps = math.ceil(len(task.labels) / batch)
    epoch_s = measure_epoch(model, task, batch)
    epochs = max(1, int(USED * task.left() / epoch_s))
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
    model.optimizer.build(model.trainable_variables)  # else it has no slots yet
    variables = [*model.variables, *model.optimizer.variables]
    stored = [variable.numpy() for variable in variables]
    n = len(task.labels)
    few = min(n, batch * MEASURED_STEPS)
    for rows in (min(n, batch + n % batch), few, few):  # the first compiles for both sizes of batch
        start = time.perf_counter()
        some = task.images[:rows], task.labels[:rows]
        model.fit(*some, batch_size=batch, callbacks=[deadline(task)], verbose=0)
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
