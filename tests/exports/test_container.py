"""The recipe of an image that serves a model."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path

import pytest

from autocnn.errors import SettingsError
from autocnn.exports.container import HEAD, dockerfile


def test_the_recipe_installs_what_the_server_needs_and_no_more():
    """With the versions of this installation, by a user without rights, and the model inside."""
    lines = dockerfile(Path("some", "digits.onnx")).splitlines()
    assert lines[0].startswith(f"{HEAD}digits.onnx")
    assert f"    onnxruntime=={metadata.version('onnxruntime')} \\" in lines
    assert not [line for line in lines if line.strip().startswith(("tensorflow", "keras"))]
    assert 'COPY ["digits.onnx", "/model/model.onnx"]' in lines
    assert lines.index("USER server") < len(lines) - 1
    command = json.loads(lines[-1].removeprefix("CMD "))
    assert command[:3] == ["autocnn", "serve", "/model/model.onnx"]


def test_a_name_can_be_no_instruction():
    """A line break, quotes and letters outside of ASCII stay in one line."""
    name = 'a "b"\nRUN rm ü.tflite'
    lines = dockerfile(Path(name)).splitlines()
    assert not [line for line in lines if line.startswith("RUN rm")]
    (copied,) = (line for line in lines if line.startswith("COPY "))
    assert json.loads(copied.removeprefix("COPY ")) == [name, "/model/model.tflite"]


@pytest.mark.parametrize("name", ["model.keras", "model.xml", "digits"])
def test_other_formats_are_refused(name):
    """They need TensorFlow, or two files."""
    with pytest.raises(SettingsError, match=r"ends in \.onnx or \.tflite; got "):
        dockerfile(Path(name))
