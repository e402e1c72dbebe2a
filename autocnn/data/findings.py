"""What a look at all decoded images finds: pictures with two labels, and near-copies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autocnn.data.image_order import Arrangement
from autocnn.data.mapped_array import map_array
from autocnn.data.near_copies import (
    Pool,
    describe_near_copies,
    describe_search,
    find_near_copies,
)
from autocnn.data.options import OnRead
from autocnn.data.part_names import TEST, TRAIN, VALIDATION
from autocnn.data.reader import Contents
from autocnn.data.same_pictures import describe_two_labels
from autocnn.data.split import split_hashes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """What is known of the images that could be read, in the order in which they were read.

    Shapes: labels and hashes (n,); inner (n, 2).
    """

    labels: NDArray[np.int64]
    hashes: NDArray[np.bytes_]
    inner: NDArray[np.int64] | None  # height and width without padding; None: none is padded


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was found."""

    near_copies: str  # what was compared and found, in a phrase
    notes: tuple[str, ...]  # lines for the user


def find_more(
    contents: Contents,
    is_good: NDArray[np.bool_],
    plan: Arrangement,
    known: Known,
    folder: Path,
    on_read: OnRead,
) -> Findings:
    """Look for near-copies in the images that `folder` holds, and name the pairs of images.

    `is_good`: True for each image of `contents` that could be read; `plan` has indices into those.
    """
    labels, hashes = known.labels, known.hashes
    order = np.concatenate([plan.train, plan.test])
    pool = Pool(
        images=[map_array(folder / f"{part}_images.npy") for part in ("train", "test")],
        parts=_find_parts(plan, labels, hashes),
        hashes=hashes[order],
        inner=None if known.inner is None else known.inner[order],
    )
    found = find_near_copies(pool, lambda done, n: on_read("comparing images", done, n))
    example = [] if found.example is None else [int(order[i]) for i in found.example]
    pairs = [i for pair in plan.two_labels.pairs for i in pair]
    names = _name_images(contents, is_good, {*pairs, *example})
    twice = describe_two_labels(plan.two_labels, labels, contents.class_names, names)
    near = describe_near_copies(found, tuple(names[i] for i in example))
    return Findings(near_copies=describe_search(found), notes=(*twice, *near))


def _find_parts(
    plan: Arrangement, labels: NDArray[np.int64], hashes: NDArray[np.bytes_]
) -> NDArray[np.int8]:
    """The part of each image, training images first; by default the split of seed 0 validates."""
    parts = np.full(len(plan.train) + len(plan.test), TRAIN, np.int8)
    parts[len(plan.train) :] = TEST
    if plan.validates is None:
        split = split_hashes(hashes[plan.train], labels[plan.train])
        parts[split.validation] = VALIDATION
    else:
        parts[np.flatnonzero(plan.validates)] = VALIDATION
    return parts


def _name_images(
    contents: Contents, is_good: NDArray[np.bool_], wanted: Iterable[int]
) -> dict[int, str]:
    """The names of the good images with these indices; the list is read again as far as needed."""
    left = {int(np.flatnonzero(is_good)[index]): index for index in wanted}
    names: dict[int, str] = {}
    for position, (name, _) in enumerate(contents.images() if left else ()):
        if position in left:
            names[left.pop(position)] = name
        if not left:
            break
    return names
