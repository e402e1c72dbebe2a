"""Near-copies across the parts of a data set: pictures saved again, moved by a pixel, or brighter.

Equal images are no near-copies: `same_pictures` counts them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import NDArray

from autocnn.data.part_names import TEST, TRAIN, VALIDATION
from autocnn.data.picture_match import (
    MIDDLE,
    Move,
    Pairs,
    Prints,
    crop,
    is_one_picture,
    join_prints,
    likely_pairs,
    take_prints,
)
from autocnn.data.resizing import fill_padding
from autocnn.data.same_pictures import PAIRS, WORDS, points

SMALLEST_SIDE = 16  # pixels; in smaller images, two things may look alike by nature
MOVED_BELOW = 64  # pixels; the hash of a larger image hardly depends on a shift by one pixel
MAX_IMAGES = 60_000  # that are compared; of more, a sample
MAX_OF_PART = 10_000  # validation images, and test images
_BLOCK_VALUES = 1 << 22  # pixel values in memory at a time
_SEED = 0  # of the sample
_ALL_MOVES: list[Move] = sorted(product(range(3), range(3)), key=lambda move: move != MIDDLE)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pool:
    """All images of a data set, with the part and the exact hash of each.

    Padding is no part of a picture: it is seen in the mean of the picture inside of it.
    Shapes: each array of images (n_i, height, width, channels); parts and hashes (sum of n_i,);
    inner (sum of n_i, 2).
    """

    images: Sequence[NDArray[np.uint8]]
    parts: NDArray[np.int8]
    hashes: NDArray[np.bytes_]
    inner: NDArray[np.int64] | None = None  # height and width without padding; None: none is padded

    @property
    def shape(self) -> tuple[int, ...]:
        """Height, width and channels of one image."""
        return self.images[0].shape[1:]

    @property
    def is_moved(self) -> bool:
        """True if the hash of an image depends on a shift by one pixel."""
        return min(self.shape[:2]) < MOVED_BELOW

    def take(self, positions: NDArray[np.int64]) -> NDArray[np.uint8]:
        """A copy of the images at `positions`, their padding filled."""
        found = np.empty((len(positions), *self.shape), np.uint8)
        start = 0
        for array in self.images:
            inside = (positions >= start) & (positions < start + len(array))
            found[inside] = array[positions[inside] - start]
            start += len(array)
        if self.inner is not None:
            fill_padding(found, self.inner[positions])
        return found

    def blocks(self, n: int) -> Iterator[slice]:
        """Slices of `n` positions whose images fit into memory."""
        step = max(1, _BLOCK_VALUES // int(np.prod(self.shape)))
        for start in range(0, n, step):
            yield slice(start, start + step)


@dataclass(frozen=True, slots=True, kw_only=True)
class NearCopies:
    """The images of one part that are near-copies of images of another part."""

    n_compared: int  # images; 0: they are too small
    n_images: int
    counts: Mapping[tuple[int, int], int] = field(default_factory=dict)  # (part, other) -> images
    example: tuple[int, int] | None = None  # positions of two such images
    sizes: Mapping[int, int] = field(default_factory=dict)  # part -> images that were compared


def find_near_copies(pool: Pool, on_done: Callable[[int, int], None]) -> NearCopies:
    """Near-copies of images of validation and test in the other parts.

    A few are missed, which makes the counts lower bounds. `on_done` receives the number of steps
    done, and of all steps.
    """
    if min(pool.shape[:2]) < SMALLEST_SIDE:
        return NearCopies(n_compared=0, n_images=len(pool.parts))
    chosen = _sample(pool.parts)
    rows = {part: chosen[pool.parts[chosen] == part] for part in (TRAIN, VALIDATION, TEST)}
    middle = {part: _prints(pool, rows[part], MIDDLE) for part in rows}
    moves = _ALL_MOVES if pool.is_moved else [MIDDLE]
    found: dict[tuple[int, int], list[Pairs]] = {(part, other): [] for part, other, _ in PAIRS}
    for done, (move, part) in enumerate(product(moves, (VALIDATION, TEST))):
        on_done(done, 2 * len(moves))
        prints = middle[part] if move == MIDDLE else _prints(pool, rows[part], move)
        for other in range(part):
            left, right = likely_pairs(prints, middle[other])
            pairs = rows[part][left], rows[other][right]
            found[part, other].append(_verified(pool, pairs, move))
    pairs_of = {key: np.concatenate([np.stack(p) for p in some], 1) for key, some in found.items()}
    examples = [(int(pairs[0, 0]), int(pairs[1, 0])) for pairs in pairs_of.values() if pairs.size]
    return NearCopies(
        n_compared=len(chosen),
        n_images=len(pool.parts),
        counts={key: len(np.unique(pairs[0])) for key, pairs in pairs_of.items() if pairs.size},
        example=examples[0] if examples else None,
        sizes={part: len(positions) for part, positions in rows.items()},
    )


def _sample(parts: NDArray[np.int8]) -> NDArray[np.int64]:
    """The positions of the images to compare, in order: all, or some drawn at random."""
    rng, chosen, left = np.random.default_rng(_SEED), [], MAX_IMAGES
    for part, most in ((TEST, MAX_OF_PART), (VALIDATION, MAX_OF_PART), (TRAIN, MAX_IMAGES)):
        positions = np.flatnonzero(parts == part)
        if len(positions) > min(most, left):
            positions = rng.permutation(positions)[: min(most, left)]
        chosen.append(positions)
        left -= len(positions)
    return np.sort(np.concatenate(chosen))


def _prints(pool: Pool, positions: NDArray[np.int64], move: Move) -> Prints:
    blocks = pool.blocks(len(positions))
    return join_prints([take_prints(crop(pool.take(positions[some]), move)) for some in blocks])


def _verified(pool: Pool, pairs: Pairs, move: Move) -> Pairs:
    """The pairs whose pixels are those of one picture, and not all equal."""
    differ = pool.hashes[pairs[0]] != pool.hashes[pairs[1]]
    first, second = pairs[0][differ], pairs[1][differ]
    is_same = np.zeros(len(first), dtype=bool)
    for some in pool.blocks(len(first)):
        ours, theirs = pool.take(first[some]), crop(pool.take(second[some]), MIDDLE)
        for each in [move] if pool.is_moved else _ALL_MOVES:
            is_same[some] |= is_one_picture(crop(ours, each), theirs)
    return first[is_same], second[is_same]


def describe_search(found: NearCopies) -> str:
    """What was compared, and whether there are near-copies, in one phrase."""
    if not found.n_compared:
        return f"not looked for, because a side of the images is below {SMALLEST_SIDE} pixels"
    sample = "" if found.n_compared == found.n_images else f" of {found.n_images:,}"
    result = "found, see the notes" if found.counts else "none found"
    return f"{result}; {found.n_compared:,}{sample} images compared"


def describe_near_copies(found: NearCopies, example: Sequence[str]) -> list[str]:
    """A line for each two parts that share pictures; `example`: the names of two, or nothing."""
    sample = "" if found.n_compared == found.n_images else f" in a sample of {found.n_compared:,}"
    such = f", such as {' and '.join(example)}" if example else ""
    notes = []
    for part, other, score in PAIRS:
        if n := found.counts.get((part, other), 0):
            are = "image is a near-copy" if n == 1 else "images are near-copies"
            notes.append(
                f"at least {n:,} {WORDS[part]} {are} of {WORDS[other]} images{sample}{such}: "
                f"{score} is too high by up to {points(n, found.sizes[part])} points"
            )
            such = ""
    return notes
