"""`autocnn worker` on a machine that does not see the folder of the search."""

from __future__ import annotations

import subprocess

import optuna
import pytest
from processes import held

from autocnn.api.studies import load_study
from autocnn.records.facts import Facts, Measurement
from autocnn.records.fetched_study import write_origin
from autocnn.records.leases import LEASE
from autocnn.records.optuna_record import create_study, write_study_facts
from autocnn.records.study_folder import StudyPaths, place_of
from autocnn.records.study_settings import StudySettings
from autocnn.space.toml import load_space
from autocnn.trial import TrialState

N_TRIALS = 4


def wait_for_an_epoch(process: subprocess.Popen[str]) -> None:
    """Read the lines of a process until an epoch has ended."""
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(line)
        if "  epoch " in line:
            return
    raise AssertionError("".join(seen))


@pytest.mark.slow
@pytest.mark.training
@pytest.mark.timeout(600)
def test_what_a_worker_trained_elsewhere_comes_home(start, autocnn, tmp_path, search_arguments):
    """The weights of its trials are in the search's folder at the end, and nowhere else."""
    url = f"sqlite:///{tmp_path}/studies.db"
    home, away = tmp_path / "home", tmp_path / "away"
    limits = ("--trials", N_TRIALS, "--epochs", 8, "--pruner", "none", "--workers", 1)
    place = ("--study", "far", "--results", home, "--storage", url)
    search = start(*search_arguments[:5], *limits, "--no-report", "--no-recipes", *place, "-v")
    wait_for_an_epoch(search)
    with held(search):  # the worker needs time to start
        there = ("--results", away, "--storage", url, "--workers", 1)
        worker = start("worker", "far", *there, "-v")
        wait_for_an_epoch(worker)
    _, err = search.communicate(timeout=280)
    assert search.returncode == 0, err
    out, err = worker.communicate(timeout=60)
    assert worker.returncode == 0, err
    assert "trials of study far were trained here" in out

    view = load_study(home, "far", url)
    assert [record.state for record in view.records] == [TrialState.COMPLETE] * N_TRIALS
    owners = {r.number: view.study.record.trials[r.number].user_attrs[LEASE] for r in view.records}
    suffix = f"@{place_of(StudyPaths(away / 'far'))}"
    by_worker = [n for n, lease in owners.items() if lease["owner"].endswith(suffix)]
    assert 0 < len(by_worker) < N_TRIALS
    assert all(view.study.paths.weights(number).is_file() for number in owners)
    assert list((away / "far").rglob("*.npz")) == [away / "far" / "split.npz"]
    assert optuna.get_all_study_names(url) == ["far"]

    done = autocnn("resume", "far", "--results", away)
    assert (done.code, done.out) == (1, "")
    assert "was made by `autocnn worker`, which only trains" in done.err


@pytest.fixture
def url(tmp_path) -> str:
    """A database with a study of images that this machine does not have."""
    url = f"sqlite:///{tmp_path}/studies.db"
    settings = StudySettings(
        study="far", dataset="/no/such/photos", space="mlp", storage=url, created="2026-01-01"
    )
    study = create_study(StudyPaths(tmp_path / "home" / "far"), settings)
    write_origin(study, settings, load_space("mlp").text)
    measured = Measurement(
        backend="tensorflow", device="cpu", precision="float32", setup_seconds=1, epoch_seconds=1
    )
    facts = Facts(
        image_shape=(8, 8, 1), class_names=("a", "b"), fingerprint="x", horizon=3,
        proposer="random", pruner="none", measurements=(measured,),
    )  # fmt: skip
    write_study_facts(study, facts)
    return url


def test_images_that_are_not_there_are_one_line(autocnn, tmp_path, url):
    """The line says which path the study's images have."""
    done = autocnn("worker", "far", "--results", tmp_path / "away", "--storage", url)
    assert (done.code, done.out) == (2, "")
    assert "/no/such/photos" in done.err
    assert "put its images there on this machine, too" in done.err
    assert done.err.count("\n") == 1


def test_two_names_are_refused(autocnn, tmp_path, url):
    """The study is named once."""
    done = autocnn("worker", "far", "--study", "near", "--results", tmp_path, "--storage", url)
    assert (done.code, done.out) == (2, "")
    assert "two studies are named, far and near" in done.err


def test_a_database_that_has_no_such_study_is_one_line(autocnn, tmp_path, url):
    """The known studies are listed, and no folder is made."""
    done = autocnn("worker", "near", "--results", tmp_path / "away", "--storage", url)
    assert (done.code, done.out) == (1, "")
    assert "no study named 'near' in sqlite:///" in done.err
    assert "known: far" in done.err
    assert not (tmp_path / "away").exists()
