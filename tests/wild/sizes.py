"""Images of other sizes: kept, scaled, cropped, padded, stretched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps
from wild.zoo import Case, Made, Pixels, picture, put_classes

BILINEAR = Image.Resampling.BILINEAR
Rule = Callable[[Image.Image, tuple[int, int]], Image.Image]


def stretch(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Both sides by factors of their own."""
    return image.resize(size, BILINEAR)


def fit(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Cropped in the middle."""
    return ImageOps.fit(image, size, BILINEAR)


def pad(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """On black."""
    return ImageOps.pad(image, size, BILINEAR, color="black")


def sized(
    sizes: Sequence[tuple[int, int]], chosen: tuple[int, int], rule: Rule = fit
) -> Callable[[Path], Made]:
    """Class folders whose images have these sizes in turn, and Pillow's result."""

    def make(root: Path) -> Made:
        images = {
            name: [picture(label, i, shape=(*sizes[i % len(sizes)], 3)) for i in range(6)]
            for label, name in enumerate(("cat", "dog"))
        }
        put_classes(root, images)
        return root, {"all": {name: [result(x) for x in some] for name, some in images.items()}}

    def result(pixels: Pixels) -> Pixels:
        if pixels.shape[:2] == chosen:
            return pixels
        return np.asarray(rule(Image.fromarray(pixels), chosen[::-1]))

    return make


def no_pixels(root: Path) -> Path:
    """Arrays of images without a width."""
    root.mkdir(parents=True)
    np.savez(root / "set.npz", images=np.zeros((8, 5, 0), np.uint8), labels=np.arange(8) % 2)
    return root / "set.npz"


def case(name: str, made: Callable[[Path], Made], *notes: str, **options: Any) -> Case:
    """A case of this room."""
    return Case(f"size-{name}", made, notes=notes, options=options)


MIXED = [(24, 32), (32, 24)]
CASES = [
    case("small-strip", sized([(12, 100)], (12, 100))),
    case("one-pixel", sized([(1, 3)], (1, 3))),
    case("one-large", sized([(120, 160)], (83, 111)), r"^images of 120x160 are scaled to 83x111"),
    case("one-shape", sized([(12, 24), (24, 48)], (12, 24)), r"12x24 to 24x48 are scaled to 12x24"),
    case(
        "mixed",
        sized(MIXED, (24, 24)),
        r"^images from 24x32 to 32x24 are scaled and cropped to 24x24: 25 % .*--resize pad keeps",
    ),
    case(
        "mixed-padded",
        sized(MIXED, (24, 24), pad),
        r"24x24 and padded with black: 25 % of the pixels of the median image are padding;",
        resize="pad",
    ),
    case(
        "mixed-stretched",
        sized(MIXED, (24, 24), stretch),
        r"stretched to 24x24: one side of the median image becomes 25 % too short",
        resize="stretch",
    ),
    case(
        "strip-among-squares",
        sized([(20, 20)] * 5 + [(1, 1000)], (20, 20)),
        r"0 % of the pixels of the median image are cut, at most 99.9 % \(of 1x1000\)",
    ),
    case("given", sized(MIXED, (9, 14)), image_size="9x14"),
    case("very-long", sized([(1, 20_000)], (1, 9216)), r"1x9216: 53.9 % .* median image are cut;"),
    Case("size-no-pixel", no_pixels, refused=r"expected images, got none; .* \(8, 5, 0\)"),
    Case(
        "size-unknown-rule",
        sized(MIXED, (24, 24)),
        refused=r"^--resize must be crop, pad or stretch, got 'cover'$",
        options={"resize": "cover"},
    ),
]
