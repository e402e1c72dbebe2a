"""The address at which a model is served."""

from __future__ import annotations

import http.client
import socket
import threading
import time

import pytest

pytest.importorskip("fastapi")

from autocnn.serve.address import open_socket
from autocnn.serve.app import build_app
from autocnn.serve.classifier import Limits
from autocnn.serve.server import PromptProtocol


@pytest.fixture
def serve(model):
    """A function that serves the model with these limits in a thread, and returns the port."""
    import uvicorn

    started = []

    def start(**limits):
        bound = open_socket("127.0.0.1", 0)
        app = build_app(model, ["*"], Limits(**limits))
        server = uvicorn.Server(uvicorn.Config(app, http=PromptProtocol, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        started.append((server, thread, bound))
        while not server.started:
            time.sleep(0.01)
        return bound.getsockname()[1]

    yield start
    for server, thread, bound in started:
        server.should_exit = True
        thread.join()
        bound.close()


def _all_of(sock):
    """What the server sends until it closes the connection."""
    parts = []
    while part := sock.recv(4096):
        parts.append(part)
    return b"".join(parts)


HEAD = (
    b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    b"content-length: 1000\r\n\r\n"
)


def test_a_slow_body_is_ended(serve):
    """Of which a byte comes now and then: 408, and the connection is closed."""
    port = serve(arrival_s=0.3)
    with socket.create_connection(("127.0.0.1", port), timeout=30) as sock:
        sock.sendall(HEAD + b'{"images": [')
        assert (answer := _all_of(sock)).startswith(b"HTTP/1.1 408 ")
        assert b"expected the whole request within 0.3 s" in answer


def test_slow_headers_are_ended(serve, monkeypatch):
    """A connection whose first headers do not end gets 408; one in use stays."""
    monkeypatch.setattr(PromptProtocol, "head_s", 0.3)
    port = serve()
    with socket.create_connection(("127.0.0.1", port), timeout=30) as sock:
        sock.sendall(HEAD[:40])
        assert _all_of(sock).startswith(b"HTTP/1.1 408 ")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for _ in range(2):
        connection.request("GET", "/health")
        assert connection.getresponse().read() == b'{"status":"ok"}'
        time.sleep(0.4)
    connection.close()
