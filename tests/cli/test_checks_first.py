"""What can be checked at once is checked before Keras is loaded, which takes seconds."""

from __future__ import annotations

import fcntl
import shutil
import sys

import pytest

from autocnn import keras_startup
from autocnn.api import datasets


class KerasWasLoaded(Exception):
    """A command has come as far as loading Keras."""


@pytest.fixture(autouse=True)
def _no_keras(stored, monkeypatch):
    """Whoever loads Keras ends the command by an exception, in whatever module it does."""

    def refuse() -> None:
        raise KerasWasLoaded

    real = keras_startup.load_keras
    for module in [m for name, m in sys.modules.items() if name.startswith("autocnn.")]:
        if getattr(module, "load_keras", None) is real:
            monkeypatch.setattr(module, "load_keras", refuse)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("search --study new --results FILE", "is a file where a folder is needed"),
        ("search --study new --results FILE/below", "is a file where a folder is needed"),
        ("search --study other --results HERE", "holds something else than a study"),
        (
            "compare --dataset digits --baseline mlp_1000_512 --results FILE",
            "is a file where a folder",
        ),
        ("resume gone --results RESULTS", "no study"),
        ("ablate gone --results RESULTS", "no study"),
        ("ablate alpha --results RESULTS --trial 99", "99"),
        ("ablate alpha --results RESULTS --seeds 0", "--seeds must be 1 to 1000, got 0"),
        ("ablate alpha --results RESULTS --subset 1", "subset must be at least 2, got 1"),
        ("ablate alpha --results RESULTS --subset 99999", "--subset must be below 1437 "),
        ("ablate alpha --results RESULTS --factors nothing", "nothing"),
        ("export gone --results RESULTS -o a.keras", "no study"),
        ("export alpha --results RESULTS -o a.h5", "must end in"),
        ("export alpha --results RESULTS -o absent/a.keras", "absent"),
        ("export alpha --results RESULTS -o absent/a.py", "absent"),
        ("export alpha --results RESULTS -o a.keras --trial 99", "99"),
        ("export alpha --results RESULTS -o a.py --trial 99", "99"),
        ("export alpha --results RESULTS -o a.keras --views turn", "--views must be one of none,"),
        ("export alpha --results RESULTS -o a.py --views mirror", "a script trains one network"),
        ("ensemble gone --results RESULTS", "no study"),
        ("ensemble alpha --results RESULTS --most 0", "--most must be at least 1, got 0"),
        ("ensemble alpha --results RESULTS --views turn", "--views must be one of none, mirror"),
        ("ensemble alpha --results RESULTS -o a.h5", "must end in"),
        ("ensemble alpha --results RESULTS -o a.py", "a script trains one network"),
        ("ensemble alpha --results RESULTS -o absent/a.keras", "absent"),
    ],
)
def test_a_wrong_command_is_refused_first(
    autocnn, stored, tmp_path, monkeypatch, arguments, message
):
    """One line, and nothing is made."""
    file, other = tmp_path / "file", tmp_path / "other"
    file.write_text("mine")
    other.mkdir()
    (other / "notes").write_text("mine")
    places = {"FILE": file, "HERE": tmp_path, "RESULTS": stored}
    for word, path in places.items():
        arguments = arguments.replace(word, str(path))
    monkeypatch.chdir(tmp_path)
    done = autocnn(*arguments.split())
    assert (done.out, done.err.count("\n")) == ("", 1), done.err
    assert done.code in (1, 2)
    assert done.err.startswith("autocnn: error: ")
    assert message in done.err
    assert {path.name for path in tmp_path.rglob("*")} == {"file", "other", "notes"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("search --study new --results FILE", "is a file where a folder is needed"),
        ("search --study new --space absent.toml", "absent.toml"),
        ("search --dry-run --space absent.toml", "absent.toml"),
        ("search --dry-run --space cnn --sampler grid", "grid"),
        ("compare --baseline mlp_1000_512 --results FILE", "is a file where a folder is needed"),
        ("compare --study gone --results RESULTS", "no study"),
    ],
)
def test_own_images_are_read_last(autocnn, stored, tmp_path, monkeypatch, arguments, message):
    """Reading them may take minutes; here it would end the test."""
    monkeypatch.setattr(datasets, "dataset_info", lambda *_: pytest.fail("was read"))
    (tmp_path / "file").write_text("mine")
    (tmp_path / "images").mkdir()
    arguments = arguments.replace("FILE", str(tmp_path / "file")).replace("RESULTS", str(stored))
    monkeypatch.chdir(tmp_path)
    done = autocnn(*arguments.split(), "--dataset", tmp_path / "images")
    assert (done.out, done.err.count("\n")) == ("", 1), done.err
    assert message in done.err


@pytest.mark.parametrize(
    "command", ["search --study alpha --trials 9 --space SPACE", "resume alpha --trials 9"]
)
def test_a_study_in_use_is_refused_first(autocnn, stored, command):
    """Its lock is held; the line has the number of the process that wrote it there last."""
    words = command.replace("SPACE", str(stored.parent / "small.toml")).split()
    with open(stored / "alpha" / ".lock", "a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = autocnn(*words, "--results", stored)
    assert done.code == 1
    assert "study alpha is in use by process " in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    "command",
    ["search --study new", "resume alpha --trials 9", "ablate alpha", "export alpha -o a.py"],
)
def test_a_right_command_comes_to_keras(autocnn, stored, tmp_path, monkeypatch, command):
    """Else the tests above would prove nothing."""
    results = shutil.copytree(stored, tmp_path / "results")  # a search has made its folder by then
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KerasWasLoaded):
        autocnn(*command.split(), "--results", results)
