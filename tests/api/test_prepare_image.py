"""An image file is prepared for an exported model exactly as the training images were."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from export_fixtures import CONTRACT, make_model  # noqa: F401  fixture
from image_files import encode, noise
from PIL import Image

import autocnn
from autocnn.data.options import AS_THEY_ARE, ImageOptions
from autocnn.data.own_images import read_own
from autocnn.data.value_range import EIGHT_BITS, ValueRange
from autocnn.errors import DatasetError, RecordError, SettingsError
from autocnn.exports.formats import export_to

README = Path(__file__).parents[2] / "README.md"


def smooth(height, width, channels, seed):
    """An image of slow changes, as a photograph has; a grey one has no axis of channels."""
    small = Image.fromarray(noise(1, 4, 4, channels, seed=seed)[0].squeeze())
    return np.asarray(small.resize((width, height), Image.Resampling.BICUBIC))


def rotated_jpeg(pixels, orientation):
    """A JPEG that a camera stored turned; its EXIF data say so."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encode(pixels, "JPEG", exif=exif)


def palette(pixels):
    """A PNG of 16 colours."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).quantize(16).save(buffer, "PNG")
    return buffer.getvalue()


def deep(height, width, seed):
    """A grey PNG of 16 bits that uses 12 of them; its corners are 0 and 4,095."""
    values = np.random.default_rng(seed).integers(0, 4096, (height, width)).astype(np.uint16)
    values[0, 0], values[-1, -1] = 0, 4095
    return encode(values)


def mixed_files(seed):
    """Images of all sizes and kinds, by file name."""
    return {
        "wide.png": encode(smooth(40, 70, 3, seed)),
        "high.png": encode(smooth(71, 39, 3, seed + 1)),
        "small.png": encode(smooth(9, 12, 3, seed + 2)),
        "fits.png": encode(smooth(24, 24, 3, seed + 3)),
        "alpha.png": encode(smooth(50, 60, 4, seed + 4)),
        "grey.png": encode(smooth(33, 44, 1, seed + 5)),
        "palette.png": palette(smooth(45, 31, 3, seed + 6)),
        "turned.jpg": rotated_jpeg(smooth(60, 35, 3, seed + 7), 6),
        "mirrored.jpg": rotated_jpeg(smooth(30, 50, 3, seed + 8), 5),
    }


def grey_files(seed):
    """Grey images with and without transparency, by file name."""
    return {
        "wide.png": encode(smooth(40, 70, 1, seed)),
        "alpha.png": encode(smooth(30, 31, 2, seed + 1)),
        "turned.jpg": rotated_jpeg(smooth(35, 60, 1, seed + 2), 8),
        "bits.png": encode(smooth(40, 40, 1, seed + 3) > 127),
    }


def deep_files(seed):
    """Grey images of 12 of 16 bits, by file name."""
    return {f"{i}.png": deep(20 + i, 30 - i, seed + i) for i in range(4)}


def write_classes(root, files_of):
    """Write two classes of images made by `files_of`; returns the files with their labels."""
    written = []
    for label, name in enumerate(("cat", "dog")):
        (root / name).mkdir(parents=True)
        for file, content in files_of(100 * label).items():
            (root / name / file).write_bytes(content)
            written.append((root / name / file, label))
    return written


def contract_of(info):
    """The contract of a model of this data set."""
    return replace(
        CONTRACT,
        class_names=info.class_names,
        image_shape=info.image_shape,
        value_range=info.value_range,
    )


CASES = {
    "mixed": (mixed_files, AS_THEY_ARE, ((33, 33, 3), EIGHT_BITS)),
    "padded": (mixed_files, ImageOptions(resize="pad"), ((33, 33, 3), EIGHT_BITS)),
    "stretched": (mixed_files, ImageOptions("20x31", "stretch"), ((20, 31, 3), EIGHT_BITS)),
    "given size": (mixed_files, ImageOptions("20x31"), ((20, 31, 3), EIGHT_BITS)),
    "grey": (grey_files, AS_THEY_ARE, ((35, 35, 1), EIGHT_BITS)),
    "deep": (deep_files, AS_THEY_ARE, ((21, 21, 1), ValueRange("integers", 4095))),
}


@pytest.mark.parametrize("case", CASES)
def test_a_prepared_image_is_the_one_that_training_saw(tmp_path, case):
    """Every file gives the array in the cache, to the last bit."""
    files_of, options, (shape, value_range) = CASES[case]
    files = write_classes(tmp_path / "pets", files_of)
    own = read_own(tmp_path / "pets", options)
    contract = replace(contract_of(own.info), resize=options.resize)
    assert (contract.image_shape, contract.value_range) == (shape, value_range)
    cached = [
        (pixels.tobytes(), label)
        for part in (own.train, own.test)
        for pixels, label in zip(part.images, part.labels.tolist(), strict=True)
    ]
    loaded = [(autocnn.load_image(path, contract), label) for path, label in files]
    assert {(image.shape, image.dtype) for image, _ in loaded} == {(shape, np.dtype(np.uint8))}
    assert sorted((image.tobytes(), label) for image, label in loaded) == sorted(cached)
    assert len(set(cached)) == len(files)


KEEPING = {"keep_aspect_ratio": True, "interpolation": "bilinear"}


@pytest.mark.parametrize(
    ("options", "others"),
    [
        ({}, {"wide.png", "high.png", "small.png", "alpha.png", "turned.jpg", "mirrored.jpg"}),
        (KEEPING, {"alpha.png", "turned.jpg", "mirrored.jpg"}),
    ],
)
def test_the_loader_of_keras_gives_other_images(tmp_path, options, others):
    """It stretches unless asked not to, and ignores transparency and the camera's rotation."""
    files = write_classes(tmp_path / "pets", mixed_files)
    contract = contract_of(read_own(tmp_path / "pets", AS_THEY_ARE).info)
    for path, _ in files:
        image = keras.utils.load_img(path, target_size=contract.image_shape[:2], **options)
        ours = autocnn.load_image(path, contract)
        if path.name in others:
            assert np.abs(np.asarray(image, int) - ours).max() > 10, path.name


def test_the_shape_is_that_of_one_image(tmp_path):
    """A coloured image becomes grey if the model is; there is no axis for a batch."""
    (tmp_path / "a.png").write_bytes(encode(smooth(9, 9, 3, 0)))
    grey = replace(CONTRACT, image_shape=(4, 6, 1), value_range=EIGHT_BITS)
    assert autocnn.load_image(str(tmp_path / "a.png"), grey).shape == (4, 6, 1)


def test_deeper_pixels_are_scaled_by_the_range_of_the_training_images(tmp_path):
    """2,048 of 4,095 is 128 (127.53); white is 255."""
    values = np.array([[0, 2048], [4095, 16]], np.uint16)
    (tmp_path / "a.png").write_bytes(encode(values))
    contract = replace(CONTRACT, image_shape=(2, 2, 1), value_range=ValueRange("integers", 4095))
    image = autocnn.load_image(tmp_path / "a.png", contract)
    assert image[..., 0].tolist() == [[0, 128], [255, 1]]


@pytest.mark.parametrize(
    ("stored", "content", "line"),
    [
        (EIGHT_BITS, deep(8, 8, 0), "expected 8 bits, 0 to 255, got 16 bits"),
        (ValueRange("integers", 4095), encode(noise(1, 8, 8)[0]), "expected integers, 0 to 4,095"),
        (ValueRange("integers", 1023), deep(8, 8, 0), "expected integers, 0 to 1,023, got 0 to"),
        (EIGHT_BITS, b"no image", "no image that can be recognised"),
    ],
)
def test_an_image_that_cannot_be_prepared_is_one_clear_line(tmp_path, stored, content, line):
    """No range is guessed; the line names the file."""
    (tmp_path / "a.png").write_bytes(content)
    contract = replace(CONTRACT, value_range=stored)
    with pytest.raises(DatasetError, match=rf"a\.png: cannot be read \({line}") as raised:
        autocnn.load_image(tmp_path / "a.png", contract)
    assert "\n" not in str(raised.value)


# the model


@pytest.fixture
def exported(tmp_path, make_model):  # noqa: F811  fixture
    """An exported model of 8x8 RGB images of 8 bits, with its contract beside it."""
    contract = replace(CONTRACT, value_range=EIGHT_BITS)
    export_to(make_model(), contract, tmp_path / "model.keras")
    return tmp_path / "model.keras"


def test_the_model_may_be_given_by_path_or_contract(exported, tmp_path):
    """The file of the model, the file beside it, and the contract give the same image."""
    (tmp_path / "a.png").write_bytes(encode(smooth(20, 30, 3, 0)))
    contract = autocnn.read_contract(exported)
    assert contract.class_names == ("a", "b", "c", "d")
    wanted = autocnn.load_image(tmp_path / "a.png", contract)
    for model in (exported, str(exported), exported.with_suffix(".json")):
        np.testing.assert_array_equal(autocnn.load_image(tmp_path / "a.png", model), wanted)


def test_a_model_without_a_contract_is_one_clear_line(tmp_path):
    """A model of plain Keras, for example."""
    inputs = keras.Input((8, 8, 3))
    keras.Model(inputs, keras.layers.Flatten()(inputs)).save(tmp_path / "plain.keras")
    with pytest.raises(
        RecordError, match=r"plain\.keras: expected a contract at the key 'autocnn'"
    ):
        autocnn.load_image(tmp_path / "a.png", tmp_path / "plain.keras")
    with pytest.raises(SettingsError, match=r"model\.h5: expected a model's file"):
        autocnn.load_image(tmp_path / "a.png", "model.h5")


ALONE = """
import sys
import autocnn
print(autocnn.load_image(sys.argv[1], sys.argv[2]).sum())
heavy = {"keras", "tensorflow", "jax", "torch", "optuna", "pyarrow", "h5py", "sklearn"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""


def test_an_image_is_prepared_without_keras(exported, tmp_path):
    """Neither Keras nor another large library is imported."""
    (tmp_path / "a.png").write_bytes(encode(smooth(20, 30, 3, 0)))
    command = [sys.executable, "-c", ALONE, str(tmp_path / "a.png"), str(exported)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert int(done.stdout) == autocnn.load_image(tmp_path / "a.png", exported).sum()


def snippet(word):
    """The block of Python in the README that has `word`."""
    blocks = README.read_text(encoding="utf-8").split("```python\n")[1:]
    (found,) = [text for block in blocks if word in (text := block.partition("```")[0])]
    return found


def test_the_snippet_of_the_readme_works(exported, tmp_path, monkeypatch, capsys):
    """It prints each class with its probability for the image."""
    monkeypatch.chdir(tmp_path)
    Path("photo.jpg").write_bytes(rotated_jpeg(smooth(60, 35, 3, 0), 6))
    exec(compile(snippet("load_image"), "README.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["a", "b", "c", "d"]
    assert sum(float(line.split()[1]) for line in lines) == pytest.approx(1, abs=1e-4)


@pytest.mark.training
@pytest.mark.timeout(600)
def test_a_search_ships_the_contract_of_its_images(tmp_path, space_file):
    """The range of deep images goes through the record into the shipped and the exported file."""
    write_classes(
        tmp_path / "scans", lambda seed: {f"{i}.png": deep(8, 8, seed + i) for i in range(20)}
    )
    study = autocnn.search(
        tmp_path / "scans",
        study="scans-1",
        results=tmp_path / "results",
        trials=1,
        epochs=1,
        recipes=False,
        space=space_file,
        progress=False,
    )
    contract = autocnn.read_contract(study.model_path)
    assert contract.value_range == ValueRange("integers", 4095)
    assert (contract.image_shape, contract.class_names) == ((8, 8, 1), ("cat", "dog"))
    assert (contract.dataset, contract.study) == ("scans", "scans-1")
    assert contract.trial == study.best.number
    assert study.view.known_facts.value_range == contract.value_range
    autocnn.export(study, tmp_path / "trial.keras", trial=study.best.number)
    assert autocnn.read_contract(tmp_path / "trial.json") == contract
