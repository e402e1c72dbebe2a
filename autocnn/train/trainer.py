"""One training: from a job and the data to a result; the best epoch's weights go to the disk.

A job with several folds trains a network for each, epoch by epoch: an epoch of every fold, then the
score over all images that they hold out.
"""

from __future__ import annotations

import math
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import keras
import numpy.typing as npt

from autocnn.data.prepared import PreparedData
from autocnn.errors import RecordError, TrialFailed
from autocnn.files import make_folder_in
from autocnn.nn.weights import save_weights
from autocnn.objectives import find_objective
from autocnn.train.assembly import epoch_steps, first_state, prepare
from autocnn.train.averaging import Averages
from autocnn.train.backend import set_precision
from autocnn.train.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from autocnn.train.clock import Cancelled, Clock, OutOfTime
from autocnn.train.course import Course
from autocnn.train.early_stopping import best_epoch, should_stop
from autocnn.train.folds import Fold, Networks, find_folds
from autocnn.train.latency import measure_latency
from autocnn.train.one_fold import evaluation_batches, training_batches
from autocnn.train.pace import NO_STOPS, Pace, PrunedWithin, find_stops
from autocnn.train.totals import Totals
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """The functions that a training calls to report, and to learn whether it must stop."""

    report: Callable[[int, Epoch], bool]  # (epoch, or 0 for a first look; metrics) -> True: prune
    interrupted: Callable[[], bool]  # -> True: stop at once
    # Called with each file in the job's folder that was written or deleted.
    changed: Callable[[Path], None] = lambda path: None


def train_trial(job: TrialJob, data: PreparedData, device: Device, hooks: Hooks) -> TrialResult:
    """Train `job` to its end, or until it is pruned, stopped or out of time.

    If the job asks for it, the latency of the network is measured first, and a network that is too
    slow is pruned without a training.

    Raises: TrialFailed if the loss stops being a finite number.
    """
    latency_ms = None
    if job.measures_latency and job.fit_on == "train":
        latency_ms = measure_latency(job.config, data, device)
        if job.max_latency_ms is not None and latency_ms > job.max_latency_ms:
            return _too_slow(job, latency_ms, job.max_latency_ms)
    result = _Training(job, data, device, hooks).run()
    return replace(result, latency_ms=latency_ms)


def _too_slow(job: TrialJob, latency_ms: float, most_ms: float) -> TrialResult:
    """The result of a network that is not trained, because an image takes too long."""
    return TrialResult(
        state=TrialState.PRUNED,
        precision=job.precision,
        message=f"one image takes {latency_ms:.3g} ms, more than the {most_ms:g} ms allowed",
        latency_ms=latency_ms,
    )


class _Training:
    """The state of one training between its epochs."""

    def __init__(self, job: TrialJob, data: PreparedData, device: Device, hooks: Hooks) -> None:
        self.job, self.hooks = job, hooks
        self.objective = find_objective(job.objective)
        self.clock = Clock(job.time_limit_s, hooks.interrupted)
        set_precision(job.precision, device)
        keras.utils.set_random_seed(job.seed)
        self.validates, self.image_shape = job.fit_on == "train", data.image_shape
        self.folds = find_folds(job, data)
        parts, self.stepper, self.batch = prepare(job, data, device)
        others = [first_state(job, data, self.folds, fold.number) for fold in self.folds[1:]]
        self.networks = Networks(parts.model, parts.optimizer, others)
        # On a GPU as many images are evaluated at once as are trained on, which take more memory.
        self.least = self.batch if device.kind == "gpu" else 1
        self.chunk, self.steps = parts.chunk, epoch_steps(job, self.folds)
        # A refit has more images and so more steps an epoch; its horizon has the same epochs.
        self.course = Course(job, self.steps)
        self.averages = Averages(self.networks, len(self.folds), self.steps * job.horizon)
        self.curve: list[Epoch] = []
        self.first_pace: Pace | None = None  # of the first epoch
        self.best_weights: Sequence[npt.NDArray[Any]] | None = None
        self.is_resumed = self._restore()
        self.clock.seconds_before = self.curve[-1].seconds if self.curve else 0.0
        self.kept_at = -math.inf  # so that a checkpoint is written after the first epoch

    def run(self) -> TrialResult:
        """Train epoch by epoch, and save the weights of the best epoch at the end."""
        state, message = TrialState.COMPLETE, ""
        try:
            if self.is_resumed and self._report(self.job.first_epoch + 1):
                state = TrialState.PRUNED
            while state is TrialState.COMPLETE and not self._is_over():
                message = self._epoch(len(self.curve) + 1)
                if message:
                    state = TrialState.STOPPED
                elif self._report(len(self.curve)):
                    state = TrialState.PRUNED
                else:
                    self._keep_now_and_then()
                    self._fit_time()
        except (Cancelled, OutOfTime):
            state = TrialState.STOPPED
        except PrunedWithin as reason:
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
        return stops or len(self.curve) >= self.course.last_epoch

    def _fit_time(self) -> None:
        """Shorten what is left of a refit, whose schedule the time limit must not cut."""
        if not self.validates and self.clock.limit_s is not None:
            self.course.fit(self.curve, self.clock.limit_s - self.clock.since_start())

    # --- one epoch ---

    def _epoch(self, epoch: int) -> str:
        """Train and evaluate every fold for an epoch, and add it to the curve.

        Returns: "", or a line if the time limit has cut the first epoch: then the folds that took
        steps are evaluated, so that the trial has a score.
        Raises: OutOfTime if the time limit cuts a later epoch, or if no step was taken.
        """
        totals = Totals()
        try:
            for fold in self.folds:
                self.networks.switch_to(fold.number)
                self._train(fold, epoch, totals)
                self._evaluate(fold, totals)
        except OutOfTime:
            if self.curve or not totals.n_steps or not self.validates:
                raise
            return self._end_first_epoch(totals)
        self._add(totals)
        return ""

    def _end_first_epoch(self, totals: Totals) -> str:
        self.clock.limit_s = None
        if totals.trained is not None:
            self._evaluate(totals.trained, totals)
        self._add(totals)
        n_all = self.steps * len(self.folds)
        return f"out of time after {totals.n_steps} of {n_all} steps of the first epoch"

    def _add(self, totals: Totals) -> None:
        """Add an epoch to the curve, and keep the first fold's weights if it is the best."""
        metrics = self._metrics(totals)
        self.curve.append(metrics)
        if self.validates and not math.isfinite(metrics.val_loss):
            message = f"validation loss {metrics.val_loss} in epoch {len(self.curve)}"
            raise TrialFailed(FailureCause.DIVERGED, message)
        self.networks.switch_to(1)
        if not self.validates or best_epoch(self.curve, self.objective) == len(self.curve):
            self.best_weights = self.averages.first()

    def _metrics(self, totals: Totals) -> Epoch:
        return totals.metrics(self.batch, self.objective, self.clock.curve_seconds)

    def _train(self, fold: Fold, epoch: int, totals: Totals) -> None:
        """Take the steps of an epoch of `fold`, and add their sums to `totals`."""
        settings = self.job.config.augmentation
        positions, draws = training_batches(fold, epoch, settings, self.steps, self.batch)
        rates = self.course.rates(epoch)
        is_first = epoch == 1 and fold.number == 1
        stops = find_stops(self.job, self.steps, self.chunk) if is_first else NO_STOPS
        pace = Pace()
        if is_first:
            self.first_pace = pace
        calls = {*range(0, self.steps, self.chunk), self.steps}
        averaged = 0  # the step up to which weights are in the average
        for at, end in pairwise(sorted({*calls, stops.look_at, stops.pace_at})):
            self.clock.check()
            pace.note(at)
            if at > 0 and at == stops.pace_at:
                pace.check(self.job, self.steps, self.clock)
            if at > 0 and at == stops.look_at:
                self._first_look(fold, totals)
            part = slice(at, end)
            sums = self.stepper.train(positions[part], draws[part], rates[part])
            totals.add_steps(fold, end - at, sums)
            if end in calls:  # not at a stop, which another trial may not have
                self.averages.add(fold.number, end - averaged)
                averaged = end
            if not math.isfinite(totals.sums.loss):
                message = f"training loss {totals.sums.loss} in epoch {epoch}"
                raise TrialFailed(FailureCause.DIVERGED, message)

    def _first_look(self, fold: Fold, totals: Totals) -> None:
        look = Totals(totals.sums, totals.n_steps)
        self._evaluate(fold, look)
        metrics = self._metrics(look)
        if self.hooks.report(0, metrics):
            score = self.objective.text(metrics.score)
            raise PrunedWithin(f"first look: {score} after {look.n_steps} of {self.steps} steps")

    def _evaluate(self, fold: Fold, totals: Totals) -> None:
        """Evaluate the averaged weights on what `fold` holds out, if the training validates."""
        if not self.validates:
            return
        positions, weights = evaluation_batches(fold, self.image_shape, self.least)
        rows = max(1, FORWARD * self.chunk * self.batch // positions.shape[1])
        with self.averages.in_model(fold.number):
            found = self.stepper.evaluate(positions[:rows], weights[:rows])
            for at in range(rows, len(positions), rows):
                self.clock.check()
                found += self.stepper.evaluate(positions[at : at + rows], weights[at : at + rows])
        totals.add_evaluation(fold, found)

    # --- what is kept ---

    def _restore(self) -> bool:
        """Load this trial's own checkpoint, or that of its parent, if there is one.

        Returns: True if the trial goes on from its own checkpoint.
        """
        own = self.job.folder / CHECKPOINT_FILE
        path = own if self.validates and own.is_file() else self.job.continue_from
        if path is None or not path.is_file():
            return False
        checkpoint = _load(path)
        if checkpoint is None:
            return False
        if path == own and checkpoint.batch != self.batch:
            print(f"{path}: was made with batches of {checkpoint.batch}: begun again")
            own.unlink()
            self.hooks.changed(own)
            return self._restore()  # from the checkpoint of the parent, if there is one
        self.networks.restore(checkpoint.states)
        self.averages.restore(checkpoint.averages)
        self.curve, self.best_weights = list(checkpoint.curve), checkpoint.best_weights
        if path == own:
            self.clock.seconds_spent = checkpoint.seconds
            self.clock.cpu_spent = checkpoint.cpu_seconds
        return path == own

    def _keep_now_and_then(self) -> None:
        if self.validates and time.perf_counter() - self.kept_at >= CHECKPOINT_EVERY_S:
            self._save_checkpoint()
            self.kept_at = time.perf_counter()

    def _save_checkpoint(self) -> None:
        first, *others = self.networks.states()
        checkpoint = Checkpoint(
            model=first.model,
            optimizer=first.optimizer,
            others=tuple(others),
            averages=self.averages.states(),
            best_weights=self.best_weights or (),
            curve=tuple(self.curve),
            seconds=self.clock.seconds,
            cpu_seconds=self.clock.cpu_seconds,
            batch=self.batch,
        )
        make_folder_in(self.job.root, self.job.folder)
        save_checkpoint(self.job.folder / CHECKPOINT_FILE, checkpoint)
        self.hooks.changed(self.job.folder / CHECKPOINT_FILE)

    def _save(self, state: TrialState) -> None:
        if self.best_weights is None or state is TrialState.PRUNED:
            return
        make_folder_in(self.job.root, self.job.folder)
        save_weights(self.job.folder / WEIGHTS_FILE, self.best_weights)
        self.hooks.changed(self.job.folder / WEIGHTS_FILE)
        if self.job.keeps_checkpoint and state is TrialState.COMPLETE:
            self._save_checkpoint()

    def _result(self, state: TrialState, message: str) -> TrialResult:
        self._save(state)
        step_s = None if self.first_pace is None else self.first_pace.step_seconds
        best = best_epoch(self.curve, self.objective) if self.validates else None
        return TrialResult(
            state=state,
            curve=tuple(self.curve),
            best_epoch=best,
            seconds=self.clock.seconds,
            cpu_seconds=self.clock.cpu_seconds,
            precision=self.job.precision,
            message=message,
            image_seconds=None if step_s is None else step_s / self.batch,
        )


def _load(path: Path) -> Checkpoint | None:
    """The checkpoint at `path`, or None if it is damaged: then the training takes longer."""
    try:
        return load_checkpoint(path)
    except RecordError:
        traceback.print_exc()  # goes to the worker's log
        return None
