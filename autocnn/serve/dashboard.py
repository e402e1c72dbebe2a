"""Optuna's dashboard of one study, which can be read and not be changed."""

from __future__ import annotations

import json
import socket
import socketserver
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from optuna_dashboard import wsgi

from autocnn.records.read_only import ReadOnlyStorage
from autocnn.serve.address import LOCAL

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

READING = ("GET", "HEAD")
WAIT_S = 10.0  # for the next bytes of a request, after which its connection is closed
NO_WRITES = "autocnn shows this study and changes nothing"


class ReadOnlyPages:
    """The pages of an application for browsers of this machine; requests that write are refused."""

    def __init__(self, app: WSGIApplication, storage: ReadOnlyStorage) -> None:
        self._app, self._storage = app, storage

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request: 400 for another host, 405 for a method that writes."""
        if urlsplit(f"//{environ.get('HTTP_HOST', '')}").hostname not in LOCAL:
            return _refuse(start_response, "400 Bad Request", "unknown host")
        if environ["REQUEST_METHOD"] not in READING:
            return _refuse(start_response, "405 Method Not Allowed", NO_WRITES)
        environ.setdefault("HTTP_ACCEPT_ENCODING", "")  # the dashboard takes it for granted
        try:
            return self._app(environ, start_response)
        finally:
            self._storage.remove_session()


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    """A server of one thread a request: browsers open connections in advance."""

    daemon_threads = True


class _Handler(WSGIRequestHandler):
    timeout = WAIT_S

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing about a request."""


def serve_dashboard(storage: ReadOnlyStorage, bound: socket.socket) -> None:
    """Answer requests at the bound socket until the process is interrupted."""
    with warnings.catch_warnings(), open_server(storage, bound) as server:
        warnings.filterwarnings("ignore", module=r"optuna\.")  # on parameters of few trials
        server.serve_forever()


def open_server(storage: ReadOnlyStorage, bound: socket.socket) -> WSGIServer:
    """The server of the dashboard, which listens at the bound socket."""
    server = _Server(bound.getsockname()[:2], _Handler, bind_and_activate=False)
    server.socket.close()  # the one that its constructor has made
    server.socket = bound
    server.server_name, server.server_port = bound.getsockname()[:2]
    server.setup_environ()
    server.set_app(ReadOnlyPages(wsgi(storage), storage))
    server.server_activate()
    return server


def _refuse(start_response: StartResponse, status: str, reason: str) -> list[bytes]:
    body = json.dumps({"reason": reason}).encode()
    start_response(
        status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    )
    return [body]
