"""The batches of one fold: those of an epoch of its training, and those of its evaluation."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from autocnn.nn import augmentation
from autocnn.nn.batches import evaluation_batch
from autocnn.space.config import Augmentation
from autocnn.space.seeds import derive_seed
from autocnn.train.folds import Fold

Positions = NDArray[np.int32]


def training_batches(
    fold: Fold, epoch: int, settings: Augmentation, steps: int, batch: int
) -> tuple[Positions, NDArray[np.generic]]:
    """The positions of the images of an epoch (1 is the first) in their order, and their draws.

    All batches have one size, as a compiled step has, and all folds have as many: the first images
    of the order fill up the last batches.
    Shapes: (steps, batch) and (steps, batch, n_draws).
    """
    rng = np.random.default_rng(derive_seed(fold.seed, epoch, "shuffle"))
    order = np.resize(rng.permutation(fold.n_train), steps * batch)
    own = order.astype(np.int32).reshape(steps, batch)
    draws = augmentation.draw_epoch(settings, own, fold.seed, epoch, fold.n_train)
    return own + np.int32(fold.train_at), draws


def evaluation_batches(
    fold: Fold, image_shape: tuple[int, int, int], least: int = 1
) -> tuple[Positions, NDArray[np.float32]]:
    """The positions of the images that `fold` holds out, and their weights: 0 for padding.

    A batch has `least` images or more, unless there are fewer. Shapes: (batches, batch).
    """
    n = fold.n_held
    batch = max(evaluation_batch(image_shape, n), min(least, n))
    shape = math.ceil(n / batch), batch
    places = np.arange(shape[0] * batch, dtype=np.int32)
    positions = (places % n + np.int32(fold.held_at)).reshape(shape)
    return positions, (places < n).astype(np.float32).reshape(shape)
