"""The contract inside a `.keras` file, which plain Keras loads as before."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from contextlib import suppress
from dataclasses import replace

import keras
import numpy as np
import pytest
from export_fixtures import CONTRACT

from autocnn.errors import RecordError
from autocnn.exports import keras_archive
from autocnn.exports.keras_archive import add_contract, check_layers, read_contract_inside
from autocnn.models.contract import contract_to_json

PLAIN = {"keras_version": "3.15.1", "date_saved": "2026-11-28@11:29:11"}


def write_archive(path, metadata, packed=zipfile.ZIP_STORED):
    """Write an archive with `metadata` as its metadata.json; None: without that member."""
    with zipfile.ZipFile(path, "w", packed) as archive:
        if metadata is not None:
            archive.writestr("metadata.json", metadata)
        archive.writestr("config.json", "{}")
    return path


def test_all_members_stay_what_they_were(tmp_path):
    """Only metadata.json has one more key."""
    inputs = keras.Input((2,))
    keras.Model(inputs, keras.layers.Dense(3)(inputs)).save(tmp_path / "plain.keras")
    add_contract(tmp_path / "plain.keras", CONTRACT, tmp_path / "model.keras")
    with (
        zipfile.ZipFile(tmp_path / "plain.keras") as before,
        zipfile.ZipFile(tmp_path / "model.keras") as after,
    ):
        assert after.testzip() is None
        assert after.namelist() == before.namelist()
        for name in ("config.json", "model.weights.h5"):
            assert after.read(name) == before.read(name)
        plain = json.loads(before.read("metadata.json"))
        whole = json.loads(after.read("metadata.json"))
    assert whole == {**plain, "autocnn": contract_to_json(CONTRACT)}
    assert read_contract_inside(tmp_path / "model.keras") == CONTRACT


def test_keras_loads_the_file_in_safe_mode_and_unpacks_nothing(tmp_path, monkeypatch):
    """A further member would make Keras unpack the whole archive into a temporary folder."""
    inputs = keras.Input((2,))
    model = keras.Model(inputs, keras.layers.Dense(3)(inputs))
    model.save(tmp_path / "plain.keras")
    add_contract(tmp_path / "plain.keras", CONTRACT, tmp_path / "model.keras")
    monkeypatch.setattr(zipfile.ZipFile, "extractall", None)
    monkeypatch.setattr(zipfile.ZipFile, "extract", None)
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    for ours, theirs in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_packed_archive_is_read(tmp_path):
    """Another program may have packed the archive again."""
    text = json.dumps({**PLAIN, "autocnn": contract_to_json(CONTRACT)})
    path = write_archive(tmp_path / "m.keras", text, zipfile.ZIP_DEFLATED)
    assert read_contract_inside(path) == CONTRACT


def test_names_of_other_scripts_are_read(tmp_path):
    """The metadata are UTF-8."""
    plain = write_archive(tmp_path / "plain.keras", json.dumps(PLAIN))
    contract = replace(CONTRACT, class_names=("猫", "\x1b[2J", "c", "d"))
    add_contract(plain, contract, tmp_path / "m.keras")
    assert read_contract_inside(tmp_path / "m.keras") == contract


@pytest.mark.parametrize("metadata", [json.dumps(PLAIN), None, "[]", '"autocnn"'])
def test_a_file_without_a_contract_is_one_clear_line(tmp_path, metadata):
    """A model of another program, for example."""
    path = write_archive(tmp_path / "m.keras", metadata)
    with pytest.raises(RecordError) as raised:
        read_contract_inside(path)
    assert str(raised.value) == (
        f"{path}: expected a contract at the key 'autocnn' of its metadata.json, found none; "
        "`autocnn export` writes a model with its contract"
    )


def test_a_wrong_contract_is_one_clear_line(tmp_path):
    """The line says which value is wrong."""
    wrong = {**contract_to_json(CONTRACT), "trial": "7"}
    path = write_archive(tmp_path / "m.keras", json.dumps({"autocnn": wrong}))
    with pytest.raises(
        RecordError, match=r"m\.keras: its contract cannot be used \(expected trial"
    ):
        read_contract_inside(path)


@pytest.mark.parametrize("metadata", ["{", "[" * 200_000, b"\xff", "9" * 5000])
def test_damaged_metadata_are_one_clear_line(tmp_path, metadata):
    """Text that is no JSON, is nested too deep, or is no UTF-8."""
    path = write_archive(tmp_path / "m.keras", metadata)
    with pytest.raises(RecordError, match=r"m\.keras: expected a \.keras file with its") as raised:
        read_contract_inside(path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"the shipped model"])
def test_a_file_that_is_no_archive_is_one_clear_line(tmp_path, content):
    """An empty, truncated or foreign file."""
    path = tmp_path / "m.keras"
    path.write_bytes(content)
    with pytest.raises(RecordError, match=r"m\.keras: expected a \.keras file with its contract"):
        read_contract_inside(path)


def test_a_damaged_byte_anywhere_raises_no_other_error(tmp_path):
    """Each byte of the archive is zeroed, filled, and changed by a bit."""
    text = json.dumps({"autocnn": contract_to_json(CONTRACT)})
    path = write_archive(tmp_path / "m.keras", text, zipfile.ZIP_DEFLATED)
    whole = path.read_bytes()
    for place in range(len(whole)):
        for value in (0x00, 0xFF, whole[place] ^ 0x01):
            path.write_bytes(whole[:place] + bytes([value]) + whole[place + 1 :])
            with suppress(RecordError):
                read_contract_inside(path)


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir()])
def test_a_file_that_cannot_be_read_is_one_clear_line(tmp_path, make):
    """It is missing, or a folder."""
    make(tmp_path / "m.keras")
    with pytest.raises(RecordError, match=r"m\.keras: cannot be read \("):
        read_contract_inside(tmp_path / "m.keras")


def test_a_member_that_expands_is_read_up_to_the_limit_only(tmp_path, monkeypatch):
    """A packed member may claim any size."""
    monkeypatch.setattr(keras_archive, "MAX_BYTES", 1000)
    path = write_archive(tmp_path / "m.keras", "[" + " " * 10_000_000 + "]", zipfile.ZIP_DEFLATED)
    with pytest.raises(RecordError, match=r"its metadata\.json has more than 1,000 bytes"):
        read_contract_inside(path)


def test_a_member_packed_in_another_way_is_refused(tmp_path):
    """Keras stores members as they are."""
    path = write_archive(tmp_path / "m.keras", json.dumps(PLAIN), zipfile.ZIP_BZIP2)
    with pytest.raises(RecordError, match=r"its metadata\.json is encrypted or packed in"):
        read_contract_inside(path)


def test_reading_loads_neither_keras_nor_code(tmp_path):
    """A config that would run code is not even parsed."""
    text = json.dumps({"autocnn": contract_to_json(CONTRACT)})
    path = write_archive(tmp_path / "m.keras", text)
    code = (
        "import sys, autocnn\n"
        "print(autocnn.read_contract(sys.argv[1]).class_names)\n"
        "print({'keras', 'tensorflow', 'jax', 'h5py', 'pickle'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[0] == "('a', 'b', 'c', 'd')", done.stderr
    assert not {"keras", "tensorflow", "jax", "h5py"} & set(done.stdout.splitlines()[1].split("'"))


def write_config(path, config):
    """Write an archive with `config` as its config.json; None: without that member."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", "{}")
        if config is not None:
            archive.writestr("config.json", config)
    return path


def layer(kind, module, **more):
    """The configuration of a network with one layer."""
    inner = {"class_name": kind, "module": module, "config": {}, **more}
    outer = {"class_name": "Functional", "module": "keras.src.models.functional"}
    return json.dumps({**outer, "config": {"layers": [inner]}})


def test_layers_of_an_export_are_accepted(tmp_path):
    """Every class that an export names is one of a few of Keras."""
    inputs = keras.Input((2,))
    keras.Model(inputs, keras.layers.Dense(3)(inputs)).save(tmp_path / "plain.keras")
    check_layers(tmp_path / "plain.keras")
    check_layers(write_config(tmp_path / "one.keras", layer("Dense", "keras.layers")))


@pytest.mark.parametrize(
    ("config", "named"),
    [
        (layer("Lambda", "keras.layers"), "'Lambda' of 'keras.layers'"),
        (layer("TFSMLayer", "keras.layers"), "'TFSMLayer' of 'keras.layers'"),
        (layer("TorchModuleWrapper", "keras.layers"), "'TorchModuleWrapper' of 'keras.layers'"),
        (layer("StringLookup", "keras.layers"), "'StringLookup' of 'keras.layers'"),
        (layer("function", "keras.utils"), "'function' of 'keras.utils'"),
        (layer("function", "keras.initializers"), "'function' of 'keras.initializers'"),
        (layer("system", "os"), "'system' of 'os'"),
        (layer("function", "builtins"), "'function' of 'builtins'"),
        (layer("X", "kerasx.layers"), "'X' of 'kerasx.layers'"),
        (layer("X", None, registered_name="my>X"), "'X' of 'my>X'"),
    ],
)
def test_other_layers_are_refused(tmp_path, config, named):
    """Objects of other packages, and layers of Keras that could run code, are not loaded."""
    path = write_config(tmp_path / "model.keras", config)
    with pytest.raises(RecordError) as raised:
        check_layers(path)
    assert str(raised.value).startswith(
        f"{path}: expected layers that autocnn writes, got {named},"
    )


@pytest.mark.parametrize("config", [None, b"{", b"[" * 100_000])
def test_a_file_without_a_configuration_is_one_line(tmp_path, config):
    """No config.json, half of one, and one that is nested too deep."""
    path = write_config(tmp_path / "model.keras", config)
    with pytest.raises(RecordError, match=r"model\.keras: cannot be read as a Keras model"):
        check_layers(path)
