"""Pictures of a winner as files."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

import autocnn.api.pictures as pictures
from autocnn.api import PICTURES, load_study, plot_study
from autocnn.data.prepared import prepare
from autocnn.errors import StudyError
from autocnn.records.finals_file import Confusion, write_confusion, write_finals

HEADS = {"png": b"\x89PNG", "svg": b"<?xml", "html": b"<!doctype html>"}


@pytest.fixture
def view(study, results, make_finals):
    """The study digits-1 with the fingerprint of the digits, and finals of its trial 2."""
    study.finals.mkdir()
    write_finals(study, make_finals(winner=2))
    write_confusion(study.confusion, Confusion(classes=("a", "b"), counts=((3, 1), (0, 4))))
    found = load_study(results, study.name)
    facts = replace(found.known_facts, fingerprint=prepare("digits").fingerprint)
    return replace(found, facts=facts)


@pytest.mark.parametrize(
    ("kind", "ending"), list(zip(PICTURES, ["png", "svg", "html"] * 2, strict=True))
)
def test_a_picture_is_written(view, tmp_path, kind, ending):
    """In the format of the ending."""
    target = tmp_path / f"picture.{ending}"
    assert plot_study(view, kind, target) == target
    content = target.read_bytes()
    assert content.startswith(HEADS[ending])
    assert len(content) > 2000


def test_a_page_asks_for_nothing_and_escapes_the_name(tmp_path):
    """Its policy forbids requests and scripts."""
    target = tmp_path / "p.html"
    pictures.write_picture(lambda form: form.encode(), "<script>alert(1)</script>", target)
    page = target.read_text("utf-8")
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert re.findall(r'src="([^"]*)"', page) == ["data:image/svg+xml;base64,c3Zn"]


@pytest.mark.parametrize("kind", ["calibration", "mistakes", "features", "filters"])
def test_without_images_the_reason_is_one_line(view, tmp_path, kind):
    """Nothing is written."""
    other = replace(view, facts=replace(view.known_facts, fingerprint="0"))
    line = f"plot {kind} needs the images of study digits-1: digits was changed after the study"
    with pytest.raises(StudyError, match=line):
        plot_study(other, kind, tmp_path / "p.png")
    assert list(tmp_path.glob("*.png")) == []
