"""The whole flow from settings to a tested winner, with an executor that trains nothing."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import shutil
import sys
import tempfile

import keras
import pytest
from image_files import noise, write_npz
from scripted import ScriptedExecutor

from autocnn.api.search_outcome import SearchOutcome
from autocnn.api.search_study import SilentListener
from autocnn.api.search_study import search as run_search
from autocnn.api.studies import load_study
from autocnn.errors import (
    DatasetError,
    RecordError,
    SettingsError,
    SpaceError,
    StudyError,
    UnknownDatasetError,
)
from autocnn.leaderboard import growing
from autocnn.leaderboard.table import read_leaderboard, write_leaderboard
from autocnn.nn.model import ImageSpec, build_model
from autocnn.nn.weights import save_weights
from autocnn.records.settings_file import read_settings, settings_to_toml
from autocnn.records.study_folder import StudyPaths
from autocnn.records.study_settings import StudySettings
from autocnn.study import creation
from autocnn.trial import Epoch, FailureCause, TrialResult, TrialState

SPEC = ImageSpec(shape=(8, 8, 1), n_classes=10, mean=(78.0,), std=(96.0,))
SCORES = {0: 0.5, 1: 0.75, 2: 0.25, 3: 0.9}
AGAIN = {0: 0.7, 1: 0.6, 2: 0.65, 3: 0.9}  # of the trials that are trained again in the finals


class FlowExecutor(ScriptedExecutor):
    """An executor that gives every trial its score from SCORES, and its own weights."""

    refit_loss = 0.1
    epoch_s = 0.0  # wall seconds that an epoch is said to take
    fails = False

    def train(self, job):
        """Report every epoch, then save the weights."""
        n_cancelled = len(self.cancelled)
        self.before_job(job)
        if self.fails:
            return TrialResult(
                state=TrialState.FAILED, cause=FailureCause.DIVERGED, message="loss nan"
            )
        validates = job.fit_on == "train"
        curve = [self._epoch(job, number) for number in range(1, job.last_epoch + 1)]
        for number, epoch in enumerate(curve, start=1):
            yield number, epoch
            if len(self.cancelled) > n_cancelled:
                return TrialResult(state=TrialState.STOPPED)
        job.folder.mkdir(parents=True, exist_ok=True)
        model = build_model(job.config, SPEC, seed=job.seed + validates)
        save_weights(job.folder / "best.npz", model.get_weights())
        return TrialResult(
            state=TrialState.COMPLETE,
            curve=tuple(curve),
            best_epoch=job.last_epoch if validates else None,
            precision=job.precision,
        )

    def before_job(self, job):
        """Do nothing."""

    def _epoch(self, job, number):
        validates = job.fit_on == "train"
        scores = AGAIN if job.folder.name.startswith("again-") else SCORES
        score = scores[job.number] * number / job.last_epoch if validates else math.nan
        return Epoch(
            train_loss=1 / number if validates else self.refit_loss,
            train_accuracy=0.5,
            val_loss=1.0,
            val_accuracy=score,
            seconds=self.epoch_s * number,
            score=score,
        )


class Ear(SilentListener):
    """A listener that records the phases and messages."""

    def __init__(self):
        self.phases, self.messages, self.trials = [], [], []

    def progress(self, progress):
        """Record a new phase."""
        self.last = progress
        if self.phases[-1:] != [progress.phase]:
            self.phases.append(progress.phase)

    def message(self, text):
        """Record the line."""
        self.messages.append(text)

    def trial_finished(self, proposal, result):
        """Record the trial."""
        self.trials.append(proposal.number)


@pytest.fixture
def executor():
    """The scripted executor."""
    return FlowExecutor()


@pytest.fixture
def search(executor):
    """A function that searches with the scripted executor in place of worker processes."""
    return functools.partial(run_search, open_executor=lambda setup: executor)


@pytest.fixture
def make_settings(space_file, results):
    """A function that makes settings of digits-1: three trials of two epochs, no recipes."""

    def make(**changes):
        fields = {
            "study": "digits-1",
            "space": str(space_file),
            "results": str(results),
            "trials": 3,
            "epochs": 2,
            "pruner": "none",
            "recipes": False,
        }
        return StudySettings(**{**fields, **changes})

    return make


@pytest.fixture
def paths(results):
    """The folder of digits-1."""
    return StudyPaths(results / "digits-1")


# a study from beginning to end


def test_the_ten_best_trials_keep_their_weights(
    executor, search, make_settings, paths, monkeypatch
):
    """Ten of twelve trials keep weights; unfinished files of a crash are deleted."""
    monkeypatch.setattr(sys.modules[__name__], "SCORES", {n: n / 20 for n in range(12)})
    paths.trial(0).mkdir(parents=True)
    leftover = paths.trial(0) / ".best.npz.0123.tmp"
    leftover.write_bytes(b"half")
    paths.study_toml.write_text(settings_to_toml(make_settings()))
    search(make_settings(trials=12))
    assert [paths.weights(n).exists() for n in range(12)] == [False] * 2 + [True] * 10
    assert not leftover.exists()


def test_a_size_that_was_chosen_for_the_time_is_kept(
    executor, search, make_settings, paths, tmp_path, monkeypatch
):
    """The same command again goes on with the images of the first one."""
    pixels = noise(120, 72, 96, 1)
    parts = {"train": (pixels, [i % 2 for i in range(120)]), "test": (pixels[:10] // 2, [0, 1] * 5)}
    file = write_npz(tmp_path / "large.npz", parts)
    monkeypatch.setattr(executor, "measure", lambda config, precision, limit_s: (0.0, 5.0))
    small = dataclasses.replace(SPEC, shape=(36, 48, 1), n_classes=2)
    monkeypatch.setattr(sys.modules[__name__], "SPEC", small)
    changes = {"dataset": str(file), "space": "cnn", "recipes": True, "time_budget_s": 600.0}
    ear = Ear()
    outcome = search(make_settings(**changes, trials=1), ear)
    line = "images are read at 36x48, not at 72x96, which is large for the time"
    assert sum(message.startswith(line) for message in ear.messages) == 1
    assert outcome.state == "finished"
    assert read_settings(paths.study_toml)["image_size"] == "36x48"
    assert search(make_settings(**changes, trials=1), ear).state == "finished"
    assert sum(message.startswith(line) for message in ear.messages) == 1


def test_no_copy_of_the_images_is_written(executor, search, make_settings, tmp_path, monkeypatch):
    """A killed process leaves nothing in the folder for temporary files."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    found = []
    executor.before_job = lambda job: found.extend((tmp_path / "tmp").rglob("*.npy"))
    search(make_settings(trials=1))
    assert executor.jobs
    assert found == []


def test_a_first_leaderboard_that_cannot_be_written_loses_no_study(
    executor, search, make_settings, paths, monkeypatch
):
    """The folder of a study is deleted only if no trial had begun."""
    wrote = []

    def fail_later(path, table, n_bytes):
        wrote.append(path)
        if len(wrote) > 1:
            raise RecordError(f"{path}: cannot be written (No space left on device)")
        write_leaderboard(path, table, n_bytes)

    monkeypatch.setattr(growing, "write_leaderboard", fail_later)
    with pytest.raises(RecordError, match="No space left"):
        search(make_settings())
    monkeypatch.undo()
    first, begun = sorted(load_study(paths.root.parent, paths.name).records, key=lambda r: r.number)
    assert (first.state, begun.state) == (TrialState.COMPLETE, TrialState.RUNNING)


def test_the_best_trial_is_refitted_tested_and_shipped(executor, search, make_settings, paths):
    """The outcome has its number and scores; its file and the manifest exist."""
    outcome = search(make_settings())
    assert (outcome.state, outcome.winner, outcome.val_best) == ("finished", 1, 0.75)
    assert (outcome.trials, outcome.complete, outcome.failed) == (3, 3, 0)
    refit = executor.jobs[-1]
    assert (refit.number, refit.fit_on, refit.last_epoch) == (1, "train+validation", 2)
    assert outcome.model == str(paths.winner)
    assert outcome.gap == pytest.approx(0.75 - outcome.test_winner)
    assert keras.saving.load_model(paths.winner, safe_mode=True).output_shape == (None, 10)
    manifest = json.loads(paths.manifest.read_text())
    assert manifest["outcome"] == dataclasses.asdict(outcome)
    assert manifest["ending"] == "trials"
    assert manifest["settings"]["seed"] == 0


def test_the_confusion_adds_up_to_the_test_split(executor, search, make_settings, paths):
    """Of 360 test images those off the diagonal are the errors of the shipped file."""
    search(make_settings())
    stored = json.loads(paths.confusion.read_text())
    assert (stored["classes"], stored["rows"]) == (list("0123456789"), "true class")
    confusion = stored["test"]
    finals = json.loads(paths.finals_json.read_text())
    assert sum(map(sum, confusion)) == finals["test"]["n"] == 360
    hits = sum(confusion[i][i] for i in range(10))
    assert 360 - hits == finals["test"]["errors"]


def test_the_phases_follow_one_another(executor, search, make_settings):
    """The listener gets each phase once, and every trial."""
    ear = Ear()
    search(make_settings(), ear)
    assert ear.phases == ["starting", "searching", "refitting", "testing", "finished"]
    assert (ear.last.done, ear.last.best) == (3, (1, 0.75))
    assert ear.trials == [0, 1, 2]


def test_a_bad_refit_is_not_shipped(executor, search, make_settings, paths):
    """The winner's own weights are shipped, and the reason is reported."""
    executor.refit_loss = 5.0
    ear = Ear()
    outcome = search(make_settings(), ear)
    assert ear.messages[-1] == (
        "the refit's training loss is 5.0000, the trial's was 0.5000; "
        "the winner's own weights are shipped"
    )
    assert outcome.test == outcome.test_winner
    assert paths.winner.read_bytes() == (paths.finals / "validation.keras").read_bytes()


def test_a_good_refit_has_other_weights_than_the_trial(executor, search, make_settings, paths):
    """The weights of the refit are shipped."""
    search(make_settings())
    assert paths.winner.read_bytes() != (paths.finals / "validation.keras").read_bytes()


def test_without_a_network_the_study_failed(executor, search, make_settings, paths):
    """The leaderboard has the causes; there is neither a model nor a manifest."""
    executor.fails = True
    ear = Ear()
    outcome = search(make_settings(), ear)
    assert (outcome.state, outcome.trials, outcome.failed) == ("failed", 3, 3)
    assert (ear.phases[-1], ear.last.best) == ("failed", None)
    assert (outcome.winner, outcome.model, outcome.test) == (None, None, None)
    assert read_leaderboard(paths.leaderboard)["message"].to_pylist() == 3 * ["loss nan"]
    assert not paths.manifest.exists()


def test_the_target_ends_the_search(executor, search, make_settings):
    """Trial 1 reaches the target."""
    outcome = search(make_settings(trials=None, target=0.7))
    assert (outcome.state, outcome.trials, outcome.winner) == ("finished", 2, 1)


# resuming


def test_a_finished_study_is_continued(executor, search, make_settings, paths):
    """Its trials are kept; the new best trial is tested and shipped."""
    search(make_settings())
    before = read_leaderboard(paths.leaderboard).sort_by("trial").drop_columns(["rank", "pareto"])
    outcome = search(make_settings(trials=4))
    after = read_leaderboard(paths.leaderboard).sort_by("trial").drop_columns(["rank", "pareto"])
    assert after.slice(0, 3).equals(before)
    assert (outcome.trials, outcome.winner, outcome.val_best) == (4, 3, 0.9)
    assert json.loads(paths.finals_json.read_text())["winner"] == 3


def test_nothing_new_is_not_tested_again(executor, search, make_settings, paths, monkeypatch):
    """Without new trials the test split is not loaded, and the outcome is the recorded one."""
    first = search(make_settings())
    monkeypatch.setattr("autocnn.finals.outcome.load_test", pytest.fail)
    jobs = len(executor.jobs)
    again = search(make_settings())
    assert len(executor.jobs) == jobs
    measured = ("state", "trials", "val_best", "test", "test_winner", "gap", "winner", "model")
    assert [getattr(again, f) for f in measured] == [getattr(first, f) for f in measured]
    assert paths.manifest.exists()


def test_the_cost_of_all_runs_adds_up(search, make_settings, paths):
    """The runs are a search, a killed one, and one without new trials."""
    first = search(make_settings())
    killed = paths.costs / "killed.json"
    killed.write_text(json.dumps({"seconds": 1000.0, "cpu_seconds": 2000.0}))
    again = search(make_settings())
    assert (first.runs, again.runs) == (1, 3)
    assert again.seconds > first.seconds + 1000
    assert again.cpu_seconds > first.cpu_seconds + 2000
    stored = json.loads(paths.manifest.read_text())["outcome"]
    assert (stored["seconds"], stored["cpu_seconds"]) == (again.seconds, again.cpu_seconds)


def _retrained(executor):
    """The folders of the retrainings that were trained."""
    return [job.folder.name for job in executor.jobs if job.folder.name.startswith("again-")]


def test_the_finalist_with_the_best_mean_wins(executor, search, make_settings, paths, results):
    """Trial 0 scored 0.5 in the search and 0.7 with new seeds; trial 1 scored 0.75 and 0.6."""
    outcome = search(make_settings(finals=2, seeds=2))
    assert _retrained(executor) == [
        "again-00001-1",
        "again-00000-1",
        "again-00001-2",
        "again-00000-2",
    ]
    seeds = [job.seed for job in executor.jobs if job.folder.name.startswith("again-")]
    assert seeds[0] == seeds[1] != seeds[2] == seeds[3]
    assert not {job.seed for job in executor.jobs[:3]} & set(seeds)
    assert (outcome.winner, outcome.val_best, outcome.val_mean) == (0, 0.5, 0.7)
    finals = json.loads(paths.finals_json.read_text())
    assert finals["winner"] == 0
    assert [each["trial"] for each in finals["finalists"]] == [0, 1]
    assert [each["score"] for each in finals["finalists"][0]["retrainings"]] == [0.7, 0.7]
    assert not list(paths.finals.glob("again-*"))
    view = load_study(results, "digits-1")
    assert (view.trial().number, view.records[0].number) == (0, 1)


def test_an_interrupted_final_repeats_no_retraining(executor, search, make_settings, paths):
    """Ctrl-C during the second one: the first stays on record, the second is trained again."""
    settings = make_settings(finals=2, seeds=1)
    flag = []
    executor.before_job = lambda job: flag.append(1) if job.folder.name == "again-00000-1" else None
    outcome = search(settings, interrupted=lambda: bool(flag))
    assert outcome.state == "interrupted"
    assert len(json.loads(paths.retrainings_json.read_text())) == 1
    executor.jobs.clear()
    executor.before_job = lambda job: None
    assert search(settings).winner == 0
    assert _retrained(executor) == ["again-00000-1"]


def test_finals_of_the_same_winner_do_not_read_the_test_again(
    executor, search, make_settings, paths, monkeypatch
):
    """A study that goes on with more finalists and no new trial tests another winner only."""
    monkeypatch.setitem(AGAIN, 1, 0.8)
    search(make_settings())
    monkeypatch.setattr("autocnn.finals.run.load_test_of", lambda *_: pytest.fail("read again"))
    outcome = search(make_settings(finals=3, seeds=1))
    assert (outcome.winner, outcome.val_mean, outcome.state) == (1, 0.8, "finished")
    assert len(json.loads(paths.finals_json.read_text())["finalists"]) == 3
    search(make_settings())  # nothing is asked for: the finals on record are kept
    assert len(_retrained(executor)) == 3


def test_finals_without_time_are_those_of_the_best_trial(executor, search, make_settings):
    """A line says how many seeds the time allows: a trial took 2,000 s, the search has 600."""
    executor.epoch_s, ear = 1000.0, Ear()
    outcome = search(make_settings(finals=2, seeds=2, time_budget_s=600.0), ear)
    assert (outcome.state, outcome.val_mean, outcome.trials) == ("finished", None, 1)
    (line,) = [line for line in ear.messages if line.startswith("the time allows 0 of 2 seeds")]
    assert "another one would take 2200 s" in line
    assert _retrained(executor) == []


def test_files_of_an_ablation_that_is_trained_stay(search, make_settings, paths):
    """Only the study's own unfinished files are deleted."""
    search(make_settings())
    folder = paths.root / "ablation-1"
    folder.mkdir()
    for name in (".lock", ".leaderboard.parquet.0123.tmp"):
        (folder / name).touch()
    search(make_settings())
    assert (folder / ".leaderboard.parquet.0123.tmp").exists()


def test_finals_of_another_winner_are_made_again(executor, search, make_settings, paths):
    """A trial that was left in an earlier run, and is now the best, has its own finals."""
    search(make_settings())
    finals = json.loads(paths.finals_json.read_text())
    test = {**finals["test"], "accuracy": -1.0}
    paths.finals_json.write_text(json.dumps({**finals, "winner": 0, "test": test}))
    assert search(make_settings()).test >= 0
    assert json.loads(paths.finals_json.read_text())["winner"] == 1


def test_a_warm_start_repeats_the_best_trials_of_an_earlier_study(
    executor, search, make_settings, results, paths
):
    """They come first, by rank, and once: a study that goes on needs the earlier one no more."""
    search(make_settings())
    settings = make_settings(study="next", warm_start="digits-1", trials=2)
    search(settings)
    shutil.rmtree(paths.root)
    search(dataclasses.replace(settings, trials=4))
    records = sorted(load_study(results, "next").records, key=lambda record: record.number)
    assert [each.origin for each in records] == [
        "warm:digits-1/1",
        "warm:digits-1/0",
        "warm:digits-1/2",
        "tpe",
    ]


def test_an_earlier_study_is_checked_before_keras_is_loaded(
    executor, search, make_settings, results, monkeypatch
):
    """A study that does not exist is one line at once, and leaves nothing."""
    monkeypatch.setattr("autocnn.study.open_session.load_keras", lambda: pytest.fail("was loaded"))
    with pytest.raises(StudyError, match="--warm-start nix: "):
        search(make_settings(warm_start="nix"))
    assert not results.exists()


@pytest.mark.parametrize("change", [{"split_seed": 1}, {"dataset": "mnist"}, {"epochs": 3}])
def test_other_settings_are_refused_before_anything_is_written(
    executor, search, make_settings, paths, change
):
    """Split, data set and horizon of a study cannot change."""
    search(make_settings())
    before = paths.study_toml.read_bytes()
    with pytest.raises(SettingsError, match="study digits-1 was made with --"):
        search(make_settings(**change))
    assert paths.study_toml.read_bytes() == before
    search(make_settings(trials=4))


def test_ctrl_c_ends_cleanly(executor, search, make_settings, paths):
    """The running trial is left for a resume: no finals, no manifest, no lost result."""
    stop = []
    executor.before_job = lambda job: stop.append(job) if job.number == 1 else None
    ear = Ear()
    outcome = search(make_settings(), ear, interrupted=lambda: bool(stop))
    assert (outcome.state, outcome.complete, outcome.model) == ("interrupted", 1, None)
    assert ear.phases == ["starting", "searching", "interrupted"]
    assert (ear.last.done, ear.last.best, ear.last.running) == (1, (0, 0.5), ())
    assert not paths.manifest.exists()
    assert not paths.finals.exists()
    executor.before_job = lambda job: None
    outcome = search(make_settings())
    assert (outcome.state, outcome.trials, outcome.winner) == ("finished", 3, 1)
    assert [job.number for job in executor.jobs] == [0, 1, 1, 2, 1]


def test_a_resumed_study_is_not_finished(executor, search, make_settings, paths):
    """The manifest is deleted before another trial runs."""
    search(make_settings())
    seen = []
    executor.before_job = lambda job: seen.append(paths.manifest.exists())
    search(make_settings(trials=4))
    assert seen == [False, False]
    assert paths.manifest.exists()


def test_another_space_is_refused(executor, search, make_settings, paths, space_file):
    """A study keeps the text of its space, so a changed file is refused."""
    search(make_settings())
    before = paths.study_toml.read_bytes()
    space_file.write_text(space_file.read_text().replace("7, 8]", "7]"))
    with pytest.raises(SettingsError, match="study digits-1 was made with another text of the"):
        search(make_settings(trials=9))
    assert paths.study_toml.read_bytes() == before
    assert paths.manifest.exists()


def test_a_comment_makes_no_other_space(executor, search, make_settings, space_file):
    """A file with the same content and another comment is accepted."""
    search(make_settings())
    space_file.write_text("# mine\n" + space_file.read_text())
    assert search(make_settings(trials=4)).trials == 4


def test_a_study_without_its_space_gets_it_again(
    executor, search, make_settings, paths, space_file
):
    """A process may be killed between its first two files, before the space is written."""
    search(make_settings(trials=1))
    paths.space_toml.unlink()
    assert search(make_settings(trials=2)).trials == 2
    assert paths.space_toml.read_text() == space_file.read_text()


def test_a_study_with_an_unreadable_space_is_refused(executor, search, make_settings, paths):
    """The damaged file is an error of records and is not overwritten."""
    search(make_settings(trials=1))
    paths.space_toml.write_bytes(b"\xff\xfe")
    with pytest.raises(RecordError, match=r"space\.toml: cannot be read"):
        search(make_settings(trials=2))
    assert paths.space_toml.read_bytes() == b"\xff\xfe"


# studies that cannot begin


@pytest.fixture
def no_data(monkeypatch, executor, search):
    """Reading the data raises an error."""

    def prepare(name, *_):
        raise DatasetError(f"{name}: cannot download the data")

    monkeypatch.setattr(creation, "prepare", prepare)


def test_a_new_study_without_data_leaves_nothing(search, no_data, make_settings, results):
    """No folder is left that would prevent another try."""
    with pytest.raises(DatasetError, match="digits: cannot download the data"):
        search(make_settings())
    assert list(results.iterdir()) == []


def test_other_studies_are_kept(search, no_data, make_settings, results, study):
    """Only the folder of the new study is deleted."""
    with pytest.raises(DatasetError):
        search(make_settings(study="digits-2"))
    assert list(results.iterdir()) == [study.root]


@pytest.mark.parametrize(
    "lost", [(), ("leaderboard.parquet",), ("journal.log", "leaderboard.parquet")]
)
def test_an_existing_study_without_data_stays(search, no_data, make_settings, study, lost):
    """A study with or without trials is kept."""
    for name in lost:
        (study.root / name).unlink()
    before = {p: p.read_bytes() for p in study.root.rglob("*") if p.is_file()}
    with pytest.raises(DatasetError):
        search(make_settings(pruner="auto"))
    shutil.rmtree(study.costs)  # the cost of this run
    after = {p: p.read_bytes() for p in study.root.rglob("*") if p.is_file()}
    del before[study.study_toml], after[study.study_toml]  # how long to go on may change
    del after[study.lock]
    assert after == before


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"space": "cn"}, SpaceError),
        ({"dataset": "digit"}, UnknownDatasetError),
        ({"dataset": "digits", "space": "cnn_bn_cifar"}, SpaceError),  # too deep for 8x8
    ],
)
def test_a_study_of_impossible_settings_leaves_nothing(
    executor, search, make_settings, results, changes, error
):
    """No file is left below the results."""
    with pytest.raises(error):
        search(make_settings(**changes))
    assert not results.exists() or list(results.iterdir()) == []


def test_something_else_is_not_overwritten(executor, search, make_settings, results):
    """A folder that holds no study is refused."""
    (results / "digits-1").mkdir(parents=True)
    (results / "digits-1" / "thesis.tex").write_text("all my work")
    with pytest.raises(RecordError, match="holds something else than a study"):
        search(make_settings())
    assert [path.name for path in (results / "digits-1").iterdir()] == ["thesis.tex"]


# the outcome


def test_the_outcome_is_what_json_prints():
    """The names of the fields are an interface for scripts."""
    assert [f.name for f in dataclasses.fields(SearchOutcome)] == [
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
