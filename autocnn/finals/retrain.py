"""Retraining the finalists: one round for each seed, as far as the time allows."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from autocnn.executors.protocol import POLL_S, EpochEnded, JobEnded
from autocnn.finals.finalists import FinalsPlan, round_seconds
from autocnn.records.finalists import Retraining, read_retrainings, write_retrainings
from autocnn.records.trial_record import TrialRecord
from autocnn.space.seeds import derive_seed
from autocnn.study.retries import second_try
from autocnn.study.session import Session
from autocnn.trial import Epoch, Listener, Running, TrialJob, TrialState

Show = Callable[[tuple[Running, ...]], None]  # draws the trainings that are under way


@dataclass(slots=True, kw_only=True)
class Retrainer:
    """Trains the trials of a plan again; what has ended is on record at once, and is kept."""

    session: Session
    listener: Listener
    interrupted: Callable[[], bool]
    show: Show
    reserve_s: float  # seconds of the budget that are left for refit, export and test
    known: list[Retraining] = field(default_factory=list)  # of the study, all that have ended
    _jobs: dict[int, TrialJob] = field(default_factory=dict)  # under way, by trial
    _curves: dict[int, list[Epoch]] = field(default_factory=dict)
    _tried: set[int] = field(default_factory=set)  # trials that are tried a second time

    def run(self, plan: FinalsPlan) -> int:
        """Train what is not on record yet; returns the seeds that every trial has ended with."""
        self.known = read_retrainings(self.session.paths)
        for repeat in range(1, plan.n_seeds + 1):
            missing = self._missing(plan.trials, repeat)
            if missing and not self._fits(missing, repeat, plan.n_seeds):
                return repeat - 1
            self._round(missing, repeat)
            if self._missing(plan.trials, repeat):  # cut by the time limit or by Ctrl-C
                return repeat - 1
        return plan.n_seeds

    def _missing(self, trials: Sequence[TrialRecord], repeat: int) -> list[TrialRecord]:
        ended = {each.trial for each in self.known if each.repeat == repeat}
        return [record for record in trials if record.number not in ended]

    def _fits(self, trials: Sequence[TrialRecord], repeat: int, n_seeds: int) -> bool:
        """True if a round fits the time left; else a line says how far the finals came."""
        left = self._seconds_left()
        needed = round_seconds(trials, self.session.executor.capacity)
        if left is None or needed <= left:
            return True
        self.listener.message(
            f"the time allows {repeat - 1} of {n_seeds} seeds of the finals: another one would "
            f"take {needed:.0f} s, and {left:.0f} s are left for it"
        )
        return False

    def _seconds_left(self) -> float | None:
        left = self.session.budget.left()
        return None if left is None else max(0.0, left - self.reserve_s)

    def _round(self, trials: Sequence[TrialRecord], repeat: int) -> None:
        """Train each of `trials` with the seed of `repeat`."""
        executor = self.session.executor
        waiting, records = list(trials), {record.number: record for record in trials}
        is_cancelled = False
        self._tried.clear()
        while waiting or self._jobs:
            if self.interrupted() and not is_cancelled:
                is_cancelled = True
                waiting.clear()
                for number in self._jobs:
                    executor.cancel(number)
            while waiting and len(self._jobs) < executor.capacity:
                self._submit(self._job(waiting.pop(0), repeat))
            self.show(self._running(records))
            for event in executor.events(POLL_S) if self._jobs else ():
                if isinstance(event, EpochEnded):
                    self._curves[event.number].append(event.metrics)
                    executor.answer(event.number, prune=False)
                else:
                    self._ended(self._jobs.pop(event.number), event, repeat)

    def _submit(self, job: TrialJob) -> None:
        left = self._seconds_left()
        job = replace(job, time_limit_s=None if left is None else max(1.0, left))
        self._jobs[job.number], self._curves[job.number] = job, []
        self.session.executor.submit(job)

    def _running(self, records: dict[int, TrialRecord]) -> tuple[Running, ...]:
        return tuple(
            Running(proposal=records[number].proposal, curve=tuple(self._curves[number]))
            for number in self._jobs
        )

    def _ended(self, job: TrialJob, event: JobEnded, repeat: int) -> None:
        """Put a retraining on record, unless it was cut; a crash is tried once more."""
        result, again = event.result, None
        if not self.interrupted() and job.number not in self._tried:
            again = second_try(job, result, shared=event.shared)
        if again is not None:
            self._tried.add(job.number)
            self._submit(again)
            return
        if result.state is TrialState.STOPPED:  # its checkpoint stays
            return
        failure = "" if result.score is not None else str(result.cause or "no epoch")
        self.known.append(
            Retraining(
                trial=job.number,
                repeat=repeat,
                seed=job.seed,
                score=result.score,
                val_loss=result.val_loss,
                best_epoch=result.best_epoch,
                seconds=result.seconds,
                failure=failure,
            )
        )
        write_retrainings(self.session.paths, self.known)
        shutil.rmtree(job.folder, ignore_errors=True)
        how = failure or f"validation {self.session.objective.text(result.score)}"
        self.listener.message(f"trial {job.number} again, seed {repeat}: {how}")

    def _job(self, record: TrialRecord, repeat: int) -> TrialJob:
        """The training of the trial, from its beginning and up to its last epoch."""
        session = self.session
        was_cut = record.state is TrialState.STOPPED
        return TrialJob(
            number=record.number,
            config=record.trained_config,
            seed=derive_seed(session.settings.seed, repeat, "finals"),
            horizon=record.proposal.schedule_epochs(session.facts.horizon),
            last_epoch=record.epochs if was_cut else record.last_epoch,
            precision=session.precision,
            folder=_folder(session, record.number, repeat),
            class_weights=session.settings.class_weights,
            objective=session.objective.name,
            folds=session.facts.folds,
        )


def _folder(session: Session, trial: int, repeat: int) -> Path:
    return session.paths.finals / f"again-{trial:05d}-{repeat}"
