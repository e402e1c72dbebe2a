"""Near-copies across the parts of a data set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from near_copy_images import brighten, move, pictures, save_again
from PIL import Image

from autocnn.data import near_copies
from autocnn.data.dataset import Images
from autocnn.data.near_copies import (
    NearCopies,
    Pool,
    describe_near_copies,
    describe_search,
    find_near_copies,
)
from autocnn.data.part_names import TEST, TRAIN, VALIDATION
from autocnn.data.resizing import inner_sizes, resize_image
from autocnn.data.split import image_hashes


def pool_of(train, validation, test):
    """The images of three parts; training and validation images are one array."""
    first = np.concatenate([train, validation])
    images = np.concatenate([first, test])
    parts = np.repeat([TRAIN, VALIDATION, TEST], [len(train), len(validation), len(test)])
    hashes = image_hashes(Images(images=images, labels=np.zeros(len(images), np.int64)))
    return Pool(images=(first, test), parts=parts.astype(np.int8), hashes=hashes)


def search(pool):
    """The near-copies of `pool`."""
    return find_near_copies(pool, lambda done, n: None)


@pytest.mark.parametrize(
    "change",
    [
        save_again,
        lambda x: brighten(x, 1.05, 6),
        *(lambda x, m=m: move(x, *m) for m in [(0, 1), (1, 0), (-1, 0), (1, -1), (-1, -1)]),
        lambda x: save_again(move(x, 0, -1)),
    ],
)
@pytest.mark.parametrize(("side", "channels", "n"), [(28, 1, 10), (32, 3, 9), (80, 1, 9)])
def test_changed_pictures_are_found(change, side, channels, n):
    """Ten of twenty test images are training images, changed a little; the hash misses one."""
    train, others = pictures(60, side, channels), pictures(10, side, channels, seed=1)
    found = search(pool_of(train, others[:0], np.concatenate([change(train[20:30]), others])))
    assert n <= found.counts[TEST, TRAIN] <= 10
    assert found.example == (60, 20)
    assert found.sizes == {TRAIN: 60, VALIDATION: 0, TEST: 20}


def test_equal_and_different_images_are_no_near_copies():
    """Exact copies are counted elsewhere."""
    images = pictures(90)
    found = search(pool_of(images[:60], images[60:75], np.concatenate([images[:5], images[75:]])))
    assert (found.counts, found.example, found.n_compared) == ({}, None, 95)


def test_all_pairs_of_parts_are_compared():
    """Validation has two brighter training images, test one of train and three of validation."""
    images = pictures(40)
    bright = brighten(images, 1.0, 5)
    validation = np.concatenate([images[30:], bright[:2]])
    test = np.concatenate([bright[5:6], bright[30:33]])
    found = search(pool_of(images[:30], validation, test))
    assert found.counts == {(VALIDATION, TRAIN): 2, (TEST, TRAIN): 1, (TEST, VALIDATION): 3}


def padded_pool(pool, sizes, side):
    """The pool of these images, each of one size, padded to squares."""
    images = [
        np.stack([np.asarray(resize_image(Image.fromarray(x), (side, side), "pad")) for x in array])
        for array in pool.images
    ]
    return replace(pool, images=images, inner=inner_sizes(np.array(sizes), (side, side)))


def test_equal_padding_makes_no_near_copies():
    """Strips of little contrast, a quarter of the square: with their padding they seemed alike."""
    strips = 120 + pictures(60, 64, 3)[:, 24:40] // 16
    pool = padded_pool(pool_of(strips[:40], strips[:0], strips[40:]), [(16, 64)] * 60, 64)
    assert search(pool).counts == {}
    assert search(replace(pool, inner=None)).counts != {}


def test_padded_near_copies_are_found():
    """Five of ten test images are training images, a little brighter."""
    strips = pictures(45, 64, 3)[:, 16:48]
    test = np.concatenate([brighten(strips[:5], 1.0, 5), strips[40:]])
    pool = padded_pool(pool_of(strips[:40], strips[:0], test), [(32, 64)] * 50, 64)
    assert search(pool).counts == {(TEST, TRAIN): 5}


def test_small_images_are_not_compared():
    """Below 16 pixels a side, two things may look alike; digits have 8."""
    found = search(pool_of(*(pictures(9, 15)[i : i + 3] for i in (0, 3, 6))))
    assert (found.n_compared, found.counts) == (0, {})
    assert describe_search(found) == (
        "not looked for, because a side of the images is below 16 pixels"
    )
    assert describe_near_copies(found, ()) == []


def test_of_many_images_a_sample_is_compared(monkeypatch):
    """At most 30 in all, of which 5 validate and 5 test; the sample is always the same."""
    monkeypatch.setattr(near_copies, "MAX_IMAGES", 30)
    monkeypatch.setattr(near_copies, "MAX_OF_PART", 5)
    images = pictures(60)
    pool = pool_of(images[:40], images[40:43], images[43:])
    first, second = search(pool), search(pool)
    assert first == second
    assert first.sizes == {TRAIN: 22, VALIDATION: 3, TEST: 5}
    assert (first.n_compared, first.n_images) == (30, 60)
    assert describe_search(first) == "none found; 30 of 60 images compared"


def test_the_progress_has_two_steps_for_each_move():
    """Nine moves of validation and of test images."""
    images, seen = pictures(30), []
    find_near_copies(
        pool_of(images[:20], images[20:25], images[25:]), lambda *step: seen.append(step)
    )
    assert seen == [(done, 18) for done in range(18)]


def test_lines_name_the_parts_the_example_and_the_effect():
    """Ten of 200 test images are 5 points; only the first line has the example."""
    found = NearCopies(
        n_compared=600,
        n_images=1000,
        counts={(VALIDATION, TRAIN): 1, (TEST, TRAIN): 10},
        example=(3, 4),
        sizes={TRAIN: 300, VALIDATION: 100, TEST: 200},
    )
    assert describe_search(found) == "found, see the notes; 600 of 1,000 images compared"
    assert describe_near_copies(found, ("a.jpg", "b.jpg")) == [
        "at least 1 validation image is a near-copy of training images in a sample of 600, such as "
        "a.jpg and b.jpg: the validation score is too high by up to 1.00 points",
        "at least 10 test images are near-copies of training images in a sample of 600: the test "
        "score is too high by up to 5.00 points",
    ]
