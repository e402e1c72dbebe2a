"""The finalists on record: configurations that were trained again, and how they scored.

retrainings.json holds every `Retraining` of a study as soon as it has ended, so finals that were
interrupted go on; finals.json holds the `Finalist`s among which the winner was chosen.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from autocnn.errors import RecordError
from autocnn.files import make_folder_in, write_atomic
from autocnn.input_files import read_json
from autocnn.records.converter import from_json, to_json
from autocnn.records.study_folder import StudyPaths


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraining:
    """A trial's configuration, trained once more on the training images with another seed."""

    trial: int
    repeat: int  # from 1; the repeats of all trials with one number have the same seed
    seed: int
    score: float | None  # of the objective on the validation images; None: it failed
    val_loss: float | None
    best_epoch: int | None
    seconds: float  # wall
    failure: str = ""  # the cause, if it failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Finalist:
    """One of the configurations among which the winner was chosen."""

    trial: int
    parameters: int
    val_best: float  # the validation score of the trial, by which it became a finalist
    retrainings: tuple[Retraining, ...]  # one for each seed, in order
    is_tied: bool = False  # with the winner: the difference is within the standard error

    @property
    def scores(self) -> tuple[float, ...]:
        """The validation scores of the retrainings that have one."""
        return tuple(each.score for each in self.retrainings if each.score is not None)

    @property
    def n_failed(self) -> int:
        """The number of retrainings without a score."""
        return len(self.retrainings) - len(self.scores)

    @property
    def mean(self) -> float | None:
        """The mean score of the retrainings, or None if none has a score."""
        return statistics.fmean(self.scores) if self.scores else None

    @property
    def deviation(self) -> float | None:
        """The standard deviation of the scores over the seeds, or None for fewer than two."""
        return statistics.stdev(self.scores) if len(self.scores) > 1 else None

    @property
    def mean_loss(self) -> float | None:
        """The mean validation cross-entropy of the retrainings, or None if none has a score."""
        losses = [math.nan if each.val_loss is None else each.val_loss for each in self._scored]
        return statistics.fmean(losses) if losses else None

    @property
    def _scored(self) -> list[Retraining]:
        return [each for each in self.retrainings if each.score is not None]


def write_retrainings(paths: StudyPaths, retrainings: Iterable[Retraining]) -> None:
    """Write retrainings.json.

    Raises: RecordError if the file cannot be written.
    """
    make_folder_in(paths.root, paths.finals)
    data = [to_json(each) for each in retrainings]
    write_atomic(paths.retrainings_json, json.dumps(data, indent=2) + "\n")


def read_retrainings(paths: StudyPaths) -> list[Retraining]:
    """The retrainings of the study that have ended, none if there is no file.

    Raises: RecordError if the file cannot be read or has another form.
    """
    path = paths.retrainings_json
    again = "delete it, and the finals train them again"
    try:
        data = read_json(path)
        if not isinstance(data, list):
            raise ValueError("the file holds no list")
        return [from_json(each, Retraining) for each in data]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RecordError(f"{path}: cannot be read ({error.strerror}); {again}") from error
    except ValueError as error:
        raise RecordError(
            f"{path}: expected the retrainings of finals ({error}); {again}"
        ) from error
