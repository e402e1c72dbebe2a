"""Whether this process is the kernel of a notebook."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from autocnn.python.notebook import in_notebook


@pytest.mark.parametrize(
    ("shell", "expected"),
    [(None, False), (SimpleNamespace(), False), (SimpleNamespace(kernel=object()), True)],
)
def test_a_notebook_has_a_kernel(monkeypatch, shell, expected):
    """IPython on a terminal has none, and neither has a script."""
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert in_notebook() is expected
