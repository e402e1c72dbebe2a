"""Names that load their module on first use."""

from __future__ import annotations

import sys

import pytest

from autocnn.lazy import lazy_names


@pytest.fixture
def load(tmp_path, monkeypatch):
    """The `__getattr__` of a package "shop" with the names `a` and `b` of one module."""
    (tmp_path / "shop_stock.py").write_text("a = 1\nb = 2\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield lazy_names("shop", {"shop_stock": ("a", "b")})
    sys.modules.pop("shop_stock", None)


def test_the_module_is_imported_with_the_first_name(load):
    """Making the table imports no module."""
    assert "shop_stock" not in sys.modules
    assert (load("a"), load("b")) == (1, 2)
    assert "shop_stock" in sys.modules


def test_a_name_that_is_not_in_the_table_is_an_attribute_error(load):
    """The text of the error is Python's own."""
    with pytest.raises(AttributeError, match=r"^module 'shop' has no attribute 'c'$"):
        load("c")
