"""Files of every format, written once for several networks, and read by their own run times."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from export_fixtures import CONFIGS, CONTRACT, SPEC

from autocnn.errors import AutocnnError, RecordError, SettingsError
from autocnn.exports.check import checked_images
from autocnn.exports.formats import (
    FORMATS,
    LITERT,
    ONNX,
    OPENVINO,
    SAVEDMODEL,
    export_to,
    load_file,
    read_contract,
)
from autocnn.exports.litert_file import QUANTIZED, Quantization
from autocnn.exports.measure import agreement
from autocnn.exports.targets import quantize
from autocnn.models.contract import contract_to_json
from autocnn.models.trained import TrainedModel
from autocnn.nn.model import build_model
from autocnn.space.config import Block, Dense, TrialConfig

SIDE = 16  # pixels: the least from which airbench94 has a map left
IMAGE = replace(SPEC, shape=(SIDE, SIDE, 3))
LETTERS = replace(CONTRACT, image_shape=IMAGE.shape, class_names=("a", "b", "c", "ü\n"))
NETWORKS = {
    "plain": CONFIGS["standardize"],
    "residual": TrialConfig(
        blocks=(Block(filters=(4, 4), residual=True, normalisation="batch", pool="average"),),
        head="global_average",
        pixels="unit",
    ),
    "separable": TrialConfig(
        blocks=(Block(filters=(4, 5), convolution="separable", stride=2, activation="silu"),),
    ),
    "airbench94": TrialConfig(
        architecture="airbench94", head="global_max", logits_bias=False, logits_scale=1 / 9
    ),
    "mlp": TrialConfig(dense=(Dense(units=7, activation="selu", dropout=0.2),)),
}
WIDE = TrialConfig(blocks=(Block(filters=(32, 48), pool="max"),), head="global_max")
CONVERTED = [suffix for suffix in FORMATS if suffix != ".keras"]


def needs(chosen):
    """Skip the test if a package of the format is missing."""
    for package in chosen.writes_with:
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed: pip install 'autocnn[export]'")


def trained(config):
    """A network without any default weight."""
    rng = np.random.default_rng(3)
    initial = build_model(config, IMAGE, seed=3).get_weights()
    weights = [w if w.ndim > 1 else rng.uniform(0.1, 0.6, w.shape) for w in initial]
    last = max(i for i, w in enumerate(weights) if w.ndim == 2)
    weights[last] = 0.1 * weights[last]  # so that no probability is nearly 0 or 1
    names = LETTERS.class_names
    return TrainedModel(config=config, image=IMAGE, class_names=names, weights=tuple(weights))


@pytest.fixture(scope="module")
def models():
    """Each network, built once."""
    return {name: trained(config) for name, config in {**NETWORKS, "wide": WIDE}.items()}


@pytest.fixture(scope="module")
def export(models, tmp_path_factory):
    """A function from the name of a network and an ending to its exported file, written once."""
    folder, known = tmp_path_factory.mktemp("exports"), {}

    def make(name, suffix):
        needs(FORMATS[suffix])
        if (name, suffix) not in known:
            (folder / name).mkdir(exist_ok=True)
            target = folder / name / f"model{suffix}"
            known[name, suffix] = export_to(models[name], LETTERS, target)
        return known[name, suffix]

    return make


@pytest.fixture
def copy(export, tmp_path):
    """A function from an ending to a copy of the residual network's file, for a test to damage."""

    def make(suffix):
        source = export("residual", suffix).path
        for path in source.parent.glob("model.*"):
            if path.is_dir():
                shutil.copytree(path, tmp_path / path.name)
            else:
                shutil.copy(path, tmp_path)
        return tmp_path / source.name

    return make


@pytest.mark.parametrize("suffix", CONVERTED)
@pytest.mark.parametrize("name", NETWORKS)
def test_every_format_has_the_answers_of_the_network(export, models, name, suffix):
    """For any number of images, one after the other."""
    exported, images = export(name, suffix), checked_images(IMAGE.shape)[::10]
    assert exported.difference <= exported.format.tolerance
    expected, predict = models[name].predict(images), exported.load()
    assert np.ptp(expected, axis=0).max() > 3e-4  # the images are told apart
    for part in (slice(0, 1), slice(1, 6), slice(6, 7)):
        np.testing.assert_allclose(predict(images[part]), expected[part], atol=1e-4)


@pytest.mark.parametrize("suffix", CONVERTED)
def test_every_format_has_the_contract_inside_and_beside(export, suffix):
    """Names of classes may have any characters."""
    exported = export("residual", suffix)
    assert read_contract(exported.path) == LETTERS
    assert read_contract(exported.path.parent / "model.json") == LETTERS


@pytest.mark.parametrize("suffix", [".onnx", ".tflite", ".xml"])
def test_an_exported_file_is_loaded_by_its_contract(export, models, suffix):
    """As `autocnn.load_model` loads it."""
    images = checked_images(IMAGE.shape)[-3:]
    predict = load_file(export("residual", suffix).path, LETTERS)
    np.testing.assert_allclose(predict(images), models["residual"].predict(images), atol=1e-4)


def test_a_saved_model_is_not_loaded(export):
    """Its graph could hold operations that read and write files; the contract is read."""
    path = export("residual", ".savedmodel").path
    with pytest.raises(RecordError, match=r"may hold operations that read and write files"):
        load_file(path, LETTERS)


# quantisation


@pytest.mark.parametrize("name", QUANTIZED)
def test_litert_is_quantised(export, models, tmp_path, name):
    """The file is smaller, takes pixels as before, and has nearly the network's answers."""
    exact, model = export("wide", ".tflite"), models["wide"]
    images = checked_images(IMAGE.shape)
    chosen = quantize(LITERT, Quantization(name=name, images=images[::4]))
    target = tmp_path / "small.tflite"
    exported = export_to(model, LETTERS, target, {".tflite": chosen})
    share = {"float16": 0.6, "dynamic": 0.4, "int8": 0.4}[name]
    assert target.stat().st_size < share * exact.path.stat().st_size
    assert 0 < exported.difference < 0.5
    assert read_contract(target) == LETTERS
    answers = exported.load()(images)
    labels = np.zeros(len(images), np.int64)
    assert agreement(model.predict(images), answers, labels).equal > 0.8


def test_int8_needs_images(models, tmp_path):
    """The images come from the caller; without them it is a bug."""
    needs(LITERT)
    chosen = quantize(LITERT, Quantization(name="int8"))
    with pytest.raises(ValueError, match="expected images for the calibration of int8"):
        export_to(models["mlp"], LETTERS, tmp_path / "a.tflite", {".tflite": chosen})


# what plain users of the run times see


def test_onnx_runtime_finds_named_ends_and_any_batch(export):
    """The names and sizes of input and output, and the contract as JSON in the metadata."""
    path = export("residual", ".onnx").path
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (given,), (answer,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.shape) == ("image", ["batch", SIDE, SIDE, 3])
    assert (answer.name, answer.shape) == ("probabilities", ["batch", 4])
    text = session.get_modelmeta().custom_metadata_map["autocnn"]
    assert json.loads(text) == contract_to_json(LETTERS)


def test_litert_has_a_signature(export):
    """The ends are found by name."""
    path = export("residual", ".tflite").path
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(model_path=str(path)).get_signature_runner("serving_default")
    answers = runner(image=checked_images(IMAGE.shape)[:1])
    assert answers["probabilities"].shape == (1, 4)


def test_openvino_has_named_ends(export):
    """The ends are found by name."""
    path = export("residual", ".xml").path
    import openvino

    network = openvino.Core().read_model(path)
    assert network.input("image").partial_shape == openvino.PartialShape([-1, SIDE, SIDE, 3])
    assert network.output("probabilities").partial_shape == openvino.PartialShape([-1, 4])


# files that are none, or that are damaged


@pytest.mark.parametrize("chosen", [ONNX, LITERT, OPENVINO], ids=lambda each: each.key)
@pytest.mark.parametrize("content", [b"", b"hello\n", b"\x08\x08" * 99, b"<net/>", b"\x00" * 64])
def test_another_file_is_one_line(tmp_path, chosen, content):
    """Its contract is asked for first."""
    needs(chosen)
    path = tmp_path / f"other{chosen.suffix}"
    path.write_bytes(content)
    with pytest.raises(RecordError, match=r"other\.[a-z]+: ") as raised:
        read_contract(path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("chosen", [ONNX, LITERT, OPENVINO, SAVEDMODEL], ids=lambda e: e.key)
def test_a_file_that_is_gone_is_one_line(tmp_path, chosen):
    """The line names the file."""
    needs(chosen)
    with pytest.raises(RecordError, match=r"gone\.[a-z]+: "):
        read_contract(tmp_path / f"gone{chosen.suffix}")


@pytest.mark.parametrize("suffix", [".onnx", ".tflite", ".xml"])
@pytest.mark.parametrize("share", [0.2, 0.6, 0.97])
def test_a_truncated_file_is_one_line(copy, suffix, share):
    """When its contract is read, or when it is loaded."""
    path = copy(suffix)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(RecordError, match=r"model\.[a-z]+: ") as raised:
        load_file(path, read_contract(path))
    assert "\n" not in str(raised.value)


def test_openvino_without_its_weights_is_one_line(copy):
    """The line names the file that is missing, or cut."""
    path = copy(".xml")
    weights = path.with_suffix(".bin")
    weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])
    with pytest.raises(RecordError) as raised:
        load_file(path, read_contract(path))
    assert str(raised.value) == (
        f"{path}: cannot be read with model.bin as an OpenVINO model (Incorrect weights in bin "
        "file!)"
    )
    weights.unlink()
    with pytest.raises(RecordError) as raised:
        load_file(path, read_contract(path))
    assert str(raised.value) == (
        f"{path}: expected its weights beside it in model.bin, which is no file; an OpenVINO model "
        "is both files"
    )


@pytest.mark.parametrize("suffix", [".onnx", ".tflite", ".xml"])
def test_a_network_that_does_not_fit_its_contract_is_one_line(copy, suffix):
    """Here the contract asks for larger images, or has another class."""
    path = copy(suffix)
    for other in (
        replace(LETTERS, image_shape=(8, 9, 1)),
        replace(LETTERS, class_names=("a", "b", "c")),
    ):
        with pytest.raises(RecordError, match="as its contract says") as raised:
            load_file(path, other)
        assert "\n" not in str(raised.value)


def test_a_document_type_is_refused(copy):
    """Entities can make a small XML file huge."""
    path = copy(".xml")
    bomb = b'<!DOCTYPE net [<!ENTITY a "aaaa">]><net/>'
    path.write_bytes(bomb)
    with pytest.raises(RecordError, match="or has a DTD"):
        read_contract(path)


# ONNX files that reach outside


def change_external(proto):
    """Say that the first weights lie in a file outside of the folder."""
    tensor = proto.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = 1
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../secret"


def change_domain(proto):
    """Say that the first operation is that of another library."""
    proto.graph.node[0].domain = "com.stranger"


def change_functions(proto):
    """Add a function of the file's own."""
    proto.functions.add().name = "f"


def change_contract(proto):
    """Remove the contract."""
    del proto.metadata_props[:]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (change_external, "got some in another file"),
        (change_domain, "expected operations of ONNX only, got "),
        (change_functions, "got functions of its own"),
        (change_contract, "expected a contract at the key 'autocnn', found none"),
    ],
)
def test_an_onnx_file_of_a_stranger_is_refused(copy, change, message):
    """Nothing outside of the file is read, and nothing is run."""
    path = copy(".onnx")
    import onnx

    proto = onnx.ModelProto.FromString(path.read_bytes())
    change(proto)
    path.write_bytes(proto.SerializeToString())
    with pytest.raises(RecordError, match=message):
        read_contract(path)


# places


def test_an_older_saved_model_is_replaced(copy, models):
    """A folder that an export wrote makes way, and nothing is left beside it."""
    path = copy(".savedmodel")
    (path / "mine.txt").write_text("goes with the older export")
    export_to(models["mlp"], replace(LETTERS, trial=8), path)
    assert read_contract(path).trial == read_contract(path.with_suffix(".json")).trial == 8
    assert not (path / "mine.txt").exists()
    assert not [each for each in path.parent.iterdir() if each.name.startswith(".")]


def test_a_foreign_folder_stays(tmp_path, models):
    """Also if it is empty."""
    folder = tmp_path / "model.savedmodel"
    folder.mkdir()
    with pytest.raises(RecordError, match="expected nothing, or an older export"):
        export_to(models["mlp"], LETTERS, folder)
    assert list(tmp_path.iterdir()) == [folder]


def test_foreign_weights_stay(tmp_path, models):
    """The user named the .xml file only."""
    needs(OPENVINO)
    (tmp_path / "model.bin").write_text("mine")
    with pytest.raises(RecordError, match=r"model\.bin: expected nothing, or an older export"):
        export_to(models["mlp"], LETTERS, tmp_path / "model.xml")
    assert [each.name for each in tmp_path.iterdir()] == ["model.bin"]


def test_a_conversion_that_goes_wrong_leaves_no_file(tmp_path, models):
    """The file is compared with the network before it appears."""
    strict = {".savedmodel": replace(SAVEDMODEL, tolerance=-1.0)}
    with pytest.raises(AutocnnError, match=r"^a\.savedmodel: its probabilities differ from the"):
        export_to(models["mlp"], LETTERS, tmp_path / "a.savedmodel", strict)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_is_one_line(tmp_path, models):
    """The line names the extra."""
    absent = {".onnx": replace(ONNX, writes_with=("onnx_absent",))}
    line = r"^a\.onnx: the package onnx_absent is not installed; pip install 'autocnn\[export\]'$"
    with pytest.raises(SettingsError, match=line):
        export_to(models["mlp"], LETTERS, tmp_path / "a.onnx", absent)


def test_another_backend_writes_keras_files_only(tmp_path, models, monkeypatch):
    """The line says how to convert the same study."""
    monkeypatch.setattr("keras.backend.backend", lambda: "jax")
    with pytest.raises(SettingsError, match=r"^KERAS_BACKEND=jax: .*=tensorflow$"):
        export_to(models["mlp"], LETTERS, tmp_path / "a.savedmodel")
    assert list(Path(tmp_path).iterdir()) == []
