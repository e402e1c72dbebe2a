"""What an export wrote: a line for each file, or one table of all."""

from __future__ import annotations

from collections.abc import Sequence

from autocnn.models.file_report import FileReport
from autocnn.report.formatting import percent
from autocnn.terminal.escaping import escape_controls
from autocnn.terminal.studies_table import size_text
from autocnn.terminal.tables import Column, FittedTable

FOLDED = 12  # characters of the column of files, at least
UNKNOWN = "–"


def describe_file(file: FileReport) -> str:
    """As "153.6 kB; probabilities differ by 3.6e-07 at most; on 145 validation images ..."."""
    line = f"{size_text(file.bytes)}; probabilities differ by {file.difference:.2g} at most"
    found = file.agreement
    if found is None:
        return line
    return (
        f"{line}; on {found.n:,} validation images {percent(found.equal)} equal predictions, "
        f"accuracy {percent(found.accuracy)} (the network: {percent(found.network_accuracy)})"
    )


def render_files(files: Sequence[FileReport]) -> FittedTable:
    """One row a file: its size, the time of a call with one image, and what it keeps."""
    known = [each.agreement for each in files]
    formats = [
        each.format + (f", {each.quantize}" if each.quantize is not None else "") for each in files
    ]
    numbers = {
        "size": [size_text(each.bytes) for each in files],
        "latency": [_milliseconds(each.latency_s) for each in files],
        "difference": [f"{each.difference:.2g}" for each in files],
        "equal": [percent(None if each is None else each.equal) for each in known],
        "accuracy": [percent(None if each is None else each.accuracy) for each in known],
    }
    return FittedTable(
        title=_title(files),
        columns=[
            Column(name="format", cells=formats),
            *(Column(name=name, cells=cells, is_number=True) for name, cells in numbers.items()),
            Column(
                name="file", cells=[escape_controls(str(each.path)) for each in files], fold=FOLDED
            ),
        ],
    )


def _title(files: Sequence[FileReport]) -> str:
    n = f"{len(files)} file{'s' if len(files) != 1 else ''}"
    first = files[0].agreement
    if first is None:
        return n
    accuracy = percent(first.network_accuracy)
    return f"{n}; the network: {accuracy} of {first.n:,} validation images"


def _milliseconds(seconds: float | None) -> str:
    return UNKNOWN if seconds is None else f"{1000 * seconds:.2f} ms"
