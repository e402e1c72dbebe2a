"""The exported file is plain Keras, in float32, and predicts what the network predicts."""

from __future__ import annotations

import subprocess
import sys

import keras
import numpy as np
import pytest

from autocnn.errors import AutocnnError, RecordError
from autocnn.export import keras_file
from autocnn.export.keras_file import export_keras
from autocnn.nn.model import ImageSpec, build_model
from autocnn.nn.weights import save_weights
from autocnn.space.config import Block, Dense, TrialConfig

pytestmark = pytest.mark.usefixtures("keep_policy")

SPEC = ImageSpec(shape=(8, 8, 3), n_classes=4, mean=(100.0, 50.0, 0.0), std=(50.0, 25.0, 1.0))
CONFIGS = {
    "standardize": TrialConfig(
        blocks=(
            Block(filters=(4, 6), normalisation="batch", pool="max", dropout=0.2),
            Block(filters=(6,), normalisation="group", dropout=0.2, dropout_kind="spatial"),
        ),
        head="global_max",
        dense=(Dense(units=5, normalisation="layer", activation="gelu"),),
    ),
    "unit": TrialConfig(
        blocks=(Block(filters=(3,), kernel=2, stride=2, padding="valid", activation="leaky_relu"),),
        pixels="unit",
    ),
}
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


@pytest.fixture
def make_weights(tmp_path):
    """A network's weights on disk, and the network; its biases and statistics are no defaults."""

    def make(config, name="best"):
        model, rng = build_model(config, SPEC, seed=3), np.random.default_rng(0)
        model.set_weights(
            [w if w.ndim > 1 else rng.uniform(0.1, 0.6, w.shape) for w in model.get_weights()]
        )
        path = tmp_path / f"{name}.npz"
        save_weights(path, model.get_weights())
        return path, model

    return make


def probabilities(network):
    """Softmax of the network's logits for IMAGES."""
    logits = keras.ops.convert_to_numpy(network(IMAGES.astype(np.float32), training=False))
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def test_the_file_works_where_autocnn_is_not_installed(tmp_path, make_weights):
    """Plain Keras in safe mode: raw 0-255 bytes in, the network's probabilities out."""
    files, expected = [], []
    for name, config in CONFIGS.items():
        weights, network = make_weights(config, name)
        files.append(tmp_path / f"{name}.keras")
        export_keras(config, SPEC, weights, files[-1])
        expected.append(probabilities(network))
    np.save(tmp_path / "images.npy", IMAGES)
    command = [sys.executable, "-I", "-c", ELSEWHERE, tmp_path / "images.npy", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == 2 * ["{'float32'} {'keras'} (None, 8, 8, 3) (None, 4)"]
    for file, theirs in zip(files, expected, strict=True):
        ours = np.load(f"{file}.npy")
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
        np.testing.assert_allclose(ours.sum(axis=1), 1.0, atol=1e-5)
        assert ours.std(axis=0).max() > 5e-4  # not one answer for all images


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_a_mixed_policy_does_not_stay_in_the_file(tmp_path, make_weights, config):
    """A training in bfloat16 is exported in float32."""
    weights, _ = make_weights(config)
    keras.config.set_dtype_policy("mixed_bfloat16")
    target = tmp_path / "model.keras"
    export_keras(config, SPEC, weights, target)
    model = keras.saving.load_model(target, compile=False, safe_mode=True)
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}


def test_missing_folders_are_made(tmp_path, make_weights):
    """The finals' folder need not be there."""
    target = tmp_path / "results" / "finals" / "winner.keras"
    export_keras(CONFIGS["unit"], SPEC, make_weights(CONFIGS["unit"])[0], target)
    assert [path.name for path in target.parent.iterdir()] == ["winner.keras"]


@pytest.mark.parametrize("before", [None, b"an older model"])
def test_a_file_that_predicts_otherwise_never_appears(tmp_path, make_weights, monkeypatch, before):
    """What stood at the target stays, and nothing lies beside it."""
    monkeypatch.setattr(keras_file, "TOLERANCE", -1.0)  # no difference is small enough
    target = tmp_path / "models" / "model.keras"
    target.parent.mkdir()
    if before is not None:
        target.write_bytes(before)
    with pytest.raises(AutocnnError, match="its probabilities differ from the network's by"):
        export_keras(CONFIGS["unit"], SPEC, make_weights(CONFIGS["unit"])[0], target)
    left = {path.name: path.read_bytes() for path in target.parent.iterdir()}
    assert left == ({} if before is None else {"model.keras": before})


def test_a_refused_export_is_told_by_its_own_name(tmp_path, make_weights, monkeypatch):
    """Not by that of the file that was written beside it for the check."""
    monkeypatch.setattr(keras_file, "TOLERANCE", -1.0)
    target = tmp_path / "model.keras"
    with pytest.raises(AutocnnError, match=r"model\.keras: its probabilities") as raised:
        export_keras(CONFIGS["unit"], SPEC, make_weights(CONFIGS["unit"])[0], target)
    assert ".model." not in str(raised.value)


def test_missing_weights_are_told(tmp_path):
    """As a record that cannot be read; nothing is written."""
    with pytest.raises(RecordError, match=r"best\.npz: cannot read the weights"):
        export_keras(CONFIGS["unit"], SPEC, tmp_path / "best.npz", tmp_path / "model.keras")
    assert list(tmp_path.iterdir()) == []
