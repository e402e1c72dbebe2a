"""The package as a user meets it: its names, its import time, its version."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys

import pytest

import autocnn

PUBLIC = {
    "ModelContract",
    "StudySettings",
    "StudyView",
    "__version__",
    "evaluate",
    "export_model",
    "load_image",
    "load_model",
    "load_study",
    "read_contract",
    "rebuild_leaderboard",
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
