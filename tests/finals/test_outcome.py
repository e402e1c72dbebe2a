"""What the finals measured, and its form on disk."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from autocnn.finals import outcome as outcome_module
from autocnn.finals.outcome import Outcome, outcome_to_dict, score_winner
from autocnn.finals.refit import Refit
from autocnn.finals.scoring import SplitScore


@pytest.fixture
def outcome(make_result):
    """Trial 5: 0.95 on validation, 20 errors of 200 by its own weights, 14 by the refit's."""
    return Outcome(
        winner=5,
        val_best=0.95,
        test_winner=SplitScore(n=200, errors=20, confusion=((1,),)),
        test=SplitScore(n=200, errors=14, confusion=((1,),)),
        refit=Refit(result=make_result(0.9, 0.4), refusal=""),
    )


def test_the_gap_is_how_much_the_validation_flatters(outcome):
    """0.95 on validation, 0.90 on test, both of the same weights."""
    assert outcome.gap == pytest.approx(0.05)


def test_an_outcome_is_written_in_full(outcome):
    """Both scores with errors and interval, the gap, and what became of the refit."""
    data = outcome_to_dict(outcome)
    assert (data["winner"], data["val_best"]) == (5, 0.95)
    assert data["gap"] == pytest.approx(0.05)
    assert (data["test"]["n"], data["test"]["errors"]) == (200, 14)
    assert data["test"]["accuracy"] == pytest.approx(0.93)
    assert data["test_winner"]["accuracy"] == pytest.approx(0.9)
    assert data["test_winner"]["low"] < 0.9 < data["test_winner"]["high"]
    assert data["refit"] == {
        "shipped": True,
        "refusal": "",
        "epochs": 2,
        "seconds": 9.0,
        "train_loss": [0.9, 0.4],
    }


def test_an_outcome_is_plain_json(outcome):
    """It reads back as it was."""
    data = outcome_to_dict(outcome)
    assert json.loads(json.dumps(data)) == data


@pytest.fixture
def reads_of_test(monkeypatch, make_test):
    """How often the test split was read: four images, one of them labelled wrongly."""
    reads = []

    def load_test(name, options, fingerprint):
        reads.append((name, options.image_size, fingerprint))
        return make_test([0, 255, 10, 240], [0, 1, 0, 0])

    monkeypatch.setattr(outcome_module, "load_test", load_test)
    return reads


@pytest.fixture
def session():
    """What the finals need of a session."""
    return SimpleNamespace(
        settings=SimpleNamespace(dataset="digits", image_size="8", skip_corrupt=False),
        data=SimpleNamespace(n_classes=3, fingerprint="12ab"),
    )


@pytest.mark.parametrize("refusal", ["", "the refit failed"])
def test_the_test_split_is_read_once(
    reads_of_test, session, dark_or_bright, make_record, make_result, refusal
):
    """For both files together."""
    record = make_record(make_result(1.0, 0.5, best_epoch=2))
    refit = Refit(result=make_result(), refusal=refusal)
    outcome = score_winner(session, record, refit, dark_or_bright, dark_or_bright)
    assert reads_of_test == [("digits", "8", "12ab")]
    assert (outcome.winner, outcome.val_best) == (5, 0.2)
    assert outcome.test_winner.errors == outcome.test.errors == 1


def test_without_a_refit_one_file_is_scored(
    reads_of_test, session, dark_or_bright, tmp_path, make_record, make_result
):
    """The winner's own weights are the shipped ones: their score is both."""
    record = make_record(make_result(1.0, best_epoch=1))
    refit = Refit(result=make_result(), refusal="the refit failed")
    outcome = score_winner(session, record, refit, dark_or_bright, tmp_path / "absent.keras")
    assert outcome.test == outcome.test_winner
