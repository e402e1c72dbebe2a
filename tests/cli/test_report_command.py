"""`autocnn report`, on studies that were not trained."""

from __future__ import annotations

import pytest


@pytest.mark.training
def test_a_report_is_written_into_the_study(autocnn, copied):
    """The only output is the name of the file; the matrix of the test images is on the page."""
    done = autocnn("report", "tiny", "--results", copied.results)
    file = copied.folder / "report.html"
    assert (done.code, done.out, done.err) == (0, f"{file}\n", "")
    page = file.read_text(encoding="utf-8")
    assert "tiny on digits" in page
    assert "Confusion matrix" in page


@pytest.mark.parametrize(
    ("output", "expected"),
    [("report.pdf", "--output must end in .html, got"), ("no/r.html", "its folder does not exist")],
)
def test_a_wrong_output_is_one_line(autocnn, tmp_path, output, expected):
    """It is refused before the studies are looked for."""
    done = autocnn("report", "absent", "-o", tmp_path / output, "--results", tmp_path)
    assert (done.code, done.out) == (2 if "pdf" in output else 1, "")
    assert len(done.err.splitlines()) == 1
    assert expected in done.err


@pytest.mark.training
def test_a_search_ends_with_a_report(call, search_arguments, tmp_path):
    """The closing lines name it; the pictures of the winner are in it."""
    name = ("--study", "shown", "--results", tmp_path, "--report")
    done = call(*search_arguments, "--report", *name)
    file = tmp_path / "shown" / "report.html"
    assert done.code == 0, done.err
    assert f"report         {file}" in done.out.splitlines()
    assert "the report was not made" not in done.out + done.err
    page = file.read_text(encoding="utf-8")
    assert "most confident mistakes" in page
    assert "Training images of each class" in page
