"""How many images are evaluated at once. Keras is not imported."""

from __future__ import annotations

EVALUATION_BATCH = 500  # images of at most 32x32 pixels


def evaluation_batch(shape: tuple[int, ...], n: int) -> int:
    """How many of `n` images are evaluated at once, at least 1: fewer if the images are large.

    Input shape: height, width, channels.
    """
    height, width, _ = shape
    return max(1, min(EVALUATION_BATCH, EVALUATION_BATCH * 32 * 32 // (height * width), n))
