"""The check of every exported file: its predictions must be those of the network."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from autocnn.errors import AutocnnError, RecordError
from autocnn.exports.quiet import reason_of
from autocnn.models.contract import ModelContract
from autocnn.models.predictor import Pixels, Predictor, Probabilities

CHECKED_IMAGES = 64
SLACK = 0.01  # of a probability, and of the sum of all of an image
STEP = 1 / 256  # of a probability in 8 bits, which each class adds to the slack of the sum


def check_same(
    name: str,
    network: Predictor,
    file: Predictor,
    shape: tuple[int, int, int],
    tolerance: float,
    share: float = 1.0,
) -> float:
    """Compare the probabilities of a network and of the file that was made from it.

    `name` is the file's name in the error; `shape` is height, width, channels of an image;
    `tolerance` is the largest difference of a probability that passes, in `share` of the images.

    Returns: the largest difference that was found.
    Raises: AutocnnError if it is above the tolerance, or if the outputs differ in shape.
    """
    images = checked_images(shape)
    ours, theirs = network(images), file(images)
    if ours.shape != theirs.shape:
        raise AutocnnError(
            f"{name}: expected probabilities of shape {ours.shape} as the network returns them, "
            f"got {theirs.shape}; the file is not exported"
        )
    differences = np.sort(np.abs(ours - theirs).max(axis=1))  # NaN is the last
    difference = float(differences[math.ceil(share * len(images)) - 1])
    if not difference <= tolerance:  # also for NaN
        few = "" if share == 1 else f" in more than {1 - share:.0%} of the checked images"
        raise AutocnnError(
            f"{name}: its probabilities differ from the network's by {difference:.2g}{few}, more "
            f"than {tolerance:.2g}; the file is not exported"
        )
    return float(differences[-1])


def check_answers(path: Path, file: Predictor, contract: ModelContract) -> None:
    """Raise RecordError unless the network of the file at `path` fits the contract in it."""
    images = checked_images(contract.image_shape)[[0, -1]]  # a black one, and a bright one
    n = len(contract.class_names)
    try:
        answers = file(images)
    except Exception as error:  # of any kind: the file is a stranger's, and so is its run time
        raise RecordError(
            f"{path}: its network does not take images of shape {contract.image_shape}, as its "
            f"contract says ({reason_of(error)})"
        ) from error
    expected = f"{path}: expected {n} probabilities for each image, as its contract says, got"
    if answers.shape != (len(images), n):
        raise RecordError(f"{expected} an array of shape {answers.shape} for {len(images)} images")
    if not _are_probabilities(answers):
        low, high = answers.min(), answers.max()
        raise RecordError(f"{expected} values from {low:.4g} to {high:.4g} that do not sum to 1")


def _are_probabilities(answers: Probabilities) -> bool:
    """True if every row of `answers`, perhaps rounded to 8 bits, is a distribution."""
    sums = np.abs(answers.sum(axis=1) - 1)  # NaN if one value is
    return bool(
        (sums <= SLACK + STEP * answers.shape[1]).all()
        and (answers >= -SLACK).all()
        and (answers <= 1 + SLACK).all()
    )


def check_ends(path: Path, inputs: int, outputs: int) -> None:
    """Raise RecordError unless a network has one input and one output.

    The values of a second input would be whatever its run time finds in memory.
    """
    if (inputs, outputs) != (1, 1):
        raise RecordError(
            f"{path}: expected a network with one input and one output, got {inputs} and {outputs}"
        )


def checked_images(shape: tuple[int, int, int]) -> Pixels:
    """CHECKED_IMAGES images of noise, from black to bright; the same ones at every call.

    The brightness varies because noise of one brightness has the same statistics in every image,
    for which many networks return nearly the same probabilities.
    """
    noise = np.random.default_rng(0).integers(0, 256, (CHECKED_IMAGES, *shape))
    brightness = np.linspace(0, 1, CHECKED_IMAGES).reshape(-1, 1, 1, 1)
    return np.floor(brightness * noise).astype(np.float32)
