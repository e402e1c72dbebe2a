"""Weights in files of plain arrays."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.errors import RecordError
from autocnn.nn.model import ImageSpec, build_model
from autocnn.nn.weights import load_weights, save_weights
from autocnn.space.config import Block, TrialConfig

SPEC = ImageSpec(shape=(4, 4, 1), n_classes=2, mean=(0.0,), std=(1.0,))


def test_weights_are_read_in_order(tmp_path):
    """The order is numeric, so arr_10 does not follow arr_1."""
    weights = [np.full((i,), i, np.float32) for i in range(12)]
    save_weights(tmp_path / "w.npz", weights)
    loaded = load_weights(tmp_path / "w.npz")
    assert [array.tolist() for array in loaded] == [array.tolist() for array in weights]


def test_a_model_takes_the_weights_of_another(tmp_path):
    """A network trained in one process is exported in another."""
    config = TrialConfig(blocks=(Block(filters=(3,), normalisation="batch"),))
    model, other = build_model(config, SPEC, 0), build_model(config, SPEC, 1, export=True)
    save_weights(tmp_path / "w.npz", model.get_weights())
    other.set_weights(load_weights(tmp_path / "w.npz"))
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_file_is_replaced_as_a_whole(tmp_path):
    """No temporary file is left beside it."""
    path = tmp_path / "w.npz"
    for value in (1.0, 2.0):
        save_weights(path, [np.array([value])])
    assert load_weights(path)[0].tolist() == [2.0]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "text", "pickle"])
def test_a_damaged_file_is_one_clear_line(tmp_path, damage):
    """A missing, empty, truncated, foreign or pickled file is refused."""
    path = tmp_path / "w.npz"
    if damage == "pickle":
        np.savez(path, arr_0=np.array([{}], dtype=object))
    elif damage != "missing":
        save_weights(path, [np.arange(1000.0)])
        content = {"empty": b"", "cut": path.read_bytes()[:500], "text": b"hello"}[damage]
        path.write_bytes(content)
    with pytest.raises(RecordError, match=r"w\.npz: cannot read the weights: ") as raised:
        load_weights(path)
    assert "\n" not in str(raised.value)
