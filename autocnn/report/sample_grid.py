"""A picture of sample images: one row a class, originals left, augmented images right."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

TILE = 56  # pixels near which the height of an enlarged image is
MAX_HEIGHT = 4000  # pixels of the whole picture
GAP = 4  # pixels between two images
MARGIN = 16  # pixels around the picture, after a name, and between the halves
COLUMN_GAP = 48  # pixels between two columns of classes
LINE_HEIGHT = 22
HEAD = 4 * LINE_HEIGHT  # the title in two lines, a gap, the titles of the halves
FONT_SIZE = 16
HALVES = ("original", "augmented")
MAX_NAME = 180  # pixels of a class's name; a longer name is cut
PAPER = (208, 217, 230)  # no grey, so that the edge of a grey image is visible
INK, LINE = (20, 20, 20), (100, 100, 100)

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GridRow:
    """Some images of one class, original and augmented.

    Shapes: both (n, height, width, channels), uint8, with 1 channel or 3; `augmented` holds the
    same images in the same order.
    """

    name: str
    originals: NDArray[np.uint8]
    augmented: NDArray[np.uint8]


def scale_of(image_height: int) -> int:
    """The whole number by which images of this height are enlarged."""
    return max(1, round(TILE / image_height))


def n_columns(n_classes: int, image_height: int) -> int:
    """The number of columns of classes that keeps the picture below MAX_HEIGHT."""
    step = image_height * scale_of(image_height) + GAP
    rows_that_fit = max(1, (MAX_HEIGHT - HEAD - 2 * MARGIN) // step)
    return math.ceil(n_classes / rows_that_fit)


def draw_grid(rows: Sequence[GridRow], title: tuple[str, str]) -> bytes:
    """The bytes of a PNG file with a title of two lines above the images.

    The same rows give the same bytes.
    """
    layout = _layout(rows, title)
    canvas = Image.new("RGB", layout.size, PAPER)
    pen = ImageDraw.Draw(canvas)
    for i, text in enumerate(title):
        pen.text((MARGIN, MARGIN + i * LINE_HEIGHT), text, INK, layout.font)
    for column in range(layout.n_columns):
        _draw_heads(pen, layout, column)
    for place, row in enumerate(rows):
        column, line = divmod(place, layout.n_lines)
        y = layout.top + line * layout.step_y
        at = (layout.left(column), y + (layout.step_y - GAP) // 2)
        pen.text(at, _shorten(row.name, layout.font), INK, layout.font, anchor="lm")
        for half, images in enumerate((row.originals, row.augmented)):
            for i, image in enumerate(images):
                x = layout.half(column, half) + i * layout.step_x
                canvas.paste(_enlarge(image), (x, y))
    file = io.BytesIO()
    canvas.save(file, "PNG", optimize=True)
    return file.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """The places of all parts of the picture, in pixels."""

    n_columns: int
    n_lines: int
    step_x: int  # from one image to the next
    step_y: int
    name_width: int
    half_width: int
    title_width: int
    font: Font

    @property
    def top(self) -> int:
        return MARGIN + HEAD

    @property
    def size(self) -> tuple[int, int]:
        grid_width = self.left(self.n_columns) - COLUMN_GAP - MARGIN
        width = max(grid_width, self.title_width) + 2 * MARGIN
        return width, self.top + self.n_lines * self.step_y - GAP + MARGIN

    def left(self, column: int) -> int:
        """The left edge of a column of classes, where the names begin."""
        width = self.name_width + 3 * MARGIN + 2 * self.half_width
        return MARGIN + column * (width + COLUMN_GAP)

    def half(self, column: int, half: int) -> int:
        """The left edge of the originals (0) or of the augmented images (1) of a column."""
        first = self.left(column) + self.name_width + MARGIN
        return first + half * (self.half_width + 2 * MARGIN)


def _layout(rows: Sequence[GridRow], title: tuple[str, str]) -> _Layout:
    font = ImageFont.load_default(FONT_SIZE)
    height, width = rows[0].originals.shape[1:3]
    scale = scale_of(height)
    columns = n_columns(len(rows), height)
    step_x = width * scale + GAP
    n_images = max(len(row.originals) for row in rows)
    return _Layout(
        n_columns=columns,
        n_lines=math.ceil(len(rows) / columns),
        step_x=step_x,
        step_y=height * scale + GAP,
        name_width=_width([_shorten(row.name, font) for row in rows], font),
        half_width=max(n_images * step_x - GAP, _width(HALVES, font)),
        title_width=_width(title, font),
        font=font,
    )


def _width(texts: Sequence[str], font: Font) -> int:
    """The width of the longest text."""
    return math.ceil(max(font.getlength(text) for text in texts))


def _draw_heads(pen: ImageDraw.ImageDraw, layout: _Layout, column: int) -> None:
    """Draw the titles of both halves, and the line between them."""
    for half, text in enumerate(HALVES):
        at = (layout.half(column, half), layout.top - 8)
        pen.text(at, text, INK, layout.font, anchor="ls")
    x = layout.half(column, 1) - MARGIN
    pen.line([(x, layout.top - LINE_HEIGHT), (x, layout.size[1] - MARGIN)], LINE, 2)


def _enlarge(image: NDArray[np.uint8]) -> Image.Image:
    """One enlarged image, in which every pixel is a square; one channel gives a grey image."""
    scale = scale_of(image.shape[0])
    pixels = image.repeat(scale, axis=0).repeat(scale, axis=1)
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def _shorten(name: str, font: Font) -> str:
    """`name`, cut and ended with dots if it is wider than MAX_NAME."""
    if font.getlength(name) <= MAX_NAME:
        return name
    kept = len(name)
    while kept and font.getlength(name[:kept] + "...") > MAX_NAME:
        kept -= 1
    return name[:kept] + "..."
