"""Predictions of an exported file."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from export_fixtures import CONTRACT, make_model  # noqa: F401  fixture
from image_files import encode, noise

import autocnn
from autocnn.api import find_pictures
from autocnn.api.opened_model import open_model
from autocnn.data.value_range import EIGHT_BITS
from autocnn.errors import RecordError, SettingsError
from autocnn.exports.formats import export_to
from autocnn.models.contract import contract_to_json

EIGHT = replace(CONTRACT, value_range=EIGHT_BITS)
PIXELS = noise(3, 8, 8, 3, seed=5)


@pytest.fixture
def exported(tmp_path, make_model):  # noqa: F811
    """The file of a network, and the network."""
    model = make_model()
    export_to(model, EIGHT, tmp_path / "model.keras")
    return tmp_path / "model.keras", model


def test_a_loaded_file_predicts_what_the_network_predicts(exported):
    """For arrays and for files."""
    path, model = exported
    loaded = autocnn.load_model(str(path))
    assert loaded.contract == EIGHT
    np.testing.assert_allclose(loaded.predict(PIXELS), model.predict(PIXELS), atol=1e-5)
    for number, pixels in enumerate(PIXELS):
        (path.parent / f"{number}.png").write_bytes(encode(pixels))
    found = list(loaded.predict_files(find_pictures([path.parent / "*.png"])))
    ours = model.predict(PIXELS)
    names = [CONTRACT.class_names[i] for i in ours.argmax(axis=1)]
    assert [each.classes[0][0] for each in found] == names
    assert [each.classes[0][1] for each in found] == pytest.approx(ours.max(axis=1), abs=1e-5)


def test_other_files_are_no_models(tmp_path, exported):
    """The contract alone, another ending, a text, and a file without a contract."""
    for name, error in (
        ("model.json", SettingsError),
        ("model.h5", SettingsError),
        ("text.keras", RecordError),
        ("gone.keras", RecordError),
    ):
        (tmp_path / "text.keras").write_text("hello")
        with pytest.raises(error, match=name.replace(".", r"\.")):
            autocnn.load_model(tmp_path / name)


def test_a_model_with_a_foreign_layer_is_not_loaded(tmp_path, exported):
    """Its contract is read, and its layers are looked at before Keras sees them."""
    path, _ = exported
    with (
        zipfile.ZipFile(path) as old,
        zipfile.ZipFile(tmp_path / "evil.keras", "w") as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                config = json.loads(content)
                config["config"]["layers"][-1]["module"] = "os"
                content = json.dumps(config).encode()
            new.writestr(name, content)
    with pytest.raises(RecordError, match="which could run code"):
        autocnn.load_model(tmp_path / "evil.keras")


@pytest.mark.parametrize("name", ["ours", "others"])
def test_the_folder_of_a_saved_model_is_one_line_whatever_its_name(tmp_path, name):
    """It is no study, and it is not loaded."""
    folder = tmp_path / name
    (folder / "assets.extra").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"")
    if name == "ours":
        text = json.dumps(contract_to_json(CONTRACT))
        (folder / "assets.extra" / "autocnn.json").write_text(text)
    with pytest.raises(RecordError) as raised:
        open_model(str(folder), tmp_path)
    expected = {
        "ours": "a SavedModel may hold operations that read and write files, so it is not loaded; "
        "export the model as .keras, .onnx, .tflite or .xml",
        "others": "expected a folder with a contract at assets.extra/autocnn.json; `autocnn export`"
        " writes a model with its contract",
    }
    assert str(raised.value) == f"{folder}: {expected[name]}"
