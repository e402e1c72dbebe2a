"""Images of every depth become one data set of 8 bits, and its facts say how."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from image_files import encode, noise
from near_copy_images import pictures
from PIL import Image

from autocnn.data import decode_all, importing
from autocnn.data.catalog import dataset_info, load_train
from autocnn.data.importing import import_images
from autocnn.data.options import AS_THEY_ARE, ImageOptions
from autocnn.data.part_names import TEST, TRAIN
from autocnn.data.reader import Contents
from autocnn.data.test_split import load_test
from autocnn.data.value_range import EIGHT_BITS, ValueRange
from autocnn.errors import DatasetError


def import_arrays(folder, train, test, options=AS_THEY_ARE):
    """Import arrays of two classes; the images of a class alternate."""
    images = [*train, *test]
    contents = Contents(
        class_names=("a", "b"),
        parts=np.array([TRAIN] * len(train) + [TEST] * len(test), np.int8),
        labels=np.arange(len(images)) % 2,
        images=lambda: ((f"x[{i}]", x) for i, x in enumerate(images)),
    )
    return import_images(contents, options, folder, lambda what, done, total: None)


def write_deep(root, parts, kind="PNG"):
    """Write class folders of greyscale images with 16 bits."""
    for part, images in parts.items():
        for i, pixels in enumerate(images):
            folder = root / part / "ab"[i % 2]
            folder.mkdir(parents=True, exist_ok=True)
            file = folder / f"{i}.{kind.lower()}"
            Image.fromarray(pixels).save(file, kind)
    return root


def test_training_and_test_images_are_scaled_alike(tmp_path):
    """The largest value is in the test images; the facts and one line have the range."""
    train = np.arange(8, dtype=np.uint16).reshape(8, 1, 1) * 100
    test = np.array([[[4021]], [[2048]]], np.uint16)
    facts = import_arrays(tmp_path, train, test)
    assert facts.value_range == ValueRange("integers", 4095)
    assert facts.notes == (
        "pixels of 16 bits use 12 (largest value 4,021): 0 to 4,095 is scaled to 0 to 255; the "
        "largest value of train is only 700",
    )
    trained = np.load(tmp_path / "train_images.npy").ravel()
    assert sorted(trained.tolist()) == [0, 6, 12, 19, 25, 31, 37, 44]  # 100 * 255 / 4095 is 6.2
    assert sorted(np.load(tmp_path / "test_images.npy").ravel().tolist()) == [128, 250]
    assert facts.shape == (1, 1, 1)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_files_of_12_bits_keep_their_levels(tmp_path, kind):
    """All 4,096 values of 12 bits become all 256 of 8 bits; the upper 8 of 16 bits are only 16."""
    ramp = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    images = [np.roll(ramp, i, axis=1) for i in range(8)]
    root = str(write_deep(tmp_path / "x", {"train": images, "test": images[:2]}, kind))
    info = dataset_info(root)
    assert info.value_range == ValueRange("integers", 4095)
    assert info.notes[0] == (
        "pixels of 16 bits use 12 (largest value 4,095): 0 to 4,095 is scaled to 0 to 255"
    )
    for found in (load_train(root), load_test(root)):
        assert len(np.unique(found.images)) == 256
    assert dataset_info(root) == info  # from the cache


def test_files_of_8_bits_in_16_are_kept(tmp_path):
    """They are no copies of one black image."""
    images = noise(8, 3, 3).astype(np.uint16)
    root = str(write_deep(tmp_path / "x", {"train": images, "test": images[:2] // 2}))
    assert dataset_info(root).notes == (
        f"pixels of 16 bits use 8 (largest value {images.max()}): they are kept",
    )
    known = {x.astype(np.uint8).tobytes() for x in images}
    assert {x.tobytes() for x in load_train(root).images} == known


def test_files_of_several_depths_are_refused(tmp_path):
    """Both files are named."""
    root = write_deep(tmp_path / "x", {"train": noise(8, 3, 3).astype(np.uint16)})
    (root / "train" / "a" / "z.png").write_bytes(encode(noise(1, 3, 3)[0]))
    with pytest.raises(DatasetError) as caught:
        dataset_info(str(root))
    assert str(caught.value) == (
        f"{root}: expected one depth in the whole data set, got 16 bits in train/a/0.png and "
        "8 bits in train/a/z.png; save all images with the same one"
    )


def test_images_of_1_bit_and_8_bits_are_one_data_set(tmp_path):
    """A palette or a bit is as good as a byte."""
    root = tmp_path / "x"
    images = [Image.fromarray(x) for x in noise(12, 5, 5)]
    for i, image in enumerate(images):
        folder = root / "ab"[i % 2]
        folder.mkdir(parents=True, exist_ok=True)
        image.convert(("L", "1", "P")[i % 3]).save(folder / f"{i}.png")
    info = dataset_info(str(root))
    assert info.value_range == EIGHT_BITS
    assert not any("bits" in note for note in info.notes)


def test_floats_and_booleans_are_scaled(tmp_path):
    """Each with its line."""
    x = np.arange(10).reshape(10, 1, 1)
    facts = import_arrays(tmp_path, (x[:8] / 9).astype(np.float32), x[8:] / 9)
    assert facts.value_range == ValueRange("floats", 1)
    assert sorted(np.load(tmp_path / "test_images.npy").ravel().tolist()) == [227, 255]
    bits = (np.arange(16)[:, None, None] >> np.arange(4)) % 2 == 1
    facts = import_arrays(tmp_path, bits[:10], bits[10:])
    assert facts.value_range == ValueRange("booleans", 1)
    assert set(np.load(tmp_path / "train_images.npy").ravel().tolist()) == {0, 255}
    assert facts.notes[0] == "pixels are booleans: they become 0 and 255"


@pytest.mark.parametrize("dtype", [np.uint8, np.int64])
def test_images_of_0_and_1_are_reported(tmp_path, dtype):
    """They are kept, and the line has the remedy."""
    bits = ((np.arange(16)[:, None, None] >> np.arange(4)) % 2).astype(dtype)
    facts = import_arrays(tmp_path, bits[:10], bits[10:])
    assert facts.notes[-1] == (
        "train and test: the largest value is 1, of 255; if values from 0 to 1 are "
        "meant, save (x * 255).astype(np.uint8)"
    )
    assert np.load(tmp_path / "train_images.npy").max() == 1


def test_an_array_with_alpha_is_drawn_over_white(tmp_path):
    """Of four channels three are kept."""
    x = noise(10, 2, 2, 4)
    x[..., 3] = 0
    x[:, 0, 0, 3] = 255
    facts = import_arrays(tmp_path, x[:8], x[8:])
    assert facts.shape == (2, 2, 3)
    found = np.load(tmp_path / "train_images.npy")
    assert (found[:, 1] == 255).all()
    assert {p.tobytes() for p in found[:, 0, 0]} == {p.tobytes() for p in x[:8, 0, 0, :3]}


def test_padding_makes_no_near_copies(tmp_path):
    """Strips of little contrast and one shape, as arrays: nothing is said to be alike."""
    strips = 120 + pictures(60, 64, 1)[:, 24:40] // 16
    facts = import_arrays(tmp_path, strips[:40], strips[40:], ImageOptions("64", "pad"))
    assert facts.shape == (64, 64, 1)
    assert facts.near_copies == "none found; 60 images compared"


def test_deep_images_are_never_all_in_memory(tmp_path, monkeypatch):
    """100 images of 1 MiB, made one by one, need far less than 100 MiB."""
    for module in (decode_all, importing):
        monkeypatch.setattr(module, "BLOCK_BYTES", 4 << 20)
    monkeypatch.setattr(importing, "n_threads", lambda: 2)
    n = 100

    def images():
        for i in range(n):
            yield f"x[{i}]", np.full((512, 1024), i * 600, np.uint16)

    contents = Contents(
        class_names=("a", "b"),
        parts=np.array([TRAIN, TRAIN, TRAIN, TEST] * (n // 4), np.int8),
        labels=np.arange(n) // (n // 2),
        images=images,
    )
    tracemalloc.start()
    try:
        facts = import_images(contents, ImageOptions("512x1024"), tmp_path, lambda *a: None)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert facts.value_range == ValueRange("integers", 65_535)
    assert peak < 50 << 20
