"""The page of a report."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
from dataclasses import replace

import pytest

from autocnn.objectives import ACCURACY
from autocnn.records.cost import StudyCost
from autocnn.records.finals_file import Confusion
from autocnn.report.study_page import Figure, render_page, shade, show_cell
from autocnn.report.study_report import StudyReport, Table

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
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_page_works_in_a_browser(report, tmp_path, width, scheme):
    """No message on the console, no request, no overflow; a title sorts and a word filters."""
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Debian's chromium is not installed")
    rows = [[1, "plain", 0.9], [2, EVIL, 0.8], [3, "pairs", None]]
    report = replace(report, leaderboard=Table(titles=("rank", "origin", "score"), rows=rows))
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
        assert page.evaluate("document.documentElement.scrollWidth") == width
        browser.close()
    assert seen == [file.as_uri()]
