"""The page of a search, made again and again."""

from __future__ import annotations

import os
import shutil

import pytest

from autocnn.api import watched_page
from autocnn.api.watched_page import PageMaker
from autocnn.errors import RecordError
from autocnn.report.study_page import render_waiting
from autocnn.serve.address import open_socket
from autocnn.serve.followed_page import FollowedPage, serving


@pytest.fixture
def page() -> FollowedPage:
    """The page before a trial has ended."""
    return FollowedPage(html=render_waiting("digits-1", "0"), version="0")


@pytest.fixture
def said() -> list[tuple[str, str]]:
    """What the maker says, with tracebacks."""
    return []


@pytest.fixture
def maker(study, page, said) -> PageMaker:
    """The maker of the page of digits-1."""

    def say(text: str, traceback: str = "") -> None:
        said.append((text, traceback))

    return PageMaker(study.root, None, page, say)


def test_a_page_is_made_when_trials_have_ended(maker, page, study, said):
    """And not again before others have; the study's files stay as they are."""
    before = {path: path.stat().st_mtime_ns for path in study.root.rglob("*")}
    maker.make()
    assert (page.version, said) == ("1", [])
    assert "digits-1 on digits" in page.html
    assert "follow at the end of the search" in page.html
    html = page.html
    maker.make()
    assert page.html is html
    assert {path: path.stat().st_mtime_ns for path in study.root.rglob("*")} == before
    os.utime(study.leaderboard, (1, 1))
    maker.make()
    assert page.version == "2"


def test_a_study_that_has_not_begun_has_no_page(maker, page, study, said):
    """Nor is that a failure."""
    study.leaderboard.unlink()
    maker.make()
    shutil.rmtree(study.root)
    maker.make()
    assert (page.version, said) == ("0", [])


@pytest.mark.parametrize(
    ("error", "traced"), [(RecordError("gone"), False), (ZeroDivisionError("gone"), True)]
)
def test_a_failure_is_said_once(maker, page, said, monkeypatch, error, traced):
    """The page stays, and is made once it can be."""

    def fail(_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(watched_page, "report_of", fail)
        maker.make()
        maker.make()
    ((text, traceback),) = said
    assert text == f"the page was not updated ({type(error).__name__}: gone); the search goes on"
    assert ("Traceback" in traceback) is traced
    assert page.version == "0"
    maker.make()
    assert page.version == "1"


def test_pages_are_far_apart(maker, monkeypatch):
    """Ten times the CPU time that one takes, so that they take a tenth of a core at most."""
    pauses: list[float] = []
    clock = iter([0.0, 0.1, 10.0, 13.0])
    monkeypatch.setattr(watched_page.time, "process_time", lambda: next(clock))
    monkeypatch.setattr(maker, "make", lambda: None)

    class Ended:
        def is_set(self) -> bool:
            return len(pauses) == 2

        def wait(self, pause: float) -> None:
            pauses.append(pause)

    maker.run(Ended())
    assert pauses == [10.0, 30.0]


@pytest.mark.browser
def test_a_browser_keeps_its_place(maker, page, study):
    """Order, filter, focus and scroll position outlast a new page, in light of its policy."""
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Debian's chromium is not installed")
    maker.make()
    bound = open_socket("127.0.0.1", 0)
    address = f"http://127.0.0.1:{bound.getsockname()[1]}/"
    errors: list[str] = []
    with playwright.sync_playwright() as started, serving(page, bound):
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        view = browser.new_context(viewport={"width": 900, "height": 500}).new_page()
        view.on("console", lambda message: errors.append(message.text))
        view.on("pageerror", lambda error: errors.append(str(error)))
        view.goto(address)
        view.get_by_text("starting").wait_for()
        head = view.locator("table.sorts th").nth(1)
        for _ in range(2):
            head.locator("button").click()
        view.locator("input.filter").fill("complete")
        view.evaluate("scrollTo(0, 700)")
        page.line = "searching: 3 done"
        os.utime(study.leaderboard, (1, 1))
        maker.make()
        view.locator('html[data-version="2"]').wait_for()
        view.get_by_text("searching: 3 done").wait_for()
        assert head.get_attribute("aria-sort") == "descending"
        assert view.locator("input.filter").input_value() == "complete"
        assert view.evaluate("document.activeElement.className") == "filter"
        assert view.evaluate("Math.round(scrollY)") == 700
        assert view.locator("table.sorts tbody tr:visible").count() == 2
        policy = "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'\">"
        page.put(f"{policy}<p>the last page</p>", "last")
        view.get_by_text("the last page").wait_for()
        browser.close()
    assert errors == []
