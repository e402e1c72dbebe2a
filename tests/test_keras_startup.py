"""Keras is loaded without the lines that its backend prints."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from autocnn import keras_startup
from autocnn.errors import SettingsError
from autocnn.keras_startup import check_backend, load_keras

NOISY = """
import os
os.write(2, b"native noise\\n")
LEVEL = os.environ.get("TF_CPP_MIN_LOG_LEVEL")
ONEDNN = os.environ.get("TF_ENABLE_ONEDNN_OPTS")

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
    """Later output is not dropped."""
    load_keras()
    print("after", file=sys.stderr)
    assert capfd.readouterr() == ("", "after\n")
    assert sys.modules["keras"].__file__ == str(noisy_keras)


IMPORTS = """
from importlib.util import find_spec
FOUND = {name for name in ("pandas", "sklearn", "jax") if find_spec(name) is not None}
try:
    import pandas
except ImportError:
    pandas = None

class config:
    set_image_data_format = classmethod(lambda cls, name: None)
"""


@pytest.mark.parametrize(
    ("is_own", "backend", "left_out"),
    [
        (False, "tensorflow", set()),
        (True, "tensorflow", {"pandas", "sklearn", "jax"}),
        (True, "jax", {"pandas", "sklearn"}),
    ],
)
def test_a_process_of_our_own_leaves_optional_packages_out(
    noisy_keras, monkeypatch, is_own, backend, left_out
):
    """Keras finds them not installed; they can be imported later, and a user's Keras has them."""
    pytest.importorskip("jax", reason="JAX is not installed (the extra jax)")
    names = ("pandas", "sklearn", "jax")
    for name in [each for each in sys.modules if each.partition(".")[0] in names]:
        monkeypatch.delitem(sys.modules, name)  # as if no test had imported it
    (noisy_keras.parent / "pandas.py").write_text("")  # the real one cannot be imported twice
    monkeypatch.setenv("KERAS_BACKEND", backend)
    monkeypatch.setattr(keras_startup, "_is_own", False)
    noisy_keras.write_text(IMPORTS)
    if is_own:
        keras_startup.own_process()
    load_keras()
    found = sys.modules["keras"]
    assert {*names} - found.FOUND == left_out
    assert (found.pandas is None) == is_own
    assert not {name for name in names if name in sys.modules and sys.modules[name] is None}


def test_stderr_is_restored_if_loading_fails(noisy_keras, capfd):
    """The error is one line, and can be printed."""
    noisy_keras.write_text("raise ImportError('no backend\\nat all')")
    with pytest.raises(SettingsError) as raised:
        load_keras()
    assert str(raised.value) == "Keras and its backend cannot be loaded (no backend)"
    os.write(2, b"shown\n")
    assert capfd.readouterr().err == "shown\n"


@pytest.mark.parametrize(
    ("given", "cores", "seen"), [(None, 2, "1"), (None, 1, None), ("0", 2, "0"), ("1", 1, "1")]
)
def test_onednn_is_turned_on_for_two_cores_or_more(noisy_keras, monkeypatch, given, cores, seen):
    """A variable that is set decides; one that is not set is not left behind."""
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    if given is not None:
        monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", given)
    monkeypatch.setattr(keras_startup, "_n_cores", lambda: cores)
    load_keras()
    assert given == os.environ.get("TF_ENABLE_ONEDNN_OPTS")
    assert seen == sys.modules["keras"].ONEDNN


def test_no_descriptor_is_left_open(noisy_keras):
    """Repeated loading leaves no open file descriptor."""
    before = os.dup(0)  # the lowest free descriptor
    os.close(before)
    load_keras()
    after = os.dup(0)
    os.close(after)
    assert after == before


def test_keras_is_loaded_once(noisy_keras, monkeypatch):
    """A module that is already loaded is not loaded again."""
    formats = []
    there = SimpleNamespace(config=SimpleNamespace(set_image_data_format=formats.append))
    monkeypatch.setitem(sys.modules, "keras", there)
    load_keras()
    assert sys.modules["keras"] is there
    assert formats == ["channels_last"]


def test_channels_come_last(noisy_keras):
    """Channels come last under any keras.json."""
    load_keras()
    assert sys.modules["keras"].config.format == "channels_last"


@pytest.mark.parametrize(("before", "level"), [(None, "3"), ("0", "0")])
def test_the_log_level_of_tensorflow_can_be_set(noisy_keras, monkeypatch, before, level):
    """TensorFlow logs errors only, unless the environment sets another level."""
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "")
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL")
    if before is not None:
        monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", before)
    load_keras()
    assert level == sys.modules["keras"].LEVEL


# the backend


@pytest.mark.parametrize(
    ("backend", "message"),
    [
        (
            "jax",
            "KERAS_BACKEND=jax: the package jax is not installed; pip install 'autocnn[jax]', or "
            "set KERAS_BACKEND=tensorflow",
        ),
        (
            "tensorflow",
            "KERAS_BACKEND=tensorflow: the package tensorflow is not installed; pip install "
            "tensorflow, or set KERAS_BACKEND=jax",
        ),
        (
            "torch",
            "KERAS_BACKEND=torch: autocnn trains on tensorflow or jax; set KERAS_BACKEND to one of "
            "them",
        ),
        (
            "theano",
            "KERAS_BACKEND=theano: autocnn trains on tensorflow or jax; set KERAS_BACKEND to one "
            "of them",
        ),
    ],
)
def test_a_backend_that_cannot_be_imported_is_one_line(backend, message):
    """The line names the variable and what to install or to set."""
    with pytest.raises(SettingsError) as raised:
        check_backend({"KERAS_BACKEND": backend}, lambda package: False)
    assert str(raised.value) == message


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_a_backend_that_is_installed_is_allowed(backend):
    """A backend without a training loop is allowed, because it can export models."""
    check_backend({"KERAS_BACKEND": backend}, lambda package: package == backend)


@pytest.mark.parametrize("variable", [{}, {"KERAS_BACKEND": ""}])
def test_the_backend_of_keras_json_counts_without_the_variable(tmp_path, variable):
    """The error line names keras.json."""
    file = tmp_path / "keras.json"
    file.write_text('{"backend": "jax"}')
    with pytest.raises(SettingsError, match=f"^{file}: backend=jax: the package jax is not"):
        check_backend({"KERAS_HOME": str(tmp_path), **variable}, {"tensorflow"}.__contains__)


@pytest.mark.parametrize("content", [None, "{", "{}"])
def test_the_default_backend_is_tensorflow(tmp_path, content):
    """TensorFlow is used without keras.json, or if it names no backend."""
    if content is not None:
        (tmp_path / "keras.json").write_text(content)
    check_backend({"KERAS_HOME": str(tmp_path)}, {"tensorflow"}.__contains__)


def test_a_wrong_backend_is_refused_before_keras_is_imported(noisy_keras, monkeypatch):
    """Keras itself would raise a traceback."""
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    with pytest.raises(SettingsError, match=r"^KERAS_BACKEND=theano: "):
        load_keras()
    assert "keras" not in sys.modules


def test_loading_the_real_one_is_silent():
    """Loading Keras prints nothing to stdout or stderr."""
    code = "from autocnn.keras_startup import load_keras; load_keras(); import keras; keras.ops"
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


SAVING = """
import sys
from pathlib import Path
from autocnn.keras_startup import load_keras, startup_lines_dropped
load_keras()
import keras
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
assert "tensorflow" not in sys.modules
with startup_lines_dropped():
    model.save(sys.argv[1])
assert "tensorflow" in sys.modules
with startup_lines_dropped():
    print("shown", file=sys.stderr)
"""


def test_saving_on_jax_is_silent_though_it_starts_tensorflow(tmp_path):
    """Keras imports TensorFlow to save a model; later lines are shown."""
    pytest.importorskip("jax")
    command = [sys.executable, "-W", "ignore", "-c", SAVING, str(tmp_path / "model.keras")]
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "shown\n")


def test_nothing_is_dropped_without_tensorflow(monkeypatch, capfd):
    """Another backend may be installed alone."""
    monkeypatch.setattr(keras_startup, "_is_installed", lambda package: False)
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # so that undoing puts back what was there
    monkeypatch.delitem(sys.modules, "tensorflow")
    with keras_startup.startup_lines_dropped():
        os.write(2, b"shown\n")
    assert capfd.readouterr().err == "shown\n"


@pytest.mark.parametrize("variable", [{}, {"KERAS_BACKEND": "tensorflow"}])
@pytest.mark.parametrize("content", ["[]", "3", "null", "[" * 100_000, Path.mkdir, os.mkfifo])
def test_a_keras_json_that_keras_cannot_read_is_one_line(tmp_path, content, variable):
    """Keras reads it whatever the variable says, and would raise or wait."""
    file = tmp_path / "keras.json"
    file.write_text(content) if isinstance(content, str) else content(file)
    with pytest.raises(SettingsError) as raised:
        check_backend({"KERAS_HOME": str(tmp_path), **variable}, {"tensorflow"}.__contains__)
    line = f"{file}: expected a table of Keras' settings; correct or delete it"
    assert str(raised.value) == line


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("KERAS_HOME", '{"floatx": "x"}', "Invalid `floatx` configuration"),
        ("KERAS_HOME", '{"floatx": []}', "unhashable type"),
        ("KERAS_HOME", '{"epsilon": 1}', "Invalid `epsilon` configuration"),
        ("KERAS_MAX_EPOCHS", "x", "invalid literal for int"),
    ],
)
def test_settings_that_keras_refuses_are_one_line(tmp_path, variable, value, message):
    """Of keras.json, or of a variable: Keras' own words, and where to correct it."""
    environment = {**os.environ, "KERAS_HOME": str(tmp_path)}
    if variable == "KERAS_HOME":
        (tmp_path / "keras.json").write_text(value)
    else:
        environment[variable] = value
    code = (
        "from autocnn.keras_startup import load_keras; from autocnn.errors import SettingsError\n"
        "try:\n    load_keras()\nexcept SettingsError as error:\n    print(error)"
    )
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.startswith(f"Keras cannot be loaded ({message}")
    advice = f"; look into {tmp_path / 'keras.json'} and the variables KERAS_*\n"
    assert done.stdout.endswith(advice)
    assert (done.stdout.count("\n"), done.stderr) == (1, "")
