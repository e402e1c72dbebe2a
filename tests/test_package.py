"""The package as a user meets it: its names, its import time, its version."""

from __future__ import annotations

import ast
import importlib.metadata
import pydoc
import re
import subprocess
import sys
from pathlib import Path

import pytest

import autocnn

PUBLIC = {
    "AutoCNNClassifier",
    "ModelContract",
    "Study",
    "StudySettings",
    "__version__",
    "ablate",
    "compare",
    "ensemble",
    "evaluate",
    "export",
    "load_image",
    "load_model",
    "load_study",
    "plot",
    "predict",
    "read_contract",
    "resume",
    "search",
    "write_report",
}
HEAVY = (
    "jax",
    "keras",
    "keras_tuner",
    "matplotlib",
    "optuna",
    "plotly",
    "pyarrow",
    "sklearn",
    "tensorflow",
    "torch",
)


def test_dir_lists_the_public_names():
    """Completion shows them, and nothing that the module uses itself."""
    assert set(dir(autocnn)) == PUBLIC


def test_the_public_names_change_only_on_purpose():
    """The package exports exactly the documented names."""
    assert set(autocnn.__all__) == PUBLIC


def test_type_checkers_see_the_public_names():
    """The imports for type checkers are the names and modules of the table."""
    tree = ast.parse(Path(autocnn.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    found = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    listed = {(node.module, alias.name) for node in found for alias in node.names}
    assert listed == {(module, n) for module, names in autocnn._MODULES.items() for n in names}
    assert {name for _, name in listed} | {"__version__"} == PUBLIC


def test_help_describes_the_public_names():
    """`help(autocnn)` has each of them, and nothing that the module itself imports."""
    text = pydoc.plaintext.document(autocnn)
    names = set(re.findall(r"^    (?:class )?(\w+)(?:\(| = <function)", text, re.MULTILINE))
    assert PUBLIC - {"__version__"} <= names
    assert not names & {"lazy_names", "TYPE_CHECKING", "import_module"}


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_a_public_name_can_be_reached(name):
    """Every exported name loads on first use."""
    assert getattr(autocnn, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    """A misspelt name fails like in any other module."""
    with pytest.raises(AttributeError, match="no attribute 'serach'"):
        _ = autocnn.serach


def test_importing_the_package_loads_no_heavy_library():
    """Keras, Optuna and other large libraries load on first use."""
    code = f"import sys, autocnn; print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_the_version_is_the_installed_one():
    """`autocnn.__version__` is the version in the package's metadata."""
    assert autocnn.__version__ == importlib.metadata.version("autocnn")
