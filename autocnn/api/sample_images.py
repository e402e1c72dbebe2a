"""A picture of training images of every class, as they are and augmented as in a training."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autocnn.data.dataset import IndexedImages
from autocnn.keras_startup import load_keras
from autocnn.report.sample_grid import GridRow, draw_grid, n_columns
from autocnn.space.config import Augmentation

SEED = 0  # of the choice of images and of their augmentation: the same picture every time


def draw_samples(
    name: str,
    train: IndexedImages,
    class_names: tuple[str, ...],
    augmentation: Augmentation,
    per_class: int,
) -> bytes:
    """The PNG file; many classes need several columns, and then fewer images of each are shown."""
    n = max(1, per_class // n_columns(len(class_names), train.shape[0]))
    picked = _pick(train.labels, len(class_names), n)
    rows = _rows(train, picked, class_names, augmentation)
    title = (f"{name}: training images, at most {n} a class", _describe(augmentation))
    return draw_grid(rows, title)


def _pick(labels: NDArray[np.int64], n_classes: int, n: int) -> list[NDArray[np.int64]]:
    """For every class, the indices of up to `n` of its images, drawn at random."""
    picked = []
    for label in range(n_classes):
        order = np.random.default_rng([SEED, label]).permutation(np.flatnonzero(labels == label))
        picked.append(order[:n])
    return picked


def _rows(
    train: IndexedImages,
    picked: list[NDArray[np.int64]],
    class_names: tuple[str, ...],
    augmentation: Augmentation,
) -> list[GridRow]:
    originals = train.pixels(np.concatenate(picked))
    augmented = _augment(originals, augmentation)
    cuts = np.cumsum([len(indices) for indices in picked])[:-1]
    halves = (np.split(originals, cuts), np.split(augmented, cuts))
    return [
        GridRow(name=name, originals=left, augmented=right)
        for name, left, right in zip(class_names, *halves, strict=True)
    ]


def _augment(images: Any, augmentation: Augmentation) -> NDArray[np.uint8]:
    """`images` with random changes as in a training."""
    load_keras()
    from keras import ops

    from autocnn.nn.augmentation import apply, draw, is_active  # it imports Keras

    if not is_active(augmentation):
        return np.asarray(images)
    draws = draw(augmentation, len(images), np.random.default_rng(SEED))
    return np.asarray(ops.convert_to_numpy(apply(images, draws)))


def _describe(augmentation: Augmentation) -> str:
    pixels = "pixel" if augmentation.shift == 1 else "pixels"
    changes = {
        "flipped or not": augmentation.flip or augmentation.alternating_flip,
        f"shifted by at most {augmentation.shift} {pixels}": augmentation.shift,
        f"turned by at most {augmentation.rotation:.3g}°": augmentation.rotation,
        f"zoomed by at most {100 * augmentation.zoom:.3g} %": augmentation.zoom,
        f"slanted by at most {augmentation.shear:.3g}°": augmentation.shear,
        f"a square of {augmentation.cutout} pixels cut out": augmentation.cutout,
        "mixed with another image": augmentation.mixup,
    }
    done = ", ".join(text for text, is_active in changes.items() if is_active)
    return f"augmented: {done or 'not at all'}"
