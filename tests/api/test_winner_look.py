"""What the winner of a study on disk makes of its validation images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from autocnn.api import load_study, write_report
from autocnn.api.winner_look import describe_data, look_at_winner, open_study_data
from autocnn.data.prepared import prepare
from autocnn.errors import RecordError
from autocnn.records.finals_file import Confusion, write_confusion, write_finals


@pytest.fixture
def view(study, results):
    """The study digits-1, with the fingerprint of the digits on record."""
    found = load_study(results, study.name)
    facts = replace(found.known_facts, fingerprint=prepare("digits").fingerprint)
    return replace(found, facts=facts)


def test_the_winner_classifies_the_validation_images(view):
    """145 digits validate; the mistakes of untrained weights have their images, in their order."""
    opened = open_study_data(view)
    assert not isinstance(opened, str)
    look = look_at_winner(view, opened.prepared)
    assert (look.trial, look.evaluation.n, look.left_out) == (2, 145, 0)
    images = opened.prepared.validation.copy()
    first = look.evaluation.mistakes[0]
    assert np.array_equal(look.mistaken[0], images.images[first.image])
    assert len(look.mistaken) == min(25, len(look.evaluation.mistakes))
    assert str(images.labels[first.image]) == first.true
    assert [each.name for each in look.chosen[0].maps] == ["block1_conv1_relu"]
    assert look.chosen[0].maps[0].maps.shape == (8, 8, 4)
    assert [(each.name, each.n) for each in look.filters] == [("block1_conv1", 4)]


def test_the_data_sheet_counts_the_images(view, study, make_finals):
    """1,437 digits are no test images; the finals know how many of each class were tested."""
    opened = open_study_data(view)
    sheet = describe_data(view, opened)
    assert sum(row[1] + row[2] for row in sheet.table.rows) == 1437
    assert sheet.table.titles == ("class", "train", "validation")
    study.finals.mkdir()
    write_finals(study, make_finals(winner=2))
    names = tuple("0123456789")
    counts = tuple(tuple(int(i == j) for j in range(10)) for i in range(10))
    write_confusion(study.confusion, Confusion(classes=names, counts=counts))
    assert describe_data(view, opened).table.rows[3][-1] == 1


def test_a_report_shows_mistakes_maps_and_samples(view, tmp_path):
    """All pictures are in the page, which stays small."""
    file = write_report([view], tmp_path / "r.html")
    page = file.read_text("utf-8")
    for text in (
        "The 25 most confident mistakes",
        "expected calibration error (ECE)",
        "block1_conv1_relu: 4 maps of 8 × 8",
        "block1_conv1: 4 filters of 1 input",
        "Training images of each class",
    ):
        assert text in page
    assert "not at hand" not in page
    assert file.stat().st_size < 5_000_000


def test_damaged_weights_leave_the_rest_of_the_report(view, study, tmp_path):
    """The page says why the winner cannot be looked at."""
    study.weights(2).write_bytes(b"no weights")
    opened = open_study_data(view)
    with pytest.raises(RecordError):
        look_at_winner(view, opened.prepared)
    page = write_report([view], tmp_path / "r.html").read_text("utf-8")
    assert "The winner cannot be looked at:" in page
    assert "Training images of each class" in page
