"""The test images are constant, and only a few modules may load them (docs/design.md)."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import autocnn
from autocnn.data.catalog import load_train
from autocnn.data.split import fingerprint, image_hashes
from autocnn.data.test_split import load_test
from autocnn.errors import UnknownDatasetError

PACKAGE = Path(autocnn.__file__).parent


def test_digits_are_tested_on_360_stratified_images():
    """The test split of digits is a constant: about 20 % of every class."""
    test = load_test("digits")
    assert (test.n, test.shape) == (360, (8, 8, 1))
    assert np.bincount(test.labels).tolist() == [36, 36, 35, 37, 36, 37, 36, 36, 35, 36]
    assert fingerprint(test) == "7bb879678f2d54c9601318777e8e492563d4969b01f9599332d531be9f785154"


def test_training_images_hold_no_test_image():
    """No image of the digits is in both parts."""
    train, test = load_train("digits"), load_test("digits")
    assert np.intersect1d(image_hashes(train), image_hashes(test)).size == 0


def test_digits_are_scaled_to_the_full_range():
    """The 17 levels 0..16 become x * 255 / 16, rounded."""
    levels = [0, 16, 32, 48, 64, 80, 96, 112, 128, 143, 159, 175, 191, 207, 223, 239, 255]
    assert np.unique(load_test("digits").images).tolist() == levels


def test_an_unknown_name_is_refused():
    """Only names of the catalog have test images."""
    with pytest.raises(UnknownDatasetError, match="no data set named 'x'"):
        load_test("x")


def test_only_the_two_loaders_read_both_halves():
    """The readers, which see test images too, are named in catalog and test_split alone."""
    importing = re.compile(r"^\s*(from|import) .*\bbuiltin_sets\b", re.MULTILINE)
    found = {f.name for f in PACKAGE.rglob("*.py") if importing.search(f.read_text("utf-8"))}
    assert found == {"catalog.py", "test_split.py"}
