"""The folder of a study goes while a search writes to it."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from scripted import ScriptedExecutor, Training

from autocnn.api.search_study import search
from autocnn.errors import RecordError
from autocnn.files import make_folder_in
from autocnn.records.study_settings import StudySettings
from autocnn.trial import Epoch, TrialJob, TrialResult, TrialState

SPACE = """
[parameters]
blocks = 1
convolutions = 1
filters = { choices = [1, 2, 3, 4, 5, 6, 7, 8] }
learning_rate_scale = { low = 0.5, high = 2.0 }
head = "global_max"
dense_layers = 0
"""


class Losing(ScriptedExecutor):
    """An executor that calls `lose` after `epochs` epochs, and may write to the folder later."""

    def __init__(self, lose: Callable[[], object], *, epochs: int, writes: bool) -> None:
        super().__init__()
        self.lose, self.epochs, self.writes = lose, epochs, writes

    def train(self, job: TrialJob) -> Training:
        """Report every epoch; a score is the same fraction in each of them."""
        curve = []
        for number in range(1, job.last_epoch + 1):
            score = 0.5 if job.fit_on == "train" else math.nan
            losses = {"train_loss": 0.1, "train_accuracy": 0.5, "val_loss": 1.0}
            curve.append(Epoch(**losses, val_accuracy=score, seconds=0.0, score=score))
            if self.epochs == 0:
                self.lose()
            self.epochs -= 1
            yield number, curve[-1]
        if self.writes:  # as a worker does, which knows nothing of the study
            with suppress(OSError):
                make_folder_in(job.root, job.folder)
                (job.folder / "log.txt").write_text("end\n")
        return TrialResult(state=TrialState.COMPLETE, curve=tuple(curve), best_epoch=1)


@pytest.mark.parametrize(
    ("epochs", "writes", "storage"),
    [
        pytest.param(1, False, None, id="within a trial"),
        pytest.param(2, True, None, id="between trials, and a worker writes later"),
        pytest.param(3, True, "own.db", id="the record is elsewhere, and a worker writes later"),
    ],
)
def test_a_folder_that_is_deleted_ends_the_search_with_one_line(tmp_path, epochs, writes, storage):
    """Of three trials of two epochs, at any moment: the line names the folder."""
    folder = tmp_path / "results" / "gone"
    executor = Losing(lambda: shutil.rmtree(folder), epochs=epochs, writes=writes)
    with pytest.raises(RecordError) as raised:
        search(_settings(tmp_path, storage), open_executor=lambda setup: executor)
    assert str(raised.value) == (
        f"{folder}: was deleted or moved while the study was in use, which ends here; put the "
        "folder back to go on, or start another study"
    )
    assert not folder.exists()  # also the worker does not make it again


def test_a_folder_that_is_moved_keeps_its_trials(tmp_path):
    """The first trial had ended; put back, the study goes on with the second."""
    folder, aside = tmp_path / "results" / "gone", tmp_path / "aside"
    executor = Losing(lambda: folder.rename(aside), epochs=3, writes=False)
    with pytest.raises(RecordError, match="was deleted or moved while"):
        search(_settings(tmp_path, None), open_executor=lambda setup: executor)
    assert not folder.exists()
    aside.rename(folder)
    again = Losing(lambda: None, epochs=-1, writes=False)
    with pytest.raises(RecordError, match=r"best\.npz"):
        search(_settings(tmp_path, None), open_executor=lambda setup: again)
    assert [job.number for job in again.jobs if job.fit_on == "train"] == [1, 2]


def _settings(tmp_path: Path, storage: str | None) -> StudySettings:
    """Three trials of two epochs, without recipes."""
    space = tmp_path / "small.toml"
    space.write_text(SPACE)
    return StudySettings(
        study="gone",
        space=str(space),
        results=str(tmp_path / "results"),
        trials=3,
        epochs=2,
        pruner="none",
        recipes=False,
        folds=1,
        storage=storage and f"sqlite:///{tmp_path / storage}",
    )
