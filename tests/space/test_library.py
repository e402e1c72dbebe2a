"""The spaces and baselines of the library."""

from __future__ import annotations

import pytest

from autocnn.space import library
from autocnn.space.library import baseline_names, library_path, space_file, space_names
from autocnn.space.toml import load_space


def test_spaces_are_listed_before_baselines():
    """The order is that in the help of `--space`."""
    names = space_names()
    assert names[:2] == ["cnn", "mlp"]
    assert names[2:] == baseline_names()
    assert {"cnn_16_32_64", "cnn_bn_cifar", "mlp_1000_512"} <= set(names[2:])


@pytest.mark.parametrize("name", space_names())
def test_every_space_of_the_library_can_be_read(name):
    """Every space has a description."""
    space = load_space(name)
    assert space.name == name
    assert space.description
    assert space.text == space_file(name).read_text(encoding="utf-8")


def test_a_name_leads_to_its_file():
    """Spaces are at the top of the library, baselines in a folder of their own."""
    assert space_file("cnn") == library_path() / "cnn.toml"
    assert space_file("mlp_1000_512") == library_path() / "baselines" / "mlp_1000_512.toml"
    assert space_file("unheard_of") is None


def test_a_wheel_carries_the_library_inside_the_package(tmp_path, monkeypatch):
    """The library is inside the package if it was installed, else beside it."""
    module = tmp_path / "site" / "autocnn" / "space" / "library.py"
    monkeypatch.setattr(library, "__file__", str(module))
    assert library_path() == tmp_path / "site" / "search_spaces"
    inside = tmp_path / "site" / "autocnn" / "search_spaces"
    inside.mkdir(parents=True)
    assert library_path() == inside
