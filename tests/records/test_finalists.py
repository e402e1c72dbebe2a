"""The retrainings of finals on record."""

from __future__ import annotations

import pytest

from autocnn.errors import RecordError
from autocnn.records.finalists import Finalist, Retraining, read_retrainings, write_retrainings

DONE = Retraining(trial=3, repeat=1, seed=7, score=0.75, val_loss=0.5, best_epoch=2, seconds=4.5)
FAILED = Retraining(
    trial=3,
    repeat=2,
    seed=8,
    score=None,
    val_loss=None,
    best_epoch=None,
    seconds=1.0,
    failure="diverged",
)


def test_retrainings_are_read_back(paths):
    """Without a file there are none."""
    assert read_retrainings(paths) == []
    write_retrainings(paths, [DONE, FAILED])
    assert read_retrainings(paths) == [DONE, FAILED]


@pytest.mark.parametrize("content", ["{}", "[1]", '[{"trial": 3}]', "no JSON"])
def test_a_damaged_file_is_one_line(paths, content):
    """The line names the file and what to do."""
    paths.finals.mkdir()
    paths.retrainings_json.write_text(content)
    with pytest.raises(RecordError, match=r"retrainings\.json: expected .* delete it"):
        read_retrainings(paths)


def test_a_failure_has_no_part_in_the_mean():
    """It is counted on its own."""
    finalist = Finalist(trial=3, parameters=90, val_best=0.8, retrainings=(DONE, FAILED))
    assert (finalist.scores, finalist.mean, finalist.mean_loss) == ((0.75,), 0.75, 0.5)
    assert (finalist.n_failed, finalist.deviation) == (1, None)
    none = Finalist(trial=3, parameters=90, val_best=0.8, retrainings=(FAILED,))
    assert (none.mean, none.mean_loss, none.deviation) == (None, None, None)
