"""A page that changes while it is looked at: the page at /, and its version at /state."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from autocnn.serve.address import LOCAL

WAIT_S = 10.0  # for the next bytes of a request, after which its connection is closed
POLLED_S = 5.0  # a browser that has asked for the version within this time follows the page
HEADERS = {
    "Content-Security-Policy": "frame-ancestors 'none'",  # the page has a stricter one of its own
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(slots=True)
class FollowedPage:
    """The page as it is now; threads may read and change it."""

    html: str
    version: str
    line: str = "starting"  # what happens at the moment
    _polled: float = float("-inf")  # time.monotonic() of the last question for the version
    _fetched: threading.Event = field(default_factory=threading.Event)

    def put(self, html: str, version: str) -> None:
        """Show another page."""
        self._fetched.clear()
        self.html, self.version = html, version

    def state(self) -> dict[str, str]:
        """What a browser that follows is told."""
        self._polled = time.monotonic()
        return {"version": self.version, "line": self.line}

    def read(self) -> str:
        """The page for a browser."""
        self._fetched.set()
        return self.html

    def wait_for_followers(self, wait_s: float) -> None:
        """Wait until the page is fetched, if a browser follows it, but no longer than `wait_s`."""
        if time.monotonic() - self._polled < POLLED_S:
            self._fetched.wait(wait_s)


@contextmanager
def serving(page: FollowedPage, bound: socket.socket) -> Iterator[None]:
    """Serve the page at the bound socket while the block runs."""
    server = _Server(page, bound)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    """A server of one thread a request: browsers open connections in advance."""

    daemon_threads = True

    def __init__(self, page: FollowedPage, bound: socket.socket) -> None:
        self.page = page
        super().__init__(bound.getsockname()[:2], _Handler, bind_and_activate=False)
        self.socket.close()  # the one that its constructor has made
        self.socket = bound
        self.server_activate()


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = WAIT_S

    def do_GET(self) -> None:
        """Answer with the page, its version, or 404; 400 for another host."""
        path = urlsplit(self.path).path
        if urlsplit(f"//{self.headers.get('Host', '')}").hostname not in LOCAL:
            self._answer(400, "text/plain", "unknown host\n")
        elif path == "/":
            self._answer(200, "text/html", self.server.page.read())
        elif path == "/state":
            self._answer(200, "application/json", json.dumps(self.server.page.state()))
        else:
            self._answer(404, "text/plain", "no such page\n")

    def version_string(self) -> str:
        """The header Server, which names no version."""
        return "autocnn"

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing about a request."""

    def _answer(self, status: int, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
