"""One training: from a job and the data to a result; the best epoch's weights go to the disk."""

from __future__ import annotations

import contextlib
import math
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from autocnn.data.prepared import PreparedData
from autocnn.errors import RecordError, TrialFailed
from autocnn.nn import augmentation
from autocnn.nn.model import evaluation_batch
from autocnn.nn.schedule import learning_rates
from autocnn.nn.weights import save_weights
from autocnn.objectives import ACCURACY, find_objective
from autocnn.space.seeds import derive_seed
from autocnn.train.assembly import prepare, steps_of
from autocnn.train.backend import cpu_seconds, set_precision
from autocnn.train.checkpoint import Checkpoint, capture, load_checkpoint, restore, save_checkpoint
from autocnn.train.early_stopping import best_epoch, should_stop
from autocnn.train.stepper import Evaluation, Sums
from autocnn.trial import (
    CHECKPOINT_FILE,
    WEIGHTS_FILE,
    Device,
    Epoch,
    FailureCause,
    TrialJob,
    TrialResult,
    TrialState,
)

CHECKPOINT_EVERY_S = 10.0  # at the ends of epochs, the first one included
FORWARD = 3  # times as many images are evaluated as are trained in the same time
PACE_AT = 0.2  # fraction of the first epoch, after which the pace is judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """The functions that a training calls to report, and to learn whether it must stop."""

    report: Callable[[int, Epoch], bool]  # (epoch, or 0 for a first look; metrics) -> True: prune
    interrupted: Callable[[], bool]  # -> True: stop at once


class _PrunedWithin(Exception):
    """The trial is pruned within its first epoch: its first look is poor, or its pace too slow."""


class _Cancelled(Exception):
    """The study has cancelled the trial."""


class _OutOfTime(Exception):
    """The time limit of the trial has passed; `sums` of the steps of the epoch that is cut."""

    def __init__(self, sums: Sums, n_steps: int) -> None:
        super().__init__()
        self.sums, self.n_steps = sums, n_steps


def train_trial(job: TrialJob, data: PreparedData, device: Device, hooks: Hooks) -> TrialResult:
    """Train `job` to its end, or until it is pruned, stopped or out of time.

    Raises: TrialFailed if the loss stops being a finite number.
    """
    return _Training(job, data, device, hooks).run()


class _Training:
    """The state of one training between its epochs."""

    def __init__(self, job: TrialJob, data: PreparedData, device: Device, hooks: Hooks) -> None:
        self.job, self.hooks = job, hooks
        self.objective = find_objective(job.objective)
        self.time_limit_s = job.time_limit_s
        self.start, self.cpu_start = time.perf_counter(), cpu_seconds()
        set_precision(job.precision, device)
        keras.utils.set_random_seed(job.seed)
        self.validates = job.fit_on == "train"
        self.n_val, self.image_shape = data.validation.n, data.image_shape
        self.n_train = data.train.n + (0 if self.validates else self.n_val)
        parts, self.stepper, self.batch = prepare(job, data, device)
        self.model, self.optimizer, self.chunk = parts.model, parts.optimizer, parts.chunk
        self.steps = steps_of(self.n_train, self.batch)
        # A refit has more images and so more steps an epoch; its horizon has the same epochs.
        config = job.config
        self.rates = learning_rates(
            config.schedule, config.optimizer.learning_rate, self.steps * job.horizon
        )
        self.curve: list[Epoch] = []
        self.best_weights: Sequence[npt.NDArray[Any]] | None = None
        self.seconds_spent = self.cpu_spent = 0.0  # by earlier runs of this trial
        self.is_resumed = self._restore()
        self.seconds_before = self.curve[-1].seconds if self.curve else 0.0
        self.kept_at = -math.inf  # so that a checkpoint is written after the first epoch

    def run(self) -> TrialResult:
        """Train epoch by epoch, and save the weights of the best epoch at the end."""
        state, message = TrialState.COMPLETE, ""
        try:
            if self.is_resumed and self._report(self.job.first_epoch + 1):
                state = TrialState.PRUNED
            while state is TrialState.COMPLETE and not self._is_over():
                self._epoch(len(self.curve) + 1)
                if self._report(len(self.curve)):
                    state = TrialState.PRUNED
                else:
                    self._keep_now_and_then()
        except _Cancelled:
            state = TrialState.STOPPED
        except _OutOfTime as end:
            state, message = TrialState.STOPPED, self._end_first_epoch(end)
        except _PrunedWithin as reason:
            state, message = TrialState.PRUNED, str(reason)
        return self._result(state, message)

    def _report(self, first: int) -> bool:
        """Report the epochs from `first` on; returns True if the trial is pruned before its end."""
        prune = False
        for epoch in range(first, len(self.curve) + 1):
            prune = self.hooks.report(epoch, self.curve[epoch - 1])
        return prune and len(self.curve) < self.job.last_epoch

    def _is_over(self) -> bool:
        scores = [epoch.score for epoch in self.curve]
        rule = self.job.config.early_stopping
        stops = self.validates and should_stop(scores, rule, self.objective)
        return stops or len(self.curve) >= self.job.last_epoch

    def _epoch(self, epoch: int) -> None:
        train = self._train_epoch(epoch)
        self._add(self._measure(train, self.steps))

    def _add(self, metrics: Epoch) -> None:
        """Add an epoch to the curve, and keep its weights if it is the best."""
        self.curve.append(metrics)
        if self.validates and not math.isfinite(metrics.val_loss):
            message = f"validation loss {metrics.val_loss} in epoch {len(self.curve)}"
            raise TrialFailed(FailureCause.DIVERGED, message)
        if not self.validates or best_epoch(self.curve, self.objective) == len(self.curve):
            self.best_weights = [np.array(w) for w in self.model.get_weights()]

    def _measure(self, train: Sums, n_steps: int) -> Epoch:
        n = n_steps * self.batch
        val_loss = val_accuracy = score = math.nan
        if self.validates:
            val = self._validate()
            val_loss = val.loss / self.n_val
            val_accuracy = ACCURACY.compute(val.confusion, val_loss)
            score = self.objective.compute(val.confusion, val_loss)
        return Epoch(
            train_loss=train.loss / n,
            train_accuracy=train.correct / n,
            val_loss=val_loss,
            val_accuracy=val_accuracy,
            seconds=self.seconds_before + time.perf_counter() - self.start,
            score=score,
        )

    def _end_first_epoch(self, end: _OutOfTime) -> str:
        """Validate a first epoch that the time limit has cut, so that the trial has a score.

        Returns: a line about it, or "" if there is an earlier epoch, or if no step was taken.
        """
        if self.curve or not end.n_steps or not self.validates:
            return ""
        self.time_limit_s = None
        with contextlib.suppress(_Cancelled):
            self._add(self._measure(end.sums, end.n_steps))
            return f"out of time after {end.n_steps} of {self.steps} steps of the first epoch"
        return ""

    def _first_look(self, sums: Sums, n_steps: int) -> None:
        look = self._measure(sums, n_steps)
        if self.hooks.report(0, look):
            score = self.objective.text(look.score)
            raise _PrunedWithin(f"first look: {score} after {n_steps} of {self.steps} steps")

    def _train_epoch(self, epoch: int) -> Sums:
        rng = np.random.default_rng(derive_seed(self.job.seed, epoch, "shuffle"))
        order = rng.permutation(self.n_train)
        # All batches have one size, as a compiled step has: the first images fill up the last one.
        order = np.resize(order, self.steps * self.batch)
        indices = order.astype(np.int32).reshape(self.steps, self.batch)
        settings = self.job.config.augmentation
        draws = augmentation.draw_epoch(settings, indices, self.job.seed, epoch, self.n_train)
        rates = self.rates[(epoch - 1) * self.steps : epoch * self.steps]
        sums, chunk = Sums(0.0, 0.0), self.chunk
        look_at, pace_at = self._judged_at() if epoch == 1 else (0, 0)
        starts = sorted({*range(0, self.steps, chunk), look_at, pace_at})
        since, since_step = time.perf_counter(), 0
        for at, end in pairwise([*starts, self.steps]):
            if self._is_late():
                raise _OutOfTime(sums, at)
            if since_step == 0:
                since, since_step = (
                    time.perf_counter(),
                    at,
                )  # the first chunk, which compiles, is left out
            if at > 0 and at == pace_at:
                self._check_pace((time.perf_counter() - since) / (at - since_step), at)
            if at > 0 and at == look_at:
                self._first_look(sums, at)
            part = slice(at, end)
            sums += self.stepper.train(indices[part], draws[part], rates[part])
            if not math.isfinite(sums.loss):
                raise TrialFailed(
                    FailureCause.DIVERGED, f"training loss {sums.loss} in epoch {epoch}"
                )
        return sums

    def _judged_at(self) -> tuple[int, int]:
        """The steps of the first epoch before which its score and its pace are judged; 0: never."""
        look_at = round(self.job.first_look * self.steps) if self.validates else 0
        pace_at = 0 if self.job.pace_limit_s is None else round(PACE_AT * self.steps)
        return look_at, pace_at if pace_at > self.chunk else 0

    def _check_pace(self, step_s: float, n_steps: int) -> None:
        """Raise _PrunedWithin if the whole training, at `step_s` a step, exceeds the pace limit."""
        limit = self.job.pace_limit_s
        left_s = step_s * (self.steps * self.job.last_epoch - n_steps)
        whole_s = time.perf_counter() - self.start + left_s
        if limit is not None and whole_s > limit:
            predicted = f"{self.job.last_epoch} epochs would take {whole_s:.0f} s"
            raise _PrunedWithin(f"too slow: {predicted}, more than {limit:.0f} s")

    def _validate(self) -> Evaluation:
        batch = evaluation_batch(self.image_shape, self.n_val)
        n_rows = math.ceil(self.n_val / batch)
        indices = (np.arange(n_rows * batch, dtype=np.int32) % self.n_val).reshape(n_rows, batch)
        weights = (np.arange(n_rows * batch) < self.n_val).astype(np.float32).reshape(n_rows, batch)
        rows = max(1, FORWARD * self.chunk * self.batch // batch)
        total = self.stepper.evaluate(indices[:rows], weights[:rows])
        for at in range(rows, n_rows, rows):
            if self._is_late():
                raise _OutOfTime(Sums(0.0, 0.0), 0)
            total += self.stepper.evaluate(indices[at : at + rows], weights[at : at + rows])
        return total

    def _is_late(self) -> bool:
        """True if the time limit has passed. Raises: _Cancelled if the study cancels the trial."""
        if self.hooks.interrupted():
            raise _Cancelled
        limit = self.time_limit_s
        return limit is not None and time.perf_counter() - self.start > limit

    def _restore(self) -> bool:
        """Load this trial's own checkpoint, or that of its parent, if there is one.

        Returns: True if the trial goes on from its own checkpoint.
        """
        own = self.job.folder / CHECKPOINT_FILE
        path = own if self.validates and own.is_file() else self.job.continue_from
        if path is None or not path.is_file():
            return False
        try:
            checkpoint = load_checkpoint(path)
        except RecordError:  # the training starts anew, which only takes longer
            traceback.print_exc()  # goes to the worker's log
            return False
        if path == own and checkpoint.batch != self.batch:
            print(f"{path}: was made with batches of {checkpoint.batch}: begun again")
            own.unlink()
            return self._restore()  # from the checkpoint of the parent, if there is one
        restore(checkpoint, self.model, self.optimizer)
        self.curve, self.best_weights = list(checkpoint.curve), checkpoint.best_weights
        if path == own:
            self.seconds_spent, self.cpu_spent = checkpoint.seconds, checkpoint.cpu_seconds
        return path == own

    def _keep_now_and_then(self) -> None:
        if self.validates and time.perf_counter() - self.kept_at >= CHECKPOINT_EVERY_S:
            self._save_checkpoint()
            self.kept_at = time.perf_counter()

    def _save_checkpoint(self) -> None:
        checkpoint = Checkpoint(
            **capture(self.model, self.optimizer),
            best_weights=self.best_weights or (),
            curve=tuple(self.curve),
            seconds=self._seconds(),
            cpu_seconds=self._cpu_seconds(),
            batch=self.batch,
        )
        self.job.folder.mkdir(parents=True, exist_ok=True)
        save_checkpoint(self.job.folder / CHECKPOINT_FILE, checkpoint)

    def _seconds(self) -> float:
        return self.seconds_spent + time.perf_counter() - self.start

    def _cpu_seconds(self) -> float:
        return self.cpu_spent + cpu_seconds() - self.cpu_start

    def _save(self, state: TrialState) -> None:
        if self.best_weights is None or state is TrialState.PRUNED:
            return
        self.job.folder.mkdir(parents=True, exist_ok=True)
        save_weights(self.job.folder / WEIGHTS_FILE, self.best_weights)
        if self.job.keeps_checkpoint and state is TrialState.COMPLETE:
            self._save_checkpoint()

    def _result(self, state: TrialState, message: str) -> TrialResult:
        self._save(state)
        best = best_epoch(self.curve, self.objective) if self.validates else None
        return TrialResult(
            state=state,
            curve=tuple(self.curve),
            best_epoch=best,
            seconds=self._seconds(),
            cpu_seconds=self._cpu_seconds(),
            precision=self.job.precision,
            message=message,
        )
