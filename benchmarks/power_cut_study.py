"""The study of power_cuts.py: a real search and record of scripted trainings and finals."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from optuna.storages.journal import JournalFileSymlinkLock

import autocnn.api as api
from autocnn.api.search_study import SilentListener
from autocnn.files import delete_file, make_folder, write_atomic
from autocnn.finals import run as finals_run
from autocnn.leaderboard.ranking import rank_trials
from autocnn.nn.weights import save_weights
from autocnn.records import journal
from autocnn.records.finals_file import Finals, MeasuredScore, RefitSummary, write_finals
from autocnn.records.study_settings import StudySettings
from autocnn.trial import WEIGHTS_FILE, Epoch, Proposal, TrialJob, TrialResult, TrialState

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from scripted import ScriptedExecutor, Training

SPACE = """
[parameters]
blocks = 1
convolutions = 1
filters = { low = 1, high = 64 }
head = "global_max"
dense_layers = 0
learning_rate_scale = { low = 0.2, high = 5.0, log = true }
"""
TRIALS = (9, 13)  # of the first search, and of the one that goes on
EPOCHS = 3
LOCK_S = 0.05  # after which a lock of the journal that was left is broken; Optuna waits for 30 s

Ended = tuple[Any, ...]


class ScriptedTrainings(ScriptedExecutor):
    """Gives each training a score by its configuration, and weights that are its number."""

    def train(self, job: TrialJob) -> Training:
        """Yield every epoch, then write the weights."""
        best = np.random.default_rng(job.config.blocks[0].filters[0]).uniform()
        curve = []
        for number in range(1, job.last_epoch + 1):
            score = float(best * number / job.last_epoch)
            curve.append(_epoch(number, score))
            yield number, curve[-1]
            if self.answers and self.answers[-1]:
                return TrialResult(state=TrialState.PRUNED, curve=tuple(curve), best_epoch=number)
        make_folder(job.folder)
        save_weights(job.folder / WEIGHTS_FILE, [np.array([job.number])])
        return TrialResult(
            state=TrialState.COMPLETE, curve=tuple(curve), best_epoch=len(curve), seconds=1.0
        )


def _epoch(number: int, score: float) -> Epoch:
    return Epoch(
        train_loss=1 / number,
        train_accuracy=0.5,
        val_loss=1 / number,
        val_accuracy=score,
        seconds=float(number),
        score=score,
    )


@dataclass(slots=True)
class Memory(SilentListener):
    """Every trial that ended, as the loop went on after it."""

    ended: dict[int, Ended] = field(default_factory=dict)

    def trial_finished(self, proposal: Proposal, result: TrialResult) -> None:
        """Remember the trial."""
        scores = tuple(epoch.score for epoch in result.curve)
        self.ended[proposal.number] = (proposal.config, proposal.seed, result.state, scores)


@contextmanager
def scripted() -> Iterator[None]:
    """Finals that train and test nothing, and a short patience with locks that were left."""
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(finals_run, "finish", scripted_finals))
        stack.enter_context(
            mock.patch.object(JournalFileSymlinkLock.__init__, "__defaults__", (LOCK_S,))
        )
        stack.enter_context(mock.patch.object(journal, "LOCK_S", 0.0))
        stack.enter_context(mock.patch("optuna.storages.journal._file.optuna_warn"))
        yield


def scripted_finals(session: Any, listener: Any, interrupted: Any, known: Any = None) -> Finals:
    """Write the files of finals in the order of real ones; the model is the winner's weights."""
    paths, best = session.paths, rank_trials(session.finished(), session.objective)[0]
    delete_file(paths.finals_json)
    make_folder(paths.finals)
    weights = paths.weights(best.number)
    write_atomic(paths.winner, weights.read_bytes() if weights.exists() else b"")
    score = MeasuredScore(n=360, errors=9, accuracy=0.975, low=0.9, high=1.0)
    finals = Finals(
        winner=best.number,
        val_best=best.score or 0.0,
        test_winner=score,
        test=score,
        refit=RefitSummary(shipped=True, refusal="", epochs=1, seconds=1.0, train_loss=(0.5,)),
    )
    write_finals(paths, finals)
    return finals


def live(folder: Path, memory: Memory) -> None:
    """Search with the first number of trials unless there are as many, then with more."""
    for trials in TRIALS:
        if trials < max(TRIALS) and len(memory.ended) >= trials:
            continue
        settings = StudySettings(
            study="cuts",
            results=str(folder / "results"),
            space=str(folder.parent / "space.toml"),
            trials=trials,
            epochs=EPOCHS,
            sampler="random",  # its draws do not depend on what was judged anew
            recipes=False,
        )
        api.search(settings, memory, open_executor=lambda setup: ScriptedTrainings())
