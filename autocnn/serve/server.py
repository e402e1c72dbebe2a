"""The process that serves a model at an address, until Ctrl-C."""

from __future__ import annotations

import socket
from asyncio import Transport
from collections.abc import Callable

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from autocnn.models.loaded import LoadedModel
from autocnn.serve.address import allowed_hosts
from autocnn.serve.app import build_app
from autocnn.serve.classifier import Limits

HEAD_S = 10  # seconds within which the first request of a connection has sent its headers
KEEP_ALIVE_S = 5  # seconds without a request, after which a connection is closed
MOST_CONNECTIONS = 200
LATE = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class PromptProtocol(H11Protocol):
    """HTTP of which the first headers must come soon: uvicorn itself waits for them for ever."""

    head_s: float = HEAD_S

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Start to wait for the headers."""
        super().connection_made(transport)
        self.loop.call_later(self.head_s, self._end_if_late)

    def _end_if_late(self) -> None:
        if self.cycle is None and not self.transport.is_closing():
            self.transport.write(LATE)
            self.transport.close()


def serve_model(
    model: LoadedModel,
    bound: socket.socket,
    host: str,
    message: Callable[[str], None],
    limits: Limits | None = None,
) -> None:
    """Answer requests at the bound socket until the process is interrupted."""
    app = build_app(model, allowed_hosts(host), limits)
    config = uvicorn.Config(
        app,
        http=PromptProtocol,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        limit_concurrency=MOST_CONNECTIONS,
        server_header=False,
    )
    name = f"[{host}]" if ":" in host else host
    message(f"serving at http://{name}:{bound.getsockname()[1]}/ (Ctrl-C ends it)")
    uvicorn.Server(config).run(sockets=[bound])
