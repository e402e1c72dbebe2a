"""The folder of one data set in the cache: images are decoded, put in order and written as arrays.

Images are decoded in threads and written in blocks; they are never all in memory.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from autocnn.data.class_counts import count_classes
from autocnn.data.dataset import Images
from autocnn.data.decode_all import BLOCK_BYTES, Corrupt, Passes, Scan, n_threads
from autocnn.data.decoding import quiet_pillow
from autocnn.data.findings import Known, find_more
from autocnn.data.image_order import Arrangement, arrange
from autocnn.data.image_size import choose_size, describe_resizing
from autocnn.data.options import PAD, ImageOptions, OnRead
from autocnn.data.part_names import TEST, TRAIN
from autocnn.data.reader import Contents
from autocnn.data.resizing import inner_sizes
from autocnn.data.split import Fingerprint, fingerprint, image_hashes
from autocnn.data.statistics import pixel_counts
from autocnn.data.value_census import describe_faint
from autocnn.data.value_range import EIGHT_BITS, ValueRange
from autocnn.files import write_atomic

Shape = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The facts of a data set whose images are in a folder of the cache."""

    class_names: tuple[str, ...]
    shape: Shape
    n_train: int  # validation included
    n_validation: int | None  # None: the data set has no validation part of its own
    n_test: int
    fingerprint: str
    pixel_counts: list[list[int]]  # of the training images
    test_counts: tuple[int, ...]  # test images by class
    n_test_different: int  # test images, copies counted once
    near_copies: str  # what was compared and found
    notes: tuple[str, ...]
    value_range: ValueRange = EIGHT_BITS  # the stored values that became 0 to 255
    has_test: bool = True  # the data set has a test part of its own; False: it was taken from all


@dataclass(frozen=True, slots=True, eq=False)
class _Decoded:
    """Decoded images in one raw file, in the order in which they were read."""

    file: IO[bytes]
    shape: Shape
    labels: NDArray[np.int64]
    hashes: NDArray[np.bytes_]

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[NDArray[np.uint8]]:
        """The images at `rows`, in blocks of at most BLOCK_BYTES."""
        size = int(np.prod(self.shape))
        step = max(1, BLOCK_BYTES // size)
        for start in range(0, len(rows), step):
            some = rows[start : start + step].tolist()
            data = b"".join(os.pread(self.file.fileno(), size, row * size) for row in some)
            yield np.frombuffer(data, np.uint8).reshape(len(some), *self.shape)


def import_images(
    contents: Contents, options: ImageOptions, folder: Path, on_read: OnRead
) -> Facts:
    """Decode the images of a data set, and write them as .npy files into `folder`.

    Writes train_images, train_labels, train_hashes, test_images, test_labels, and validates if
    the data set has a validation part of its own.
    Raises: DatasetError for images that cannot be read and classes that are too small; RecordError
    if the folder cannot be written.
    """
    corrupt = Corrupt(np.ones(len(contents.labels), dtype=bool))
    raw = folder / "decoded.raw"
    with quiet_pillow(), ThreadPoolExecutor(n_threads()) as pool, open(raw, "w+b") as file:
        passes = Passes(pool, contents, corrupt, on_read)
        scan = passes.scan()
        shape, resized = _choose_shape(scan, corrupt, options)
        hashes = passes.decode(shape, file, scan.values, options.resize)
        skipped = corrupt.check(skip=options.skip_corrupt)
        file.flush()
        good = corrupt.is_good
        labels = contents.labels[good]
        plan = arrange(contents.class_names, contents.parts[good], labels, hashes)
        decoded = _Decoded(file, shape, labels, hashes)
        fingerprint, counts = _write(folder, decoded, plan)
        inner = inner_sizes(scan.sizes[good], shape) if options.resize == PAD else None
        known = Known(labels=labels, hashes=hashes, inner=inner)
        more = find_more(contents, good, plan, known, folder, on_read)
    raw.unlink()
    faint = describe_faint(scan.values, counts)
    return Facts(
        class_names=contents.class_names,
        shape=shape,
        n_train=len(plan.train),
        n_validation=None if plan.validates is None else int(plan.validates.sum()),
        n_test=len(plan.test),
        fingerprint=fingerprint,
        pixel_counts=counts[TRAIN].tolist(),
        test_counts=count_classes(labels[plan.test], len(contents.class_names)),
        n_test_different=plan.n_test_different,
        near_copies=more.near_copies,
        value_range=scan.values,
        has_test=bool((contents.parts[good] == TEST).any()),
        notes=(*contents.notes, *skipped, *scan.notes, *faint, *resized, *plan.notes, *more.notes),
    )


def import_arrays(train: Images, test: Images, class_names: tuple[str, ...], folder: Path) -> Facts:
    """Write images that are in memory as .npy files into `folder`; their order is kept.

    Writes train_images, train_labels, train_hashes, test_images and test_labels.
    Raises: RecordError if the folder cannot be written.
    """
    arrays: dict[str, NDArray[Any]] = {
        "train_images": train.images,
        "train_labels": train.labels,
        "train_hashes": image_hashes(train),
        "test_images": test.images,
        "test_labels": test.labels,
    }
    _save(folder, arrays)
    return Facts(
        class_names=class_names,
        shape=train.shape,
        n_train=train.n,
        n_validation=None,
        n_test=test.n,
        fingerprint=fingerprint(train),
        pixel_counts=pixel_counts(train.images).tolist(),
        test_counts=count_classes(test.labels, len(class_names)),
        n_test_different=len(np.unique(image_hashes(test))),
        near_copies="",
        notes=(),
    )


def _save(folder: Path, arrays: dict[str, NDArray[Any]]) -> None:
    for stem, array in arrays.items():
        write_atomic(folder / f"{stem}.npy", partial(np.save, arr=array, allow_pickle=False))


def _choose_shape(scan: Scan, corrupt: Corrupt, options: ImageOptions) -> tuple[Shape, list[str]]:
    """Height, width and channels of all images, and a line if they are resized unasked."""
    good = corrupt.is_good
    if not good.any():
        corrupt.check(skip=options.skip_corrupt)
    sizes = scan.sizes[good]
    height, width = options.size or choose_size(sizes)
    is_asked = options.size is not None
    resized = None if is_asked else describe_resizing(sizes, (height, width), options.resize)
    return (height, width, 1 if scan.is_grey[good].all() else 3), [resized] if resized else []


def _write(
    folder: Path, decoded: _Decoded, plan: Arrangement
) -> tuple[str, dict[int, NDArray[np.int64]]]:
    """Write all arrays; returns the fingerprint, and the pixel counts of TRAIN and of TEST."""
    labels = decoded.labels
    arrays: dict[str, NDArray[Any]] = {
        "train_labels": labels[plan.train],
        "train_hashes": decoded.hashes[plan.train],
        "test_labels": labels[plan.test],
    }
    if plan.validates is not None:
        arrays["validates"] = plan.validates
    _save(folder, arrays)
    _, tests = _write_images(folder / "test_images.npy", decoded, plan.test)
    seen, trains = _write_images(folder / "train_images.npy", decoded, plan.train)
    return seen.finish(labels[plan.train], plan.validates), {TRAIN: trains, TEST: tests}


def _write_images(
    path: Path, decoded: _Decoded, rows: NDArray[np.int64]
) -> tuple[Fingerprint, NDArray[np.int64]]:
    """Write the images at `rows`; returns their unfinished fingerprint and their pixel counts."""
    shape = (len(rows), *decoded.shape)
    seen, counts = Fingerprint(shape), np.zeros((decoded.shape[2], 256), dtype=np.int64)

    def write(file: IO[bytes]) -> None:
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        npy.write_array_header_1_0(file, header)
        for block in decoded.blocks(rows):
            file.write(block.data)
            seen.update(block)
            np.add(counts, pixel_counts(block), out=counts)

    write_atomic(path, write)
    return seen, counts
