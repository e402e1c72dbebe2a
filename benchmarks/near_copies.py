"""How many near-copies are found across splits, and how many different images are taken for one.

    python benchmarks/near_copies.py fashion_mnist
    python benchmarks/near_copies.py /data/cifar10-jpeg

First the data set itself: 5,000 of its training images validate, and the test images are compared
with both. Then 500 training images with each change are its test images. Images without the changes
of a row, because they were compressed so before, are left out of it.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from autocnn.data.catalog import load_train
from autocnn.data.dataset import Images
from autocnn.data.near_copies import NearCopies, Pool, find_near_copies
from autocnn.data.part_names import PART_NAMES, TEST, TRAIN, VALIDATION
from autocnn.data.split import image_hashes
from autocnn.data.test_split import load_test

Pixels = NDArray[np.uint8]
N_CHANGED, N_VALIDATION, N_TRAIN = 500, 5000, 50_000


def save_again(quality: int) -> Callable[[Pixels], Pixels]:
    """A change: the image as a JPEG file, decoded."""

    def change(image: Pixels) -> Pixels:
        file = io.BytesIO()
        Image.fromarray(image.squeeze()).save(file, "JPEG", quality=quality)
        return np.asarray(Image.open(file)).reshape(image.shape)

    return change


def move(rows: int, columns: int) -> Callable[[Pixels], Pixels]:
    """A change: the image moved; the border is repeated."""

    def change(image: Pixels) -> Pixels:
        wide = np.pad(image, ((1, 1), (1, 1), (0, 0)), mode="edge")
        height, width = image.shape[:2]
        return wide[1 + rows : 1 + rows + height, 1 + columns : 1 + columns + width]

    return change


def brighten(gain: float, offset: float) -> Callable[[Pixels], Pixels]:
    """A change: all values times a gain, plus an offset."""
    return lambda image: np.clip(np.rint(image * float(gain) + offset), 0, 255).astype(np.uint8)


CHANGES: dict[str, Callable[[Pixels], Pixels]] = {
    "JPEG 90": save_again(90),
    "JPEG 75": save_again(75),
    "JPEG 50": save_again(50),
    "shift (0, 1)": move(0, 1),
    "shift (1, -1)": move(1, -1),
    "times 1.1": brighten(1.1, 0),
    "plus 15": brighten(1, 15),
    "minus 15": brighten(1, -15),
    "shift and JPEG 75": lambda image: save_again(75)(move(0, -1)(image)),
}


def search(train: Pixels, test: Pixels, n_validation: int) -> NearCopies:
    """The near-copies; the first `n_validation` of the training images validate."""
    hashes = [
        image_hashes(Images(images=x, labels=np.zeros(len(x), np.int64))) for x in (train, test)
    ]
    parts = np.repeat(np.array([TRAIN, TEST], np.int8), [len(train), len(test)])
    parts[:n_validation] = VALIDATION
    pool = Pool(images=(train, test), parts=parts, hashes=np.concatenate(hashes))
    return find_near_copies(pool, lambda done, n: None)


def main() -> None:
    """Print one row a pair of parts, and one a change."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset")
    name = parser.parse_args().dataset
    rng = np.random.default_rng(1)
    train, test = load_train(name).images, load_test(name).images
    train = train[np.sort(rng.permutation(len(train))[:N_TRAIN])]
    train = train[rng.permutation(len(train))]
    began = time.process_time()
    found = search(train, test, N_VALIDATION)
    print(f"{found.n_compared:,} images compared in {time.process_time() - began:.1f} CPU s")
    for (part, other), n in found.counts.items():
        print(f"{n:4} of {found.sizes[part]:,} {PART_NAMES[part]} images near {PART_NAMES[other]}")
    for row, change in CHANGES.items():
        chosen = rng.permutation(len(train))[:N_CHANGED]
        changed = np.stack([change(image) for image in train[chosen]])
        differs = (changed != train[chosen]).any(axis=(1, 2, 3))
        n = search(train, changed[differs], 0).counts.get((TEST, TRAIN), 0)
        print(f"{row:18} {n:4} of {differs.sum()} found ({100 * n / differs.sum():.1f} %)")


if __name__ == "__main__":
    main()
