"""`autocnn predict` and `evaluate` on pictures of any size and mode, and on damaged ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from export_fixtures import CONTRACT
from image_files import png_bomb
from PIL import Image

from autocnn.api import opened_model
from autocnn.data.value_range import EIGHT_BITS
from autocnn.models.loaded import LoadedModel

GREY = replace(
    CONTRACT, class_names=("dark", "bright"), image_shape=(4, 4, 1), value_range=EIGHT_BITS
)
BOMB = "more than the 80 million pixels that are decoded"


def predict(images):
    """Bright images are of the second class."""
    bright = images.mean(axis=(1, 2, 3)) / 255
    return np.stack([1 - bright, bright], axis=1).astype(np.float32)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The working directory, with a model."""
    loaded = LoadedModel(contract=GREY, predictor=predict)
    monkeypatch.setattr(opened_model, "load_model", lambda path: loaded)
    monkeypatch.chdir(tmp_path)
    return tmp_path


WHITE = Image.new("L", (4, 4), 255)
PICTURES = {
    "grey.png": (WHITE, {}),
    "long.png": (Image.new("L", (1, 3000), 255), {}),
    "colour.jpg": (Image.new("RGB", (300, 500), "white"), {}),
    "alpha.png": (Image.new("RGBA", (9, 9), (0, 0, 0, 0)), {}),  # transparent: white
    "grey-alpha.png": (Image.new("LA", (9, 9), (255, 255)), {}),
    "palette.png": (WHITE.convert("P"), {}),
    "clear-palette.png": (Image.new("P", (4, 4), 0), {"transparency": 0}),
    "one-bit.png": (WHITE.convert("1"), {}),
    "ink.jpg": (Image.new("CMYK", (8, 8), (0, 0, 0, 0)), {}),
    "ink.tif": (Image.new("CMYK", (8, 8), (0, 0, 0, 0)), {}),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_of_any_size_and_mode_is_classified(autocnn, place, name):
    """All of these are white, and so of the second class."""
    image, options = PICTURES[name]
    image.save(place / name, **options)
    done = autocnn("predict", "model.keras", name, "--csv")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == ["image,class,probability", f"{name},bright,1"]


def write_damaged(folder):
    """Pictures that cannot be read, with the reason of each."""
    Image.fromarray(np.full((4, 4), 40_000, np.uint16)).save(folder / "16bit.png")
    (folder / "bomb.png").write_bytes(png_bomb())
    WHITE.save(folder / "cut.png")
    (folder / "cut.png").write_bytes((folder / "cut.png").read_bytes()[:45])
    (folder / "empty.png").write_bytes(b"")
    Image.fromarray(np.full((4, 4), 0.5, np.float32)).save(folder / "floats.tif")
    (folder / "text.png").write_text("hello")
    return {
        "16bit.png": "expected 8 bits, 0 to 255, got 16 bits",
        "bomb.png": BOMB,
        "cut.png": "image file is truncated",
        "empty.png": "an empty file",
        "floats.tif": "expected 8 bits, 0 to 255, got floats",
        "text.png": "no image that can be recognised",
    }


def test_pictures_that_cannot_be_read_are_named_one_by_one(autocnn, place):
    """The others are classified; the exit code is 1."""
    reasons = write_damaged(place)
    WHITE.save(place / "white.png")
    done = autocnn("predict", "model.keras", ".", "--csv")
    assert done.code == 1
    assert done.out.splitlines()[1:] == ["white.png,bright,1"]
    assert done.err.splitlines() == [
        *(f"autocnn: {name}: cannot be read ({reason})" for name, reason in reasons.items()),
        "autocnn: error: 6 of 7 images could not be read",
    ]


def test_a_folder_without_pictures_is_one_line(autocnn, place):
    """Before the model is read."""
    (place / "empty").mkdir()
    done = autocnn("predict", "model.keras", "empty")
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines() == [
        "autocnn: error: empty: expected images (.png .jpg .jpeg .jfif .jpe .bmp .gif .webp .tif "
        ".tiff .avif), found none"
    ]


def test_a_data_set_with_a_bomb_is_one_line(autocnn, place):
    """`evaluate` names it, and how to leave it out."""
    (place / "model.keras").write_bytes(b"")
    for name, level in (("dark", 0), ("bright", 250)):
        (place / "set" / name).mkdir(parents=True)
        for number in range(4):
            Image.new("L", (4, 4), level + number).save(place / "set" / name / f"{number}.png")
    (place / "set" / "dark" / "bomb.png").write_bytes(png_bomb())
    done = autocnn("evaluate", "model.keras", "set")
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines() == [
        f"autocnn: error: {place}/set: 1 of 9 images cannot be read: dark/bomb.png ({BOMB}); mend "
        "them, or leave them out with --skip-corrupt"
    ]
    assert autocnn("evaluate", "model.keras", "set", "--skip-corrupt").code == 0


@pytest.mark.parametrize("name", ["absent", "empty"])
def test_a_data_set_without_pictures_is_one_line(autocnn, place, name):
    """`evaluate` of a folder that is absent, or empty."""
    (place / "model.keras").write_bytes(b"")
    (place / "empty").mkdir()
    done = autocnn("evaluate", "model.keras", name)
    assert (done.code, done.out) == ((2 if name == "absent" else 1), "")
    line = {
        "absent": "no data set named 'absent'; choose one of digits, mnist, fashion_mnist, cifar10,"
        " cifar100, or give the path of your images: a folder, a .zip or .tar file of one, a .npz "
        "or a .parquet file",
        "empty": f"{place}/empty: no images found (.png, .jpg, .jpeg, .jfif, .jpe, .bmp, .gif, "
        ".webp, .tif, .tiff, .avif); expected class folders with images in them, or train/ and "
        "test/ with such class folders, or a table of file names and labels",
    }[name]
    assert done.err.splitlines() == [f"autocnn: error: {line}"]
