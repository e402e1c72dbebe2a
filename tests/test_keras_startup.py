"""Keras is loaded without the lines that its backend prints."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from autocnn.keras_startup import load_keras

NOISY = """
import os
os.write(2, b"native noise\\n")
LEVEL = os.environ.get("TF_CPP_MIN_LOG_LEVEL")

class config:
    set_image_data_format = classmethod(lambda cls, name: setattr(cls, "format", name))
"""


@pytest.fixture
def noisy_keras(tmp_path, monkeypatch):
    """A module called keras that is not loaded yet and writes to stderr as native code does."""
    (tmp_path / "keras.py").write_text(NOISY)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "keras", None)  # so that undoing puts back what was there
    monkeypatch.delitem(sys.modules, "keras")
    return tmp_path / "keras.py"


def test_what_native_code_prints_is_dropped(noisy_keras, capfd):
    """And what is printed afterwards is not."""
    load_keras()
    print("after", file=sys.stderr)
    assert capfd.readouterr() == ("", "after\n")
    assert sys.modules["keras"].__file__ == str(noisy_keras)


def test_stderr_comes_back_where_loading_fails(noisy_keras, capfd):
    """The error is raised, and can be shown."""
    noisy_keras.write_text("raise ImportError('no backend')")
    with pytest.raises(ImportError, match="no backend"):
        load_keras()
    os.write(2, b"shown\n")
    assert capfd.readouterr().err == "shown\n"


def test_no_descriptor_is_left_open(noisy_keras):
    """However often it is done."""
    before = os.dup(0)  # the lowest free descriptor
    os.close(before)
    load_keras()
    after = os.dup(0)
    os.close(after)
    assert after == before


def test_keras_is_loaded_once(noisy_keras, monkeypatch):
    """What is there already stays."""
    formats = []
    there = SimpleNamespace(config=SimpleNamespace(set_image_data_format=formats.append))
    monkeypatch.setitem(sys.modules, "keras", there)
    load_keras()
    assert sys.modules["keras"] is there
    assert formats == ["channels_last"]


def test_channels_come_last(noisy_keras):
    """Whatever keras.json says."""
    load_keras()
    assert sys.modules["keras"].config.format == "channels_last"


@pytest.mark.parametrize(("before", "level"), [(None, "3"), ("0", "0")])
def test_a_person_may_ask_for_tensorflows_log(noisy_keras, monkeypatch, before, level):
    """Errors only, unless the environment says otherwise."""
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "")
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL")
    if before is not None:
        monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", before)
    load_keras()
    assert level == sys.modules["keras"].LEVEL


def test_loading_the_real_one_is_silent():
    """Nothing on stdout, nothing on stderr."""
    code = "from autocnn.keras_startup import load_keras; load_keras(); import keras; keras.ops"
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
