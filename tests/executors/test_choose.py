"""The checks of an executor before images are read."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from fake_nvml import Card, fake_nvml

from autocnn.errors import SettingsError
from autocnn.executors import choose as module
from autocnn.executors.choose import EXECUTORS, check_executor
from autocnn.records import choices


def test_the_settings_name_every_executor():
    """The table of names and that of functions agree."""
    assert set(choices.EXECUTORS) == set(EXECUTORS)


def test_a_card_that_is_not_there_is_refused_before_images_are_read(monkeypatch):
    """Ray assigns cards itself."""
    fake_nvml(monkeypatch, [Card("GPU-aa")])
    check_executor("local", None, "0")
    with pytest.raises(SettingsError, match=r"^--gpus 0,3: there is no GPU 3; there is GPU 0 "):
        check_executor("local", None, "0,3")


def test_the_extra_is_named_if_ray_is_missing(monkeypatch):
    """The line says what to install; the local executor needs nothing."""
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    check_executor("local", None)
    with pytest.raises(SettingsError, match=r"^--executor ray: not installed: ray; pip install '"):
        check_executor("ray", None)


SETTINGS = b"\0\0\0\4\0\0\0\0\0"  # an empty frame of HTTP/2


@contextmanager
def _server(answer: bytes) -> Iterator[str]:
    """The address of a server that answers what the first connection sends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError), listener.accept()[0] as connection:
                assert connection.recv(100).startswith(b"PRI * HTTP/2.0")
                connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        thread.join(10.0)


@pytest.fixture
def _installed(monkeypatch):
    """Ray is installed, and its servers need no TLS."""
    monkeypatch.setattr(module, "find_spec", lambda name: object())
    monkeypatch.delenv("RAY_USE_TLS", raising=False)


@pytest.mark.usefixtures("_installed")
def test_an_address_where_nothing_listens_is_refused():
    """The line names the address."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(SettingsError, match=rf"^--ray-address {address}: no Ray answers there"):
            check_executor("ray", address)
    with pytest.raises(SettingsError, match=r"^--ray-address 127.0.0.1:99999: no Ray answers"):
        check_executor("ray", "127.0.0.1:99999")
    check_executor("ray", "auto")


@pytest.mark.usefixtures("_installed")
def test_a_server_that_speaks_as_rays_do_is_accepted():
    """Ray's servers speak HTTP/2."""
    with _server(SETTINGS) as address:
        check_executor("ray", address)


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"-ERR\r\n", b""])
def test_another_server_is_refused(answer):
    """Ray would try it for minutes."""
    with _server(answer) as address, pytest.raises(SettingsError, match=r"\(it is another server"):
        check_executor("ray", address)
