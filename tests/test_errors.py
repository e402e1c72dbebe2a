"""Hints in the lines of errors."""

from __future__ import annotations

import pytest

from autocnn.errors import did_you_mean


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("fashion-mnist", "did you mean 'fashion_mnist'? "),
        ("Fashion_MNIST", "did you mean 'fashion_mnist'? "),
        ("cifar", "did you mean 'cifar10'? "),
        ("photos", ""),
        ("", ""),
    ],
)
def test_a_similar_name_is_offered(name, hint):
    """Upper and lower case make no difference; a name that is like no other has no hint."""
    assert did_you_mean(name, ["digits", "fashion_mnist", "cifar10"]) == hint
