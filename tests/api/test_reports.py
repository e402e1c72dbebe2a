"""Reports of studies on disk."""

from __future__ import annotations

import os

import pytest
from PIL import Image

from autocnn.api import load_study, write_report
from autocnn.api.reports import report_of, write_card
from autocnn.data.value_range import EIGHT_BITS
from autocnn.errors import RecordError, SettingsError
from autocnn.models.contract import ModelContract
from autocnn.records.finals_file import Confusion, write_confusion, write_finals


def test_a_report_is_written(study, results, tmp_path, make_finals):
    """It has the trials, the layers of the winner, and the matrix; nothing else is written."""
    study.finals.mkdir()
    write_finals(study, make_finals(winner=2))
    write_confusion(study.confusion, Confusion(classes=("a", "b"), counts=((3, 1), (0, 4))))
    before = {path: path.read_bytes() for path in study.root.rglob("*") if path.is_file()}
    target = tmp_path / "report.html"
    assert write_report([load_study(results, "digits-1")], target) == target
    page = target.read_text(encoding="utf-8")
    for text in ("digits-1 on digits", "Confusion matrix", "block1_conv1", "recall", "image/svg"):
        assert text in page
    assert {p: p.read_bytes() for p in study.root.rglob("*") if p.is_file()} == before


def test_the_content_follows_the_record(study, results):
    """Three trials, the error of the best score, and the commands that make it again."""
    report = report_of(load_study(results, "digits-1"))
    assert [row[1] for row in report.leaderboard.rows] == [2, 0, 1]
    assert report.leaderboard.titles[-2:] == ["seconds", "origin"]  # no parameter differs
    assert report.winner is not None
    assert (report.winner.number, report.finals) == (2, None)
    # 6 validation images in two classes: sqrt(0.9 * 0.1 / 6)
    assert report.error == pytest.approx(0.1225, abs=1e-4)
    assert report.commands[-1] == "autocnn export digits-1 -o model.keras"


def test_a_study_without_finals_has_a_report(study, results, tmp_path):
    """The page says that the winner has not been tested."""
    page = write_report([load_study(results, "digits-1")], tmp_path / "r.html").read_text("utf-8")
    assert "The winner has not been refitted and tested yet." in page
    assert "The images are not at hand: digits was changed after the study." in page


@pytest.mark.parametrize("name", ["r.txt", "report"])
def test_another_ending_is_refused(study, results, tmp_path, name):
    """The error names the ending."""
    with pytest.raises(SettingsError, match=r"--output must end in \.html, got"):
        write_report([load_study(results)], tmp_path / name)


def test_a_missing_folder_is_refused(study, results, tmp_path):
    """Nothing is made for it."""
    with pytest.raises(RecordError, match="its folder does not exist"):
        write_report([load_study(results)], tmp_path / "no" / "r.html")


def test_a_damaged_ablation_is_one_line(study, results, tmp_path):
    """The error names the file and the command that makes it again."""
    folder = study.root / "ablation-2"
    folder.mkdir()
    (folder / "study.toml").write_text('study = "ablation-2"\n')
    (folder / "ablation.parquet").write_bytes(b"no table")
    with pytest.raises(RecordError, match=r"ablation\.parquet: cannot be read .*autocnn ablate"):
        write_report([load_study(results, "digits-1")], tmp_path / "r.html")


def test_a_card_is_written_and_replaced(study, results, tmp_path):
    """It lies in the folder of the files; a README of another kind stays."""
    contract = ModelContract(
        class_names=("a", "b"),
        image_shape=(8, 8, 1),
        value_range=EIGHT_BITS,
        dataset="digits",
        study="digits-1",
        trial=2,
    )
    view = load_study(results, "digits-1")
    card = write_card(view, [tmp_path / "m.keras"], contract)
    assert card == tmp_path / "README.md"
    assert "# digits\\-1" in card.read_text("utf-8").splitlines()
    assert "](model.png)" in card.read_text("utf-8")
    with Image.open(tmp_path / "model.png") as picture:
        assert picture.width > picture.height / 4 > 100
    assert write_card(view, [tmp_path / "m.onnx"], contract) == card
    assert "- m.onnx" in card.read_text("utf-8")
    card.unlink()
    os.mkfifo(card)  # no process writes to it: an open that waits would not end
    with pytest.raises(RecordError, match="found something else"):
        write_card(view, [tmp_path / "m.onnx"], contract)
    card.unlink()
    card.write_text("# My project\n")
    with pytest.raises(RecordError, match=r"README\.md: expected no file, or the card of an older"):
        write_card(view, [tmp_path / "m.onnx"], contract)
    assert card.read_text() == "# My project\n"
    card.unlink()
    (tmp_path / "model.png").write_bytes(b"\x89PNG of another program")
    with pytest.raises(RecordError, match=r"model\.png: expected no file, or the picture of"):
        write_card(view, [tmp_path / "m.onnx"], contract)
    assert not card.exists()
