"""`ImageOptions`: how the user's own images are read, and the size that they get."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from autocnn.errors import SettingsError

if TYPE_CHECKING:  # the help of the command line imports this module: it must load fast
    import numpy as np
    from numpy.typing import NDArray

OnRead = Callable[[str, int, int], None]  # progress of a pass: its name, images done, all images
Size = tuple[int, int]  # height, width

MAX_COMMON = 256  # pixels of a side, up to which images that all have one size keep it
MAX_SIDE = 96  # pixels of a side, at most, that `choose_size` gives to images of other sizes
MAX_GIVEN = 2048  # pixels of a side, at most, in --image-size
_SIZE = re.compile(r"(\d{1,4})(?:x(\d{1,4}))?")


@dataclass(frozen=True, slots=True)
class ImageOptions:
    """How the user's own images are read; the data sets of the catalog take no options.

    Raises: SettingsError for a malformed `image_size`.
    """

    image_size: str | None = None  # "64", or "48x64" for height x width; None: `choose_size`
    skip_corrupt: bool = False  # leave out images that cannot be read; False: raise an error
    label_column: str | None = None  # of a table or of Parquet files; None: the only one that fits
    file_column: str | None = None  # the column with images or file names; None: as for labels
    follow_links: bool = False  # follow links that lead out of a folder; False: raise an error

    @classmethod
    def of(cls, settings: object) -> ImageOptions:
        """The options that `settings` holds in fields of the same names."""
        return cls(**{name: getattr(settings, name) for name in IMAGE_OPTIONS})

    def __post_init__(self) -> None:
        _ = self.size

    @property
    def size(self) -> Size | None:
        """Height and width of `image_size`, or None."""
        if self.image_size is None:
            return None
        match = _SIZE.fullmatch(self.image_size)
        height, width = (int(side or match[1]) for side in match.groups()) if match else (0, 0)
        if not (0 < height <= MAX_GIVEN and 0 < width <= MAX_GIVEN):
            raise SettingsError(
                f"--image-size must be a side such as 64, or HEIGHTxWIDTH such as 48x64, at most "
                f"{MAX_GIVEN}, got {self.image_size!r}"
            )
        return height, width


AS_THEY_ARE = ImageOptions()
IMAGE_OPTIONS = tuple(each.name for each in fields(ImageOptions))  # settings of the same names


def choose_size(sizes: NDArray[np.int64]) -> Size:
    """The size of all images, unless the user gives one.

    If all images have one size, and neither side is above 256, that size is kept. Otherwise the
    size is a square, whose side is the median of the images' shorter sides (the lower one of two
    in the middle), at most 96.
    Shapes: sizes (n, 2), height and width, n at least 1.
    """
    height, width = (int(side) for side in sizes[0])
    if max(height, width) <= MAX_COMMON and (sizes == sizes[0]).all():
        return height, width
    shorter = sorted(sizes.min(axis=1).tolist())
    side = min(int(shorter[(len(shorter) - 1) // 2]), MAX_SIDE)
    return side, side


def describe_resizing(sizes: NDArray[np.int64], chosen: Size) -> str | None:
    """One line if `choose_size` gave some image another size than its own, or None."""
    if (sizes == chosen).all():
        return None
    area = sizes.prod(axis=1)
    least, most = (_text(sizes[i]) for i in (int(area.argmin()), int(area.argmax())))
    those = f"images of {least}" if least == most else f"images from {least} to {most}"
    return f"{those} are scaled and cropped to {_text(chosen)}; --image-size gives another size"


def _text(size: Size | NDArray[np.int64]) -> str:
    return f"{size[0]}x{size[1]}"
