"""A page that changes while it is looked at."""

from __future__ import annotations

import http.client
import json
import threading
import time

import pytest

from autocnn.serve.address import open_socket
from autocnn.serve.followed_page import FollowedPage, serving


@pytest.fixture
def page() -> FollowedPage:
    """The first version of a page."""
    return FollowedPage(html="<p>größer</p>", version="1", line="searching")


@pytest.fixture
def get(page):
    """A function that asks for a path: status, headers, text."""
    bound = open_socket("127.0.0.1", 0)
    place = bound.getsockname()

    def ask(path, **headers):
        connection = http.client.HTTPConnection(*place, timeout=30)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        found = answer.status, answer.headers, answer.read().decode()
        connection.close()
        return found

    with serving(page, bound):
        yield ask


def test_the_page_and_its_version_are_served(page, get):
    """As they are at the moment, and nothing else is."""
    status, headers, text = get("/")
    assert (status, text) == (200, "<p>größer</p>")
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert headers["Server"] == "autocnn"
    page.put("<p>other</p>", "2")
    assert get("/?x=1")[2] == "<p>other</p>"
    assert json.loads(get("/state")[2]) == {"version": "2", "line": "searching"}
    assert [get(path)[0] for path in ("/study.toml", "/../", "/state/")] == [404, 404, 404]


@pytest.mark.parametrize(
    ("host", "status"), [("localhost:80", 200), ("[::1]", 200), ("evil.example", 400), ("", 400)]
)
def test_other_names_of_the_machine_are_refused(get, host, status):
    """A page of another site could else read the study through a name that leads here."""
    assert get("/state", Host=host)[0] == status


def test_a_method_that_writes_is_refused(page):
    """There is nothing to write."""
    with open_socket("127.0.0.1", 0) as bound, serving(page, bound):
        connection = http.client.HTTPConnection(*bound.getsockname(), timeout=30)
        connection.request("POST", "/", "text")
        assert connection.getresponse().status == 501
        connection.close()


def test_the_last_page_waits_for_browsers_that_follow(page):
    """At most the given time; without a browser it does not wait."""
    start = time.monotonic()
    page.wait_for_followers(60)
    assert time.monotonic() - start < 10
    page.state()
    page.put("last", "last")
    threading.Timer(0.05, page.read).start()
    page.wait_for_followers(60)
    assert time.monotonic() - start < 10
