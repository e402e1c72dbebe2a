"""A trial's record, and the form of its result in JSON."""

from __future__ import annotations

import json
import math

import pytest

from autocnn.records.trial_record import (
    json_safe,
    proposal_from_dict,
    proposal_to_dict,
    result_from_dict,
    result_to_dict,
)
from autocnn.space.config import config_from_dict
from autocnn.trial import Epoch, FailureCause, Proposal, TrialResult, TrialState


def test_a_record_shows_its_best_epoch(make_record):
    """The score is the best epoch's, whatever came after."""
    record = make_record(0, 0.5, 0.75, 0.625)
    assert (record.score, record.best_epoch, record.epochs) == (0.75, 2, 3)
    assert record.duration == 7.5  # 2.5 seconds an epoch
    assert record.cause is None


def test_a_running_trial_has_no_score(make_record):
    """Nothing is known of a trial without a result."""
    record = make_record(0, state="running")
    assert (record.score, record.best_epoch, record.epochs) == (None, None, 0)
    assert (record.duration, record.cause) == (None, None)


def test_a_result_survives_json_exactly(make_result):
    """Floats come back to the last bit."""
    result = make_result(1 / 3, 0.1 + 0.2, seconds=math.pi, state=TrialState.STOPPED)
    assert result_from_dict(json.loads(json.dumps(result_to_dict(result)))) == result


def test_a_failure_survives_json():
    """A trial that failed before its first epoch keeps its cause and message."""
    result = TrialResult(
        state=TrialState.FAILED, cause=FailureCause.OUT_OF_MEMORY, message="7 GB asked"
    )
    back = result_from_dict(json.loads(json.dumps(result_to_dict(result))))
    assert back == result
    assert isinstance(back.cause, FailureCause)


def test_a_diverged_curve_survives_strict_json():
    """NaN and the infinities, which JSON does not have, come back as they were."""
    epoch = Epoch(
        train_loss=math.nan,
        train_accuracy=0.1,
        val_loss=math.inf,
        val_accuracy=-math.inf,
        seconds=1.0,
        score=math.nan,
    )
    data = result_to_dict(TrialResult(state=TrialState.FAILED, curve=(epoch,)))
    assert data["curve"]["train_loss"] == [None]
    assert data["curve"]["val_loss"] == ["inf"]
    back = result_from_dict(json.loads(json.dumps(data, allow_nan=False))).curve[0]
    assert math.isnan(back.train_loss)
    assert (back.val_loss, back.val_accuracy) == (math.inf, -math.inf)


def test_a_proposal_becomes_plain_data(make_proposal):
    """The configuration is stated whole; what was written comes back."""
    proposal = make_proposal(7)
    data = json.loads(json.dumps(proposal_to_dict(proposal)))
    assert config_from_dict(data["config"]) == proposal.config
    assert (data["number"], data["values"]["rate"]) == (7, 0.1)
    assert Proposal(**proposal_from_dict(data)) == proposal


@pytest.mark.parametrize(
    ("value", "safe"),
    [
        ({"a": (1, float("nan"))}, {"a": [1, None]}),
        ({3: float("-inf")}, {"3": "-inf"}),
        ([True, "x", None, 0.5], [True, "x", None, 0.5]),
    ],
)
def test_plain_data_is_made_safe_for_json(value, safe):
    """Numbers that JSON lacks are replaced at any depth; the rest stays."""
    assert json_safe(value) == safe
