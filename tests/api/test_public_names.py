"""The public names of the Python API, which load on first use."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import autocnn.api as api

FOLDER = Path(api.__file__).parent


def test_type_checkers_see_the_names_of_the_table():
    """The imports for type checkers are the names and modules of the table."""
    tree = ast.parse((FOLDER / "__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    found = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    listed = {(node.module, a.asname) for node in found for a in node.names}
    assert listed == {(module, n) for module, names in api._MODULES.items() for n in names}


@pytest.mark.parametrize("name", api.__all__)
def test_a_name_of_the_table_can_be_reached(name):
    """The module of each name has that name."""
    assert getattr(api, name) is not None


def test_no_submodule_has_the_name_of_a_public_name():
    """Importing such a submodule would replace the public name in the package."""
    assert {path.stem for path in FOLDER.glob("*.py")} & set(api.__all__) == set()


def test_an_unknown_name_is_an_attribute_error():
    """An unknown name fails as in any other module."""
    with pytest.raises(AttributeError, match=r"module 'autocnn.api' has no attribute 'serach'"):
        _ = api.serach


def test_importing_the_api_imports_nothing_else():
    """The first use of a name imports its module only."""
    code = (
        "import sys, autocnn.api\n"
        "print(sorted(name for name in sys.modules if name.startswith('autocnn')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "['autocnn', 'autocnn.api', 'autocnn.lazy']", done.stderr


def test_no_module_of_the_api_imports_keras():
    """`load_keras` imports Keras inside functions, after it has checked the backend."""
    code = (
        "import sys, autocnn.api as api\n"
        "loaded = [getattr(api, name) for name in api.__all__]\n"
        "print({'keras', 'tensorflow', 'jax'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "set()", done.stderr
