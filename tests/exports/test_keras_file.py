"""The exported file is plain Keras, in float32, and predicts what the network predicts."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import keras
import numpy as np
import pytest
from export_fixtures import CONFIGS, CONTRACT

from autocnn.errors import RecordError
from autocnn.exports.formats import export_to
from autocnn.exports.keras_file import with_weights_of

BRIGHTNESS = np.linspace(0, 1, 32)[:, None, None, None]
IMAGES = (BRIGHTNESS * np.random.default_rng(1).integers(0, 256, (32, 8, 8, 3))).astype(np.uint8)

# Loads every model named after the images, in a Python that cannot import autocnn.
ELSEWHERE = """
import sys
sys.modules["autocnn"] = None
import keras, numpy
images = numpy.load(sys.argv[1])
for file in sys.argv[2:]:
    model = keras.saving.load_model(file, safe_mode=True)
    numpy.save(file + ".npy", model.predict(images, verbose=0))
    policies = {layer.dtype_policy.name for layer in model.layers}
    homes = {type(layer).__module__.partition(".")[0] for layer in model.layers}
    print(policies, homes, model.input_shape, model.output_shape)
assert not [name for name in sys.modules if name.startswith("autocnn.")]
"""


def test_the_files_work_without_autocnn(tmp_path, make_model):
    """Plain Keras in safe mode turns raw bytes 0-255 into the network's probabilities."""
    models = {tmp_path / f"{name}.keras": make_model(config) for name, config in CONFIGS.items()}
    for file, model in models.items():
        export_to(model, CONTRACT, file)
    np.save(tmp_path / "images.npy", IMAGES)
    command = [sys.executable, "-I", "-c", ELSEWHERE, tmp_path / "images.npy", *models]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == 2 * ["{'float32'} {'keras'} (None, 8, 8, 3) (None, 4)"]
    for file, model in models.items():
        predicted = np.load(f"{file}.npy")
        np.testing.assert_allclose(predicted, model.predict(IMAGES), atol=1e-5)
        np.testing.assert_allclose(predicted.sum(axis=1), 1.0, atol=1e-5)
        assert predicted.std(axis=0).max() > 5e-4  # the predictions of the images differ


def test_a_mixed_policy_does_not_stay_in_the_file(tmp_path, keep_policy, make_model, config):
    """A network trained in bfloat16 is exported in float32."""
    model = make_model(config)
    keras.config.set_dtype_policy("mixed_bfloat16")
    target = tmp_path / "model.keras"
    export_to(model, CONTRACT, target)
    keras.config.set_dtype_policy("float32")
    loaded = keras.saving.load_model(target, compile=False, safe_mode=True)
    assert {layer.compute_dtype for layer in loaded.layers} == {"float32"}


def test_the_weights_of_a_file_are_read_back(tmp_path, make_model, config):
    """The weights are read exactly, into a network that had other weights."""
    model, other = make_model(config, seed=3), make_model(config, seed=4)
    export_to(model, CONTRACT, tmp_path / "winner.keras")
    read = with_weights_of(other, tmp_path / "winner.keras")
    for ours, theirs in zip(read.weights, model.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs.astype(np.float32))


def test_a_file_of_another_network_is_refused(tmp_path, make_model, config):
    """Weights of other shapes, and a normalisation of other pixels, are refused."""
    export_to(make_model(config), CONTRACT, tmp_path / "winner.keras")
    pixels = "unit" if config.pixels == "standardize" else "standardize"
    for other in (replace(config, blocks=config.blocks * 2), replace(config, pixels=pixels)):
        with pytest.raises(RecordError, match=r"winner\.keras: expected the network of its study"):
            with_weights_of(make_model(other), tmp_path / "winner.keras")


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 cut off", b"the shipped model"])
def test_a_damaged_file_is_one_clear_line(tmp_path, make_model, content):
    """A missing, empty, truncated or foreign file is refused."""
    path = tmp_path / "winner.keras"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RecordError, match=r"winner\.keras: cannot be read") as raised:
        with_weights_of(make_model(), path)
    assert "\n" not in str(raised.value)


def test_a_file_that_would_run_code_is_refused(tmp_path, make_model):
    """A Lambda layer with its own function is refused."""
    inputs = keras.Input((8, 8, 3))
    outputs = keras.layers.Lambda(lambda x: x)(inputs)
    keras.Model(inputs, outputs).save(tmp_path / "winner.keras")
    with pytest.raises(RecordError, match=r"winner\.keras: expected layers that autocnn writes"):
        with_weights_of(make_model(), tmp_path / "winner.keras")
