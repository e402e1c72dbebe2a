"""`autocnn plot`, on a study that was not trained."""

from __future__ import annotations

import json
import re

import pytest

from autocnn.api import PLOTS
from autocnn.records.optuna_record import create_study, silence_optuna, write_proposal, write_result
from autocnn.records.settings_file import settings_to_toml
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings
from autocnn.space.toml import load_space
from autocnn.trial import TrialState

SPACE = """description = "one convolution"
[parameters]
blocks = 1
convolutions = 1
filters = { choices = [1, 2, 3, 4, 5, 6, 7, 8] }
downsampling = { choices = ["max", "stride"] }
learning_rate_scale = { low = 0.5, high = 4.0, log = true }
head = "global_max"
dense_layers = 0
"""
COMPLETE, PRUNED = TrialState.COMPLETE, TrialState.PRUNED


@pytest.fixture
def write_trial(make_proposal, make_result):
    """A function that puts a trial on record; its values follow from its number."""

    def write(study, space, number, state, scores):
        values = {
            "blocks": 1,
            "convolutions": 1,
            "filters": 1 + number % 8,
            "downsampling": ("max", "stride")[number % 2],
            "learning_rate_scale": 0.5 + 0.25 * number,
            "head": "global_max",
            "dense_layers": 0,
        }
        trial = study.ask()
        write_proposal(trial, make_proposal(number, values=values, config=space.config(values)))
        write_result(trial, make_result(*scores, state=state))
        study.tell(trial, max(scores, default=0.0))

    return write


@pytest.fixture
def make_study(tmp_path, write_trial):
    """A function that makes a study with these trials, by state and scores; returns --results."""

    def make(name, *trials):
        silence_optuna()
        file = tmp_path / "small.toml"
        file.write_text(SPACE)
        space = load_space(str(file))
        paths = StudyPaths(tmp_path / "results" / name)
        paths.root.mkdir(parents=True)
        settings = StudySettings(
            study=name, space=str(file), trials=12, created="2026-11-22T10:00:00+00:00"
        )
        paths.study_toml.write_text(settings_to_toml(settings))
        paths.space_toml.write_text(space.text)
        study = create_study(paths, settings)
        for number, (state, *scores) in enumerate(trials):
            write_trial(study, space, number, state, scores)
        return tmp_path / "results"

    return make


@pytest.fixture
def plot(autocnn, make_study, tmp_path, monkeypatch):
    """A function that runs `autocnn plot` on twelve trials: 0 to 9 are complete, 5 is the best."""
    trials = [(COMPLETE, 0.5, 0.6 + 0.05 * (number * 3 % 8)) for number in range(10)]
    results = make_study("look", *trials, (PRUNED, 0.2), (PRUNED, 0.7))
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: autocnn("plot", *arguments, "--results", results)


@pytest.mark.parametrize("ending", ["html", "png", "svg"])
@pytest.mark.parametrize("kind", PLOTS)
def test_a_plot_is_written(plot, tmp_path, kind, ending):
    """The only output is the name of the file."""
    done = plot(kind, "look", "-o", f"plot.{ending}")
    assert (done.code, done.out, done.err) == (0, f"plot.{ending}\n", "")
    assert (tmp_path / f"plot.{ending}").stat().st_size > 1000


@pytest.mark.parametrize(
    ("kind", "first", "last"),
    [
        ("history", "validation accuracy by trial", "best 95.00 % (trial 5)"),
        ("curves", "validation accuracy by epoch, the best trials", "█ 95.00 %"),
        ("importance", "importance of parameters, from 10 complete trials", "a first hint."),
    ],
)
def test_a_plot_is_printed(plot, kind, first, last):
    """Without a file the plot of the latest study is printed."""
    done = plot(kind)
    assert (done.code, done.err) == (0, "")
    lines = done.out.rstrip().splitlines()
    assert lines[0] == f"look: {first}"
    assert lines[-1].endswith(last)
    assert max(map(len, lines)) <= 80


def test_parameters_can_be_chosen(plot, tmp_path):
    """Names are separated by commas, with or without spaces."""
    done = plot("slice", "-o", "plot.svg", "--params", "filters, downsampling")
    assert done.code == 0
    written = set(re.findall(r"<!-- (.*?) -->", (tmp_path / "plot.svg").read_text()))
    assert {"filters", "downsampling"} <= written
    assert "learning_rate_scale" not in written


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ("histogram", 2, "KIND must be one of history, curves, importance, parallel, slice"),
        ("history loo", 1, "no study named 'loo' in "),
        ("slice", 2, "plot slice is too wide for a terminal; give -o FILE.html, FILE.png or"),
        ("calibration", 2, "plot calibration is a picture, which cannot be shown on a terminal"),
        ("mistake", 2, "KIND must be one of history, curves, importance, parallel, slice, pareto"),
        ("confusion", 1, "study look has no finals yet"),
        ("parallel", 2, "plot parallel is too wide for a terminal; give -o FILE.html, "),
        ("pareto", 2, "plot pareto is too wide for a terminal; give -o FILE.html, "),
        ("history -o plot.pdf", 2, "--output must end in .html, .png or .svg, got 'plot.pdf'"),
        ("history -o absent/plot.png", 1, "absent/plot.png: its folder does not exist"),
        ("history -o folder.png", 1, "folder.png: its folder does not exist, or it is a folder"),
        ("slice -o plot.png --params filter", 2, "--params: no parameter 'filter' varies in"),
        ("slice -o plot.png --params head", 2, "--params: no parameter 'head' varies in study"),
        ("history -o plot.png --params filters", 2, "--params goes with parallel and slice, not"),
        ("history --params filters", 2, "--params goes with parallel and slice, not with history"),
    ],
)
def test_a_plot_that_cannot_be_drawn_is_refused(plot, tmp_path, arguments, code, message):
    """The error is one line, and no file is written."""
    (tmp_path / "folder.png").mkdir()
    before = sorted(tmp_path.iterdir())
    done = plot(*arguments.split())
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith(f"autocnn: error: {message}")
    assert done.err.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("trials", "kind", "message"),
    [
        ([], "history", "study new: no trial is complete yet; `autocnn search` goes on"),
        ([], "curves", "study new: no trial has finished an epoch yet"),
        ([], "slice", "study new: no trial is complete yet"),
        ([(PRUNED, 0.5)], "history", "study new: no trial is complete yet"),
        ([(TrialState.FAILED,)], "curves", "study new: no trial has finished an epoch yet"),
        ([(COMPLETE, 0.5)], "importance", "study new: the importance of parameters needs at"),
        ([(COMPLETE, 0.5)] * 9, "importance", "study new: the importance of parameters needs at"),
        ([(COMPLETE, 0.5)] * 10, "importance", "study new: the importance of parameters needs sc"),
    ],
)
def test_a_young_study_has_too_few_trials(
    autocnn, make_study, monkeypatch, tmp_path, trials, kind, message
):
    """The error is one line, for a file and for the terminal."""
    results = make_study("new", *trials)
    monkeypatch.chdir(tmp_path)
    for target in ([] if kind == "slice" else [()]) + [("-o", "plot.html")]:
        done = autocnn("plot", kind, "--results", results, *target)
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith(f"autocnn: error: {message}")
        assert done.err.count("\n") == 1


def test_a_pruned_trial_has_a_curve(autocnn, make_study):
    """Curves of pruned trials are drawn if no other trial has one."""
    done = autocnn("plot", "curves", "--results", make_study("new", (PRUNED, 0.5)))
    assert done.code == 0
    assert done.out.splitlines()[2].split()[:3] == ["0", "50.00", "%"]


def test_no_warning_is_printed(call, make_study, tmp_path):
    """In another process a warning would be a line on stderr."""
    results = make_study("new", *((COMPLETE, 0.5 + 0.01 * number) for number in range(10)))
    for kind in ("importance", "slice"):
        done = call("plot", kind, "--results", results, "-o", tmp_path / "plot.png")
        assert (done.code, done.out, done.err) == (0, f"{tmp_path / 'plot.png'}\n", "")


def test_importance_has_a_caveat(autocnn, make_study):
    """The table has a caveat below it; --json gives one object, the largest first."""
    scores = [(COMPLETE, 0.5 + 0.04 * (number % 8)) for number in range(16)]
    results = make_study("a", *scores)
    done = autocnn("importance", "a", "--results", results)
    assert (done.code, done.err) == (0, "")
    assert "importance of parameters, from 16 complete trials" in done.out
    assert done.out.splitlines()[-1].startswith("Importance is not effect: ")
    shown = json.loads(autocnn("importance", "--results", results, "--json").out)
    assert (shown["study"], shown["n_trials"]) == ("a", 16)
    shares = shown["importances"]
    assert list(shares.values()) == sorted(shares.values(), reverse=True)
    assert sum(shares.values()) == pytest.approx(1)
    assert set(shares) == {"filters", "downsampling", "learning_rate_scale"}


@pytest.mark.parametrize("option", [(), ("--json",)])
def test_importance_needs_ten_trials(autocnn, make_study, option):
    """The error names the command that needs only one complete trial."""
    results = make_study("a", *((COMPLETE, 0.5 + 0.04 * number) for number in range(9)))
    done = autocnn("importance", "--results", results, *option)
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "autocnn: error: study a: the importance of parameters needs at least 10 complete trials, "
        "and there are 9; `autocnn ablate` works with one\n"
    )
