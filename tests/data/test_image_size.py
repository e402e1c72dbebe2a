"""The size that all images of a data set get, and the line on it."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.data.image_size import choose_size, describe_resizing

MORE = "--image-size gives another size"


@pytest.mark.parametrize(
    "size", [(1, 1), (4, 4), (96, 96), (64, 140), (64, 144), (1, 1000), (9216, 1)]
)
def test_one_size_of_at_most_9216_pixels_is_kept(size):
    """Whatever its shape: 64 x 144 is 9,216."""
    assert choose_size(np.array([size] * 3)) == size
    assert describe_resizing(np.array([size] * 3), size) is None


@pytest.mark.parametrize(
    ("size", "chosen"),
    [
        ((200, 200), (96, 96)),
        ((97, 97), (96, 96)),
        ((240, 320), (83, 111)),  # 9216 * 3 / 4 is 6912, the root 83.1; 83 * 4 / 3 is 110.7
        ((120, 90), (111, 83)),
        ((64, 300), (44, 206)),  # 9216 * 64 / 300 is 1966.08, the root 44.3; 44 * 300 / 64 is 206.3
        ((256, 200), (108, 84)),  # 9216 * 200 / 256 is 7200, the root 84.9; 84 * 1.28 is 107.5
        ((65, 142), (64, 140)),  # 9216 * 65 / 142 is 4218.6, the root 64.95; 64 * 142 / 65 is 139.8
        ((3, 7000), (1, 2333)),  # 9216 * 3 / 7000 is 3.9, the root 1.98; 7000 / 3 is 2333.3
        ((1, 20_000), (1, 9216)),  # no side is below 1
        ((20_000, 1), (9216, 1)),
        ((6000, 8000), (83, 111)),
    ],
)
def test_larger_images_of_one_size_keep_their_shape(size, chosen):
    """The shorter side is the largest whole one that 9,216 pixels allow."""
    assert choose_size(np.array([size] * 3)) == chosen


def test_any_one_size_keeps_its_shape_within_9216_pixels():
    """A hundredth of an image is cut, at most; no image grows."""
    rng = np.random.default_rng(0)
    for height, width in (2 ** rng.uniform(0, 12, (2000, 2))).astype(int).tolist():
        found = choose_size(np.array([(height, width)]))
        assert 1 <= found[0] <= height
        assert 1 <= found[1] <= width
        assert found[0] * found[1] <= 9216
        across, down = found[0] * width, found[1] * height
        assert min(across, down) >= 0.99 * max(across, down)


@pytest.mark.parametrize(
    ("sizes", "chosen"),
    [
        ([(120, 160), (240, 320)], (83, 111)),  # the shorter sides 120 and 240
        ([(30, 40), (60, 80), (90, 120)], (60, 80)),  # the middle one of 30, 60 and 90
        ([(30, 40), (60, 80)], (30, 40)),  # the lower one
        ([(40, 30), (80, 60), (80, 60)], (80, 60)),
        ([(50, 100), (50, 102), (50, 104)], (50, 102)),  # the median shape; 102 / 104 is 0.98
        ([(60, 90)] * 19 + [(60, 60)], (60, 90)),  # 95 % have one shape
        ([(60, 90)] * 18 + [(60, 60)] * 2, (60, 60)),  # 90 %
        ([(60, 60)] * 18 + [(60, 90)] * 2, (60, 60)),
        ([(95, 100), (100, 100), (100, 95)], (95, 95)),  # 95 of 100 is kept: one shape
        ([(94, 100), (100, 100), (100, 100)], (96, 96)),  # 94 is not: a square of 100, at most 96
    ],
)
def test_images_of_about_one_shape_keep_it(sizes, chosen):
    """Of 95 % of the images 95 % are kept in the shape of the median one; its side is a median."""
    assert choose_size(np.array(sizes)) == chosen


@pytest.mark.parametrize(
    ("sizes", "chosen"),
    [
        ([(20, 30), (30, 20)], (20, 20)),
        ([(90, 120), (120, 90)], (90, 90)),  # mixed orientations
        ([(10, 90), (40, 20), (70, 60)], (20, 20)),  # shorter sides 10, 20, 60
        ([(10, 90), (40, 20), (70, 60), (80, 80)], (20, 20)),  # the lower of 20 and 60
        ([(400, 300), (500, 600)], (96, 96)),
        ([(1, 1000), (1000, 1)], (1, 1)),
        ([(90, 90)] * 9 + [(1, 1000)], (90, 90)),
    ],
)
def test_images_of_several_shapes_become_squares(sizes, chosen):
    """The side is the median of the shorter sides, at most 96."""
    assert choose_size(np.array(sizes)) == chosen


def test_the_order_of_the_images_has_no_part_in_it():
    """Nor in the line."""
    sizes = np.array([(40, 20), (10, 50), (50, 10), (70, 60), (60, 70), (33, 33)])
    orders = [np.random.default_rng(seed).permutation(sizes) for seed in range(20)]
    assert {choose_size(each) for each in orders} == {(20, 20)}
    assert len({describe_resizing(each, (20, 20)) for each in orders}) == 1


@pytest.mark.parametrize(
    ("resize", "line"),
    [
        (
            "crop",
            "are scaled and cropped to 90x90: 25 % of the pixels of the median image are cut; "
            f"--resize pad keeps all of an image, {MORE}",
        ),
        (
            "pad",
            "are scaled to fit 90x90 and padded with black: 25 % of the pixels of the median image "
            f"are padding; {MORE}",
        ),
        (
            "stretch",
            "are stretched to 90x90: one side of the median image becomes 25 % too short for its "
            f"shape; {MORE}",
        ),
    ],
)
def test_a_line_says_what_becomes_of_the_median_image(resize, line):
    """Of 90 x 120 a square of 90 is 75 %."""
    sizes = np.array([(90, 120), (120, 90)])
    assert describe_resizing(sizes, (90, 90), resize) == f"images from 90x120 to 120x90 {line}"


def test_the_worst_image_is_named():
    """Of 1 x 1000 one pixel is in the square."""
    sizes = np.array([(90, 90)] * 9 + [(1, 1000)])
    assert describe_resizing(sizes, (90, 90)) == (
        "images from 1x1000 to 90x90 are scaled and cropped to 90x90: 0 % of the pixels of the "
        "median image are cut, at most 99.9 % (of 1x1000); --resize pad keeps all of an image, "
        f"{MORE}"
    )
    worse = describe_resizing(np.array([(1, 1000), (1, 5000)]), (1, 1))
    assert "1x1: over 99.9 % of the pixels of the median image are cut; --resize" in worse


@pytest.mark.parametrize(
    ("sizes", "chosen", "resize", "line"),
    [
        ([(200, 200)], (96, 96), "crop", "images of 200x200 are scaled to 96x96"),
        (
            [(240, 320)],  # 83 * 320 is 26,560, and 111 * 240 is 26,640: 99.7 %
            (83, 111),
            "crop",
            "images of 240x320 are scaled to 83x111 (less than 1 % of an image is cut)",
        ),
        ([(240, 320)], (83, 111), "pad", "images of 240x320 are scaled to 83x111"),
        ([(240, 320)], (83, 111), "stretch", "images of 240x320 are scaled to 83x111"),
        (
            [(30, 40), (60, 80), (90, 120)],
            (60, 80),
            "crop",
            "images from 30x40 to 90x120 are scaled to 60x80",
        ),
    ],
)
def test_a_kept_shape_is_said_to_be_scaled_only(sizes, chosen, resize, line):
    """A cut below 1 % comes from whole pixels."""
    assert describe_resizing(np.array(sizes), chosen, resize) == f"{line}; {MORE}"
