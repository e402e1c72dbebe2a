"""The parts of the zoo: pictures that all differ, and what a case expects."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
Expected = dict[str, dict[str, list[Pixels]]]  # part -> class -> images; part "all": any part
CLASSES = ("cat", "dog")
SIDE = 8


def picture(*key: int, shape: tuple[int, ...] = (SIDE, SIDE, 3)) -> Pixels:
    """Noise that only this key gives."""
    return np.random.default_rng(key).integers(0, 256, shape, dtype=np.uint8)


def pictures(
    part: int = 0,
    n: int = 4,
    classes: Iterable[str] = CLASSES,
    shape: tuple[int, ...] = (SIDE, SIDE, 3),
) -> dict[str, list[Pixels]]:
    """`n` pictures of each class; two parts share none."""
    return {
        name: [picture(part, label, i, shape=shape) for i in range(n)]
        for label, name in enumerate(classes)
    }


def encode(pixels: Pixels | Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """An image file."""
    buffer = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def put(path: Path, data: bytes | str) -> Path:
    """Write a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def put_classes(folder: Path, images: Mapping[str, list[Pixels]], suffix: str = ".png") -> None:
    """Write class folders of PNG files."""
    for name, some in images.items():
        for i, pixels in enumerate(some):
            put(folder / name / f"{i}{suffix}", encode(pixels))


def put_flat(folder: Path, images: Mapping[str, list[Pixels]]) -> list[tuple[str, str]]:
    """Write PNG files without class folders; returns file names and classes, shuffled."""
    rows = []
    for name, some in images.items():
        for i, pixels in enumerate(some):
            put(folder / f"{name[0]}{i}.png", encode(pixels))
            rows.append((f"{name[0]}{i}.png", name))
    order = np.random.default_rng(0).permutation(len(rows))
    return [rows[k] for k in order]


Made = tuple[Path, Expected]


@dataclass(frozen=True)
class Case:
    """An input, and what must come of it: its arrays, or one line that refuses it.

    `notes` are patterns, one for each line that must be said, in any order; other lines must not.
    """

    name: str
    make: Callable[[Path], Made | Path]
    notes: tuple[str, ...] = ()
    refused: str = ""
    classes: tuple[str, ...] = CLASSES
    options: Mapping[str, Any] = field(default_factory=dict)
