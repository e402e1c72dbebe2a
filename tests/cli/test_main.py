"""The commands that need no study."""

from __future__ import annotations

import json
import re
from importlib import metadata

import pytest

from autocnn.data.catalog import list_datasets
from autocnn.space.library import space_names
from autocnn.space.toml import load_space

COMMANDS = (
    "search",
    "resume",
    "worker",
    "leaderboard",
    "show",
    "plot",
    "report",
    "importance",
    "ablate",
    "compare",
    "export",
    "ensemble",
    "predict",
    "evaluate",
    "serve",
    "spaces",
    "baselines",
    "datasets",
    "info",
    "studies",
)


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    """Run each test in its own folder, so no file of the user is read."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_lists_the_commands(autocnn, option):
    """Help is on stdout, with exit code 0."""
    done = autocnn(option)
    assert (done.code, done.err) == (0, "")
    listed = [line.strip("│ ").split(" ")[0] for line in done.out.splitlines()]
    assert [name for name in listed if name in COMMANDS] == list(COMMANDS)


def test_no_command_prints_the_first_three(autocnn):
    """They fit a terminal of 80 columns."""
    done = autocnn()
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= 80
    first = [line.split()[1] for line in lines if line.startswith("  autocnn ")]
    assert first == ["search", "show", "export"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(autocnn, command):
    """The help begins with the usage."""
    done = autocnn(command, "--help")
    assert (done.code, done.err) == (0, "")
    assert re.search(rf"Usage: .*autocnn {command} ", done.out)


def test_the_version_is_that_of_the_package(call):
    """The output is a line with the version."""
    done = call("--version")
    assert (done.code, done.out, done.err) == (0, f"{metadata.version('autocnn')}\n", "")


def test_spaces_are_listed(autocnn):
    """Each space has its name and description."""
    done = autocnn("spaces")
    rows = [line.split(maxsplit=1) for line in done.out.splitlines()]
    assert rows == [[name, load_space(name).description] for name in space_names()]
    assert (done.code, done.err) == (0, "")


def test_a_space_is_shown(autocnn):
    """The page has all parameters."""
    done = autocnn("spaces", "cnn")
    assert done.code == 0
    first = [line.strip("│").split("│")[0].strip() for line in done.out.splitlines()]
    assert [name for name in first if name in load_space("cnn").parameters] == list(
        load_space("cnn").parameters
    )


def test_a_baseline_is_shown(autocnn):
    """The page has its blocks."""
    done = autocnn("spaces", "cnn_16_32_64")
    assert done.out.startswith("Block(filters=(16,")


def test_a_space_is_copied(autocnn, tmp_path):
    """The copy can be shown, too."""
    done = autocnn("spaces", "mlp", "--copy", "mine.toml")
    assert (done.code, done.out) == (0, "mine.toml\n")
    assert (tmp_path / "mine.toml").read_text(encoding="utf-8") == load_space("mlp").text
    assert autocnn("spaces", "mine.toml").code == 0


def test_data_sets_are_listed(autocnn):
    """The digits are local on every machine."""
    done = autocnn("datasets")
    rows = [line.split() for line in done.out.splitlines()[1:]]
    assert [row[0] for row in rows] == [info.name for info in list_datasets()]
    assert rows[0][:6] == ["digits", "8×8×1", "10", "1,437", "360", "yes"]


def test_info_prints_the_installation(autocnn, tmp_path):
    """Each fact is a line, including the folder of results."""
    done = autocnn("info", "--results", "here")
    facts = dict(line.split(maxsplit=1) for line in done.out.splitlines())
    assert facts["results"] == str(tmp_path / "here")
    assert {"versions", "python", "machine", "backend", "devices", "precision", "data"} <= set(
        facts
    )
    assert done.code == 0


# sources of settings; a dry run prints the images of the chosen data set


def head_of_dry_run(done):
    """The first line of a dry run with exit code 0."""
    assert (done.code, done.err) == (0, "")
    return done.out.splitlines()[0]


@pytest.mark.parametrize(
    ("file", "environment", "option", "size"),
    [
        (None, None, None, "8×8×1"),
        ("cifar10", None, None, "32×32×3"),
        ("cifar10", "mnist", None, "28×28×1"),
        ("cifar10", "mnist", "digits", "8×8×1"),
    ],
)
def test_the_order_of_sources_of_a_setting(
    autocnn, tmp_path, monkeypatch, file, environment, option, size
):
    """The command line comes before the environment, the file and the default."""
    arguments = ["search", "--dry-run"]
    if file is not None:
        (tmp_path / "mine.toml").write_text(f'dataset = "{file}"\n')
        arguments += ["--config", "mine.toml"]
    if environment is not None:
        monkeypatch.setenv("AUTOCNN_DATASET", environment)
    if option is not None:
        arguments += ["--dataset", option]
    line = head_of_dry_run(autocnn(*arguments))
    assert line.startswith(f"space cnn for images of {size}: ")


def test_a_dry_run_is_data(autocnn):
    """With --json a dry run prints one JSON object, as a search does."""
    done = autocnn("search", "--dry-run", "--json")
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)
    assert (found["space"], found["image_shape"], found["points"]) == ("cnn", [8, 8, 1], None)
    assert 0 < found["feasible"] <= found["samples"]
    assert len(found["macs"]) == len(found["quantiles"])


def test_a_dry_run_leaves_nothing(autocnn, tmp_path):
    """A dry run writes no file."""
    assert autocnn("search", "--dry-run", "--study", "x").code == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments", [("info",), ("search", "--dataset", "digits", "--trials", 1, "--study", "x")]
)
def test_an_unknown_backend_is_one_line(call, monkeypatch, tmp_path, arguments):
    """The line names the variable, and nothing is written."""
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    done = call(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("autocnn: error: KERAS_BACKEND=theano: autocnn trains on ")
    assert done.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
