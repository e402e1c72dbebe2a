"""Studies whose trials are made up: real proposals of a space, curves out of thin air.

Nothing here is measured. `make_study` leaves the folder and the journal of a search of random
draws: the same operations of Optuna's storage, with a file that is written in large pieces. Draws
that can have no network are left out.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.storages.journal import BaseJournalBackend, JournalFileBackend, JournalStorage

from autocnn.engines.pruners import build_pruner
from autocnn.errors import Infeasible
from autocnn.objectives import ACCURACY
from autocnn.records.converter import to_json
from autocnn.records.distributions import to_distribution
from autocnn.records.facts import Facts, Measurement
from autocnn.records.optuna_private import open_trial
from autocnn.records.optuna_record import (
    create_study,
    write_proposal,
    write_result,
    write_study_facts,
)
from autocnn.records.settings_file import settings_to_toml
from autocnn.records.study_folder import StudyPaths, claim_folder
from autocnn.records.study_settings import StudySettings
from autocnn.records.trial_log import PRUNED_AT
from autocnn.records.trial_record import (
    TrialRecord,
)
from autocnn.space.parameters import Fixed
from autocnn.space.space import SearchSpace
from autocnn.space.toml import load_space
from autocnn.trial import Epoch, Proposal, TrialResult, TrialState

SHAPE, CLASSES = (28, 28, 1), tuple("0123456789")
N_VALIDATION = 6000  # images: a score is a multiple of one part in so many
EPOCH_S = 2.5
PRUNER = "halving"
PRUNED_OF_4 = 3  # of four records, those that end at a quarter of their epochs
START = datetime(2026, 1, 1, tzinfo=UTC)
PIECE = 20_000  # lines that are written at once


def draw_proposals(space: SearchSpace, n: int, epochs: int, seed: int = 0) -> Iterator[Proposal]:
    """`n` random points of `space` that have a network, by number."""
    rng = np.random.default_rng(seed)
    number = 0
    while number < n:
        values = space.sample(rng)
        try:
            config = space.config(values)
            network = space.network(config, SHAPE, len(CLASSES))
        except Infeasible:
            continue
        yield Proposal(
            number=number,
            values=values,
            config=config,
            origin="random",
            seed=int(rng.integers(2**32)),
            parameters=network.parameters,
            macs=network.macs,
            last_epoch=epochs,
        )
        number += 1


def draw_curve(number: int, epochs: int) -> tuple[Epoch, ...]:
    """A learning curve that rises, with noise; the same for the same trial."""
    rng = random.Random(number)
    level = rng.uniform(0.5, 0.95)
    scores = [level * (1 - rng.uniform(0.2, 0.4) / epoch) for epoch in range(1, epochs + 1)]
    return tuple(
        Epoch(
            train_loss=rng.uniform(0, 2),
            train_accuracy=rng.random(),
            val_loss=rng.uniform(0, 2),
            val_accuracy=round(score * N_VALIDATION) / N_VALIDATION,
            seconds=EPOCH_S * epoch + rng.random(),
            score=round(score * N_VALIDATION) / N_VALIDATION,
        )
        for epoch, score in enumerate(scores, start=1)
    )


def end_trial(curve: Sequence[Epoch], *, is_pruned: bool) -> TrialResult:
    """What a worker would say of a trial with this curve."""
    scores = [epoch.val_accuracy for epoch in curve]
    return TrialResult(
        state=TrialState.PRUNED if is_pruned else TrialState.COMPLETE,
        curve=tuple(curve),
        best_epoch=scores.index(max(scores)) + 1,
        seconds=curve[-1].seconds,
        cpu_seconds=1.5 * curve[-1].seconds,
        precision="float32",
    )


def draw_records(space: SearchSpace, n: int, epochs: int) -> list[TrialRecord]:
    """`n` trials as `read_records` would give them."""
    records = []
    for proposal in draw_proposals(space, n, epochs):
        is_pruned = proposal.number % 4 < PRUNED_OF_4
        curve = draw_curve(proposal.number, max(1, epochs // 4) if is_pruned else epochs)
        result = end_trial(curve, is_pruned=is_pruned)
        started = START + timedelta(seconds=proposal.number)
        records.append(
            TrialRecord(
                **{name: getattr(proposal, name) for name in Proposal.__dataclass_fields__},
                state=result.state,
                result=result,
                started=started,
                finished=started + timedelta(seconds=result.seconds),
            )
        )
    return records


class LargePieces(BaseJournalBackend):
    """The file of a journal, written once for thousands of lines; for one process only."""

    def __init__(self, path: Path) -> None:
        self._file = JournalFileBackend(str(path))
        self._unread: list[dict[str, Any]] = list(self._file.read_logs(0))
        self._unwritten: list[dict[str, Any]] = []

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """The lines that nobody has read yet: a storage asks for each of them once."""
        unread, self._unread = self._unread, []
        return iter(unread)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Keep the lines until there are many."""
        self._unread += logs
        self._unwritten += logs
        if len(self._unwritten) >= PIECE:
            self.flush()

    def flush(self) -> None:
        """Write what was kept."""
        if self._unwritten:
            self._file.append_logs(self._unwritten)
            self._unwritten = []


def make_study(settings: StudySettings, n: int, epochs: int) -> StudyPaths:
    """The folder of a study with `n` trials, as a search that was interrupted leaves it."""
    space = load_space(settings.space)
    paths = claim_folder(Path(settings.results), settings.study)
    paths.study_toml.write_text(settings_to_toml(settings), encoding="utf-8")
    paths.space_toml.write_text(space.text, encoding="utf-8")
    write_study_facts(create_study(paths, settings), _facts(epochs, settings.sampler))
    backend = LargePieces(paths.journal)
    storage = JournalStorage(backend)
    study = optuna.load_study(
        study_name=settings.study,
        storage=storage,
        sampler=optuna.samplers.RandomSampler(),
        pruner=build_pruner(PRUNER, epochs, ACCURACY, (N_VALIDATION,)),
    )
    study_id = storage.get_study_id_from_name(settings.study)
    for proposal in draw_proposals(space, n, epochs):
        paths.trial(proposal.number).mkdir(parents=True)
        trial_id = storage.create_new_trial(study_id)
        for name, value in proposal.values.items():
            parameter = space.parameters[name]
            if not isinstance(parameter, Fixed):
                kind = to_distribution(parameter)
                storage.set_trial_param(trial_id, name, kind.to_internal_repr(value), kind)
        _run(study, open_trial(study, storage.get_trial(trial_id)), proposal)
    backend.flush()
    return paths


def _facts(epochs: int, sampler: str) -> Facts:
    measured = Measurement(
        backend="none",
        device="cpu",
        precision="float32",
        setup_seconds=1.0,
        epoch_seconds=EPOCH_S,
    )
    return Facts(
        image_shape=SHAPE,
        class_names=CLASSES,
        fingerprint="made up",
        horizon=epochs,
        proposer=sampler,
        pruner=PRUNER,
        measurements=(measured,),
    )


def _run(study: optuna.Study, trial: optuna.Trial, proposal: Proposal) -> None:
    """Write what a search writes of a trial, from its proposal to its end."""
    write_proposal(trial, proposal)
    curve = draw_curve(proposal.number, proposal.last_epoch)
    best, prunes, n = 0.0, False, 0
    while not prunes and n < len(curve):
        best, n = max(best, curve[n].val_accuracy), n + 1
        trial.report(best, n)
        prunes = trial.should_prune()
        if prunes:
            trial.set_user_attr(PRUNED_AT, n)
    result = end_trial(curve[:n], is_pruned=n < len(curve))
    write_result(trial, result)
    if result.state is TrialState.PRUNED:
        study.tell(trial, state=optuna.trial.TrialState.PRUNED)
    else:
        study.tell(trial, result.score)


def write_optuna_journal(path: Path, records: Sequence[TrialRecord], space: SearchSpace) -> None:
    """The same trials as one study in a journal of Optuna's, one line each."""
    backend = LargePieces(path)
    storage = JournalStorage(backend)
    study = optuna.create_study(storage=storage, direction="maximize")
    study.add_trials(frozen_trial(record, space) for record in records)
    backend.flush()


def frozen_trial(record: TrialRecord, space: SearchSpace) -> optuna.trial.FrozenTrial:
    """The trial with all that autocnn puts on record of it."""
    result = record.result
    assert result is not None
    kinds = {
        name: to_distribution(parameter)
        for name, parameter in space.varying()
        if name in record.values and not isinstance(parameter, Fixed)
    }
    states = optuna.trial.TrialState
    trial = optuna.trial.create_trial(
        state=states.COMPLETE if result.state is TrialState.COMPLETE else states.PRUNED,
        value=result.score,
        params={name: record.values[name] for name in kinds},
        distributions=kinds,
        user_attrs={
            "proposal": to_json(record.proposal),
            "result": to_json(result),
        },
        intermediate_values={
            number: epoch.val_accuracy for number, epoch in enumerate(result.curve, start=1)
        },
    )
    trial.datetime_start, trial.datetime_complete = record.started, record.finished
    return trial
