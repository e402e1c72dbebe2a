"""`ImageOptions`: how the user's own images are read.

The help of the command line imports this module, so it must load fast.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields

from autocnn.errors import SettingsError

OnRead = Callable[[str, int, int], None]  # progress of a pass: its name, images done, all images
Size = tuple[int, int]  # height, width

CROP, PAD, STRETCH = RESIZES = ("crop", "pad", "stretch")  # how an image gets another size
MAX_GIVEN = 2048  # pixels of a side, at most, in --image-size
_SIZE = re.compile(r"(\d{1,4})(?:x(\d{1,4}))?")


@dataclass(frozen=True, slots=True)
class ImageOptions:
    """How the user's own images are read; the data sets of the catalog take no options.

    Raises: SettingsError for a malformed `image_size`, and for an unknown `resize`.
    """

    image_size: str | None = None  # "64", or "48x64" for height x width; None: `choose_size`
    resize: str = CROP  # one of RESIZES
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
        if self.resize not in RESIZES:
            raise SettingsError(f"--resize must be crop, pad or stretch, got {self.resize!r}")

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
