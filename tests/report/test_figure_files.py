"""Figures as HTML, PNG and SVG."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree
from dataclasses import replace

import matplotlib
import pytest
from matplotlib import pyplot as plt
from PIL import Image

from autocnn.errors import RecordError, SettingsError
from autocnn.report.figure_html import WRITERS, check_plot_file, draw_page, write_plot
from autocnn.report.figure_image import draw_image
from autocnn.report.figures import TITLES, Plot, StudyData, choose_parameters
from autocnn.space.parameters import Categorical, Float, Int, OneOf
from autocnn.space.space import SearchSpace
from autocnn.trial import TrialState

pytestmark = pytest.mark.usefixtures("quiet_optuna")

SPACE = SearchSpace(
    name="test",
    parameters={
        "filters": Int(low=8, high=64, step=8),
        "optimizer": Categorical(choices=("sgd", "momentum", "a_very_long_name_of_its_own")),
        "momentum": Float(low=0.8, high=0.98, when={"optimizer": OneOf(("momentum",))}),
        "rate": Float(low=0.001, high=10.0, log=True),
        "units": Int(low=8, high=512, log=True, when={"optimizer": OneOf(("sgd",))}),
    },
)
ODD_NAME = "<b>x</b> & $y$"


@pytest.fixture
def make_data(make_record):
    """The data of a study of so many trials; every fifth is pruned, every fifth fails."""

    def make(n, name="look", space=SPACE):
        states = {3: TrialState.PRUNED, 4: TrialState.FAILED}
        records = []
        for number in range(n):
            state = states.get(number % 5, TrialState.COMPLETE)
            values = {
                "filters": 8 * (1 + number % 8),
                "optimizer": ("sgd", "momentum")[number % 2],
                "rate": 0.001 * 1.5 ** (number % 20),
            }
            values |= {"momentum": 0.9} if number % 2 else {"units": 8 + number}
            scores = () if state is TrialState.FAILED else (0.5, 0.6 + 0.3 * (number * 7 % n) / n)
            records.append(make_record(number, *scores, state=state, values=values, last_epoch=2))
        return StudyData(name=name, space=space, records=records)

    return make


@pytest.fixture
def make_plot(make_data):
    """A function that makes a plot of this kind, of 30 trials by default."""

    def make(kind, n=30, params=None, **changes):
        data = make_data(n, **changes)
        chosen = choose_parameters(data, params) if kind in ("parallel", "slice") else ()
        return Plot(kind=kind, data=data, params=chosen)

    return make


def figure_of(page):
    """The traces and the layout that an HTML page passes to Plotly."""
    start = re.search(r'Plotly\.newPlot\(\s*"[\w-]+",\s*', page).end()
    decoder = json.JSONDecoder()
    traces, end = decoder.raw_decode(page, start)
    layout, _ = decoder.raw_decode(page, page.index("{", end))
    return traces, layout


# files


@pytest.mark.parametrize("ending", WRITERS)
@pytest.mark.parametrize("kind", TITLES)
def test_every_plot_can_be_written(make_plot, tmp_path, kind, ending):
    """The ending of the file gives its format."""
    target = tmp_path / f"plot{ending.upper()}"
    write_plot(make_plot(kind), target)
    content = target.read_bytes()
    if ending == ".png":
        image = Image.open(io.BytesIO(content))
        assert min(image.size) > 400
        assert len(image.convert("RGB").getcolors(1 << 20)) > 10
    elif ending == ".svg":
        root = xml.etree.ElementTree.fromstring(content)
        assert root.tag.endswith("}svg")
    else:
        assert content.lower().startswith(b"<!doctype html>")
        assert figure_of(content.decode())[0]


@pytest.mark.parametrize("kind", TITLES)
def test_one_trial_can_be_drawn(make_plot, kind):
    """One trial is drawn without a warning; importances need ten complete trials."""
    for writer in WRITERS.values():
        assert writer(make_plot(kind, n=16 if kind == "importance" else 1))


@pytest.mark.parametrize("kind", ["parallel", "slice"])
@pytest.mark.parametrize("name", SPACE.parameters)
def test_one_parameter_can_be_drawn(make_plot, kind, name):
    """A parameter of each kind is drawn, also one that is constant and active in some trials."""
    for writer in WRITERS.values():
        assert writer(make_plot(kind, params=[name]))


@pytest.mark.parametrize("name", ["plot", "plot.pdf", "plot.png.gz", ".html"])
def test_another_ending_is_refused(make_plot, tmp_path, monkeypatch, name):
    """The error of an unknown ending names the three formats."""
    monkeypatch.chdir(tmp_path)
    message = rf"^--output must end in \.html, \.png or \.svg, got '.*{re.escape(name)}'$"
    with pytest.raises(SettingsError, match=message):
        check_plot_file(tmp_path / name)
    with pytest.raises(SettingsError, match=message):
        write_plot(make_plot("history"), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_refused(make_plot, tmp_path):
    """The error names the file that cannot be written."""
    with pytest.raises(RecordError, match=r"absent/plot\.svg: cannot be written"):
        write_plot(make_plot("history"), tmp_path / "absent" / "plot.svg")


# HTML


def test_a_page_opens_offline(make_plot):
    """No script, style or picture is loaded from anywhere."""
    page = draw_page(make_plot("history"))
    assert (
        re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=", page.split("<body>")[0]) == []
    )
    assert not re.search(r"<script[^>]*\ssrc=", page)
    assert len(page) > 1_000_000


@pytest.mark.parametrize("kind", TITLES)
def test_names_are_text_in_a_page(make_plot, kind):
    """The name of a study is escaped in HTML."""
    page = draw_page(make_plot(kind, name=ODD_NAME))
    _, layout = figure_of(page)
    title = layout["title"]["text"]
    assert title.startswith("&lt;b&gt;x&lt;/b&gt; &amp; $y$: ")
    assert "<b>x" not in page


def test_parameters_are_text_in_a_page(make_plot, make_data):
    """Names and choices of parameters are escaped in HTML."""
    space = SearchSpace(name="odd", parameters={"<i>": Categorical(choices=("<u>", "<s>"))})
    data = make_data(16, space=space)
    records = [
        replace(record, values={"<i>": ("<u>", "<s>")[record.number % 2]})
        for record in data.records
    ]
    data = StudyData(name="look", space=space, records=records)
    for kind in ("parallel", "slice", "importance"):
        page = draw_page(Plot(kind=kind, data=data, params=["<i>"]))
        text = json.dumps(figure_of(page))
        assert "&lt;i&gt;" in text
        assert "<i>" not in text
        assert "<u>" not in text


def test_the_history_holds_scores_and_the_best_so_far(make_plot):
    """Scores are in percent; a pruned trial has a mark of its own, a failed one has none."""
    traces, layout = figure_of(draw_page(make_plot("history", n=6)))
    named = {trace["name"]: trace for trace in traces}
    assert (named["pruned"]["x"], named["pruned"]["y"]) == ([3], [75])
    assert named["score"]["x"] == [0, 1, 2, 5]
    assert named["score"]["y"] == [60, 65, 70, 85]
    assert named["best so far"]["y"] == [60, 65, 70, 70, 70, 85]
    assert layout["title"]["text"] == "look: validation accuracy by trial"
    assert layout["yaxis"]["title"]["text"] == "validation accuracy (%)"


def test_the_best_curves_are_highlighted(make_plot):
    """The nine best curves are in the legend, best first; the others are grey."""
    traces, _ = figure_of(draw_page(make_plot("curves")))
    named = [trace["name"] for trace in traces if trace["showlegend"]]
    assert len(named) == 9
    assert named[0] == "trial 17: 89.00 %"
    others = [trace for trace in traces if not trace["showlegend"]]
    assert len(others) == 15
    assert {trace["line"]["color"] for trace in others} == {"#b0b0b0"}
    assert all(trace["x"] == [1, 2] for trace in traces)


def test_a_pruned_curve_is_called_so(make_plot):
    """The legend marks a pruned curve as pruned."""
    traces, _ = figure_of(draw_page(make_plot("curves", n=4)))
    assert [trace["name"] for trace in traces][-1] == "trial 3: 67.50 %, pruned"


def test_a_page_of_importances_has_a_caveat(make_plot):
    """The caveat is below the title, and only on the page of importances."""
    _, layout = figure_of(draw_page(make_plot("importance")))
    assert layout["title"]["subtitle"]["text"] == (
        "What the best trials have in common, not what a change would do.<br>"
        "With fewer than 50 complete trials this is a first hint."
    )
    _, layout = figure_of(draw_page(make_plot("slice")))
    assert not layout["title"]["subtitle"]["text"]


def test_inactive_parameters_are_called_so(make_plot):
    """An inactive parameter is labelled "inactive", since None is taken for the choice "none"."""
    _, layout = figure_of(draw_page(make_plot("parallel")))
    texts = [annotation["text"] for annotation in layout["annotations"]]
    assert texts.count("inactive") == 1  # units; momentum has a single value
    assert "None" not in texts


# pictures


def test_a_picture_is_the_same_every_time(make_plot):
    """Two pictures of the same data are equal byte by byte."""
    for form in ("png", "svg"):
        assert draw_image(make_plot("curves"), form) == draw_image(make_plot("curves"), form)


@pytest.mark.parametrize("kind", TITLES)
def test_names_are_text_in_a_picture(make_plot, kind):
    """A name is neither a formula nor markup in a picture."""
    picture = draw_image(make_plot(kind, name=ODD_NAME), "svg").decode()
    assert "<b>" not in picture.replace("<!-- <b>", "")
    xml.etree.ElementTree.fromstring(picture)


def test_a_slice_labels_its_parameters(make_plot):
    """Each panel has the name of its parameter, and choices have no quotes."""
    picture = draw_image(make_plot("slice"), "svg").decode()
    written = set(re.findall(r"<!-- (.*?) -->", picture))
    assert {"filters", "optimizer", "rate", "units", "sgd", "validation accuracy (%)"} <= written
    assert "look: validation accuracy by parameter" in written


def test_a_picture_of_importances_has_a_caveat(make_plot):
    """The caveat is in two lines below the title."""
    picture = draw_image(make_plot("importance"), "svg").decode()
    written = re.findall(r"<!-- (.*?) -->", picture)
    assert "What the best trials have in common, not what a change would do." in written
    assert "With fewer than 50 complete trials this is a first hint." in written


def test_matplotlib_is_left_as_it_was(make_plot):
    """Backend, settings and open figures of matplotlib do not change."""
    plt.switch_backend("svg")
    mine = plt.figure()
    before = dict(matplotlib.rcParams)
    draw_image(make_plot("history"), "png")
    assert plt.get_backend() == "svg"
    assert dict(matplotlib.rcParams) == before
    assert plt.get_fignums() == [mine.number]
    plt.close(mine)
