"""Prepared data are split and measured once, and shared by way of a folder."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.data.catalog import load_train
from autocnn.data.prepared import open_prepared, prepare, prepare_images, save_prepared
from autocnn.data.split import fingerprint
from autocnn.errors import RecordError, UnknownDatasetError


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
    assert data.mean == pytest.approx((data.train.images.mean(),))
    assert data.std == pytest.approx((data.train.images.std(),))


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
    """Training images come first, then validation images, each with its label."""
    both = small.train_and_validation()
    assert both.n == 20
    assert both.images[18:].tolist() == small.validation.images.tolist()
    assert (both.images[:, 0, 0, 0] % 2 == both.labels).all()


def test_saved_data_open_as_they_were(small, tmp_path):
    """Every field survives the folder."""
    save_prepared(small, tmp_path / "new" / "folder")
    opened = open_prepared(tmp_path / "new" / "folder")
    for field in ("name", "class_names", "mean", "std", "fingerprint"):
        assert getattr(opened, field) == getattr(small, field)
    assert (opened.split.seed, opened.split.fraction) == (5, 0.1)
    assert opened.split.train.tolist() == small.split.train.tolist()
    assert opened.split.validation.tolist() == small.split.validation.tolist()
    assert fingerprint(opened.train) == fingerprint(small.train)
    assert fingerprint(opened.validation) == fingerprint(small.validation)


def test_opened_images_are_mapped_and_cannot_be_written(small, tmp_path):
    """Workers share the pages of the file and cannot change them."""
    save_prepared(small, tmp_path)
    opened = open_prepared(tmp_path)
    assert isinstance(opened.train.images, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        opened.train.images[0] = 0


def test_saving_again_replaces_the_data(small, make_images, tmp_path):
    """The folder holds what was saved last, and no file beside it."""
    save_prepared(small, tmp_path)
    save_prepared(prepare_images("other", ("a",), make_images(range(4), [0] * 4)), tmp_path)
    opened = open_prepared(tmp_path)
    assert (opened.name, opened.train.n, opened.validation.n) == ("other", 3, 1)
    assert not list(tmp_path.glob("*.part"))


def test_an_interrupted_save_is_no_prepared_data(small, tmp_path, monkeypatch):
    """The old meta.json is gone before the first array changes."""
    save_prepared(small, tmp_path)

    def fail(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(np, "save", fail)
    with pytest.raises(RecordError, match="disk full"):
        save_prepared(small, tmp_path)
    with pytest.raises(RecordError, match=r"meta\.json"):
        open_prepared(tmp_path)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("meta.json", b"{}"),
        ("meta.json", b"[1"),
        ("meta.json", b'{"format": 99}'),
        ("train_images.npy", b""),
        ("train_labels.npy", b"no array"),
    ],
)
def test_a_damaged_folder_is_one_clear_error(file, content, small, tmp_path):
    """Whatever is wrong in the folder, the error names it."""
    save_prepared(small, tmp_path)
    (tmp_path / file).write_bytes(content)
    with pytest.raises(RecordError, match="cannot read the prepared data") as caught:
        open_prepared(tmp_path)
    assert str(tmp_path) in str(caught.value)
