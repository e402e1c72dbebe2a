"""What `serve` checks before it loads a model."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from export_fixtures import CONTRACT

pytest.importorskip("fastapi")

from autocnn.api import serving
from autocnn.errors import RecordError, SettingsError, StudyError
from autocnn.models.contract import contract_to_json
from autocnn.serve.address import open_socket


def test_the_extra_is_named(monkeypatch):
    """A package that is not installed is named with the command that installs it."""
    monkeypatch.setattr(serving, "find_spec", lambda name: None if name == "uvicorn" else name)
    with pytest.raises(SettingsError, match=r"^serve: not installed: uvicorn; pip install 'autoc"):
        serving.serve("model.keras")


def test_a_port_in_use_is_refused_before_a_model_is_loaded(monkeypatch):
    """Loading takes seconds."""
    monkeypatch.setattr(serving, "open_model", lambda *_: pytest.fail("loaded"))
    with open_socket("127.0.0.1", 0) as bound:
        bound.listen()
        with pytest.raises(SettingsError, match="choose another one"):
            serving.serve("model.keras", port=bound.getsockname()[1])


def test_an_unknown_study_is_refused(tmp_path):
    """As by `predict`."""
    with pytest.raises(StudyError):
        serving.serve("absent", results=tmp_path, port=0)


def test_the_model_is_served_where_the_line_says(monkeypatch):
    """The note of the model comes before it."""
    seen: list[object] = []
    monkeypatch.setattr(serving, "open_model", lambda *_: ("the model", "a note"))
    monkeypatch.setattr(
        "autocnn.serve.server.serve_model",
        lambda model, bound, host, message: seen.extend([model, bound.getsockname()[0], host]),
    )
    serving.serve("model.keras", port=0, message=seen.append)
    assert seen == ["a note", "the model", "127.0.0.1", "127.0.0.1"]


@pytest.fixture
def onnx_file(tmp_path):
    """A model of 2x2 grey images, made without TensorFlow: the mean of an image decides."""
    helper = pytest.importorskip("onnx").helper
    weights = helper.make_tensor("weights", 1, [4, 2], [-1.0, 1.0] * 4)
    bias = helper.make_tensor("bias", 1, [2], [255.0, -255.0])
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["image"], ["flat"]),
            helper.make_node("Gemm", ["flat", "weights", "bias"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["probabilities"]),
        ],
        "model",
        [helper.make_tensor_value_info("image", 1, ["batch", 2, 2, 1])],
        [helper.make_tensor_value_info("probabilities", 1, ["batch", 2])],
        [weights, bias],
    )
    opset = helper.make_opsetid("", 18)
    proto = helper.make_model(graph, opset_imports=[opset], ir_version=9)
    contract = replace(CONTRACT, class_names=("dark", "bright"), image_shape=(2, 2, 1))
    helper.set_model_props(proto, {"autocnn": json.dumps(contract_to_json(contract))})
    path = tmp_path / "model.onnx"
    path.write_bytes(proto.SerializeToString())
    return path


def test_an_onnx_file_is_served_without_keras(onnx_file):
    """Nor is TensorFlow imported, nor what reads studies: they are nine tenths of the memory."""
    pytest.importorskip("onnxruntime")
    code = f"""
import sys
import numpy as np
from pathlib import Path
import autocnn.serve.server
from autocnn.api.opened_model import open_model
model, note = open_model({str(onnx_file)!r}, Path("results"))
images = np.array([0, 255], np.uint8).reshape(2, 1, 1, 1).repeat(2, 1).repeat(2, 2)
print([model.rank(row)[0][0] for row in model.predict(images)])
print(sorted({{"keras", "tensorflow", "jax", "optuna", "pyarrow"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["['dark', 'bright']", "[]"]


def test_a_dockerfile_is_written_beside_a_model(onnx_file):
    """One of ours is replaced, another file is not, and a file that is no model is refused."""
    target = onnx_file.with_name("Dockerfile")
    text = serving.write_dockerfile(str(onnx_file), target)
    assert serving.write_dockerfile(str(onnx_file), target) == text == target.read_text()
    target.write_text("FROM scratch\n")
    with pytest.raises(RecordError, match="found something else"):
        serving.write_dockerfile(str(onnx_file), target)
    onnx_file.write_text("hello")
    with pytest.raises(RecordError, match="expected an ONNX file"):
        serving.write_dockerfile(str(onnx_file), None)
