"""Dataclasses as JSON and back."""

from __future__ import annotations

import json
import math
import re

import pytest

from autocnn.records.converter import from_json, json_safe, to_json
from autocnn.space.config import config_from_dict
from autocnn.trial import Epoch, FailureCause, Proposal, TrialResult, TrialState


def test_a_result_survives_json_exactly(make_result):
    """Floats are read back to the last bit."""
    result = make_result(1 / 3, 0.1 + 0.2, seconds=math.pi, state=TrialState.STOPPED)
    assert from_json(json.loads(json.dumps(to_json(result))), TrialResult) == result


def test_a_failure_survives_json():
    """A trial that failed before its first epoch keeps its cause and message."""
    result = TrialResult(
        state=TrialState.FAILED, cause=FailureCause.OUT_OF_MEMORY, message="7 GB asked"
    )
    back = from_json(json.loads(json.dumps(to_json(result))), TrialResult)
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
    data = to_json(TrialResult(state=TrialState.FAILED, curve=(epoch,)))
    assert data["curve"]["train_loss"] == [None]
    assert data["curve"]["val_loss"] == ["inf"]
    back = from_json(json.loads(json.dumps(data, allow_nan=False)), TrialResult).curve[0]
    assert math.isnan(back.train_loss)
    assert (back.val_loss, back.val_accuracy) == (math.inf, -math.inf)


def test_a_proposal_becomes_plain_data(make_proposal):
    """The configuration is written in full, and the proposal is read back equal."""
    proposal = make_proposal(7)
    data = json.loads(json.dumps(to_json(proposal)))
    assert config_from_dict(data["config"]) == proposal.config
    assert (data["number"], data["values"]["rate"]) == (7, 0.1)
    assert from_json(data, Proposal) == proposal


@pytest.mark.parametrize(
    ("value", "safe"),
    [
        ({"a": (1, float("nan"))}, {"a": [1, None]}),
        ({3: float("-inf")}, {"3": "-inf"}),
        ([True, "x", None, 0.5], [True, "x", None, 0.5]),
    ],
)
def test_plain_data_is_made_safe_for_json(value, safe):
    """Numbers that JSON lacks are replaced at any depth; other values stay."""
    assert json_safe(value) == safe


def test_a_damaged_result_is_one_line(make_result):
    """The error of a damaged result is one line that names the field."""
    data = to_json(make_result(0.5))
    with pytest.raises(ValueError, match=r"attempts") as caught:
        from_json({**data, "attempts": "many"}, TrialResult)
    assert "\n" not in str(caught.value)


def test_a_result_from_before_objectives_is_scored_by_its_accuracy(make_result):
    """A record without the column `score` is read; other records keep their own scores."""
    data = to_json(make_result(0.5, 0.75))
    del data["curve"]["score"]
    assert [epoch.score for epoch in from_json(data, TrialResult).curve] == [0.5, 0.75]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"attempts": "1"}, "expected int @ TrialResult.attempts"),
        ({"attempts": True}, "expected int @ TrialResult.attempts"),
        ({"attempts": 1.0}, "expected int @ TrialResult.attempts"),
        ({"message": 3}, "expected str @ TrialResult.message"),
        ({"seconds": "1.5"}, "expected float @ TrialResult.seconds"),
        ({"seconds": False}, "expected float @ TrialResult.seconds"),
        ({"state": "odd"}, "expected TrialState @ TrialResult.state"),
        ({"best_epoch": 3}, "best_epoch is 3, of 0 epochs"),
        ({"best_epoch": 0}, "best_epoch is 0, of 0 epochs"),
    ],
)
def test_a_value_of_another_type_is_refused(change, reason):
    """JSON keeps types, so a number that is a text is damage; so is an epoch off the curve."""
    with pytest.raises(ValueError, match=re.escape(reason)):
        from_json({"state": "complete", **change}, TrialResult)
