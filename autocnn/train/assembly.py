"""The parts of a training, made from a job and the data: network, optimizer, compiled steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autocnn.data.prepared import PreparedData
from autocnn.nn.airbench94 import initialise, whitening_sample
from autocnn.nn.loss import balanced_weights
from autocnn.nn.model import ImageSpec, build_model
from autocnn.nn.optimizer import build_optimizer
from autocnn.nn.run_time import program_of
from autocnn.space.layers import plan_network
from autocnn.space.seeds import derive_seed
from autocnn.train.backend import build_stepper
from autocnn.train.checkpoint import State
from autocnn.train.folds import Fold, all_indices, capture, find_folds
from autocnn.train.stepper import Stepper, TrainingParts
from autocnn.trial import Device, TrialJob

CHUNK_IMAGES = {"cpu": 4096, "gpu": 65536}  # at most, that are trained between two time checks
CHUNK_MACS = {"cpu": 1.6e11, "gpu": 4e13}  # at most, between two time checks: about ten seconds


def spec_of(data: PreparedData) -> ImageSpec:
    """The images and classes that a network for `data` is built for."""
    return ImageSpec(shape=data.image_shape, n_classes=data.n_classes, mean=data.mean, std=data.std)


def steps_of(n_images: int, batch: int) -> int:
    """The steps of an epoch: every image is trained on, so the last batch may not be full."""
    return math.ceil(n_images / batch)


def prepare(
    job: TrialJob, data: PreparedData, device: Device
) -> tuple[TrainingParts, Stepper, int]:
    """The parts of a training of `job`, its compiled steps, and the size of its batches.

    The model is that of the first fold. The indices of all folds follow each other.
    """
    config, folds = job.config, find_folds(job, data)
    batch = batch_of(job, folds)
    model = build_network(job, data, folds[0])
    optimizer = build_optimizer(config, _n_steps(job, folds))
    optimizer.build(model.trainable_variables)
    train = folds[0].train
    weights = balanced_weights(train.labels, data.n_classes) if job.class_weights else None
    macs = max(1, plan_network(config, data.image_shape, data.n_classes).macs)
    images = min(CHUNK_IMAGES[device.kind], int(CHUNK_MACS[device.kind] / macs))
    # A builder's optimizer compiles the number of steps in.
    own = () if config.architecture == "blocks" else (_n_steps(job, folds),)
    parts = TrainingParts(
        model=model,
        class_weights=weights,
        optimizer=optimizer,
        loss=config.loss,
        augmentation=config.augmentation,
        images=data.images,
        train_indices=all_indices([fold.train for fold in folds]),
        val_indices=all_indices([fold.held for fold in folds]),
        chunk=max(1, images // batch),
        program=(program_of(config), spec_of(data), job.precision, weights, *own),
    )
    return parts, build_stepper(parts, device), batch


def batch_of(job: TrialJob, folds: Sequence[Fold]) -> int:
    """The images of a step: those of the configuration, but no more than there are."""
    return min(job.config.batch_size, max(fold.n_train for fold in folds))


def epoch_steps(job: TrialJob, folds: Sequence[Fold]) -> int:
    """The steps of an epoch of each fold: as many as the fold with the most images needs."""
    return steps_of(max(fold.n_train for fold in folds), batch_of(job, folds))


def _n_steps(job: TrialJob, folds: Sequence[Fold]) -> int:
    return epoch_steps(job, folds) * job.horizon


def build_network(job: TrialJob, data: PreparedData, fold: Fold) -> Any:
    """The network of `fold` with its first weights."""
    model = build_model(job.config, spec_of(data), derive_seed(fold.seed, "model"))
    if job.config.architecture == "airbench94":
        sample = fold.train.pixels(whitening_sample(fold.n_train))
        initialise(model, sample, data.mean, data.std, fold.seed)
    return model


def first_state(job: TrialJob, data: PreparedData, folds: Sequence[Fold], number: int) -> State:
    """The state of fold `number`, from 1, before its first step."""
    model = build_network(job, data, folds[number - 1])
    optimizer = build_optimizer(job.config, _n_steps(job, folds))
    optimizer.build(model.trainable_variables)  # its variables may be copies of the weights
    return capture(model, optimizer)
