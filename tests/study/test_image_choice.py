"""The size at which a new study reads own images, from its time and the speed of the machine."""

from __future__ import annotations

import numpy as np
import pytest
from scripted import ScriptedExecutor

from autocnn.data.prepared import DataReference
from autocnn.records.settings_file import read_settings
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings
from autocnn.space.toml import load_space
from autocnn.study.creation import prepare_data
from autocnn.study.image_choice import choose_image_size
from autocnn.study.probe import Start

N_IMAGES = 200


class _Machine(ScriptedExecutor):
    """An executor that measures some seconds an image, and keeps the data that it is to use."""

    def __init__(self, image_s: float) -> None:
        super().__init__()
        self.image_s, self.used = image_s, list[DataReference]()

    def use(self, data):
        self.used.append(data)

    def measure(self, config, precision, limit_s):
        super().measure(config, precision, limit_s)
        return 0.0, self.image_s


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """200 images of 72x96, with the cache beside them."""
    monkeypatch.setenv("AUTOCNN_CACHE", str(tmp_path / "cache"))
    pixels = np.random.default_rng(0).integers(0, 256, (N_IMAGES, 72, 96, 1)).astype(np.uint8)
    path = tmp_path / "images.npz"
    np.savez(path, x_train=pixels, y_train=np.arange(N_IMAGES) % 2)
    return path


@pytest.fixture
def choose(folder, tmp_path):
    """What is chosen for the images, if an image of the probe takes so many seconds."""

    def found(image_s, seconds=600.0, **settings):
        settings = StudySettings(**{"study": "x", "dataset": str(folder), **settings})
        data, lines, machine = prepare_data(settings), [], _Machine(image_s)
        start = Start(
            settings=settings,
            space=load_space("cnn").fitted(data.image_shape, data.train.n),
            data=data,
            executor=machine,
            seconds=seconds,
            message=lines.append,
        )
        paths = StudyPaths(tmp_path / "x")
        paths.root.mkdir(exist_ok=True)
        return choose_image_size(start, paths), lines, machine

    return found


def test_images_that_are_large_for_the_time_are_read_smaller(choose, tmp_path):
    """The size is a setting of the study, on disk too, and the executor uses the new images."""
    start, lines, machine = choose(image_s=0.05)
    shape = start.data.image_shape
    assert 32 <= shape[0] < 72
    assert shape[1] == round(shape[0] * 4 / 3)
    size = f"{shape[0]}x{shape[1]}"
    assert start.settings.image_size == size
    assert read_settings(tmp_path / "x" / "study.toml")["image_size"] == size
    assert lines == [
        f"images are read at {size}, not at 72x96, which is large for the time; "
        "--image-size 72x96 keeps it, a longer --time-budget allows more"
    ]
    (used,) = machine.used
    assert used.fingerprint == start.data.fingerprint
    assert start.space.images.side == shape[0]
    assert start.measured is None  # the speed is that of the larger images


def test_a_fast_machine_reads_them_as_they_are(choose):
    """The speed that was measured for the decision is that of the study."""
    start, lines, machine = choose(image_s=1e-5)
    assert (start.data.image_shape, start.settings.image_size) == ((72, 96, 1), None)
    assert (lines, machine.used, len(machine.measured)) == ([], [], 1)
    assert start.measured is not None


@pytest.mark.parametrize(
    ("seconds", "settings"),
    [
        (None, {}),  # no time budget: the same command has the same images on every machine
        (600.0, {"image_size": "72x96"}),
        (600.0, {"smallest": True, "target": 0.9}),
        (600.0, {"dataset": "digits"}),
    ],
)
def test_a_size_that_is_given_or_needs_no_time_stays(choose, seconds, settings):
    """Nothing is measured for it."""
    start, lines, machine = choose(0.05, seconds, **settings)
    assert start.settings.image_size == settings.get("image_size")
    assert (lines, machine.measured, start.measured) == ([], [], None)
