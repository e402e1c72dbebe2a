"""The table of executors by name."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from importlib.util import find_spec

from autocnn.errors import SettingsError
from autocnn.executors.gpus import usable_gpus
from autocnn.executors.local import open_local
from autocnn.executors.protocol import Executor, ExecutorSetup

OpenExecutor = Callable[[ExecutorSetup], Executor]

CONNECT_S = 5.0  # for an address to answer
RAY_TLS = "RAY_USE_TLS"  # the variable of a cluster whose servers expect TLS first
# RFC 9113, sections 3.4 and 4.1: what a client sends first, and the header of the server's answer.
HTTP2_SETTINGS, HTTP2_HEADER = b"\x04", 9
HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0" + HTTP2_SETTINGS + b"\0" * 5


# Variables that Ray reads while it is imported: without them a node that is started here listens on
# all addresses of the machine, and reports its use to the makers of Ray.
RAY_HERE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_USAGE_STATS_ENABLED": "0"}


def _open_ray(setup: ExecutorSetup) -> Executor:
    if setup.address is None:
        os.environ.update(RAY_HERE)
    from autocnn.executors.ray_executor import open_ray  # it imports Ray

    return open_ray(setup)


EXECUTORS: dict[str, OpenExecutor] = {"local": open_local, "ray": _open_ray}


def open_executor(setup: ExecutorSetup) -> Executor:
    """The executor that `setup` names."""
    return EXECUTORS[setup.kind](setup)


def check_executor(kind: str, address: str | None, gpus: str | None = None) -> None:
    """Check what can be checked before images are read.

    Raises: SettingsError if one of `gpus` is not there, if Ray is not installed, or if no server of
    its kind listens at `address`.
    """
    if kind != "ray":
        usable_gpus(gpus)
        return
    if find_spec("ray") is None:
        raise SettingsError("--executor ray: not installed: ray; pip install 'autocnn[ray]'")
    if address is None or ":" not in address:
        return
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), CONNECT_S) as connection:
            speaks = os.environ.get(RAY_TLS, "0") != "0" or _speaks_http2(connection)
    except (OSError, OverflowError) as error:  # a port above 65535 overflows
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingsError(f"--ray-address {address}: no Ray answers there ({reason})") from error
    if not speaks:
        raise SettingsError(f"--ray-address {address}: no Ray answers there (it is another server)")


def _speaks_http2(connection: socket.socket) -> bool:
    """True if a server begins as Ray's do; Ray itself tries any other one for minutes."""
    connection.sendall(HTTP2_PREFACE)
    answer = b""
    while len(answer) < HTTP2_HEADER and (part := connection.recv(HTTP2_HEADER - len(answer))):
        answer += part
    return answer[3:4] == HTTP2_SETTINGS
