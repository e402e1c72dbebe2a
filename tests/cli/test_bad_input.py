"""Any wrong input is refused in one line, and nothing is written."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

SCRIPT = (str(Path(sys.executable).with_name("autocnn")),)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Run each test in its own folder, with a file of the user."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text("somebody's = 'work'\n")
    (tmp_path / "huge.toml").write_text(f"target = {'9' * 400}\n")
    return tmp_path


def contents(folder):
    """Every file below the folder."""
    return {
        path: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


@pytest.fixture
def refused(autocnn, folder):
    """A function that runs a command that must fail; returns its exit code and its one line."""

    def run(*arguments):
        before = contents(folder)
        done = autocnn(*arguments)
        assert contents(folder) == before
        assert done.out == ""
        assert done.err.startswith("autocnn: error: ")
        assert done.err.count("\n") == 1
        assert done.err.endswith("\n")
        return done.code, done.err.removeprefix("autocnn: error: ").rstrip("\n")

    return run


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("serach", "No such command 'serach'"),
        ("search --bogus", "No such option: --bogus"),
        ("search extra", "unexpected extra argument"),
        (
            "search --dataset digit",
            "no data set named 'digit'; did you mean 'digits'? choose one of digits, mnist,",
        ),
        ("search --space cn", "no search space named 'cn'; choose one of cnn,"),
        ("search --space absent.toml", "no search space named 'absent.toml'"),
        ("search --sampler tp", "--sampler must be one of auto, tpe, random, grid"),
        ("search --pruner asha", "--pruner must be one of auto, halving, hyperband"),
        ("search --engine ray", "--engine must be one of optuna, keras-tuner, got 'ray'"),
        ("search --tuner grid", "--tuner belongs to --engine keras-tuner"),
        ("search --sampler grid", "--sampler grid cannot search the space cnn: "),
        ("search --engine keras-tuner --tuner grid", "is continuous, and a grid has points; give"),
        ("search --engine keras-tuner --pruner median", "--tuner hyperband gives up on trials by"),
        ("search --trial-timeout soon", "--trial-timeout must be a time above zero such as 90s,"),
        ("search --worker-memory 4", "--worker-memory must be a size such as 900M or 4G, got '4'"),
        ("search --max-params 0", "--max-params must be at least 1, got 0"),
        ("search --max-macs 1", "none of 1000 samples is feasible"),
        ("search --precision half", "--precision must be one of auto, float32, bfloat16"),
        ("search --trials 0", "--trials must be at least 1, got 0"),
        ("search --trials abc", "'--trials'"),
        ("search --time-budget -5", "--time-budget must be a time above zero such as 90s,"),
        ("search --time-budget 0s", "--time-budget must be a time above zero such as 90s,"),
        ("search --time-budget 5", "--time-budget needs a unit: 5s are seconds, 5m minutes; "),
        ("search --time-budget abc", "--time-budget must be a time above zero such as 90s,"),
        ("search --epochs 0", "--epochs must be at least 1, got 0"),
        ("search --seed -1", "--seed must be at least 0, got -1"),
        ("search --target 2", "--target must be above 0 and at most 1 with --objective accuracy,"),
        ("search --target 0", "--target must be above 0, got 0"),
        ("search --target nan", "--target must be above 0, got nan"),
        ("search --objective auc", "--objective must be one of accuracy, balanced_accuracy,"),
        ("search --study ../x", "--study must be a plain folder name, got '../x'"),
        ("search --results=", "--results must be a name or a path, got ''"),
        ("search --config absent.toml", "--config absent.toml: cannot be read"),
        ("search --config mine.toml", "mine.toml: "),
        ("search --config huge.toml", "huge.toml: target must be an integer of at most 64 bits,"),
        ("leaderboard --format xml", "--format must be one of table, json, csv, md, got 'xml'"),
        ("leaderboard --top 0", "'--top'"),
        ("show tiny abc", "valid integer"),
        ("export", "'--output'"),
        ("spaces cn", "no search space named 'cn'; choose one of cnn,"),
        ("spaces cnn --copy mine.toml", "--copy mine.toml: exists already; choose another name"),
        ("spaces cnn --copy mine.txt", "--copy must name a .toml file, got 'mine.txt'"),
    ],
)
def test_a_wrong_argument_is_refused(refused, arguments, message):
    """Exit code 2; the line has the option, the expected and the given value."""
    code, line = refused(*arguments.split())
    assert code == 2
    assert message in line


@pytest.mark.parametrize(
    "arguments", ["leaderboard", "show", "resume", "plot history", "export -o model.keras"]
)
def test_a_command_without_any_study_is_refused(refused, arguments):
    """Exit code 1; the line names the command that starts a study."""
    code, line = refused(*arguments.split())
    assert (code, line) == (
        1,
        "results: there is no such folder; `autocnn search` starts a study",
    )


def test_a_copy_needs_the_name_of_a_space(refused):
    """Exit code 2; the line names the missing argument."""
    code, line = refused("spaces", "--copy", "new.toml")
    assert code == 2
    assert "NAME" in line
    assert "''" not in line


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[parameters", "broken TOML: "),
        ("parameters = 1", "parameters: expected a table, got 1"),
        ("[parameters]\nfilters = 'many'", "parameters.filters: expected an integer, got 'many'"),
        (
            "[parameters]\nfilter = 3",
            "parameters.filter: unknown parameter; did you mean 'filters'? known: ",
        ),
        (
            f"[parameters]\nlearning_rate = {'9' * 400}",
            "parameters.learning_rate: expected an integer of at most 64 bits, got one of 1329",
        ),
        (
            "[parameters]\nfilters = { low = 9, high = 3 }",
            "parameters.filters: low must not be above high, got low = 9, high = 3",
        ),
        (
            "[parameters]\nblocks = 1\nfilters = { low = 1, high = 3, when = { blocks = 2 } }",
            "parameters.filters.when.blocks: impossible condition: blocks can never be 2",
        ),
        (
            "[parameters]\nfilters = { low = 1, high = 3, when = { blocks = 2 } }",
            "parameters.filters.when.blocks: no parameter of that name stands before this one",
        ),
    ],
)
def test_a_wrong_space_is_refused(refused, folder, text, message):
    """Exit code 2; the line names the file and the key."""
    (folder / "space.toml").write_text(text)
    code, line = refused("search", "--space", "space.toml")
    assert code == 2
    assert line.startswith("space.toml: ")
    assert message in line


def test_a_space_without_a_feasible_point_is_refused(refused, folder):
    """Exit code 2; the line has the remedy."""
    text = "[limits]\nmacs = 1\n[parameters]\nfilters = { low = 8, high = 16 }\n"
    (folder / "space.toml").write_text(text)
    code, line = refused("search", "--space", "space.toml", "--dry-run")
    assert code == 2
    assert line.startswith("space space: none of 1000 samples is feasible for images of 8x8x1: ")
    assert line.endswith("above the limit of 1; widen the ranges or the limits")


@pytest.mark.parametrize("option", ["--results", "--study"])
def test_a_file_is_no_folder(refused, folder, option):
    """Exit code 1; the file is not changed."""
    (folder / "results").mkdir()
    (folder / "results" / "notes").write_text("mine")
    place = {"--results": "results/notes", "--study": "notes"}[option]
    code, line = refused("search", option, place)
    assert (code, line) == (
        1,
        "results/notes: is a file where a folder is needed; choose another place",
    )


def test_another_folder_is_no_study(refused, folder):
    """Exit code 1; the folder is not changed."""
    (folder / "results" / "thesis").mkdir(parents=True)
    (folder / "results" / "thesis" / "chapter1.tex").write_text("all my work")
    code, line = refused("search", "--study", "thesis")
    assert code == 1
    assert line.startswith("results/thesis: holds something else than a study")


def test_a_name_too_long_is_refused(refused, folder):
    """Exit code 2, because no folder can have that name."""
    (folder / "results").mkdir()
    code, line = refused("search", "--study", 300 * "x")
    assert code == 2
    assert line.startswith("--study must be a plain folder name, got 'xxx")


@pytest.mark.parametrize("name", ["photos/train", "my photos", "a\nb\n\nc", ""])
def test_an_odd_data_set_is_refused_as_a_data_set(refused, name):
    """The line is about --dataset, not about --study, whose name follows from it."""
    code, line = refused("search", "--dataset", name)
    assert code == 2
    assert line.startswith((f"no data set named {name!r}; ", "--dataset must be a name or a path"))


def test_an_error_of_several_lines_is_one_line(refused):
    """The line breaks of a parser's message become spaces."""
    code, line = refused("search", "--config", "absent\n\nfolder/x.toml")
    assert code == 2
    assert line.startswith("--config absent folder/x.toml: cannot be read")


def test_settings_of_the_environment_are_checked_too(refused, monkeypatch):
    """A variable is checked as the option of that name."""
    monkeypatch.setenv("AUTOCNN_TIME_BUDGET", "soon")
    code, line = refused("search", "--dry-run")
    assert code == 2
    assert "got 'soon'" in line


@pytest.mark.parametrize("command", [SCRIPT, (sys.executable, "-m", "autocnn")])
def test_the_process_ends_with_the_code_and_the_line(call, folder, command):
    """Every way to start the command prints one line and no traceback."""
    before = contents(folder)
    done = call("search", "--dataset", "digit", command=command)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(
        "autocnn: error: no data set named 'digit'; did you mean 'digits'? choose one of "
    )
    assert done.err.count("\n") == 1
    assert contents(folder) == before


def test_a_closed_pipe_is_no_error(start):
    """A closed pipe, as of `head`, causes no traceback, early or late."""
    process = start("spaces")
    process.stdout.close()
    process.stdout = None  # the pipe is closed before any output
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (1, "")


def test_a_long_line_of_error_is_cut(refused, folder):
    """A value of a file may have any length; both ends of the line are shown."""
    (folder / "long.toml").write_text(f"trials = '{'x' * 100_000}'\n")
    code, line = refused("search", "--config", "long.toml")
    assert code == 2
    assert line.startswith("long.toml: trials must be an integer, got 'xxx")
    assert " … xxx" in line
    assert len(line) == 2003


@pytest.mark.parametrize(
    "arguments",
    [
        "studies --results LONG",
        "show --results LONG",
        "leaderboard --results LONG",
        "search --results LONG",
        "search --dataset LONG",
        "search --space LONG.toml",
        "search --config LONG",
        "spaces LONG.toml",
        "spaces cnn --copy LONG.toml",
        "datasets LONG",
        "predict x.keras LONG",
        "predict LONG mine.toml",
        "show LONG",
        "compare --dataset digits --study LONG",
        "search --warm-start LONG --dry-run",
    ],
)
def test_a_path_of_5000_characters_is_one_line(autocnn, folder, arguments):
    """The operating system refuses such a path; no study can have it."""
    done = autocnn(*(word.replace("LONG", "a/" * 2500) for word in arguments.split()))
    assert "Traceback" not in done.err
    assert done.err.count("\n") <= 1
    assert done.code in (0, 1, 2)


@pytest.mark.parametrize("file", ["pipe", "device"])
@pytest.mark.parametrize(
    "arguments",
    [
        "search --config X.toml",
        "search --space X.toml",
        "spaces X.toml",
        "datasets X.npz",
        "datasets X.parquet",
        "datasets X.zip",
        "predict digits X.png",
        "predict X.keras mine.toml",
    ],
)
def test_a_pipe_or_a_device_is_no_file(refused, folder, file, arguments):
    """One line says so, and nothing waits."""
    words = arguments.split()
    name = next(word for word in words if word.startswith("X"))
    if file == "pipe":
        os.mkfifo(folder / name)
    else:
        (folder / name).symlink_to("/dev/zero")
    code, _ = refused(*words)
    assert code in (1, 2)
