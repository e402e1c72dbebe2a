"""A trial's record, and the form of its result in JSON."""

from __future__ import annotations


def test_a_record_shows_its_best_epoch(make_record):
    """The score of a record is that of its best epoch, not of the last."""
    record = make_record(0, 0.5, 0.75, 0.625)
    assert (record.score, record.best_epoch, record.epochs) == (0.75, 2, 3)
    assert record.duration == 7.5  # 2.5 seconds an epoch
    assert record.cause is None


def test_a_running_trial_has_no_score(make_record):
    """A trial without a result has no score."""
    record = make_record(0, state="running")
    assert (record.score, record.best_epoch, record.epochs) == (None, None, 0)
    assert (record.duration, record.cause) == (None, None)
