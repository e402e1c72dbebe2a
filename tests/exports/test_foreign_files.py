"""Files whose network has other ends than a classifier, or whose weights are gone."""

from __future__ import annotations

import io
import zipfile

import h5py
import keras
import numpy as np
import pytest
from export_fixtures import CONTRACT

from autocnn.errors import RecordError
from autocnn.exports.check import check_answers, check_ends
from autocnn.exports.formats import LITERT, OPENVINO, export_to
from autocnn.exports.keras_file import load
from autocnn.models.ensemble import combine


def several_ends(inputs, outputs):
    """A network of 8x8x3 images with so many inputs and outputs."""
    given = [keras.Input((8, 8, 3)) for _ in range(inputs)]
    total = keras.layers.Add()(given) if inputs > 1 else given[0]
    flat = keras.layers.Flatten()(total)
    return keras.Model(given, [keras.layers.Dense(4)(flat) for _ in range(outputs)])


@pytest.mark.parametrize(("inputs", "outputs"), [(2, 1), (1, 2)])
def test_a_keras_file_with_several_ends_is_one_line(tmp_path, inputs, outputs):
    """A network that classifies has one input and one output."""
    path = tmp_path / "model.keras"
    several_ends(inputs, outputs).save(path)
    with pytest.raises(RecordError) as raised:
        load(path)
    assert str(raised.value) == (
        f"{path}: expected a network with one input and one output, got {inputs} and {outputs}"
    )


@pytest.mark.parametrize(("inputs", "outputs"), [(2, 1), (1, 2)])
def test_a_litert_file_with_several_ends_is_one_line(tmp_path, inputs, outputs):
    """The second input would be whatever lies in memory."""
    tf, path = pytest.importorskip("tensorflow"), tmp_path / "model.tflite"
    pytest.importorskip("ai_edge_litert")
    shapes = [tf.TensorSpec((1, 8, 8, 3), tf.float32)] * inputs
    function = tf.function(lambda *x: [sum(x) + i for i in range(outputs)], input_signature=shapes)
    concrete = [function.get_concrete_function()]
    path.write_bytes(tf.lite.TFLiteConverter.from_concrete_functions(concrete).convert())
    with pytest.raises(RecordError, match=rf"one output, got {inputs} and {outputs}$"):
        LITERT.load(path)


def test_an_openvino_file_with_several_ends_is_one_line(tmp_path):
    """Here it has two inputs."""
    openvino, path = pytest.importorskip("openvino"), tmp_path / "model.xml"
    ops = pytest.importorskip("openvino.opset13")
    given = [ops.parameter([1, 8], np.float32) for _ in range(2)]
    openvino.save_model(openvino.Model([ops.add(*given)], given), str(path))
    with pytest.raises(RecordError, match=r"one output, got 2 and 1$"):
        OPENVINO.load(path)


def test_one_input_and_one_output_pass(tmp_path):
    """As every export has."""
    check_ends(tmp_path / "model.onnx", 1, 1)


def without_weights(path, group):
    """Take a group out of the weights of a .keras file."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    buffer = io.BytesIO(members["model.weights.h5"])
    with h5py.File(buffer, "a") as file:
        del file[group]
    members["model.weights.h5"] = buffer.getvalue()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_missing_weights_are_one_line(tmp_path, make_model, capfd):
    """Keras would warn, and keep first weights for what it counts as no layer."""
    models = make_model(seed=1), make_model(seed=2)
    for name, network, group in (
        ("one", make_model(), "layers/dense"),
        ("both", combine(models, (1, 1)), "layers/functional_1"),
    ):
        path = tmp_path / f"{name}.keras"
        export_to(network, CONTRACT, path)
        without_weights(path, group)
        capfd.readouterr()
        with pytest.raises(
            RecordError, match=rf"{name}\.keras: cannot be read as a Keras model \("
        ):
            load(path)
        assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("answer", "passes"),
    [
        ([0.25, 0.25, 0.25, 0.25], True),
        ([0.26, 0.25, 0.25, 0.25], True),  # rounded to 8 bits
        ([0.5, 0.5, 0.5, 0.5], False),
        ([1.5, -0.5, 0.0, 0.0], False),
        ([np.nan, 0.5, 0.25, 0.25], False),
    ],
)
def test_answers_are_probabilities(tmp_path, answer, passes):
    """A network without a softmax, or with wrong numbers, is refused."""
    path = tmp_path / "model.onnx"

    def predict(images):
        return np.array([answer] * len(images), np.float32)

    if passes:
        check_answers(path, predict, CONTRACT)
        return
    with pytest.raises(RecordError, match=r"that do not sum to 1$"):
        check_answers(path, predict, CONTRACT)
