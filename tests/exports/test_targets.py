"""Which files an export writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from autocnn.errors import SettingsError
from autocnn.exports.formats import KERAS, LITERT, ONNX, OPENVINO, SAVEDMODEL
from autocnn.exports.litert_file import Quantization
from autocnn.exports.targets import find_targets, quantize


@pytest.mark.parametrize(
    ("output", "names", "expected"),
    [
        ("a/m.onnx", (), [(ONNX, "a/m.onnx")]),
        ("m.tflite", ("litert",), [(LITERT, "m.tflite")]),
        ("m", ("onnx",), [(ONNX, "m.onnx")]),
        ("v1.2", ("onnx", "keras"), [(ONNX, "v1.2.onnx"), (KERAS, "v1.2.keras")]),
        ("m", ("onnx", "onnx"), [(ONNX, "m.onnx")]),
        ("m", ("savedmodel",), [(SAVEDMODEL, "m")]),
        (
            "m",
            ("savedmodel", "openvino"),
            [(SAVEDMODEL, "m.savedmodel"), (OPENVINO, "m.xml")],
        ),
    ],
)
def test_formats_and_output_give_the_paths(output, names, expected):
    """An ending that is absent is added."""
    found = find_targets(Path(output), names, "digits")
    assert found == [(chosen, Path(path)) for chosen, path in expected]


def test_files_in_a_folder_are_named_after_the_study(tmp_path):
    """The folder must exist."""
    found = find_targets(tmp_path, ["onnx", "litert"], "digits")
    assert [path for _, path in found] == [tmp_path / "digits.onnx", tmp_path / "digits.tflite"]


@pytest.mark.parametrize(
    ("output", "names", "message"),
    [
        ("m", ("onxx",), "^--format must be one of keras, onnx, .*, got 'onxx'$"),
        ("m", ("",), "^--format must be one of .*, got ''$"),
        ("m.tflite", ("onnx",), r"^--format onnx: the ending of m\.tflite is that of litert; "),
        ("m.onnx", ("onnx", "keras"), r"^--format onnx,keras: the ending of m\.onnx is that of"),
        ("m.h5", (), r"^--output must end in \.keras, "),
    ],
)
def test_a_wrong_choice_is_one_line(output, names, message):
    """It names the choices, or what contradicts."""
    with pytest.raises(SettingsError, match=message):
        find_targets(Path(output), names, "digits")


def test_quantising_changes_the_writer_and_the_tolerance():
    """All else stays."""
    chosen = quantize(LITERT, Quantization(name="float16"))
    assert (chosen.suffix, chosen.load) == (LITERT.suffix, LITERT.load)
    assert (chosen.tolerance, LITERT.tolerance) == (0.05, 1e-4)
    eight = quantize(LITERT, Quantization(name="dynamic"))
    assert (eight.tolerance, eight.tolerant, LITERT.tolerant) == (0.1, 0.5, 1.0)


@pytest.mark.parametrize(
    ("chosen", "name", "message"),
    [
        (ONNX, "int8", "^--quantize int8: autocnn does not quantise ONNX files; .* litert$"),
        (LITERT, "int4", "^--quantize must be one of float16, dynamic, int8, got 'int4'$"),
    ],
)
def test_a_quantisation_that_a_format_lacks_is_one_line(chosen, name, message):
    """It names the format that has it, or the choices."""
    with pytest.raises(SettingsError, match=message):
        quantize(chosen, Quantization(name=name))
