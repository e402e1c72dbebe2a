"""The checks of an executor before images are read."""

from __future__ import annotations

import socket

import pytest

from autocnn.errors import SettingsError
from autocnn.executors import choose as module
from autocnn.executors.choose import EXECUTORS, check_executor
from autocnn.records import choices


def test_the_settings_name_every_executor():
    """The table of names and that of functions agree."""
    assert set(choices.EXECUTORS) == set(EXECUTORS)


def test_the_extra_is_named_if_ray_is_missing(monkeypatch):
    """The line says what to install; the local executor needs nothing."""
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    check_executor("local", None)
    with pytest.raises(SettingsError, match=r"^--executor ray: not installed: ray; pip install '"):
        check_executor("ray", None)


def test_an_address_where_nothing_listens_is_refused(monkeypatch):
    """The line names the address; an address that answers is accepted."""
    monkeypatch.setattr(module, "find_spec", lambda name: object())
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(SettingsError, match=rf"^--ray-address {address}: no Ray answers there"):
            check_executor("ray", address)
        listener.listen()
        check_executor("ray", address)
    check_executor("ray", "auto")
    with pytest.raises(SettingsError, match=r"^--ray-address 127.0.0.1:99999: no Ray answers"):
        check_executor("ray", "127.0.0.1:99999")
