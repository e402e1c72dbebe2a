"""What every test needs.

Markers (registered in pyproject.toml): `slow`, `gpu`, `network` and `browser` are left out unless
asked for, as in `pytest -m slow`; `training` marks real, small trainings, which run by default.
"""

from __future__ import annotations

import os

# Before the first import of TensorFlow, which writes to stderr on import. Workers inherit it.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
