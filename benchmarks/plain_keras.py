"""The same trainings as people write them with Keras alone: what autocnn is measured against.

Networks are of Keras' own layers; loss, optimizer, learning rates, batches and first weights are
those of the configuration. To be imported once `autocnn.keras_startup.load_keras` was called.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from autocnn.data.dataset import IndexedImages
from autocnn.data.prepared import PreparedData
from autocnn.nn.airbench94 import initialise, whitening_sample
from autocnn.nn.model import build_model
from autocnn.nn.optimizer import build_optimizer
from autocnn.nn.schedule import learning_rates
from autocnn.space.config import Augmentation, TrialConfig
from autocnn.space.layers import plan_network
from autocnn.space.seeds import derive_seed
from autocnn.train.assembly import spec_of

FILL_MODES = {"zero": "constant", "edge": "nearest", "reflect": "reflect"}

Epoch = Callable[[], float]  # trains one epoch; its mean loss


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """A training of `config` on the training part of `data`."""

    config: TrialConfig
    data: PreparedData
    epochs: int
    seed: int = 0

    @property
    def batch(self) -> int:
        """Images of a step."""
        return min(self.config.batch_size, self.data.train.n)

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return math.ceil(self.data.train.n / self.batch)

    def arrays(self, images: IndexedImages) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """A copy of the images, and what the loss compares with: classes, or one-hot rows."""
        _, is_one_hot = find_loss(self.config)
        labels: npt.NDArray[Any] = images.labels.astype(np.int32)
        if is_one_hot:
            labels = keras.utils.to_categorical(labels, self.data.n_classes)
        return images.copy().images, labels


class Rates(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]  # untyped
    """The learning rate of every step, from an array."""

    def __init__(self, rates: npt.NDArray[np.float32]) -> None:
        super().__init__()
        self.rates = rates

    def __call__(self, step: Any) -> Any:
        """The rate of this step, counted from 0."""
        last = len(self.rates) - 1
        return ops.take(ops.convert_to_tensor(self.rates), ops.minimum(step, last))

    def get_config(self) -> dict[str, Any]:
        """What Keras stores."""
        return {"rates": self.rates.tolist()}


def build_network(training: Training, *, fused: bool = False) -> keras.Model:
    """The network, images in and logits out, with the configuration's flips and shifts in front.

    `fused`: with autocnn's batch normalisation instead of Keras'.
    """
    config, data, seed = training.config, training.data, training.seed
    model = build_model(config, spec_of(data), derive_seed(seed, "model"), export=not fused)
    if config.architecture == "airbench94":
        sample = data.train.pixels(whitening_sample(data.train.n))
        initialise(model, sample, data.mean, data.std, seed)
    network = keras.Model(model.input, model.get_layer("output").input)
    planned = plan_network(config, data.image_shape, data.n_classes).parameters
    if network.count_params() != planned:
        raise SystemExit(f"{network.count_params():,} parameters, autocnn has {planned:,}")
    layers = _augmenting_layers(config.augmentation, data.image_shape, seed)
    if not layers:
        return network
    image = keras.Input(data.image_shape)
    x = image
    for layer in layers:
        x = layer(x)
    return keras.Model(image, network(x))


def _augmenting_layers(
    augmentation: Augmentation, shape: tuple[int, int, int], seed: int
) -> list[Any]:
    """Keras' layers for flips and shifts; nothing else is expected."""
    flip, shift, padding = augmentation.flip, augmentation.shift, augmentation.shift_padding
    if augmentation != Augmentation(flip=flip, shift=shift, shift_padding=padding):
        raise SystemExit("of the augmentations only flips and shifts have a layer here")
    layers: list[Any] = []
    if flip:
        layers.append(keras.layers.RandomFlip("horizontal", seed=seed))
    if shift > 0:
        layers.append(
            keras.layers.RandomTranslation(
                shift / shape[0],
                shift / shape[1],
                fill_mode=FILL_MODES[padding],
                interpolation="nearest",
                seed=seed,
            )
        )
    return layers


def find_loss(config: TrialConfig) -> tuple[Any, bool]:
    """Keras' loss, from logits, and whether it wants one-hot rows."""
    loss = config.loss
    if loss.name == "focal":
        focal = keras.losses.CategoricalFocalCrossentropy
        return focal(alpha=1.0, gamma=loss.focal_gamma, from_logits=True), True
    if loss.label_smoothing > 0:
        smooth = loss.label_smoothing
        cross_entropy = keras.losses.CategoricalCrossentropy
        return cross_entropy(from_logits=True, label_smoothing=smooth), True
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True), False


def find_optimizer(training: Training) -> Any:
    """Keras' optimizer with the schedule of the configuration."""
    config, n_steps = training.config, training.steps * training.epochs
    optimizer = build_optimizer(config, n_steps)
    rates = learning_rates(config.schedule, config.optimizer.learning_rate, n_steps)
    optimizer.learning_rate = Rates(rates)
    return optimizer


def compiled_network(training: Training) -> keras.Model:
    """The network, ready for `fit`, with all of Keras' defaults."""
    model = build_network(training)
    loss, _ = find_loss(training.config)
    model.compile(optimizer=find_optimizer(training), loss=loss, metrics=["accuracy"])
    return model


def fit(
    training: Training,
    on_epoch: Callable[[], None] = lambda: None,
    *,
    pipeline: bool = False,
    validates: bool = False,
) -> dict[str, list[float]]:
    """Train with `model.fit`, and nothing printed; what it says of each epoch.

    The images are a NumPy array or, with `pipeline`, a tf.data pipeline.
    """
    keras.utils.set_random_seed(training.seed)
    model, data = compiled_network(training), training.data
    given: dict[str, Any] = {"epochs": training.epochs, "verbose": 0}
    if validates:
        given["validation_data"] = training.arrays(data.validation)
    given["callbacks"] = [keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: on_epoch())]
    arrays = training.arrays(data.train)
    if pipeline:
        history = model.fit(_pipeline(training, arrays), **given)
    else:
        history = model.fit(*arrays, batch_size=training.batch, **given)
    told: dict[str, list[float]] = history.history
    return told


def _pipeline(training: Training, arrays: tuple[npt.NDArray[Any], npt.NDArray[Any]]) -> Any:
    import tensorflow as tf

    images = tf.data.Dataset.from_tensor_slices(arrays).shuffle(training.data.train.n)
    return images.batch(training.batch).prefetch(tf.data.AUTOTUNE)


def written_by_hand(training: Training, *, fused: bool = False, scan: bool = False) -> Epoch:
    """A loop around one compiled step, the images on the device; whole batches only.

    `scan`, on JAX: the loop is compiled too.
    """
    keras.utils.set_random_seed(training.seed)
    model, optimizer = build_network(training, fused=fused), find_optimizer(training)
    optimizer.build(model.trainable_variables)
    if keras.backend.backend() == "jax":
        train_rows = _jax_epoch(training, model, optimizer, scan=scan)
    else:
        train_rows = _tensorflow_epoch(training, model, optimizer)
    rng = np.random.default_rng(training.seed)

    def train() -> float:
        n = training.data.train.n // training.batch * training.batch
        order = rng.permutation(training.data.train.n)[:n].astype(np.int32)
        return train_rows(order.reshape(-1, training.batch))

    return train


Rows = Callable[[npt.NDArray[np.int32]], float]  # trains one epoch of these images


def _tensorflow_epoch(training: Training, model: Any, optimizer: Any) -> Rows:
    import tensorflow as tf

    measure, _ = find_loss(training.config)
    images, labels = (tf.constant(array) for array in training.arrays(training.data.train))
    weights = model.trainable_variables

    def step(index: Any) -> Any:
        with tf.GradientTape() as tape:
            logits = model(tf.cast(tf.gather(images, index), tf.float32), training=True)
            loss = measure(tf.gather(labels, index), logits)
        optimizer.apply(tape.gradient(loss, [weight.value for weight in weights]), weights)
        return loss

    compiled = tf.function(step, input_signature=[tf.TensorSpec([training.batch], tf.int32)])
    return lambda rows: float(np.mean([loss.numpy() for loss in [compiled(row) for row in rows]]))


def _jax_epoch(training: Training, model: Any, optimizer: Any, *, scan: bool) -> Rows:
    import jax
    import jax.numpy as jnp

    measure, _ = find_loss(training.config)
    data = tuple(jnp.asarray(array) for array in training.arrays(training.data.train))
    groups = (model.trainable_variables, model.non_trainable_variables, optimizer.variables)
    state = tuple([jnp.array(variable.value) for variable in group] for group in groups)

    def step(state: Any, data: Any, index: Any) -> Any:
        weights, other, slots = state
        images, labels = (array[index] for array in data)

        def objective(weights: Any) -> Any:
            x = images.astype("float32")
            logits, updated = model.stateless_call(weights, other, x, training=True)
            return measure(labels, logits), updated

        (loss, other), gradients = jax.value_and_grad(objective, has_aux=True)(weights)
        weights, slots = optimizer.stateless_apply(slots, gradients, weights)
        return (weights, other, slots), loss

    compiled = jax.jit(step, donate_argnums=(0,))

    def one_by_one(state: Any, data: Any, rows: Any) -> Any:
        losses = []
        for row in rows:
            state, loss = compiled(state, data, row)
            losses.append(loss)
        return state, jnp.stack(losses)

    def in_a_scan(state: Any, data: Any, rows: Any) -> Any:
        return jax.lax.scan(lambda state, row: step(state, data, row), state, rows)

    epoch = jax.jit(in_a_scan, donate_argnums=(0,)) if scan else one_by_one

    def train(rows: npt.NDArray[np.int32]) -> float:
        nonlocal state
        state, losses = epoch(state, data, rows)
        return float(losses.mean())

    return train


def compiled_product() -> Callable[[Any, Any], Any]:
    """The backend's compiled product of two matrices."""
    if keras.backend.backend() == "jax":
        import jax

        product: Callable[[Any, Any], Any] = jax.jit(ops.matmul)
        return product
    import tensorflow as tf

    graph: Callable[[Any, Any], Any] = tf.function(tf.matmul)
    return graph
