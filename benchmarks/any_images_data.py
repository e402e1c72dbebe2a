"""Writes small image data sets of many sizes and numbers, for `any_images.py`.

    python benchmarks/any_images_data.py FOLDER --cifar FOLDER_OF_PARQUET_FILES

Each set is a folder NAME/train/CLASS/*.png and NAME/test/CLASS/*.png (`textures`: .jpg). No recipe
was tuned on any of them. Textures, shapes, glyphs and words are drawn (drawn_images.py); the other
sets are small parts of known ones: Fashion-MNIST as Keras keeps it, scikit-learn's digits, and
CIFAR-10 as Parquet files of encoded images named train-* and test-*. A set whose source is absent
is left out with a line. The same seed writes the same images. A set that is there is not written
again.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from drawn_images import (
    GLYPHS,
    SHAPES,
    TEXTURES,
    WORDS,
    draw_glyph,
    draw_shape,
    draw_texture,
    draw_word,
)
from PIL import Image
from rich.console import Console
from rich.table import Table

Pixels = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
Draw = Callable[[int, np.random.Generator], Pixels]

PARTS = ("train", "test")
JPEG_QUALITY = 90
CIFAR_CLASSES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
FASHION_CLASSES = (
    *("t_shirt", "trouser", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "ankle_boot"),
)
FASHION_FILES = tuple(
    f"datasets/fashion-mnist/{part}-{kind}-ubyte.gz"
    for part in ("train", "t10k")
    for kind in ("images-idx3", "labels-idx1")
)


class SourceMissing(Exception):
    """The files that a set is taken from are not on this machine; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where pictures come from."""

    seed: int
    cifar: Path | None

    def rng(self, *key: str | int) -> np.random.Generator:
        """A generator for one purpose, apart from that of any other key."""
        words = [zlib.crc32(part.encode()) if isinstance(part, str) else part for part in key]
        return np.random.default_rng([self.seed, *words])


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Images of one size, (n, height, width) or (n, height, width, 3), and their classes."""

    images: Pixels
    labels: Labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The pictures of a set."""

    classes: tuple[str, ...]
    train: Part
    test: Part


Make = Callable[[Sources], Made]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSet:
    """How a set is made, and whether a mirrored picture is still one of its class."""

    make: Make
    may_flip: bool
    suffix: str = ".png"


def drawn(name: str, classes: tuple[str, ...], draw: Draw, counts: tuple[int, int]) -> Make:
    """A function that draws a set of so many training and test images, the classes in turn."""

    def make(sources: Sources) -> Made:
        parts = []
        for part, n in zip(PARTS, counts, strict=True):
            labels = np.arange(n, dtype=np.int64) % len(classes)
            pictures = [draw(int(k), sources.rng(name, part, i)) for i, k in enumerate(labels)]
            parts.append(Part(images=np.stack(pictures), labels=labels))
        return Made(classes=classes, train=parts[0], test=parts[1])

    return make


def cifar(name: str, n_classes: int, counts: tuple[int, int], side: int) -> Make:
    """A function that takes images of CIFAR-10's first classes, and scales them up to `side`."""

    def make(sources: Sources) -> Made:
        parts = []
        for part, n in zip(PARTS, counts, strict=True):
            encoded, labels = read_cifar(sources.cifar, part)
            chosen = draw_evenly(labels, n // n_classes, n_classes, sources.rng(name, part))
            images = np.stack([scaled_up(encoded[i], side) for i in chosen])
            parts.append(Part(images=images, labels=labels[chosen]))
        return Made(classes=CIFAR_CLASSES[:n_classes], train=parts[0], test=parts[1])

    return make


def read_cifar(folder: Path | None, part: str) -> tuple[list[bytes], Labels]:
    """The encoded images and labels of a split. Raises: SourceMissing."""
    from pyarrow import parquet

    if folder is None:
        raise SourceMissing("no folder of CIFAR-10: give --cifar or set AUTOCNN_CIFAR")
    files = sorted(folder.glob(f"{part}-*.parquet"))
    if not files:
        raise SourceMissing(f"{folder}: expected {part}-*.parquet, found no such file")
    encoded: list[bytes] = []
    labels: list[int] = []
    for file in files:
        table = parquet.read_table(file, columns=["image", "label"])
        encoded += [image["bytes"] for image in table["image"].to_pylist()]
        labels += table["label"].to_pylist()
    return encoded, np.array(labels, np.int64)


def scaled_up(encoded: bytes, side: int) -> Pixels:
    """A picture of 32x32 pixels in the size `side`, (side, side, 3)."""
    with Image.open(io.BytesIO(encoded)) as image:
        picture = image.convert("RGB")
    if picture.width != side:
        picture = picture.resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(picture, np.uint8)


def make_fashion(sources: Sources) -> Made:
    """20 training images of each class of Fashion-MNIST; 2,000 of the official test split."""
    from autocnn.data.keras_cache import missing_files
    from autocnn.keras_startup import load_keras

    missing = missing_files(FASHION_FILES)
    if missing:
        raise SourceMissing(f"no {missing[0]} in Keras' folder (KERAS_HOME)")
    load_keras()
    import keras

    parts = []
    splits = keras.datasets.fashion_mnist.load_data()
    for (images, stored), part, each in zip(splits, PARTS, (20, 200), strict=True):
        labels = stored.astype(np.int64)
        chosen = draw_evenly(labels, each, 10, sources.rng("fashion200", part))
        parts.append(Part(images=images[chosen], labels=labels[chosen]))
    return Made(classes=FASHION_CLASSES, train=parts[0], test=parts[1])


def make_digits(sources: Sources) -> Made:
    """30 training images of each of scikit-learn's digits; all others are test images."""
    from sklearn.datasets import load_digits

    found = load_digits()
    images = np.rint(found.images * 255 / 16).astype(np.uint8)
    labels = found.target.astype(np.int64)
    train = draw_evenly(labels, 30, 10, sources.rng("digits_subset"))
    test = np.setdiff1d(np.arange(len(labels)), train)
    return Made(
        classes=tuple("0123456789"),
        train=Part(images=images[train], labels=labels[train]),
        test=Part(images=images[test], labels=labels[test]),
    )


def draw_evenly(labels: Labels, each: int, n_classes: int, rng: np.random.Generator) -> Labels:
    """Indices of `each` images of every class, drawn without repetition, in rising order."""
    rows = [rng.permutation(np.flatnonzero(labels == k))[:each] for k in range(n_classes)]
    return np.sort(np.concatenate(rows))


SETS: dict[str, ImageSet] = {
    "digits_subset": ImageSet(make=make_digits, may_flip=False),
    "fashion200": ImageSet(make=make_fashion, may_flip=True),
    "shapes48": ImageSet(make=drawn("shapes48", SHAPES, draw_shape, (1000, 1000)), may_flip=True),
    "glyphs64": ImageSet(make=drawn("glyphs64", GLYPHS, draw_glyph, (200, 400)), may_flip=False),
    "wide32x128": ImageSet(make=drawn("wide32x128", WORDS, draw_word, (800, 800)), may_flip=False),
    "textures": ImageSet(
        make=drawn("textures", TEXTURES, draw_texture, (300, 300)), may_flip=True, suffix=".jpg"
    ),
    "cifar32_5k": ImageSet(make=cifar("cifar32_5k", 10, (5000, 2000), 32), may_flip=True),
    "cifar64": ImageSet(make=cifar("cifar64", 5, (2000, 2000), 64), may_flip=True),
    "cifar96": ImageSet(make=cifar("cifar96", 10, (3000, 2000), 96), may_flip=True),
}


def main() -> None:
    """Write the sets that are not there yet, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--cifar",
        type=Path,
        default=os.environ.get("AUTOCNN_CIFAR"),
        help="folder of CIFAR-10 as Parquet files; by default $AUTOCNN_CIFAR",
    )
    options = parser.parse_args()
    sources = Sources(seed=options.seed, cifar=options.cifar)
    table = Table("set", "size", "classes", "train", "test", "MiB", "seconds")
    console = Console()
    for name in options.sets:
        start = time.perf_counter()
        try:
            write_set(options.folder / name, SETS[name], sources)
        except SourceMissing as missing:
            console.print(f"{name}: left out: {missing}")
            continue
        table.add_row(*describe_set(options.folder / name), f"{time.perf_counter() - start:.1f}")
    console.print(table)


def write_set(folder: Path, image_set: ImageSet, sources: Sources) -> None:
    """Write a set as a whole or not at all; a folder that is there stays as it is."""
    if folder.is_dir():
        return
    made = image_set.make(sources)
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    for name, part in zip(PARTS, (made.train, made.test), strict=True):
        for label in made.classes:
            (partial / name / label).mkdir(parents=True)
        for i, (pixels, k) in enumerate(zip(part.images, part.labels, strict=True)):
            path = partial / name / made.classes[k] / f"{i:05d}{image_set.suffix}"
            Image.fromarray(pixels).save(path, quality=JPEG_QUALITY)
    partial.rename(folder)


def describe_set(folder: Path) -> list[str]:
    """Name, size, classes, numbers of images and MiB, from the files."""
    files = {part: sorted((folder / part).glob("*/*")) for part in PARTS}
    with Image.open(files["train"][0]) as image:
        size = f"{image.height}x{image.width}x{len(image.getbands())}"
    n_classes = len(list((folder / "train").iterdir()))
    n_bytes = sum(path.stat().st_size for paths in files.values() for path in paths)
    counts = [f"{len(files[part]):,}" for part in PARTS]
    return [folder.name, size, str(n_classes), *counts, f"{n_bytes / 2**20:.1f}"]


if __name__ == "__main__":
    main()
