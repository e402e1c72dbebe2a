"""The process that serves a model at an address, until Ctrl-C."""

from __future__ import annotations

import ipaddress
import socket
from asyncio import Transport
from collections.abc import Callable

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from autocnn.errors import SettingsError
from autocnn.models.loaded import LoadedModel
from autocnn.serve.app import build_app
from autocnn.serve.classifier import Limits

LOCAL = ["127.0.0.1", "localhost", "[::1]", "::1"]
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


def open_socket(host: str, port: int) -> socket.socket:
    """A socket that is bound to the address; port 0 is any free one.

    Raises: SettingsError if the host is unknown, or if the port is in use or not allowed.
    """
    try:
        family, *_, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise SettingsError(f"--host {host}: no such address ({error.strerror})") from error
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(address)
    except OSError as error:
        bound.close()
        raise SettingsError(
            f"--port {port}: cannot be used on {host} ({error.strerror}); choose another one"
        ) from error
    return bound


def allowed_hosts(host: str) -> list[str]:
    """The names in a request's header Host that are answered.

    On an address of this machine alone that are its own names: a page of another site could else
    read answers through a name of its own that leads here. On all others every name is.
    """
    return LOCAL if is_local(host) else ["*"]


def is_local(host: str) -> bool:
    """True if only programs of this machine reach the host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


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
