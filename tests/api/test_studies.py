"""Reading a study from disk."""

from __future__ import annotations

import shutil

import pytest
from study_fixtures import copy_study

from autocnn.api.studies import confusion_of, load_study
from autocnn.errors import AutocnnError, StudyError


@pytest.fixture
def view(study, results):
    """The study digits-1, read from disk."""
    return load_study(results, study.name)


# loading


def test_a_study_is_read_whole(view):
    """The study has its trials in the order of their ranks, its space and its facts."""
    assert [record.number for record in view.records] == [2, 0, 1]
    assert list(view.space.parameters)[:3] == ["blocks", "convolutions", "filters"]
    assert view.image_shape == (8, 8, 1)
    assert view.finals is None


def test_the_latest_study_is_the_default(study, results):
    """The latest study follows from the time of creation, not from the name."""
    older = results / "zz"
    copy_study(study.root, older, "2026-11-21")
    assert load_study(results).paths.name == "digits-1"
    assert load_study(str(results), "zz").paths.name == "zz"


def test_a_comparison_is_not_the_latest_study(study, results):
    """The default is the latest search; a comparison can be given by name."""
    plan = results / "compare-digits-30-5"
    copy_study(study.root, plan, "2026-11-23")
    toml = (plan / "study.toml").read_text()
    (plan / "study.toml").write_text(toml.replace('engine = "optuna"', 'engine = "plan"'))
    assert load_study(results).paths.name == "digits-1"
    assert load_study(results, plan.name).paths.name == plan.name
    shutil.rmtree(study.root)
    with pytest.raises(StudyError, match="holds comparisons only; name one of them: compare-dig"):
        load_study(results)


def test_an_unknown_study_lists_the_existing_ones(study, results):
    """The error lists the existing studies."""
    with pytest.raises(
        StudyError,
        match=r"no study named 'digits-2' in .*; did you mean 'digits-1'\? known: digits-1",
    ):
        load_study(results, "digits-2")


def test_a_missing_results_folder_is_refused(results):
    """The error is one line that names the command to start a study."""
    with pytest.raises(StudyError, match="there is no such folder; `autocnn search` starts a"):
        load_study(results)


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"[parameters]\nblocks = 'x'\n"])
@pytest.mark.parametrize("name", ["space.toml", "study.toml"])
def test_a_damaged_study_is_one_clear_error(study, results, name, content):
    """The error names the missing, unreadable or wrong file."""
    path = study.root / name
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(AutocnnError) as raised:
        load_study(results, "digits-1")
    assert str(study.root.parent) in str(raised.value)
    assert "\n" not in str(raised.value)


# trials


@pytest.mark.parametrize(("number", "found"), [(None, 2), (0, 0), (1, 1)])
def test_a_trial_is_found_by_its_number(view, number, found):
    """The best trial is the default; trial 0 is a trial."""
    assert view.trial(number).number == found


def test_an_unknown_trial_lists_the_existing_ones(view):
    """The error lists the existing trials."""
    with pytest.raises(StudyError, match="study digits-1 has no trial 7; its trials: 0, 1, 2"):
        view.trial(7)


def test_an_unknown_trial_of_many_is_one_short_line(view, monkeypatch):
    """The error does not list ten thousand numbers."""
    monkeypatch.setattr("autocnn.api.studies.MOST_NAMED", 2)
    with pytest.raises(StudyError, match=r"has no trial 7; its trials: 3, numbered 0 to 2$"):
        view.trial(7)


def test_the_network_of_a_trial_is_planned(view):
    """Four filters of 3x3 with biases, then ten classes: 40 + 50 parameters."""
    assert view.network(view.trial(2)).parameters == 90


# the finals


def test_a_comparison_has_no_matrix_of_a_winner(study, results):
    """The trainings of a comparison were each tested."""
    toml = study.study_toml
    toml.write_text(toml.read_text().replace('engine = "optuna"', 'engine = "plan"'))
    view = load_study(results, study.name)
    with pytest.raises(StudyError, match="study digits-1 is no search: nothing was shipped by it"):
        confusion_of(view)
