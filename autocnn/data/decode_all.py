"""The two passes over the images of a data set: every header, then every pixel.

Images are decoded in threads, because Pillow releases Python's lock while it decodes. Results come
in the order of the images, and only a block of images is in memory at a time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import compress
from typing import IO, TypeVar

import numpy as np
from numpy.typing import NDArray

from autocnn.data.decoding import (
    Content,
    CorruptImageError,
    Header,
    decode_image,
    read_header,
    read_limits,
)
from autocnn.data.options import CROP, OnRead
from autocnn.data.reader import Contents
from autocnn.data.value_census import Limits, ValueCensus
from autocnn.data.value_range import EIGHT_BITS, ValueRange
from autocnn.errors import DatasetError

T = TypeVar("T")
Named = tuple[str, Content]

BLOCK_BYTES = 64 << 20  # of pixels, or of encoded images, that are in memory at a time
_BLOCK = 256  # images, at most, that are decoded before the next are read
_SLICE = 16  # images that a thread takes at a time
_SHOWN = 3  # corrupt images that a message names


def n_threads() -> int:
    """The number of processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        return os.cpu_count() or 1


@dataclass(slots=True)
class Corrupt:
    """The images that can be read, and the reasons why the first of the others cannot."""

    is_good: NDArray[np.bool_]
    reasons: dict[int, str] = field(default_factory=dict)  # index -> name and reason

    def add(self, index: int, name: str, error: CorruptImageError) -> None:
        """Note that the image at `index` cannot be read."""
        self.is_good[index] = False
        self.reasons[index] = f"{name} ({error})"
        for later in sorted(self.reasons)[_SHOWN:]:
            del self.reasons[later]

    def check(self, *, skip: bool) -> list[str]:
        """A line on the images that are left out, or none.

        Raises: DatasetError if they must not be left out (`skip` is False), or if none is left.
        """
        n, total = int(np.count_nonzero(~self.is_good)), len(self.is_good)
        if n == 0:
            return []
        reasons = ", ".join(self.reasons[index] for index in sorted(self.reasons))
        found = f"{n:,} of {total:,} images cannot be read"
        shown = f"{reasons}{', …' if n > _SHOWN else ''}"
        if skip and n < total:
            return [f"{found} and are left out: {shown}"]
        advice = "" if skip else "; mend them, or leave them out with --skip-corrupt"
        raise DatasetError(f"{found}: {shown}{advice}")


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """What the first pass finds out."""

    sizes: NDArray[np.int64]  # (n, 2): height and width of every image
    is_grey: NDArray[np.bool_]  # (n,)
    values: ValueRange
    notes: list[str]  # a line on the range, if there is anything to say


@dataclass(frozen=True, slots=True)
class Passes:
    """The two passes over the images of one data set."""

    pool: ThreadPoolExecutor
    contents: Contents
    corrupt: Corrupt
    on_read: OnRead

    def scan(self) -> Scan:
        """Look at the header of every image; of those of more than 8 bits also at the values.

        Raises: DatasetError if the values fit no common range.
        """
        n = len(self.contents.labels)
        sizes, is_grey = np.zeros((n, 2), dtype=np.int64), np.zeros(n, dtype=bool)
        parts, census = self.contents.parts.tolist(), ValueCensus()
        results = _in_threads(self.pool, _look_at, self.contents.images(), _BLOCK)
        for index, (name, result) in enumerate(results):
            if isinstance(result, CorruptImageError):
                self.corrupt.add(index, name, result)
            else:
                header, limits = result
                sizes[index], is_grey[index] = (header.height, header.width), header.is_grey
                census.add(name, parts[index], header.stored, limits)
            self._report("looking at images", index + 1, n)
        return Scan(sizes, is_grey, *census.choose())

    def decode(
        self,
        shape: tuple[int, int, int],
        file: IO[bytes],
        values: ValueRange = EIGHT_BITS,
        resize: str = CROP,
    ) -> NDArray[np.bytes_]:
        """Write the images that can be read, resized to `shape`, to `file` one after the other.

        `values`: the range that becomes 0 to 255; `resize`: as `decode_image`.
        Returns: their hashes, as `split.image_hashes`.
        """

        def work(content: Content) -> tuple[NDArray[np.uint8], bytes]:
            pixels = decode_image(content, shape, values, resize)
            return pixels, blake2b(pixels.reshape(-1).data, digest_size=16).digest()

        indices = np.flatnonzero(self.corrupt.is_good)  # before this pass finds more corrupt images
        images = compress(self.contents.images(), self.corrupt.is_good.tolist())
        block = max(1, min(_BLOCK, BLOCK_BYTES // int(np.prod(shape))))
        hashes = []
        for done, (name, result) in enumerate(_in_threads(self.pool, work, images, block)):
            if isinstance(result, CorruptImageError):
                self.corrupt.add(int(indices[done]), name, result)
            else:
                file.write(result[0].data)
                hashes.append(result[1])
            self._report("decoding images", done + 1, len(indices))
        return np.array(hashes, dtype="S16")

    def _report(self, what: str, done: int, total: int) -> None:
        if done % _SLICE == 0 or done == total:
            self.on_read(what, done, total)


def _look_at(content: Content) -> tuple[Header, Limits | None]:
    header = read_header(content)
    return header, read_limits(content) if header.stored.is_deep else None


def _in_threads(
    pool: ThreadPoolExecutor, work: Callable[[Content], T], images: Iterator[Named], block: int
) -> Iterator[tuple[str, T | CorruptImageError]]:
    """The name of every image and the result of `work`, in order."""

    def attempt(name: str, content: Content) -> tuple[str, T | CorruptImageError]:
        try:
            return name, work(content)
        except CorruptImageError as error:
            return name, error

    def work_on(part: list[Named]) -> list[tuple[str, T | CorruptImageError]]:
        return [attempt(name, content) for name, content in part]

    for waiting in _blocks(images, block):
        parts = [waiting[i : i + _SLICE] for i in range(0, len(waiting), _SLICE)]
        for results in pool.map(work_on, parts):
            yield from results


def _blocks(images: Iterator[Named], most: int) -> Iterator[list[Named]]:
    """Runs of at most `most` images.

    The encoded images or arrays of a run take at most BLOCK_BYTES, not counting the last of them.
    """
    block: list[Named] = []
    weight = 0
    for name, content in images:
        block.append((name, content))
        weight += _weight(content)
        if len(block) >= most or weight >= BLOCK_BYTES:
            yield block
            block, weight = [], 0
    if block:
        yield block


def _weight(content: Content) -> int:
    """The bytes that an image takes in memory before it is decoded; of a path none."""
    if isinstance(content, np.ndarray):
        return content.nbytes
    return len(content) if isinstance(content, bytes) else 0
