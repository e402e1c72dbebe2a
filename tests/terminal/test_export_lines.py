"""What an export prints of its files."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from autocnn.models.file_report import Agreement, FileReport
from autocnn.terminal.export_lines import describe_file, render_files

ONNX = FileReport(
    path=Path("m.onnx"),
    format="onnx",
    quantize=None,
    bytes=153_645,
    difference=3.6e-7,
    agreement=Agreement(n=1450, equal=0.995, accuracy=0.98, network_accuracy=0.985),
    latency_s=0.00008,
)
SMALL = FileReport(
    path=Path("m.tflite"), format="litert", quantize="int8", bytes=900, difference=0.25
)


def text_of(renderable):
    """The lines at a width of 100."""
    console = Console(width=100, file=None, record=True, quiet=False)
    with console.capture() as found:
        console.print(renderable)
    return [line.rstrip() for line in found.get().splitlines()]


def test_a_file_is_one_line():
    """Size and difference; agreement if it was measured."""
    assert describe_file(SMALL) == "900 B; probabilities differ by 0.25 at most"
    assert describe_file(ONNX) == (
        "153.6 kB; probabilities differ by 3.6e-07 at most; on 1,450 validation images 99.50 % "
        "equal predictions, accuracy 98.00 % (the network: 98.50 %)"
    )


def test_a_table_has_a_row_for_each_file():
    """A dash stands for what was not measured."""
    assert text_of(render_files([ONNX, SMALL])) == [
        "2 files; the network: 98.50 % of 1,450 validation images",
        "format            size  latency  difference    equal  accuracy  file",
        "onnx          153.6 kB  0.08 ms     3.6e-07  99.50 %   98.00 %  m.onnx",
        "litert, int8     900 B        –        0.25        –         –  m.tflite",
    ]
    assert text_of(render_files([SMALL]))[0] == "1 file"
