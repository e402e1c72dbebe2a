"""Files that are no model of autocnn, damaged ones, and missing packages: one exact line each."""

from __future__ import annotations

import json
import socket
import zipfile
from dataclasses import replace
from importlib.util import find_spec

import pytest
from export_fixtures import CONTRACT

from autocnn.api import serving
from autocnn.exports import packages
from autocnn.models.contract import contract_to_json

SMALL = replace(CONTRACT, class_names=("dark", "bright"), image_shape=(2, 2, 1))
EXPORT = "`autocnn export` writes a model with its contract"
ENDINGS = ".keras or .onnx or .tflite or .savedmodel or .xml"
# The three commands that take a model's file; the model is read before the images of `evaluate`.
COMMANDS = {
    "predict": lambda model: ("predict", model, "image.png"),
    "evaluate": lambda model: ("evaluate", model, "digits", "--split", "test"),
    "serve": lambda model: ("serve", model, "--port", 0),
}
LINES = {
    "text.keras": "expected a .keras file with its contract, got something else (File is not a zip "
    f"file); {EXPORT}",
    "text.onnx": f"expected an ONNX file, got something else, or a damaged one; {EXPORT}",
    "text.tflite": f"expected a LiteRT file, got something else; {EXPORT}",
    "text.xml": "expected the .xml file of an OpenVINO model, got something else (syntax error: "
    f"line 1, column 0); {EXPORT}",
    "text.savedmodel": "expected a folder with a contract at assets.extra/autocnn.json; " + EXPORT,
    "text.py": f"expected a model's file, which ends in {ENDINGS}",
    "model.pkl": f"expected a model's file, which ends in {ENDINGS}",
    "empty.onnx": f"expected an ONNX file, got one without a network; {EXPORT}",
    "empty.tflite": f"expected a LiteRT file, got something else; {EXPORT}",
    "plain.keras": "expected a contract at the key 'autocnn' of its metadata.json, found none; "
    + EXPORT,
    "plain.onnx": f"expected a contract at the key 'autocnn', found none; {EXPORT}",
    "cut.onnx": f"expected an ONNX file, got something else, or a damaged one; {EXPORT}",
    "folder": "expected a folder with a contract at assets.extra/autocnn.json; " + EXPORT,
    "lambda.keras": "expected layers that autocnn writes, got 'Lambda' of 'keras.layers', which "
    "could run code; it is not loaded",
    "torch.keras": "expected layers that autocnn writes, got 'TorchModuleWrapper' of "
    "'keras.layers', which could run code; it is not loaded",
    "inputs.onnx": "expected a network with one input and one output, got 2 and 1",
    "logits.onnx": "expected 2 probabilities for each image, as its contract says, got values from "
    "0 to 227 that do not sum to 1",
    "size.onnx": "its network does not take images of shape (2, 2, 1), as its contract says (Got "
    "invalid dimensions for input: image for the following indices index: 1 Got: 2 Expected: 9 "
    "Please fix either the inputs/outputs or the model.)",
    "classes.onnx": "expected 2 probabilities for each image, as its contract says, got an array "
    "of shape (2, 4) for 2 images",
}
USAGE = ("text.py", "model.pkl")  # errors of the command line, with its exit code


def write_keras(path, *, layer=None, contract=True):
    """An archive as Keras writes it, with one layer of this class."""
    inner = {"class_name": layer or "Flatten", "module": "keras.layers", "config": {}}
    outer = {"class_name": "Functional", "module": "keras.src.models.functional"}
    metadata = {"autocnn": contract_to_json(SMALL)} if contract else {"keras_version": "3.15.1"}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps(metadata))
        archive.writestr("config.json", json.dumps({**outer, "config": {"layers": [inner]}}))


def write_onnx(path, *, kind="good", contract=True):
    """A network that takes the pixels of an image for its probabilities, or a wrong one."""
    helper = pytest.importorskip("onnx").helper
    pytest.importorskip("onnxruntime")
    height = 9 if kind == "size" else 2
    given = [helper.make_tensor_value_info("image", 1, ["batch", height, 2, 1])]
    nodes = [helper.make_node("Flatten", ["image"], ["flat"])]
    if kind == "classes":
        nodes.append(helper.make_node("Softmax", ["flat"], ["answer"]))
    else:
        ends = [helper.make_tensor(name, 7, [1], [at]) for name, at in (("start", 0), ("end", 2))]
        nodes += [helper.make_node("Constant", [], [each.name], value=each) for each in ends]
        nodes.append(helper.make_node("Constant", [], ["axis"], value_ints=[1]))
        nodes.append(helper.make_node("Slice", ["flat", "start", "end", "axis"], ["two"]))
        last = "Identity" if kind == "logits" else "Softmax"
        nodes.append(helper.make_node(last, ["two"], ["answer"]))
    if kind == "inputs":
        given.append(helper.make_tensor_value_info("more", 1, ["batch", 2]))
        nodes[-1] = helper.make_node("Add", ["two", "more"], ["answer"])
    answer = helper.make_tensor_value_info("answer", 1, None)
    graph = helper.make_graph(nodes, "model", given, [answer])
    opset = helper.make_opsetid("", 18)
    proto = helper.make_model(graph, opset_imports=[opset], ir_version=9)
    if contract:
        helper.set_model_props(proto, {"autocnn": json.dumps(contract_to_json(SMALL))})
    path.write_bytes(proto.SerializeToString())


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The working directory, with an image."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "image.png").write_bytes(b"")  # it is there; the model is read first
    return tmp_path


def write_model(folder, name):
    """Write the file of LINES that has this name."""
    path, stem = folder / name, name.partition(".")[0]
    if name == "folder":
        path.mkdir()
        (path / "saved_model.pb").write_bytes(b"")
    elif stem in ("text", "model", "empty"):
        path.write_text("" if stem == "empty" else "hello, this is a text\n")
    elif path.suffix == ".keras":
        layers = {"lambda": "Lambda", "torch": "TorchModuleWrapper"}
        write_keras(path, layer=layers.get(stem), contract=stem != "plain")
    elif stem == "cut":
        write_onnx(path)
        path.write_bytes(path.read_bytes()[:-20])
    else:
        write_onnx(path, kind=stem, contract=stem != "plain")


def refused(done):
    """The one line of a command that failed and printed nothing else, and its exit code."""
    assert done.out == ""
    assert done.err.startswith("autocnn: error: ")
    assert done.err.count("\n") == 1
    return done.err.removeprefix("autocnn: error: ").rstrip("\n"), done.code


def skip_without(name):
    """Skip the test if the package that reads the file is missing."""
    needed = {".tflite": ["ai_edge_litert"], ".xml": ["openvino"], ".onnx": ["onnx", "onnxruntime"]}
    for package in needed.get("." + name.rpartition(".")[2], ()):
        pytest.importorskip(package)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", LINES)
def test_a_file_that_is_no_model_of_autocnn_is_one_line(autocnn, place, name, command):
    """The line is the same for each command that takes a model."""
    skip_without(name)
    if command == "serve":
        pytest.importorskip("fastapi")
    write_model(place, name)
    line, code = refused(autocnn(*COMMANDS[command](name)))
    assert line == f"{name}: {LINES[name]}"
    assert code == (2 if name in USAGE else 1)


def test_a_good_file_made_in_the_same_way_is_served(place):
    """The models of these tests are refused for what is wrong in them, and for nothing else."""
    import autocnn as python

    write_onnx(place / "good.onnx")
    assert python.load_model("good.onnx").class_names == ("dark", "bright")


@pytest.mark.parametrize("command", ["predict", "evaluate"])
@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("model.onnx", "the packages onnx and onnxruntime are"),
        ("model.tflite", "the package ai_edge_litert is"),
        ("model.xml", "the package openvino is"),
    ],
)
def test_a_run_time_that_is_not_installed_names_its_extra(
    autocnn, place, monkeypatch, command, name, missing
):
    """Before the file is read."""
    monkeypatch.setattr(packages, "find_spec", lambda _: None)
    (place / name).write_text("hello")
    line, code = refused(autocnn(*COMMANDS[command](name)))
    assert line == f"{name}: {missing} not installed; pip install 'autocnn[export]'"
    assert code == 2


def test_a_server_that_is_not_installed_names_its_extra(autocnn, place, monkeypatch):
    """All packages that are missing are named."""
    monkeypatch.setattr(serving, "find_spec", lambda _: None)
    line, code = refused(autocnn("serve", "model.onnx"))
    assert line == (
        "serve: not installed: fastapi, uvicorn, python-multipart; pip install 'autocnn[serve]'"
    )
    assert code == 2


@pytest.mark.skipif(find_spec("fastapi") is None, reason="fastapi is not installed")
def test_a_port_in_use_is_one_line(autocnn, place):
    """The model is not read."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        port = bound.getsockname()[1]
        line, code = refused(autocnn("serve", "absent.onnx", "--port", port))
    assert line == (
        f"--port {port}: cannot be used on 127.0.0.1 (Address already in use); choose another one"
    )
    assert code == 2


@pytest.mark.parametrize("command", [("export", "-o", "out.keras"), ("ensemble",)])
def test_a_file_is_no_study(autocnn, stored, place, command):
    """`export` and `ensemble` take the name of a study."""
    (place / "model.onnx").write_text("hello")
    arguments = (command[0], "model.onnx", *command[1:], "--results", stored)
    line, code = refused(autocnn(*arguments))
    assert line == (
        f"no study named 'model.onnx' in {stored} (it is a file, and a study is expected); "
        "known: alpha, beta"
    )
    assert code == 1
