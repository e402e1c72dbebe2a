"""The parts of a training, made from a job and the data: network, optimizer, compiled steps."""

from __future__ import annotations

import math

from autocnn.data.prepared import PreparedData
from autocnn.nn.airbench94 import initialise, whitening_sample
from autocnn.nn.loss import balanced_weights
from autocnn.nn.model import ImageSpec, build_model
from autocnn.nn.optimizer import build_optimizer
from autocnn.nn.run_time import program_of
from autocnn.space.layers import plan_network
from autocnn.space.seeds import derive_seed
from autocnn.train.backend import build_stepper
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
    """The parts of a training of `job`, its compiled steps, and the size of its batches."""
    config = job.config
    model = build_model(config, spec_of(data), derive_seed(job.seed, "model"))
    train = data.train if job.fit_on == "train" else data.train_and_validation()
    if config.architecture == "airbench94":
        sample = train.pixels(whitening_sample(train.n))
        initialise(model, sample, data.mean, data.std, job.seed)
    batch = min(config.batch_size, train.n)
    n_steps = steps_of(train.n, batch) * job.horizon
    optimizer = build_optimizer(config, n_steps)
    optimizer.build(model.trainable_variables)
    own = (
        () if config.architecture == "blocks" else (n_steps,)
    )  # a builder's optimizer compiles it in
    weights = balanced_weights(train.labels, data.n_classes) if job.class_weights else None
    macs = max(1, plan_network(config, data.image_shape, data.n_classes).macs)
    images = min(CHUNK_IMAGES[device.kind], int(CHUNK_MACS[device.kind] / macs))
    parts = TrainingParts(
        model=model,
        class_weights=weights,
        optimizer=optimizer,
        loss=config.loss,
        augmentation=config.augmentation,
        images=data.images,
        train_indices=train.indices,
        val_indices=data.validation.indices,
        chunk=max(1, images // batch),
        program=(program_of(config), spec_of(data), job.precision, weights, *own),
    )
    return parts, build_stepper(parts, device), batch
