"""Whether this process is the kernel of a notebook, and what such a kernel would print unasked."""

from __future__ import annotations

import sys
import warnings
from contextlib import suppress
from importlib import import_module


def in_notebook() -> bool:
    """True in a kernel that shows HTML, such as Jupyter's; IPython on a terminal has none."""
    module = sys.modules.get("IPython")
    shell = None if module is None else module.get_ipython()
    return getattr(shell, "kernel", None) is not None


def quiet_tqdm() -> None:
    """Load tqdm, which Optuna imports, without its warning in kernels that have no ipywidgets."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="IProgress not found")
        with suppress(ImportError):
            import_module("tqdm.auto")
