"""The page of a report."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from autocnn.data.class_counts import ClassCounts
from autocnn.data.dataset import DatasetInfo
from autocnn.finals.evaluation import evaluate_predictions
from autocnn.models.feature_maps import LayerFilters, LayerMaps
from autocnn.objectives import ACCURACY
from autocnn.records.cost import StudyCost
from autocnn.records.finals_file import Confusion
from autocnn.report.data_sheet import DataSheet
from autocnn.report.layer_table import layer_rows, stages
from autocnn.report.page_table import Table
from autocnn.report.study_page import Figure, render_page, render_waiting, shade, show_cell
from autocnn.report.study_report import StudyReport
from autocnn.report.winner_look import ChosenImage, WinnerLook
from autocnn.space.config import Block, TrialConfig
from autocnn.space.layers import plan_network

EVIL = '<script>alert("x")</script>'


@pytest.fixture
def report(make_record, facts, make_finals) -> StudyReport:
    """A study whose every name is a script."""
    record = replace(make_record(4, 0.5, 0.98), origin=EVIL, values={"filters": EVIL})
    return StudyReport(
        name="look",
        dataset=EVIL,
        objective=ACCURACY,
        records=[record],
        winner=record,
        facts=facts,
        finals=make_finals(),
        cost=StudyCost(seconds=75.0, cpu_seconds=80.0, runs=1),
        error=0.01,
        confusion=Confusion(classes=(EVIL, "b"), counts=((3, 1), (0, 4))),
        leaderboard=Table(titles=("rank", "origin"), rows=[[1, EVIL]], left_out=3),
        ablations={EVIL: Table(titles=("change", "effect"), rows=[[EVIL, -0.01]])},
        manifest={"packages": {EVIL: "1"}, "settings": {"seed": EVIL}},
        commands=[EVIL],
    )


@pytest.fixture
def look() -> WinnerLook:
    """Three answers for two classes, of which one is a script: a mistake, and two hits."""
    labels, names = np.array([0, 1, 0]), (EVIL, "b")
    probabilities = np.array([[0.1, 0.9], [0.2, 0.8], [0.7, 0.3]])
    image = np.zeros((8, 8, 1), np.uint8)
    maps = [LayerMaps(name=EVIL, kind="Conv2D", maps=np.ones((8, 8, 20), np.float32))]
    chosen = ChosenImage(
        why="wrong", pixels=image, true=EVIL, predicted="b", probability=0.9, maps=maps
    )
    kernels = np.ones((3, 3, 1, 2), np.float32)
    return WinnerLook(
        trial=4,
        evaluation=evaluate_predictions(labels, probabilities, names, 3),
        mistaken=image[None],
        chosen=[chosen],
        filters=[LayerFilters(name=EVIL, inputs=1, n=2, kernels=kernels)],
    )


@pytest.fixture
def sheet() -> DataSheet:
    """A data set whose name, class and note are scripts."""
    info = DatasetInfo(
        name=EVIL,
        description=EVIL,
        image_shape=(8, 8, 1),
        class_names=(EVIL, "b"),
        n_train=1234,
        n_test=2,
        source="folder",
        notes=(EVIL,),
    )
    counts = ClassCounts(class_names=(EVIL, "b"), train=(1200, 30), validation=(3, 1))
    return DataSheet(info=info, counts=counts)


@pytest.fixture
def whole(report, look, sheet) -> StudyReport:
    """The report with the pictures of images, and the architecture of a small network."""
    config, shape = TrialConfig(blocks=(Block(filters=(2,)),), head="global_max"), (8, 8, 1)
    network = plan_network(config, shape, 2)
    layers = list(layer_rows(network, shape))
    return replace(
        report, look=look, data=sheet, stages=stages(network, shape), layers=layers, missing=EVIL
    )


def test_all_sections_are_on_the_page(whole):
    """Mistakes, maps, filters, calibration, the data sheet, the cost and the architecture."""
    page = render_page([(whole, [])])
    for text in (
        "The 1 most confident mistakes",
        "the first 16 of 20 maps of 8 × 8",
        "2 filters of 1 input",
        "right in 66.67 % and its mean confidence is 80.00 %, so it is more certain than right",
        '<td class="number" data-value="1200">1,200</td>',
        "CPU time",
        "The network of trial 4, layer by layer.",
        "⌈8 / 1⌉ × ⌈8 / 1⌉ × 2 filters = 8 × 8 × 2",
    ):
        assert text in page, text
    assert "<script>alert" not in page
    assert page.count("<script>") == 1


def test_a_large_page_is_shortened(whole):
    """First the leaderboard, then the pictures of single images."""
    rows = [[i, "x" * 100] for i in range(700)]
    board = Table(titles=("rank", "origin"), rows=rows)
    report = replace(whole, leaderboard=board)
    full = render_page([(report, [])])
    shorter = render_page([(report, [])], most_bytes=len(full.encode()) - 1)
    assert shorter.count("x" * 100) == 500
    assert "200 are left out" in shorter
    smallest = render_page([(report, [])], most_bytes=1000)
    assert smallest.count("x" * 100) == 100
    assert "most confident mistakes" not in smallest


def test_names_are_escaped(report):
    """The only scripts and styles are those of the page, and the policy names the script."""
    page = render_page([(report, [Figure(title=EVIL, data="AAAA")])])
    assert "<script>alert" not in page
    assert page.count("<script>") == 1
    script = re.search(r"<script>(.*)</script>", page, re.S)
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page


def test_the_page_asks_for_nothing(report):
    """No address but those of data within the page."""
    page = render_page([(report, [Figure(title="t", data="AAAA")])])
    sources = re.findall(r'(?:\ssrc=|\shref=|url\()["\']?([^"\'\s>)]+)', page)
    assert all(source.startswith(("data:", "#")) for source in sources), sources
    assert "://" not in page


@pytest.mark.parametrize("waits", [False, True])
def test_a_page_that_follows_asks_its_server_alone(report, waits):
    """Its policy allows that, and the script that asks; the version and names are escaped."""
    if waits:
        page = render_waiting(EVIL, "7")
    else:
        page = render_page([(replace(report, name=EVIL), [])], version="7")
    assert '<html lang="en" data-version="7">' in page
    assert "connect-src 'self'; script-src 'sha256-" in page
    script = re.search(r"<script>(.*)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page
    assert 'fetch("state"' in script[1]
    assert 'id="live"' in page
    assert EVIL not in page


def test_a_page_of_a_file_does_not_follow(report):
    """It has no server to ask."""
    page = render_page([(report, [])])
    assert not {word for word in ("connect-src", "fetch(", "data-version", "live") if word in page}


def test_several_studies_have_a_list_of_links(report):
    """Each is an article of its own."""
    page = render_page([(report, []), (replace(report, name="other"), [])])
    assert page.count("<article") == 2
    assert '<a href="#study-2">other</a>' in page
    assert '<a href="#study-1">look</a>' not in render_page([(report, [])])


def test_many_classes_have_a_list_of_confusions(report):
    """The whole matrix would not fit."""
    names = tuple(f"c{i}" for i in range(41))
    counts = tuple(tuple(2 if j == 0 and i == 1 else 0 for j in range(41)) for i in range(41))
    page = render_page([(replace(report, confusion=Confusion(classes=names, counts=counts)), [])])
    assert 'class="confusion"' not in page
    assert "The 1 most frequent confusions of 41 classes" in page


@pytest.mark.parametrize(
    ("count", "n", "expected"),
    [(0, 0, 0), (0, 10, 0), (1, 100, 1), (2, 100, 2), (10, 100, 3), (50, 100, 4), (1, 1000, 0)],
)
def test_a_cell_is_the_darker_the_more_images_it_has(count, n, expected):
    """By its share of the class's images."""
    assert shade(count, n) == expected


@pytest.mark.parametrize(
    ("title", "cell", "text"),
    [
        ("score", 0.98765, "98.77 %"),
        ("F1", 0.5, "0.500"),
        ("macs", 1_234_567, "1.2 M"),
        ("seconds", 0, "0.0"),
        ("seconds", 7.036, "7.0"),
        ("rate", 0.00123456, "0.001235"),
        ("state", None, "–"),
        ("state", "pruned", "pruned"),
    ],
)
def test_a_cell_as_text(title, cell, text):
    """Numbers have the digits that their column needs."""
    assert show_cell(title, cell) == text


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_works_in_a_browser(whole, tmp_path, width, scheme):
    """No message on the console, no request, no overflow; a title sorts and a word filters."""
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Debian's chromium is not installed")
    rows = [[1, "plain", 0.9], [2, EVIL, 0.8], [3, "pairs", None]]
    report = replace(whole, leaderboard=Table(titles=("rank", "origin", "score"), rows=rows))
    file = tmp_path / "report.html"
    file.write_text(render_page([(report, [])]), encoding="utf-8")
    seen: list[str] = []
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_context(
            viewport={"width": width, "height": 844}, color_scheme=scheme, offline=True
        ).new_page()
        page.on("console", lambda message: seen.append(message.text))
        page.on("pageerror", lambda error: seen.append(str(error)))
        page.on("request", lambda request: seen.append(request.url))
        page.goto(file.as_uri())
        shown = page.locator("table.sorts tbody tr:visible")
        page.get_by_role("button", name="score").click()
        assert [text.split()[0] for text in shown.all_inner_texts()] == ["2", "1", "3"]
        page.locator("input.filter").fill("alert")
        assert [text.split()[0] for text in shown.all_inner_texts()] == ["2"]
        page.locator("input.filter").fill("")
        page.get_by_role("button", name="score").focus()
        page.keyboard.press("Enter")  # sorts the other way round
        assert [text.split()[0] for text in shown.all_inner_texts()] == ["1", "2", "3"]
        assert page.get_by_text(f"{EVIL}, taken for b, 90.0 %").count() == 1
        assert page.evaluate("document.scripts.length") == 1
        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.emulate_media(media="print")
        assert not page.locator("input.filter").is_visible()
        browser.close()
    assert seen == [file.as_uri()]
