"""The address at which something is served."""

from __future__ import annotations

import pytest

from autocnn.errors import SettingsError
from autocnn.serve.address import allowed_hosts, is_local, open_socket


def test_a_port_in_use_is_refused():
    """One line names the port."""
    with open_socket("127.0.0.1", 0) as first:
        first.listen()
        port = first.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"--port {port}: cannot be used on 127\.0\.0\.1"):
            open_socket("127.0.0.1", port)


def test_an_unknown_host_is_refused():
    """It is no traceback of the resolver."""
    with pytest.raises(SettingsError, match="--host no such host: no such address"):
        open_socket("no such host", 0)


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.3.2.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.0.7", False),
        ("example.org", False),
    ],
)
def test_only_local_addresses_check_names(host, local):
    """On others, the machine's name is not known here."""
    assert is_local(host) is local
    assert ("*" in allowed_hosts(host)) is not local
