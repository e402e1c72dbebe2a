"""The trials and confusion matrices that `autocnn show` reads."""

from __future__ import annotations

import pytest

from autocnn.api import confusion_of, is_winner, load_study, study_or_trial
from autocnn.errors import RecordError, StudyError
from autocnn.records.finals_file import Confusion, write_confusion, write_finals

MATRIX = Confusion(classes=("a", "b"), counts=((3, 1), (0, 4)))


@pytest.fixture
def finals(study, make_finals):
    """Finals of trial 2 with the fields that `show` reads."""
    study.finals.mkdir()
    write_finals(study, make_finals(winner=2))
    write_confusion(study.confusion, MATRIX)


@pytest.mark.parametrize(
    ("word", "found"),
    [
        (None, (None, None)),
        ("digits-1", ("digits-1", None)),
        ("absent", ("absent", None)),
        ("7", (None, 7)),
        ("007", (None, 7)),
        ("12", ("12", None)),
        ("-7", ("-7", None)),
        ("9" * 300, ("9" * 300, None)),
    ],
)
def test_a_number_is_a_trial_unless_a_study_has_it(study, results, word, found):
    """The name 12 is a study here; a number of 300 digits is neither folder nor trial."""
    (results / "12").mkdir()
    (results / "12" / "study.toml").write_text('study = "12"\n')
    assert study_or_trial(results, word) == found


def test_the_matrix_of_a_study_is_read(study, results, finals):
    """The matrix comes with the trial whose weights were tested."""
    view = load_study(results, study.name)
    assert confusion_of(view) == MATRIX
    assert [is_winner(view, number) for number in (0, 2)] == [False, True]


def test_before_the_finals_there_is_no_matrix(study, results):
    """The error is one line that names the command to make the finals."""
    view = load_study(results, study.name)
    assert not is_winner(view, 2)
    message = "study digits-1 has no finals yet; `autocnn resume digits-1` goes on"
    with pytest.raises(StudyError, match=f"^{message}$"):
        confusion_of(view)


def test_a_matrix_of_another_form_is_refused(study, results, finals):
    """The error names the file of the matrix."""
    study.confusion.write_text('{"test": [[3, 1], [0, 4]]}\n')
    with pytest.raises(RecordError, match=r"confusion\.json: is no confusion matrix of this"):
        confusion_of(load_study(results, study.name))
