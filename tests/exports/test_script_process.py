"""The process that runs a script."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.errors import AutocnnError
from autocnn.exports.script_process import ScriptProcess


def test_a_script_that_needs_autocnn_fails(tmp_path):
    """The error has the last line of the process; no module of autocnn is there."""
    path = tmp_path / "train.py"
    path.write_text("import autocnn.space.config\n")
    answers = ScriptProcess(path, [], 2)
    with pytest.raises(AutocnnError, match=r"^train\.py: the script failed in a fresh .*autocnn"):
        answers(np.zeros((1, 2, 2, 1), np.float32))
