"""A small study from the command line: run, shown, repaired, resumed, interrupted."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import shlex
import shutil
import signal

import keras
import numpy as np
import pytest

from autocnn.leaderboard.table import read_leaderboard

pytestmark = pytest.mark.training

JSON_KEYS = [
    "study",
    "state",
    "trials",
    "complete",
    "pruned",
    "stopped",
    "failed",
    "objective",
    "val_best",
    "val_mean",
    "test",
    "test_score",
    "test_winner",
    "gap",
    "seconds",
    "cpu_seconds",
    "runs",
    "winner",
    "model",
    "leaderboard",
    "causes",
    "ending",
    "least_seconds",
    "report",
]


def trials(folder):
    """All reproducible fields of the trials: everything except times and ranks."""
    table = read_leaderboard(folder / "leaderboard.parquet").sort_by("trial")
    return table.drop_columns(["rank", "seconds", "cpu_seconds", "epoch_seconds"]).to_pylist()


# output and files of a search


@pytest.mark.parametrize(
    ("objective", "better"), [pytest.param("macro_f1", max, marks=pytest.mark.slow), ("loss", min)]
)
def test_a_search_for_another_objective(objective, better, call, search_arguments, tmp_path):
    """The best score of a trial and of the study follow the direction, and the winner is tested."""
    options = ("--objective", objective, "--study", "a", "--results", tmp_path, "--json")
    done = call(*search_arguments, *options)
    assert done.code == 0, done.err
    outcome = json.loads(done.out.splitlines()[-1])
    table = read_leaderboard(tmp_path / "a" / "leaderboard.parquet").to_pylist()
    scores = [row["score"] for row in table if row["state"] == "complete"]
    assert outcome["val_best"] == better(scores) == scores[0]
    assert all(row["score"] == better(row["val_score"]) for row in table)
    if objective == "loss":
        assert all(row["val_score"] == row["val_loss"] for row in table)
    assert outcome["objective"] == objective
    assert outcome["test_score"] != outcome["test"]
    named = {"macro_f1": "macro F1", "loss": "cross-entropy"}[objective]
    assert any(line.startswith(f"test {named}  ") for line in done.err.splitlines())


def test_json_is_the_only_line(finished):
    """The object has exactly these keys, and its numbers are consistent."""
    outcome = finished.outcome
    assert len(finished.done.out.splitlines()) == 1
    assert list(outcome) == JSON_KEYS
    assert (outcome["study"], outcome["state"], outcome["trials"]) == ("tiny", "finished", 3)
    ended = ("complete", "pruned", "stopped", "failed")
    assert sum(outcome[state] for state in ended) == 3
    assert outcome["gap"] == pytest.approx(outcome["val_best"] - outcome["test_winner"])
    assert outcome["model"] == str(finished.folder / "finals" / "winner.keras")
    assert outcome["leaderboard"] == str(finished.folder / "leaderboard.parquet")


def test_progress_goes_to_stderr(finished):
    """Stderr has a line a trial and the phases, then with --json the closing lines."""
    err = finished.done.err.splitlines()
    closing = err.index("testing …") + 1
    err, lines = err[:closing], err[closing:]
    assert [line.split()[:2] for line in err if line.startswith("trial ")] == [
        ["trial", "0"],
        ["trial", "1"],
        ["trial", "2"],
    ]
    assert [line for line in err if not line.startswith("trial ")] == [
        "starting …",
        "145 validation images: one image is 0.69 points of accuracy",
        "refitting …",
        "testing …",
    ]
    names = [line.split("  ")[0] for line in lines if line[0] != " "]
    assert names == ["test accuracy", "winner", "model", "leaderboard", "took", "next"]


def test_a_finished_study_has_a_manifest(finished):
    """The manifest has outcome, settings, the split's fingerprint and versions."""
    manifest = json.loads((finished.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["outcome"] == finished.outcome
    assert manifest["settings"]["trials"] == 3
    assert manifest["facts"]["horizon"] == 2
    assert "keras" in manifest["packages"]


def test_the_test_score_is_that_of_the_shipped_file(finished):
    """The score is counted again in plain Keras on scikit-learn's images."""
    from autocnn.data.test_split import load_test

    test = load_test("digits")
    model = keras.saving.load_model(finished.folder / "finals" / "winner.keras", safe_mode=True)
    hits = model.predict(test.images, verbose=0).argmax(axis=1) == test.labels
    assert finished.outcome["test"] == pytest.approx(hits.mean(), abs=1e-12)


def test_the_settings_can_be_read_again(finished, autocnn):
    """A study.toml is accepted as the --config of another study."""
    done = autocnn("search", "--config", finished.folder / "study.toml", "--dry-run")
    assert done.code == 0
    assert done.out.startswith("space tiny for images of 8×8×1: ")


# showing the study


def test_the_leaderboard_is_shown(finished, autocnn):
    """The latest study is the default, and nothing is cut off."""
    done = autocnn("leaderboard", "--results", finished.results)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("tiny (3 trials)")
    winner = done.out.splitlines()[2].split()
    assert winner[:2] == ["1", str(finished.outcome["winner"])]


def test_the_leaderboard_is_data(finished, autocnn):
    """JSON and CSV have equal rows, the best first; curves are lists."""
    view = ("leaderboard", "tiny", "--results", finished.results, "--columns", "all")
    rows = json.loads(autocnn(*view, "--format", "json").out)
    assert [row["rank"] for row in rows] == [1, 2, 3]
    assert rows[0]["trial"] == finished.outcome["winner"]
    assert rows[0]["score"] == max(rows[0]["val_accuracy"]) == finished.outcome["val_best"]
    table = list(csv.DictReader(io.StringIO(autocnn(*view, "--format", "csv").out)))
    assert [list(row) for row in table] == [list(row) for row in rows]
    assert [float(row["score"]) for row in table] == [row["score"] for row in rows]
    assert all(math.isfinite(json.loads(row["train_loss"])[0]) for row in table)


def test_rows_and_columns_can_be_chosen(finished, autocnn):
    """The first rows by number are printed as Markdown."""
    choice = ("--columns", "trial, param.kernel", "--sort", "trial", "--top", 2, "--format", "md")
    done = autocnn("leaderboard", "tiny", "--results", finished.results, *choice)
    lines = done.out.splitlines()
    assert lines[:2] == ["| trial | param.kernel |", "| --- | --- |"]
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["0", "1"]


@pytest.mark.parametrize(("arguments", "number"), [((), None), (("0",), 0), (("2",), 2)])
def test_a_trial_is_shown(finished, autocnn, arguments, number):
    """The best trial is the default."""
    done = autocnn("show", "tiny", *arguments, "--results", finished.results)
    assert done.code == 0
    expected = finished.outcome["winner"] if number is None else number
    assert done.out.startswith(f"Trial {expected}  ")
    assert "Learning curve" in done.out


def test_the_winner_is_exported(finished, autocnn, tmp_path):
    """The exported file is equal byte by byte to the one that the finals measured."""
    target = tmp_path / "model.keras"
    done = autocnn("export", "tiny", "-o", target, "--results", finished.results)
    digits = ", ".join(f"{i} {i}" for i in range(10))
    lines = f"{target}\noutputs: {digits}\nexpects: 8x8 grey, 0 to 255\n"
    assert (done.code, done.out, done.err) == (0, lines, "")
    assert target.read_bytes() == (finished.folder / "finals" / "winner.keras").read_bytes()


def test_an_export_says_as_json_what_the_model_expects(finished, autocnn, tmp_path):
    """The object has the path and the whole contract, as NAME.json has it."""
    target = tmp_path / "model.keras"
    arguments = ("export", "tiny", "-o", target, "--results", finished.results, "--json")
    said = json.loads(autocnn(*arguments).out.splitlines()[-1])
    contract = json.loads((tmp_path / "model.json").read_text())
    (file,) = said["files"]
    assert (said["contract"], file["path"], file["format"]) == (contract, str(target), "keras")
    assert (file["bytes"], file["difference"]) == (target.stat().st_size, 0.0)
    assert contract["class_names"] == list("0123456789")
    assert (contract["dataset"], contract["study"]) == ("digits", "tiny")
    assert contract["trial"] == finished.outcome["winner"]


def test_a_trial_is_exported(finished, autocnn, tmp_path):
    """The winner's own weights are those that the finals tested beside the refit."""
    target, number = tmp_path / "model.keras", finished.outcome["winner"]
    done = autocnn("export", "tiny", "-o", target, "--trial", number, "--results", finished.results)
    assert done.code == 0
    images = np.random.default_rng(0).integers(0, 256, (8, 8, 8, 1)).astype(np.uint8)
    ours, theirs = (
        keras.saving.load_model(file, safe_mode=True).predict(images, verbose=0)
        for file in (target, finished.folder / "finals" / "validation.keras")
    )
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ("leaderboard tin", 1, "no study named 'tin' in "),
        (
            "leaderboard tiny --columns scor",
            2,
            "--columns: no column is named 'scor'; did you mean 'score'? known: ",
        ),
        (
            "leaderboard tiny --sort scor",
            2,
            "--sort: no column is named 'scor'; did you mean 'score'? known: ",
        ),
        ("show tiny 7", 1, "study tiny has no trial 7; its trials: 0, 1, 2"),
        (
            "export tiny -o model.h5",
            2,
            "--output must end in .keras, .onnx, .tflite, ",
        ),
        ("export tiny -o model.keras --trial 7", 1, "study tiny has no trial 7; its trials: 0, 1"),
        ("export tiny -o absent/model.keras", 1, "absent/model.keras: "),
    ],
)
def test_a_missing_thing_is_refused(
    finished, autocnn, tmp_path, monkeypatch, arguments, code, message
):
    """The error is one line, and no file is written."""
    monkeypatch.chdir(tmp_path)
    done = autocnn(*arguments.split(), "--results", finished.results)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith(f"autocnn: error: {message}")
    assert done.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


# repairing the study


@pytest.mark.parametrize("damage", ["deleted", "truncated"])
def test_a_damaged_leaderboard_can_be_mended(copied, autocnn, damage):
    """One line names the repair, which restores the file byte by byte."""
    file = copied.folder / "leaderboard.parquet"
    before = file.read_bytes()
    if damage == "deleted":
        file.unlink()
    else:
        file.write_bytes(before[:-100])
    view = ("leaderboard", "tiny", "--results", copied.results)
    done = autocnn(*view)
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert "--rebuild" in done.err
    assert autocnn(*view, "--rebuild").code == 0
    assert file.read_bytes() == before


# resuming the study


def test_more_trials_can_be_had(copied, call):
    """The first three trials do not change; the address of the page is no progress."""
    before = trials(copied.folder)
    more = ("--study", "tiny", "--trials", 4, "--results", copied.results)
    done = call("search", *more, "--json", "--quiet", "--watch-port", 0)
    line = r"the search can be watched at http://127\.0\.0\.1:\d+/\n"
    assert (done.code, bool(re.fullmatch(line, done.err))) == (0, True), done.err
    outcome = json.loads(done.out.splitlines()[-1])
    assert (outcome["state"], outcome["trials"]) == ("finished", 4)
    after = trials(copied.folder)
    assert after[:3] == before
    assert [row["trial"] for row in after] == [0, 1, 2, 3]
    assert (copied.folder / "manifest.json").exists()


@pytest.mark.parametrize(
    "change", [("--dataset", "mnist"), ("--seed", "1"), ("--epochs", "3"), ("--recipes",)]
)
def test_other_settings_need_another_study(copied, autocnn, change):
    """The study is refused and not changed."""
    before = {p: p.read_bytes() for p in copied.folder.rglob("*") if p.is_file()}
    done = autocnn("search", "--study", "tiny", *change, "--results", copied.results)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("autocnn: error: study tiny was made with ")
    assert done.err.count("\n") == 1
    assert {p: p.read_bytes() for p in copied.folder.rglob("*") if p.is_file()} == before


# Ctrl-C


@pytest.fixture(
    scope="module",
    params=[signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)],
    ids=["Ctrl-C", "SIGTERM"],
)
def interrupted(start, search_arguments, tmp_path_factory, request):
    """The search, interrupted after its first trial: results, exit code, stdout, stderr."""
    results = tmp_path_factory.mktemp("my results")
    process = start(*search_arguments, "--study", "tiny", "--results", results, "--json")
    received = []
    for line in process.stderr:
        received.append(line)
        if line.startswith("trial "):
            process.send_signal(request.param)
            break
    out, err = process.communicate(timeout=120)
    return results, process.returncode, out, "".join(received) + err


def test_ctrl_c_ends_cleanly(interrupted):
    """The exit code is 130; there is no traceback, no refit and no manifest."""
    results, code, out, err = interrupted
    assert code == 130
    assert "Traceback" not in out + err
    assert "refitting" not in err
    outcome = json.loads(out.splitlines()[-1])
    assert (outcome["state"], outcome["model"]) == ("interrupted", None)
    assert outcome["trials"] >= 1
    assert not (results / "tiny" / "manifest.json").exists()


def test_ctrl_c_prints_the_command_to_resume(interrupted):
    """The command is quoted for a shell. With --json it is on stderr."""
    results, _, _, err = interrupted
    (line,) = [line for line in err.splitlines() if line.startswith("interrupted; ")]
    command = line.partition("go on with: ")[2]
    assert shlex.split(command) == [
        *("autocnn", "resume", "tiny"),
        *("--results", str(results)),
    ]


def test_an_interrupted_study_comes_to_the_same_end(interrupted, finished, call, tmp_path):
    """Trials, scores and test score equal those without Ctrl-C."""
    results = tmp_path / "results"
    shutil.copytree(interrupted[0], results)
    done = call("resume", "tiny", "--results", results, "--json", "--quiet")
    assert (done.code, done.err) == (0, "")
    outcome = json.loads(done.out.splitlines()[-1])
    assert trials(results / "tiny") == trials(finished.folder)
    same = ("state", "trials", "val_best", "test", "test_winner", "gap", "winner")
    assert {key: outcome[key] for key in same} == {key: finished.outcome[key] for key in same}
    assert (results / "tiny" / "manifest.json").exists()
