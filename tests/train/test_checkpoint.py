"""The state of a training as a file."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from autocnn.errors import RecordError
from autocnn.train.checkpoint import Checkpoint, State, load_checkpoint, save_checkpoint
from autocnn.trial import Epoch


@pytest.fixture
def checkpoint() -> Checkpoint:
    """Arrays of several types and shapes, more than ten of a kind, and a curve with odd numbers."""
    return Checkpoint(
        model=[np.full((2, i + 1), i, np.float32) for i in range(12)],
        optimizer=[np.array(7, np.int64)],
        best_weights=[],
        curve=(
            Epoch(
                train_loss=0.1,
                train_accuracy=1 / 3,
                val_loss=math.inf,
                val_accuracy=0,
                seconds=1,
                score=2 / 3,
            ),
            Epoch(
                train_loss=0.2,
                train_accuracy=0,
                val_loss=1e-300,
                val_accuracy=1,
                seconds=2,
                score=-1,
            ),
        ),
        seconds=12.5,
        cpu_seconds=1 / 3,
        batch=64,
    )


def test_what_is_saved_is_loaded(tmp_path, checkpoint):
    """Values, shapes, types and order are read back to the last bit."""
    save_checkpoint(tmp_path / "c.npz", checkpoint)
    loaded = load_checkpoint(tmp_path / "c.npz")
    assert loaded.curve == checkpoint.curve
    assert (loaded.seconds, loaded.cpu_seconds, loaded.batch) == (12.5, 1 / 3, 64)
    for group in ("model", "optimizer", "best_weights"):
        ours, theirs = getattr(loaded, group), getattr(checkpoint, group)
        assert [(a.dtype, a.shape) for a in ours] == [(a.dtype, a.shape) for a in theirs]
        assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_the_states_of_all_folds_are_saved(tmp_path, checkpoint):
    """The first fold's is in the fields `model` and `optimizer`, those of two others follow."""
    others = tuple(
        State(model=[np.full((2, 2), n), np.zeros(n)], optimizer=[np.array(n)]) for n in (5, 6)
    )
    save_checkpoint(tmp_path / "c.npz", replace(checkpoint, others=others))
    loaded = load_checkpoint(tmp_path / "c.npz")
    assert len(loaded.model) == len(loaded.states[0].model) == 12
    assert len(loaded.states) == 3
    for ours, theirs in zip(loaded.others, others, strict=True):
        for group in ("model", "optimizer"):
            pairs = zip(getattr(ours, group), getattr(theirs, group), strict=True)
            assert all(np.array_equal(a, b) for a, b in pairs)


def test_the_averages_of_all_folds_are_saved(tmp_path, checkpoint):
    """A fold that took no step has an empty one, and a checkpoint of no average has none."""
    averages = ([np.array(0.5), np.arange(3.0)], [])
    others = (State(model=[np.zeros(1)], optimizer=[np.zeros(1)]),)
    save_checkpoint(tmp_path / "c.npz", replace(checkpoint, others=others, averages=averages))
    first, second = load_checkpoint(tmp_path / "c.npz").averages
    assert [array.tolist() for array in first] == [0.5, [0.0, 1.0, 2.0]]
    assert list(second) == []
    save_checkpoint(tmp_path / "c.npz", checkpoint)
    assert load_checkpoint(tmp_path / "c.npz").averages == ()


def test_an_empty_curve_is_one(tmp_path):
    """A checkpoint before the first epoch has an empty curve."""
    empty = Checkpoint(model=[], optimizer=[], best_weights=[], curve=())
    save_checkpoint(tmp_path / "c.npz", empty)
    assert load_checkpoint(tmp_path / "c.npz").curve == ()


def test_a_damaged_file_is_one_line(tmp_path, checkpoint):
    """A truncated or missing file, and one with pickled objects, is refused."""
    path = tmp_path / "c.npz"
    save_checkpoint(path, checkpoint)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(RecordError, match="cannot read the checkpoint"):
        load_checkpoint(path)
    with pytest.raises(RecordError, match="cannot read the checkpoint"):
        load_checkpoint(tmp_path / "none.npz")
    objects = np.array([{"a": 1}], dtype=object)
    np.savez(path, curve=objects)
    with pytest.raises(RecordError, match="cannot read the checkpoint"):
        load_checkpoint(path)


def test_a_checkpoint_from_before_objectives_is_scored_by_its_accuracy(tmp_path, checkpoint):
    """The curve without its last column, the score, is read."""
    save_checkpoint(tmp_path / "c.npz", checkpoint)
    with np.load(tmp_path / "c.npz") as file:
        arrays = dict(file)
    arrays["curve"] = arrays["curve"][:, :-1]
    np.savez(tmp_path / "old.npz", **arrays)
    assert [epoch.score for epoch in load_checkpoint(tmp_path / "old.npz").curve] == [0, 1]
