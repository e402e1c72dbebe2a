"""Formats that are converted from a function of TensorFlow, where Keras runs on another backend."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import keras
import pytest

from autocnn.errors import SettingsError
from autocnn.exports import litert_file, onnx_file, openvino_files, savedmodel_folder


@pytest.mark.parametrize("module", [litert_file, onnx_file, openvino_files, savedmodel_folder])
def test_another_backend_is_refused_without_tensorflow(module, monkeypatch, tmp_path):
    """One line, also if TensorFlow is not installed."""
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # an import of it fails
    expected = r"KERAS_BACKEND=jax: all files but \.keras and scripts are converted from a function"
    with pytest.raises(SettingsError, match=expected):
        module.write(SimpleNamespace(), SimpleNamespace(), tmp_path / "file")
