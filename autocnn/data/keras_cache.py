"""The folder in which Keras keeps downloaded data, found without importing Keras.

Keras 3.15.1 reads $KERAS_HOME when it is imported; the default is ~/.keras. It never uses a folder
that is not writable, even if the files are there: `keras.utils.get_file` then uses /tmp/.keras.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path


def cache_home() -> Path:
    """The folder that Keras reads: KERAS_HOME, or its substitute if that is not writable."""
    user_home = os.path.expanduser("~")
    default_parent = user_home if os.access(user_home, os.W_OK) else "/tmp"
    chosen = os.environ.get("KERAS_HOME", os.path.join(default_parent, ".keras"))
    home = Path(os.path.expanduser(chosen))
    if os.path.exists(home) and not os.access(home, os.W_OK):
        return Path("/tmp" if os.path.isdir("/tmp") else tempfile.gettempdir()) / ".keras"
    return home


def missing_files(files: Iterable[str]) -> list[str]:
    """The `files` (paths below KERAS_HOME) that are absent, so that Keras would download them."""
    home = cache_home()
    return [file for file in files if not os.path.exists(home / file)]
