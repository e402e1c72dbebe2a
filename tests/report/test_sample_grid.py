"""The picture of sample images."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from autocnn.report.sample_grid import (
    GAP,
    LINE,
    MAX_HEIGHT,
    PAPER,
    GridRow,
    draw_grid,
    n_columns,
    scale_of,
)


def plain(value, n=1, side=28):
    """So many images of one colour that the edges of letters do not have."""
    return np.full((n, side, side, 3), colour(value), np.uint8)


def colour(value):
    """The colour of `plain(value)`."""
    return value, 250, 0


def pixels_of(png):
    """The picture as an array (height, width, 3)."""
    image = Image.open(io.BytesIO(png))
    assert (image.format, image.mode) == ("PNG", "RGB")
    return np.asarray(image)


def boxes(picture, wanted):
    """Left, top, width and height of the smallest box around all pixels of a colour."""
    ys, xs = np.nonzero((picture == np.array(wanted, np.uint8)).all(axis=2))
    return int(xs.min()), int(ys.min()), int(np.ptp(xs)) + 1, int(np.ptp(ys)) + 1


@pytest.mark.parametrize(
    ("height", "scale"), [(8, 7), (28, 2), (32, 2), (56, 1), (64, 1), (300, 1)]
)
def test_images_are_enlarged_by_a_whole_number(height, scale):
    """Images are enlarged to about 56 pixels; large ones keep their size."""
    assert scale_of(height) == scale


@pytest.mark.parametrize(
    ("n_classes", "height", "columns"), [(10, 8, 1), (20, 32, 1), (57, 32, 1), (58, 32, 2),
                                         (100, 32, 2), (100, 8, 2), (1000, 32, 18), (3, 5000, 3)]
)  # fmt: skip
def test_many_classes_are_in_several_columns(n_classes, height, columns):
    """57 rows of 64 + 4 pixels fit below the titles into 4000 pixels."""
    assert n_columns(n_classes, height) == columns


@pytest.mark.parametrize("n_classes", [2, 57, 58, 100, 171])
def test_no_picture_is_too_high(n_classes):
    """The height of the picture is limited for any number of classes."""
    row = GridRow(name="x", originals=plain(9, side=32), augmented=plain(9, side=32))
    height = len(pixels_of(draw_grid([row] * n_classes, ("", ""))))
    assert height <= MAX_HEIGHT


def test_every_pixel_becomes_a_square():
    """The pixels of a 2x2 image at scale 28 are four squares without blending."""
    image = np.array([[[10, 200, 3], [60, 5, 7]], [[1, 2, 250], [90, 91, 92]]], np.uint8)
    row = GridRow(name="x", originals=image[None], augmented=image[None, ::-1] // 2)
    picture = pixels_of(draw_grid([row], ("", "")))
    left, top, width, height = boxes(picture, (10, 200, 3))
    assert (width, height) == (28, 28)
    assert boxes(picture, (60, 5, 7)) == (left + 28, top, 28, 28)
    assert boxes(picture, (1, 2, 250)) == (left, top + 28, 28, 28)
    assert boxes(picture, (90, 91, 92)) == (left + 28, top + 28, 28, 28)
    assert boxes(picture, (45, 45, 46))[1] == top  # the augmented image was turned upside down


def test_grey_images_are_grey():
    """The one channel of a grey image is shown in all three channels."""
    image = np.arange(4, dtype=np.uint8).reshape(1, 2, 2, 1) * 80
    picture = pixels_of(draw_grid([GridRow(name="", originals=image, augmented=image)], ("", "")))
    y, x = np.argwhere((picture == 80).all(axis=2)).min(axis=0)
    assert picture[y, x - 28 : x + 28 : 28].tolist() == [3 * [0], 3 * [80]]
    assert picture[y + 28, x - 28 : x + 28 : 28].tolist() == [3 * [160], 3 * [240]]


def test_a_row_a_class_and_the_halves_side_by_side():
    """Every augmented image has the same distance to the right of its original."""
    rows = [
        GridRow(
            name=str(c),
            originals=np.concatenate([plain(40 + 10 * c + i) for i in range(3)]),
            augmented=np.concatenate([plain(140 + 10 * c + i) for i in range(3)]),
        )
        for c in range(2)
    ]
    picture = pixels_of(draw_grid(rows, ("", "")))
    step = 56 + GAP
    found = {v: boxes(picture, colour(v)) for v in (40, 41, 42, 50, 51, 52)}
    moved = {v: boxes(picture, colour(v)) for v in (140, 141, 142, 150, 151, 152)}
    left, top, *size = found[40]
    assert size == [56, 56]
    for c in range(2):
        for i in range(3):
            place = (left + i * step, top + c * step, 56, 56)
            assert found[40 + 10 * c + i] == place
            distance = moved[140 + 10 * c + i][0] - place[0]
            assert distance == moved[140][0] - left > 3 * step
            assert moved[140 + 10 * c + i][1:] == place[1:]


def test_a_line_and_titles_part_the_halves():
    """The line between the halves runs from the titles to the lower end."""
    row = GridRow(name="x", originals=plain(40, 2), augmented=plain(140, 2))
    picture = pixels_of(draw_grid([row], ("title", "more")))
    left_end = boxes(picture, colour(40))[0] + 2 * 56 + GAP
    right_start, top, *_ = boxes(picture, colour(140))
    line_x, line_y, line_width, line_height = boxes(picture, LINE)
    assert left_end < line_x < line_x + line_width < right_start
    assert line_y < top
    assert line_y + line_height >= top + 56
    above = (picture[: top - 2] != np.array(PAPER)).any(
        axis=(0, 2)
    )  # columns with any mark above the images
    assert above[left_end - 110 : left_end].any()
    assert above[right_start : right_start + 110].any()


def test_names_are_written_at_the_left():
    """A name is at the left of its images; a long one is cut and moves no image."""
    rows = [
        GridRow(name="", originals=plain(40), augmented=plain(140)),
        GridRow(name="w" * 500, originals=plain(41), augmented=plain(141)),
    ]
    picture = pixels_of(draw_grid(rows, ("", "")))
    left, top, *_ = boxes(picture, colour(40))
    beside = (picture[top:, :left] != np.array(PAPER)).any(axis=(1, 2))
    assert not beside[:56].any()
    assert beside[56 + GAP : 56 + GAP + 56].any()
    assert left < 250


def test_a_class_with_fewer_images_has_gaps():
    """A shorter row leaves gaps, and the other images keep their positions."""
    rows = [
        GridRow(name="a", originals=plain(40, 1), augmented=plain(140, 1)),
        GridRow(name="b", originals=plain(41, 3), augmented=plain(141, 3)),
    ]
    picture = pixels_of(draw_grid(rows, ("", "")))
    assert boxes(picture, colour(40))[2] == 56
    assert boxes(picture, colour(140))[0] == boxes(picture, colour(141))[0]


def test_the_same_rows_give_the_same_bytes():
    """The file depends on the rows only, not on time or chance."""
    row = GridRow(name="x", originals=plain(40), augmented=plain(140))
    assert draw_grid([row], ("a", "b")) == draw_grid([row], ("a", "b"))
