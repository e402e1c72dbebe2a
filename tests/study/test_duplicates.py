"""Results that are taken over instead of trained again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autocnn.records.study_folder import StudyPaths
from autocnn.study.duplicates import KnownResults, copy_files
from autocnn.trial import FailureCause, TrialState


def test_the_same_configuration_is_found(make_proposal, make_result):
    """A duplicate has the number of the first equal trial, and a duration of zero."""
    first, again = make_proposal(3), replace(make_proposal(3), number=5, seed=9)
    known = KnownResults(())
    result = make_result(0.5, 0.7)
    known.add(first, result)
    assert known.find(again) == replace(result, duplicate_of=3, seconds=0.0)
    known.add(again, known.find(again))
    assert known.find(replace(again, number=6)).duplicate_of == 3


@pytest.mark.parametrize(
    "change",
    [{"last_epoch": 2}, {"first_epoch": 1, "parent": 3}, {"parent": 4}],
    ids=["epochs", "continued", "parent"],
)
def test_other_epochs_or_parents_are_no_duplicate(change, make_proposal, make_result):
    """Another number of epochs, parent or configuration is no duplicate."""
    known = KnownResults(())
    known.add(make_proposal(3), make_result(0.5))
    assert known.find(replace(make_proposal(3), **change)) is None
    assert known.find(make_proposal(4)) is None


@pytest.mark.parametrize("state", [TrialState.STOPPED, TrialState.FAILED])
def test_timeouts_and_crashes_are_not_taken_over(state, make_proposal, make_result):
    """A trial that timed out or crashed is trained again, because another try may succeed."""
    known = KnownResults(())
    cause = FailureCause.CRASHED if state is TrialState.FAILED else None
    known.add(make_proposal(0), make_result(0.5, state=state, cause=cause))
    assert known.find(make_proposal(0)) is None


def test_a_pruned_trial_without_a_score_is_trained_again(make_proposal, make_result):
    """A trial pruned within its first epoch has no curve to take over."""
    known = KnownResults(())
    known.add(make_proposal(0), make_result(state=TrialState.PRUNED))
    assert known.find(make_proposal(0)) is None


def test_children_of_duplicates_are_duplicates(make_proposal, make_result):
    """Trial 7 repeats trial 1, so a child of 7 equals a child of 1."""
    known = KnownResults(())
    first = make_proposal(1)
    known.add(first, make_result(0.5))
    repeated = replace(first, number=7)
    known.add(repeated, known.find(repeated))
    child = replace(first, number=9, first_epoch=1, parent=1)
    known.add(child, make_result(0.5, 0.6))
    assert known.find(replace(child, number=11, parent=7)).duplicate_of == 9


def test_a_point_is_its_values_and_epochs(make_proposal, make_result):
    """The configuration and the state of the trial do not matter."""
    known = KnownResults(())
    point = replace(make_proposal(0), values={"growth": 1.5, "blocks": 1})
    known.add(point, make_result(state=TrialState.FAILED))
    assert known.has_point(replace(point, number=4, values={"blocks": 1, "growth": 1.5}))
    assert not known.has_point(replace(point, values={"growth": 2.0, "blocks": 1}))
    assert not known.has_point(replace(point, last_epoch=1))


def test_curves_are_found_by_number(make_proposal, make_result):
    """Every ended trial has a curve; an unknown number has none."""
    known = KnownResults(())
    result = make_result(0.5, 0.6, state=TrialState.STOPPED)
    known.add(make_proposal(2), result)
    assert known.curve(2) == result.curve
    assert known.curve(7) == known.curve(None) == ()


def test_existing_files_are_copied(tmp_path):
    """A duplicate with files can be exported and continued as any other trial."""
    paths = StudyPaths(tmp_path)
    copy_files(paths, 0, 1)
    assert not paths.trial(1).exists()
    paths.trial(0).mkdir(parents=True)
    paths.weights(0).write_bytes(b"weights")
    copy_files(paths, 0, 1)
    assert paths.weights(1).read_bytes() == b"weights"
    assert not paths.checkpoint(1).exists()
