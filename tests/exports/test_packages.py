"""Missing packages of the extra `export`."""

from __future__ import annotations

import pytest

from autocnn.errors import SettingsError
from autocnn.exports.packages import check_packages


def test_installed_packages_pass():
    """As do no packages."""
    check_packages("m.onnx", ("numpy", "keras"))
    check_packages("m.keras", ())


@pytest.mark.parametrize(
    ("missing", "text"),
    [
        ({"onnx"}, "the package onnx is not installed"),
        ({"onnx", "tf2onnx"}, "the packages onnx and tf2onnx are not installed"),
    ],
)
def test_missing_packages_are_one_line(missing, text):
    """The line names all of them, and the extra."""
    with pytest.raises(SettingsError) as raised:
        check_packages("m.onnx", ("onnx", "tf2onnx", "numpy"), lambda name: name not in missing)
    assert str(raised.value) == f"m.onnx: {text}; pip install 'autocnn[export]'"
