"""Random changes of images: the draws, and their effect on pixels."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from autocnn.nn.augmentation import (
    apply,
    augment,
    draw,
    draw_epoch,
    draws_type,
    is_active,
    n_draws,
)
from autocnn.space.config import Augmentation

# One image of 3x3 with one channel; rows are 1 2 3, 4 5 6, 7 8 9.
IMAGE = np.arange(1, 10, dtype=np.uint8).reshape(1, 3, 3, 1)


@pytest.mark.parametrize(
    ("augmentation", "active"),
    [
        (Augmentation(), False),
        (Augmentation(flip=True), True),
        (Augmentation(shift=1), True),
        (Augmentation(flip=True, shift=2), True),
        (Augmentation(shift_padding="reflect"), False),
        (Augmentation(alternating_flip=True), True),
        (Augmentation(rotation=1.0), True),
        (Augmentation(zoom=0.1), True),
        (Augmentation(shear=1.0), True),
        (Augmentation(cutout=1), True),
        (Augmentation(mixup=0.1), True),
    ],
)
def test_what_changes_nothing_is_no_augmentation(augmentation, active):
    """The training loops skip an augmentation that changes nothing."""
    assert is_active(augmentation) is active


@pytest.mark.parametrize("shift", [0, 1, 3])
@pytest.mark.parametrize("flip", [False, True])
def test_draws_fill_their_bounds_and_stay_within(shift, flip):
    """Shifts are from -shift to shift; a flip is 0 or 1, and 0 if it is switched off."""
    draws = draw(Augmentation(flip=flip, shift=shift), 500, np.random.default_rng(0))
    assert (draws.shape, draws.dtype) == ((500, 3), np.int32)
    shifts = set(range(-shift, shift + 1))
    assert [set(column) for column in draws.T.tolist()] == [shifts, shifts, {0, 1} if flip else {0}]


@pytest.mark.parametrize(
    ("augmentation", "draws"),
    [
        (Augmentation(flip=True, shift=2), [[2, 1, 0], [0, -1, 1], [-1, -2, 1], [-2, -2, 1]]),
        (Augmentation(flip=True), [[0, 0, 1], [0, 0, 1], [0, 0, 1], [0, 0, 0]]),
        (Augmentation(shift=3), [[2, 1, 0], [0, -2, 0], [-1, -3, 0], [-3, -3, 0]]),
    ],
)
def test_draws_are_those_of_earlier_studies(augmentation, draws):
    """Recorded trials can be trained again: these numbers must never change."""
    assert draw(augmentation, 4, np.random.default_rng(0)).tolist() == draws


def test_the_draws_of_an_epoch_are_those_of_earlier_studies():
    """They follow from trial seed and epoch number, and have the shape of the batches."""
    indices = np.arange(6, dtype=np.int32).reshape(3, 2)
    draws = draw_epoch(Augmentation(flip=True, shift=2), indices, 7, 3, 6)
    assert draws.tolist() == [
        [[0, -2, 0], [-2, -1, 0]],
        [[-1, -1, 0], [2, 1, 1]],
        [[0, 0, 1], [0, 2, 0]],
    ]
    assert draws.dtype == np.int32


EVERYTHING = Augmentation(
    rotation=15.0, zoom=0.2, shear=10.0, flip=True, shift=2, cutout=3, mixup=0.5
)


@pytest.mark.parametrize(
    ("augmentation", "n", "kind"),
    [
        (Augmentation(shift=2, shift_padding="edge"), 3, "int32"),
        (Augmentation(alternating_flip=True), 3, "int32"),
        (Augmentation(zoom=0.1), 7, "float32"),
        (Augmentation(cutout=1), 5, "float32"),
        (Augmentation(mixup=0.1), 4, "float32"),
        (EVERYTHING, 10, "float32"),
    ],
)
def test_only_columns_in_use_are_drawn(augmentation, n, kind):
    """Shift and flip are always drawn, then a matrix, the place of a cutout, and a share."""
    draws = draw(augmentation, 5, np.random.default_rng(0))
    assert (draws.shape, draws.dtype) == ((5, n), kind)
    assert (n_draws(augmentation), draws_type(augmentation)) == (n, kind)


def test_shifts_and_flips_do_not_depend_on_later_draws():
    """Shifts and flips are drawn first."""
    alone = draw(Augmentation(flip=True, shift=2), 9, np.random.default_rng(3))
    assert np.array_equal(draw(EVERYTHING, 9, np.random.default_rng(3))[:, :3], alone)


def test_matrices_cutouts_and_shares_stay_within_their_bounds():
    """A matrix scales areas by 1 / zoom^2; places and shares are fractions."""
    draws = draw(EVERYTHING, 2000, np.random.default_rng(0))
    a, b, c, d = draws[:, 3:7].T
    factors = (a * d - b * c) ** -0.5
    assert 0.8 <= factors.min() < 0.81
    assert 1.19 < factors.max() <= 1.2
    assert 0 <= draws[:, 7:].min() < 0.01
    assert 0.99 < draws[:, 7:].max() <= 1


def flips_by_image(epoch, seed=7):
    """Which of ten images are flipped in this epoch, each epoch in an order of its own."""
    indices = np.random.default_rng(epoch).permutation(10).astype(np.int32).reshape(5, 2)
    draws = draw_epoch(Augmentation(alternating_flip=True), indices, seed, epoch, 10)
    return draws[..., 2].ravel()[np.argsort(indices.ravel())]


def test_an_alternating_flip_changes_every_epoch():
    """The first epoch flips at random; then each image alternates between both sides."""
    first, second, third = (flips_by_image(epoch) for epoch in (1, 2, 3))
    assert set(first.tolist()) == {0, 1}
    np.testing.assert_array_equal(second, 1 - first)
    np.testing.assert_array_equal(third, first)
    assert not np.array_equal(flips_by_image(1, seed=8), first)


def test_without_a_history_an_alternating_flip_is_a_random_one():
    """Single images without an epoch are flipped as in the first epoch."""
    draws = draw(Augmentation(alternating_flip=True), 200, np.random.default_rng(0))
    assert set(draws[:, 2].tolist()) == {0, 1}


def test_draws_repeat_from_their_seed():
    """Draws depend on nothing but the generator."""
    settings = Augmentation(flip=True, shift=2)
    first, again, other = (draw(settings, 9, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("draws", "rows"),
    [
        ((0, 0, 0), [[1, 2, 3], [4, 5, 6], [7, 8, 9]]),
        ((1, 0, 0), [[4, 5, 6], [7, 8, 9], [0, 0, 0]]),
        ((0, -1, 0), [[0, 1, 2], [0, 4, 5], [0, 7, 8]]),
        ((1, -1, 0), [[0, 4, 5], [0, 7, 8], [0, 0, 0]]),
        ((0, 0, 1), [[3, 2, 1], [6, 5, 4], [9, 8, 7]]),
        ((-2, 0, 1), [[0, 0, 0], [0, 0, 0], [3, 2, 1]]),
        ((3, 0, 0), [[0, 0, 0], [0, 0, 0], [0, 0, 0]]),
    ],
)
def test_a_shift_moves_zeros_in_and_a_flip_mirrors(draws, rows):
    """Pixel (y, x) comes from (y + rows drawn, x + columns drawn)."""
    moved = np.asarray(apply(IMAGE, np.array([draws], np.int32)))
    np.testing.assert_array_equal(moved[0, :, :, 0], rows)
    assert moved.dtype == np.uint8


def test_each_image_has_its_own_draws():
    """The channels of an image move together; height and width may differ."""
    images = np.arange(1, 13, dtype=np.uint8).reshape(2, 1, 3, 2)  # pixels (1, 2), (3, 4), ...
    draws = np.array([[0, 1, 0], [0, 0, 1]], np.int32)
    moved = np.asarray(apply(images, draws))
    np.testing.assert_array_equal(moved[0, 0], [[3, 4], [5, 6], [0, 0]])
    np.testing.assert_array_equal(moved[1, 0], [[11, 12], [9, 10], [7, 8]])


@pytest.mark.parametrize(
    ("padding", "shift", "row"),
    [
        ("zero", 1, [2, 3, 4, 0]),
        ("edge", 1, [2, 3, 4, 4]),
        ("reflect", 1, [2, 3, 4, 3]),
        ("reflect", 2, [3, 4, 3, 2]),
        ("reflect", -3, [4, 3, 2, 1]),
        ("reflect", 5, [2, 1, 2, 3]),  # a shift larger than the width of the image
        ("edge", -9, [1, 1, 1, 1]),
    ],
)
def test_what_moves_in_is_zero_the_edge_or_the_mirror_image(padding, shift, row):
    """A row of 1 2 3 4; the mirror does not repeat its edge, as NumPy's "reflect"."""
    image = np.arange(1, 5, dtype=np.uint8).reshape(1, 1, 4, 1)
    draws = np.array([[0, shift, 0]], np.int32)
    moved = np.asarray(apply(image, draws, Augmentation(shift=9, shift_padding=padding)))
    np.testing.assert_array_equal(moved[0, 0, :, 0], row)
    assert moved.dtype == np.uint8


def turned(matrix, augmentation=Augmentation(rotation=90.0), image=IMAGE):  # noqa: B008  frozen
    """The image after an augmentation with this matrix only."""
    draws = np.array([[0, 0, 0, *np.ravel(matrix)]], np.float32)
    return np.asarray(apply(image, draws, augmentation))[0, :, :, 0]


@pytest.mark.parametrize(
    ("matrix", "rows"),
    [
        ([[1, 0], [0, 1]], [[1, 2, 3], [4, 5, 6], [7, 8, 9]]),
        ([[0, 1], [-1, 0]], [[3, 6, 9], [2, 5, 8], [1, 4, 7]]),  # counter-clockwise
        ([[0.5, 0], [0, 0.5]], [[3, 3.5, 4], [4.5, 5, 5.5], [6, 6.5, 7]]),  # twice as large
        ([[2, 0], [0, 2]], [[0, 0, 0], [0, 5, 0], [0, 0, 0]]),  # half as large
        ([[1, 0], [-1, 1]], [[2, 3, 0], [4, 5, 6], [0, 7, 8]]),  # rows slide, downwards right
    ],
)
def test_a_matrix_maps_target_pixels_to_source_pixels(matrix, rows):
    """Coordinates are relative to the centre; values between pixels are interpolated."""
    np.testing.assert_allclose(turned(matrix), rows, atol=1e-5)


def test_a_turned_image_is_filled_like_a_shifted_one():
    """At half size on its mirror image, the pixel at distance 2 equals the centre."""
    half = [[2, 0], [0, 2]]
    mirrored = turned(half, Augmentation(zoom=0.5, shift_padding="reflect"))
    np.testing.assert_allclose(mirrored, 5)
    edged = turned(half, Augmentation(zoom=0.5, shift_padding="edge"))
    np.testing.assert_allclose(edged, [[1, 2, 3], [4, 5, 6], [7, 8, 9]])


@pytest.mark.parametrize(
    ("augmentation", "matrix"),
    [
        (Augmentation(rotation=90.0), lambda u: _rotation(90 * u)),
        (Augmentation(zoom=0.5), lambda u: np.eye(2) / (1 + 0.5 * u)),
        (Augmentation(shear=45.0), lambda u: [[1, 0], [-np.tan(np.pi / 4 * u), 1]]),
    ],
)
def test_matrices_are_rotations_zooms_and_shears(augmentation, matrix):
    """Each of the three follows from a drawn number u from -1 to 1."""
    draws = draw(augmentation, 4, np.random.default_rng(5))[:, 3:]
    rng = np.random.default_rng(5)
    rng.integers(0, 1, (4, 2))
    rng.integers(0, 2, (4, 1))
    kind = ["rotation", "zoom", "shear"].index(next(k for k in KINDS if getattr(augmentation, k)))
    numbers = rng.uniform(-1, 1, (3, 4))[kind]
    for row, u in zip(draws, numbers, strict=True):
        np.testing.assert_allclose(row.reshape(2, 2), matrix(u), atol=1e-6)


KINDS = ("rotation", "zoom", "shear")


def _rotation(degrees):
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return [[cos, sin], [-sin, cos]]


@pytest.mark.parametrize(
    ("place", "rows"),
    [
        ((0.0, 0.0), [[5, 5, 3], [5, 5, 6], [7, 8, 9]]),
        ((0.0, 0.9), [[1, 5, 5], [4, 5, 5], [7, 8, 9]]),
        ((0.5, 0.49), [[1, 2, 3], [5, 5, 6], [5, 5, 9]]),
    ],
)
def test_a_cutout_is_a_square_within_the_image(place, rows):
    """A cutout of 2x2 pixels is at one of 2x2 places, in the mean colour: 5."""
    draws = np.array([[0, 0, 0, *place]], np.float32)
    cut = np.asarray(apply(IMAGE, draws, Augmentation(cutout=2)))
    np.testing.assert_allclose(cut[0, :, :, 0], rows)


def test_a_cutout_larger_than_the_image_covers_it():
    """Each channel is filled with its own mean."""
    image = np.array([[[[1, 10], [3, 30]]]], np.uint8)
    cut = apply(image, np.array([[0, 0, 0, 0.99, 0.99]], np.float32), Augmentation(cutout=9))
    np.testing.assert_allclose(np.asarray(cut), [[[[2, 20], [2, 20]]]])


def test_mixup_adds_the_image_before_and_its_label():
    """Three images of one pixel, with shares 1, 1/2 and 1/4; the first is mixed with the last."""
    images = np.array([100, 200, 40], np.uint8).reshape(3, 1, 1, 1)
    draws = np.array([[0, 0, 0, 1], [0, 0, 0, 0.5], [0, 0, 0, 0.25]], np.float32)
    labels = np.array([0, 1, 2], np.int32)
    mixed, targets = augment(Augmentation(mixup=0.2), images, labels, draws)
    np.testing.assert_allclose(np.ravel(mixed), [100, 150, 160])
    values = targets.weigh(lambda y: np.array([1.0, 10.0, 100.0])[np.asarray(y)])
    np.testing.assert_allclose(np.asarray(values), [1, 5 + 0.5, 25 + 7.5])


@pytest.mark.parametrize("augmentation", [Augmentation(), Augmentation(flip=True, cutout=1)])
def test_without_mixup_every_image_has_its_own_label(augmentation):
    """Labels are unchanged without mixup."""
    draws = draw(augmentation, 1, np.random.default_rng(0))
    images, targets = augment(augmentation, IMAGE, "labels", draws)
    assert targets.weigh(lambda y: y) == "labels"
    assert (images is IMAGE) == (augmentation == Augmentation())


ON_JAX = """
import sys
import numpy
from autocnn.nn.augmentation import augment, draw
from autocnn.space.config import Augmentation
saved = numpy.load(sys.argv[1])
for i, padding in enumerate(("zero", "edge", "reflect")):
    settings = Augmentation(rotation=15.0, zoom=0.2, shear=10.0, flip=True, shift=2,
        shift_padding=padding, cutout=3, mixup=0.5)
    images, targets = augment(settings, saved["images"], saved["labels"], saved["draws"])
    values = targets.weigh(lambda y: y * 1.0)
    numpy.savez(f"{sys.argv[1]}.{i}.npz", images=images, values=values)
"""


def test_every_backend_makes_equal_images(tmp_path):
    """TensorFlow here equals JAX in another process, with every padding."""
    pytest.importorskip("jax", reason="JAX is not installed (the extra jax)")
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (16, 9, 7, 3)).astype(np.uint8)
    labels, draws = np.arange(16, dtype=np.int32), draw(EVERYTHING, 16, rng)
    path = tmp_path / "batch.npz"
    np.savez(path, images=images, labels=labels, draws=draws)
    done = subprocess.run(
        [sys.executable, "-c", ON_JAX, path],
        env=os.environ | {"KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    for i, padding in enumerate(("zero", "edge", "reflect")):
        settings = replace(EVERYTHING, shift_padding=padding)
        ours, targets = augment(settings, images, labels, draws)
        theirs = np.load(f"{path}.{i}.npz")
        np.testing.assert_allclose(np.asarray(ours), theirs["images"], atol=0.01)
        values = targets.weigh(lambda y: np.asarray(y) * 1.0)
        np.testing.assert_allclose(np.asarray(values), theirs["values"], rtol=1e-6)
