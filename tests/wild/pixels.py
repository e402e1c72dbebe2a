"""Values of pixels: bits, floats, colours, transparency."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from wild.zoo import Case, Made, Pixels, encode, picture, put

Array = NDArray[Any]
LEVELS = [picture(1, i, shape=(8, 8)) for i in range(8)]  # 0 to 255


def spread(high: int) -> list[Array]:
    """Eight images of values from 0 to `high`, which both occur."""
    images = [
        np.random.default_rng(i).integers(0, high + 1, (8, 8)).astype(np.int64) for i in range(8)
    ]
    images[0][0, 0], images[0][0, 1] = 0, high
    return images


def scaled(images: list[Array], high: float) -> list[Pixels]:
    """What must come of them: 0 to `high` becomes 0 to 255."""
    return [np.rint(np.asarray(x, np.float64) * 255 / high).astype(np.uint8) for x in images]


def halves(images: list[Any]) -> dict[str, list[Any]]:
    """The first four are cats."""
    return {"cat": images[:4], "dog": images[4:]}


def stored(
    images: list[Array],
    expected: list[Pixels],
    to_file: Callable[[Array], bytes],
    suffix: str = ".png",
) -> Callable[[Path], Made]:
    """Files in class folders."""

    def make(root: Path) -> Made:
        for name, some in halves(images).items():
            for i, image in enumerate(some):
                put(root / name / f"{i}{suffix}", to_file(image))
        return root, {"all": halves([e.reshape(8, 8, -1) for e in expected])}

    return make


def arrays(images: list[Array], expected: list[Pixels], dtype: Any) -> Callable[[Path], Made]:
    """A .npz file."""

    def make(root: Path) -> Made:
        root.mkdir(parents=True)
        x = np.stack(images).astype(dtype)
        np.savez(root / "set.npz", images=x, labels=np.repeat(["cat", "dog"], 4))
        return root / "set.npz", {"all": halves([e.reshape(8, 8, -1) for e in expected])}

    return make


def refuse(images: list[Array], dtype: Any) -> Callable[[Path], Path]:
    """A .npz file that is refused."""
    return lambda root: arrays(images, LEVELS, dtype)(root)[0]


def png16(image: Array) -> bytes:
    """A grey image of 16 bits."""
    return encode(Image.fromarray(image.astype(np.uint16)))


def tif(dtype: Any) -> Callable[[Array], bytes]:
    """A writer of a grey TIFF."""
    return lambda image: encode(Image.fromarray(image.astype(dtype)), "TIFF")


def mode(name: str) -> Callable[[Array], bytes]:
    """A writer of another mode of Pillow."""
    return lambda image: encode(Image.fromarray(image).convert(name))


def rgba(image: Array) -> bytes:
    """Half of it transparent."""
    alpha = np.full((8, 8, 1), 255, np.uint8)
    alpha[4:] = 0
    return encode(np.concatenate([np.repeat(image[..., None], 3, 2), alpha], 2))


def over_white(image: Pixels) -> Pixels:
    """What must come of `rgba`."""
    found = np.repeat(image[..., None], 3, 2)
    found[4:] = 255
    return found


def turned(image: Array) -> bytes:
    """A camera's rotation by a quarter, clockwise."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return encode(Image.fromarray(image), exif=exif)


def mixed(root: Path) -> Path:
    """Files of 8 and of 16 bits."""
    stored(spread(4095), LEVELS, png16)(root)
    put(root / "cat" / "9.png", encode(LEVELS[0]))
    return root


def too_large(root: Path) -> Path:
    """100 million pixels in a small file."""
    stored(LEVELS, LEVELS, encode)(root)
    put(root / "cat" / "9.png", encode(Image.new("1", (20000, 5000))))
    return root


def binary(image: Array) -> bytes:
    """1 bit."""
    return encode(Image.fromarray(image > 127))


DEEP = r"(bits|0 to)"
READ = [
    Case("pixels-8-bit-grey", stored(LEVELS, LEVELS, encode)),
    *(
        Case(f"pixels-png16-{bits}", make, notes=(DEEP,))
        for bits in (8, 10, 12, 14, 16)
        for make in [stored(spread(2**bits - 1), scaled(spread(2**bits - 1), 2**bits - 1), png16)]
    ),
    Case(
        "pixels-png16-between",
        stored(spread(3000), scaled(spread(3000), 4095), png16),
        notes=(DEEP,),
    ),
    Case(
        "pixels-tiff16",
        stored(spread(4095), scaled(spread(4095), 4095), tif(np.uint16), ".tif"),
        notes=(DEEP,),
    ),
    Case("pixels-tiff8", stored(LEVELS, LEVELS, tif(np.uint8), ".tif")),
    Case(
        "pixels-tiff-float",
        stored([x / np.float32(255) for x in LEVELS], LEVELS, tif(np.float32), ".tif"),
        notes=(DEEP,),
    ),
    *(
        Case(
            f"pixels-{kind}-12",
            arrays(spread(4095), scaled(spread(4095), 4095), kind),
            notes=(DEEP,),
        )
        for kind in ("uint16", "int16", "int32", "uint32", "int64", "uint64", ">u2")
    ),
    *(
        Case(f"pixels-{kind}-8", arrays(LEVELS, LEVELS, kind), notes=(DEEP,))
        for kind in ("uint16", "int32", "int64")
    ),
    *(
        Case(f"pixels-{kind}-one", arrays([x / 255 for x in LEVELS], LEVELS, kind), notes=(DEEP,))
        for kind in ("float16", "float32", "float64", ">f4")
    ),
    Case("pixels-float-255", arrays(LEVELS, LEVELS, "float32"), notes=(DEEP,)),
    Case(
        "pixels-booleans",
        arrays([x > 127 for x in LEVELS], [(x > 127) * np.uint8(255) for x in LEVELS], bool),
        notes=(r"booleans: they become 0 and 255",),
    ),
    Case("pixels-1-bit", stored(LEVELS, [(x > 127) * np.uint8(255) for x in LEVELS], binary)),
    Case(
        "pixels-palette",
        stored(
            [x // 128 * 255 for x in LEVELS],
            [np.repeat((x // 128 * 255)[..., None], 3, 2) for x in LEVELS],
            mode("P"),
        ),
    ),
    Case("pixels-transparent", stored(LEVELS, [over_white(x) for x in LEVELS], rgba)),
    Case("pixels-rotated", stored(LEVELS, [np.rot90(x, -1) for x in LEVELS], turned)),
    Case(
        "pixels-zero-one",
        arrays([x // 128 for x in LEVELS], [x // 128 for x in LEVELS], np.uint8),
        notes=(r"largest value is 1",),
    ),
]
REFUSED = [
    Case(
        "pixels-signed", refuse([x / 127.5 - 1 for x in LEVELS], np.float32), refused=r"np\.uint8"
    ),
    Case(
        "pixels-standardised",
        refuse([(x - 100.0) / 9 for x in LEVELS], float),
        refused=r"standardised",
    ),
    Case(
        "pixels-nan",
        refuse([np.where(x > 250, np.nan, x / 255) for x in LEVELS], float),
        refused=r"(?i)nan",
    ),
    Case(
        "pixels-infinite",
        refuse([np.where(x > 250, np.inf, x / 255) for x in LEVELS], float),
        refused=r"(?i)inf",
    ),
    Case("pixels-negative", refuse([x.astype(int) - 5 for x in LEVELS], int), refused=r"-5"),
    Case("pixels-17-bit", refuse(spread(70_000), int), refused=r"70,?000"),
    Case("pixels-float-1000", refuse([x * 4.0 for x in LEVELS], float), refused=r"np\.uint8|255"),
    Case("pixels-mixed-depths", mixed, refused=r"9\.png"),
    Case(
        "pixels-too-large",
        too_large,
        refused=r"cat/9\.png.*million",
    ),
]
CASES = [*READ, *REFUSED]
