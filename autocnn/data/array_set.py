"""A data set of named arrays, whichever files they lie in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from autocnn.data.array_images import ImageArray, check_images, check_kinds, describe_images
from autocnn.data.array_labels import find_classes, read_labels
from autocnn.data.array_names import FindRole, Pair, find_role, list_names, pair_arrays
from autocnn.data.decoding import Content
from autocnn.data.part_names import PART_NAMES
from autocnn.data.reader import Contents, join_parts
from autocnn.data.stored_array import StoredArray

Load = Callable[[str], StoredArray]  # reads the header of the array of this name


def open_arrays(
    path: Path, names: Sequence[str], load: Load, find: FindRole = find_role
) -> Contents:
    """The images and labels among the arrays `names`; all headers are checked before data are read.

    Raises: DatasetError if an array is missing, or has a wrong type, shape or value.
    """
    pairs, unused = pair_arrays(path, names, find)
    images = {part: check_images(load(pair.images)) for part, pair in pairs.items()}
    labelled = {part: load(pair.labels) for part, pair in pairs.items() if pair.labels is not None}
    used = [images[part] for part in labelled]
    check_kinds(used)
    raw = {part: read_labels(array, images[part].n, part) for part, array in labelled.items()}
    class_names, labels = find_classes(path, raw)

    def each() -> Iterator[tuple[str, Content]]:
        for array in used:
            yield from array.images()

    return Contents(
        class_names=class_names,
        parts=join_parts({part: images[part].n for part in labelled}),
        labels=np.concatenate([labels[part] for part in labelled]),
        images=each,
        notes=(
            *describe_images(used),
            *_describe_unlabelled(pairs, images),
            *([f"arrays that are not used: {list_names(unused)}"] if unused else []),
        ),
    )


def _describe_unlabelled(pairs: Mapping[int, Pair], images: Mapping[int, ImageArray]) -> list[str]:
    """A line on each part that is left out, because it has no labels."""
    return [
        f"{PART_NAMES[part]}: {images[part].n:,} images without labels are left out ({pair.images})"
        for part, pair in pairs.items()
        if pair.labels is None
    ]
