"""`Study` and `load_study`."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas
import polars
import pyarrow as pa
import pytest
from PIL import Image

from autocnn.errors import DatasetError, SettingsError, StudyError
from autocnn.python.searching import search
from autocnn.python.studies import Study, load_study


def test_the_best_trial_and_the_test_are_at_hand(study):
    """Trial 1 has the score 0.6; 15 images are the test."""
    assert (study.best.number, study.best.score) == (1, 0.6)
    assert [trial.number for trial in study.trials] == [1, 0]
    assert study.finals.test.n == 15
    assert study.test_accuracy == study.finals.test.accuracy
    assert study.model_path.is_file()


def test_the_leaderboard_is_a_table_of_arrow(study):
    """Columns, order and rows can be chosen; one name or one condition may be a text."""
    table = study.leaderboard()
    assert isinstance(table, pa.Table)
    assert table["trial"].to_pylist() == [1, 0]
    assert study.leaderboard(columns="score", top=1).to_pylist() == [{"score": 0.6}]
    assert "param.filters" in study.leaderboard(columns="all").column_names
    assert study.leaderboard(where="score<0.55")["trial"].to_pylist() == [0]


def test_a_leaderboard_becomes_a_frame(study):
    """Pandas and polars read a table of Arrow."""
    assert isinstance(study.leaderboard().to_pandas(), pandas.DataFrame)
    assert polars.from_arrow(study.leaderboard())["trial"].to_list() == [1, 0]


def test_an_unknown_column_is_an_argument(study):
    """No option of the command line is named."""
    with pytest.raises(SettingsError, match="skore") as caught:
        study.leaderboard(sort="skore")
    assert "--" not in str(caught.value)


def test_arrays_and_files_are_predicted(study, arrays, tmp_path):
    """The same image as an array and as a file has the same probabilities; a path needs no list."""
    image = arrays[0][5]
    Image.fromarray(image).save(tmp_path / "a.png")
    found = study.predict(arrays[0][:6])
    assert (found.shape, found.dtype) == ((6, 3), np.float32)
    for paths in (tmp_path / "a.png", str(tmp_path / "a.png"), [tmp_path / "a.png"]):
        assert study.predict(paths) == pytest.approx(found[5:])
    names = study.classify(arrays[0][:6])
    assert names.tolist() == [study.class_names[i] for i in found.argmax(axis=1)]


def test_values_that_the_network_does_not_know_are_refused(study, arrays):
    """It was trained on bytes, so floats have no known range."""
    with pytest.raises(DatasetError, match=r"images\[0\]: expected 8 bits, 0 to 255, got floats"):
        study.predict(arrays[0][:2] / 255)


def test_floats_have_the_range_of_the_training_images(executor, arrays, few):
    """A network of images from 0 to 1 takes those, and bytes."""
    images, labels = arrays
    found = search(images / 255, labels, **few)
    assert found.predict(images[:4] / 255) == pytest.approx(found.predict(images[:4]))


def test_the_report_is_one_page(study, tmp_path):
    """It lies in the study's folder unless a path is given."""
    assert study.report() == study.path / "report.html"
    assert study.report(tmp_path / "a.html").read_text(encoding="utf-8").startswith("<!doctype")
    with pytest.raises(SettingsError, match=r"^path must end in \.html"):
        study.report(tmp_path / "a.pdf")


# how it is shown


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.texts = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.texts.append(data)


def test_it_is_a_table_in_a_notebook(study):
    """One row a trial; the colours are those of the page around it."""
    page = study._repr_html_()
    parser = _Tags()
    parser.feed(page)
    assert parser.tags.count("tr") == 1 + 2
    assert "Study shades" in parser.texts
    assert any(text.startswith("test accuracy ") for text in parser.texts)
    assert "#" not in page
    assert "rgb(" not in page


def test_names_are_text(executor, arrays, few):
    """A study can be called like a tag."""
    found = search(*arrays, **few, study="<script>alert(1)<")
    parser = _Tags()
    parser.feed(found._repr_html_())
    assert "script" not in parser.tags
    assert "Study <script>alert(1)<" in parser.texts


def test_it_is_a_line_in_a_console(study):
    """Name, state, trials and test accuracy."""
    line = f"<Study shades: finished, 2 trials, test accuracy {study.test_accuracy:.2%}>"
    assert repr(study) == line


# reading one


@pytest.mark.parametrize("kind", [str, Path])
def test_a_study_is_found_by_its_folder(study, kind):
    """As a text or as a path."""
    assert load_study(kind(study.path)).name == "shades"


def test_a_study_is_found_by_its_name(study, few, monkeypatch):
    """Below `results`, which is a folder here by default; without a name it is the latest."""
    assert load_study("shades", few["results"]).path == study.path
    monkeypatch.chdir(few["results"].parent)
    assert load_study().name == load_study("shades").name == "shades"


def test_a_wrong_name_is_one_line(study, few):
    """It offers the right one."""
    with pytest.raises(StudyError, match="did you mean 'shades'"):
        load_study("shade", few["results"])


def test_a_study_without_finals_says_so(executor, arrays, few):
    """Its best trial predicts; no file was shipped."""
    stopped = search(*arrays, **few, study="shades")
    stopped.view.paths.finals_json.unlink()
    found = load_study(stopped.path)
    assert isinstance(found, Study)
    assert (found.state, found.test_accuracy) == ("unfinished", None)
    assert found.predict(arrays[0][:2]).shape == (2, 3)
    assert "not tested yet" in found._repr_html_()
    with pytest.raises(StudyError, match="has shipped no network yet"):
        _ = found.model_path
