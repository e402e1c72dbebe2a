"""The public names of the room `terminal`, which load on first use."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import autocnn.terminal as terminal

FOLDER = Path(terminal.__file__).parent


def test_type_checkers_see_the_names_of_the_table():
    """The imports for type checkers are the names and modules of the table."""
    tree = ast.parse((FOLDER / "__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    found = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    listed = {(node.module, a.asname) for node in found for a in node.names}
    assert listed == {(module, n) for module, names in terminal._MODULES.items() for n in names}


@pytest.mark.parametrize("name", terminal.__all__)
def test_a_name_of_the_table_can_be_reached(name):
    """The module of each name has that name."""
    assert getattr(terminal, name) is not None


def test_no_submodule_has_the_name_of_a_public_name():
    """Importing such a submodule would replace the public name in the package."""
    assert {path.stem for path in FOLDER.glob("*.py")} & set(terminal.__all__) == set()
