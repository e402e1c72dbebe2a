"""Addresses of this machine: binding one, and the names under which requests may reach it."""

from __future__ import annotations

import ipaddress
import socket

from autocnn.errors import SettingsError

LOCAL = ["127.0.0.1", "localhost", "[::1]", "::1"]


def open_socket(host: str, port: int, option: str = "--port") -> socket.socket:
    """A socket that is bound to the address; port 0 is any free one. `option` gave the port.

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
            f"{option} {port}: cannot be used on {host} ({error.strerror}); choose another one"
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
