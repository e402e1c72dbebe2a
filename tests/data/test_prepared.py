"""Prepared data are split and measured once, and shared by a reference to the cache."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from autocnn.data.catalog import load_train
from autocnn.data.prepared import (
    keep_used,
    open_reference,
    prepare,
    prepare_images,
    refer_to,
)
from autocnn.data.split import fingerprint
from autocnn.data.value_range import EIGHT_BITS, ValueRange
from autocnn.errors import RecordError, SettingsError, UnknownDatasetError


@pytest.fixture
def small(make_images):
    """Twenty images of two classes: 18 train, 2 validate."""
    return prepare_images("small", ("even", "odd"), make_images(range(20), [0, 1] * 10), 5)


def test_normalisation_is_measured_on_training_images_only(make_images):
    """The single 200 validates; 0, 0, 6, 6, 6 train: mean 3.6, variance 43.2 / 5 = 8.64."""
    images = make_images([0, 0, 6, 6, 6, 200], [0] * 6)
    data = prepare_images("x", ("a",), images)
    assert data.split.validation.tolist() == [5]
    assert data.mean == pytest.approx((3.6,))
    assert data.std == pytest.approx((8.64**0.5,))


def test_digits_are_prepared_from_their_training_images():
    """1437 images become 1292 and 145; the fingerprint is that of all of them."""
    data = prepare("digits")
    assert (data.train.n, data.validation.n) == (1292, 145)
    assert (data.image_shape, data.n_classes) == ((8, 8, 1), 10)
    assert data.fingerprint == fingerprint(load_train("digits"))
    assert data.mean == pytest.approx((data.train.copy().images.mean(),))
    assert data.std == pytest.approx((data.train.copy().images.std(),))


def test_the_split_seed_changes_the_split_and_not_the_data():
    """Two seeds give two splits of data with one fingerprint."""
    one, two = prepare("digits", split_seed=1), prepare("digits", split_seed=2)
    assert one.split.validation.tolist() != two.split.validation.tolist()
    assert (one.split.seed, one.fingerprint) == (1, two.fingerprint)


def test_an_unknown_name_is_refused():
    """Nothing is read for a name that the catalog lacks."""
    with pytest.raises(UnknownDatasetError, match="no data set named 'x'"):
        prepare("x")


def test_the_refit_gets_both_sides(small):
    """Training images come first, then validation images, with their labels."""
    both = small.train_and_validation().copy()
    assert both.n == 20
    assert both.images[18:].tolist() == small.validation.copy().images.tolist()
    assert (both.images[:, 0, 0, 0] % 2 == both.labels).all()


def test_all_parts_are_indices_into_one_array():
    """No part of the data has pixels of its own: all map the file of the cache."""
    data = prepare("digits")
    assert isinstance(data.images.images, np.memmap)
    parts = (data.train, data.validation, data.train_and_validation())
    assert all(part.source is data.images for part in parts)
    assert data.images.images[data.split.validation].tolist() == (
        data.validation.copy().images.tolist()
    )


def test_a_subset_is_normalised_by_its_own_statistics(make_images):
    """One image of each class trains: mean (a + b) / 2, deviation |a - b| / 2."""
    images = make_images(range(0, 200, 10), [0, 1] * 10)
    whole, subset = (prepare_images("x", ("a", "b"), images, subset=n) for n in (None, 2))
    low, high = sorted(subset.train.copy().images[:, 0, 0, 0].tolist())
    assert subset.mean == pytest.approx(((low + high) / 2,))
    assert subset.std == pytest.approx(((high - low) / 2,))
    assert subset.mean != whole.mean
    assert subset.fingerprint == whole.fingerprint
    assert subset.split.validation.tolist() == whole.split.validation.tolist()


def test_a_subset_has_all_classes_alike(data):
    """Half of 54 training images in two classes: always the same 13 or 14 of each."""
    halves = [prepare_images("x", ("a", "b"), data.images, subset=27) for _ in range(2)]
    assert sorted(np.bincount(halves[0].train.labels)) in ([13, 14], [14, 14])
    assert set(halves[0].split.train) < set(data.split.train)
    assert halves[0].split.train.tolist() == halves[1].split.train.tolist()


def test_a_subset_is_less_than_all(data):
    """A subset of all training images is refused."""
    with pytest.raises(SettingsError, match=r"--subset must be below 54 \(all training images\)"):
        prepare_images("x", ("a", "b"), data.images, subset=54)


def test_a_reference_opens_the_same_data():
    """Every field survives the way to another process, in less than a byte an image."""
    data = prepare("digits", split_seed=5)
    sent = pickle.dumps(refer_to(data))
    opened = open_reference(pickle.loads(sent))
    for field in ("name", "class_names", "mean", "std", "fingerprint"):
        assert getattr(opened, field) == getattr(data, field)
    assert (opened.split.seed, opened.split.fraction) == (5, 0.1)
    assert opened.split.train.tolist() == data.split.train.tolist()
    assert opened.split.validation.tolist() == data.split.validation.tolist()
    assert fingerprint(opened.images) == data.fingerprint
    assert isinstance(opened.images.images, np.memmap)
    assert len(sent) < data.images.n + 1000


def test_the_range_of_deep_images_goes_along(tmp_path):
    """The data and the reference to them have the range of the stored values."""
    values = np.arange(40 * 16, dtype=np.uint16).reshape(40, 4, 4) * 6  # up to 3,834: 12 bits
    np.savez(tmp_path / "deep.npz", x_train=values, y_train=np.arange(40) % 2)
    data = prepare(str(tmp_path / "deep.npz"))
    assert data.value_range == ValueRange("integers", 4095)
    assert open_reference(refer_to(data)).value_range == data.value_range
    assert prepare("digits").value_range == EIGHT_BITS


def test_images_in_memory_are_sent_whole(small):
    """Images without a file are sent with the reference."""
    opened = open_reference(pickle.loads(pickle.dumps(refer_to(small))))
    assert fingerprint(opened.images) == small.fingerprint


@pytest.mark.parametrize("content", [None, b"", b"no array", b"\x93NUMPY\x01\x00"])
def test_images_that_are_gone_are_one_clear_error(content, tmp_path):
    """The error names the file and a remedy."""
    reference = replace(refer_to(prepare("digits")), pixels=tmp_path / "x.npy")
    if content is not None:
        (tmp_path / "x.npy").write_bytes(content)
    with pytest.raises(RecordError, match=r"cannot read the cached images .* run the same"):
        open_reference(reference)


def test_only_the_images_in_use_are_kept_for_a_small_memory(make_images):
    """Four of 20 images train and two validate: six are copied, and the parts stay the same."""
    images = make_images(range(20), [0, 1] * 10)
    whole, data = (prepare_images("x", ("a", "b"), images, subset=n) for n in (None, 4))
    kept = keep_used(data)
    assert kept.images.n == 6
    assert kept.train.copy().images.tolist() == data.train.copy().images.tolist()
    assert kept.validation.copy().labels.tolist() == data.validation.labels.tolist()
    assert keep_used(whole) is whole


@pytest.mark.parametrize("folds", [1, 2, 5])
def test_folds_survive_the_way_to_another_process(folds, make_images):
    """The index sets of all folds are the same there."""
    images = make_images(range(20), [0, 1] * 10)
    data = prepare_images("x", ("a", "b"), images, folds=folds)
    opened = open_reference(pickle.loads(pickle.dumps(refer_to(data))))
    assert data.split.n_folds == opened.split.n_folds == folds
    for ours, theirs in zip(opened.folds(folds), data.folds(folds), strict=True):
        assert [part.tolist() for part in ours] == [part.tolist() for part in theirs]
    if folds > 1:
        assert sorted(opened.held_out(folds).indices) == list(range(20))
    assert opened.held_out(1).indices.tolist() == data.split.validation.tolist()


def test_few_images_get_folds_only_if_the_caller_leaves_the_number_open(make_images):
    """By default there is one hold-out of a tenth."""
    images = make_images(range(40), [0, 1] * 20)
    held_out = [prepare_images("x", ("a", "b"), images, folds=n).validation.n for n in (1, None)]
    assert held_out == [4, 8]
    assert prepare_images("x", ("a", "b"), images).split.n_folds == 1


def test_a_subset_has_one_hold_out(make_images):
    """Folds are refused if they are asked for."""
    images = make_images(range(40), [0, 1] * 20)
    data = prepare_images("x", ("a", "b"), images, subset=10, folds=None)
    assert (data.split.n_folds, data.validation.n) == (1, 4)
    with pytest.raises(SettingsError, match="--folds 5 with --subset 10: a subset is scored by"):
        prepare_images("x", ("a", "b"), images, subset=10, folds=5)


def test_the_reason_for_fewer_folds_is_known(make_images):
    """Class b has three images."""
    data = prepare_images("x", ("a", "b"), make_images(range(10), [0] * 7 + [1] * 3), folds=None)
    assert (data.split.n_folds, data.fold_note) == (
        3,
        "class 'b' has only 3 different images",
    )
