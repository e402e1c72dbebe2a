"""A leaderboard that has more trials than the record is never overwritten."""

from __future__ import annotations

import pytest

from autocnn.errors import RecordError
from autocnn.leaderboard.lost_trials import read_whole
from autocnn.leaderboard.table import build_leaderboard, write_leaderboard
from autocnn.objectives import ACCURACY
from autocnn.trial import TrialState


@pytest.fixture
def records(make_record):
    """Two trials that have ended."""
    return [make_record(0, 0.5), make_record(1, 0.6)]


@pytest.fixture
def write(paths, space):
    """A function that writes the leaderboard of records."""

    def write_file(records):
        write_leaderboard(paths.leaderboard, build_leaderboard(records, space, ACCURACY))

    return write_file


def test_a_record_that_lacks_a_trial_is_refused(paths, records, write):
    """A journal that was cut in half is no reason to forget trials."""
    write(records)
    with pytest.raises(RecordError, match=r"lacks 1 of the 2 trials that leaderboard\.parquet"):
        read_whole(paths, lambda: records[:1])


def test_a_record_may_have_more_trials(paths, records, write):
    """The leaderboard is written after the record."""
    write(records[:1])
    assert read_whole(paths, lambda: records) == records


def test_a_trial_that_was_running_may_be_withdrawn(paths, make_record, write):
    """A draw that the study had no place for any more is no lost trial."""
    write([make_record(0, state=TrialState.RUNNING, result=None)])
    assert read_whole(paths, list) == []


@pytest.mark.parametrize("content", [None, b"", b"PAR1"])
def test_without_a_readable_leaderboard_the_record_counts(paths, records, content):
    """A leaderboard that is missing or damaged says nothing about lost trials."""
    if content is not None:
        paths.leaderboard.write_bytes(content)
    assert read_whole(paths, lambda: records) == records
