"""The random changes of training images in a plain Keras program, in NumPy.

Each has the draws of the search, in the same order: turns, shifts, flips, cutout, mixup.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from autocnn.space.config import Augmentation

PAD_MODES: Final = {"zero": "constant", "edge": "edge", "reflect": "reflect"}  # of numpy.pad
FILL_MODES: Final = {"zero": "constant", "edge": "nearest", "reflect": "reflect"}  # of keras.ops


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One random change: its function, and the statement that applies it to a batch."""

    function: str
    statement: str


def changes_of(augmentation: Augmentation) -> list[Change]:
    """The changes that `augmentation` makes, in their order."""
    found = []
    if max(augmentation.rotation, augmentation.zoom, augmentation.shear) > 0:
        found.append(_turn(augmentation))
    if augmentation.shift > 0:
        function = _SHIFT.format(
            shift=augmentation.shift, mode=PAD_MODES[augmentation.shift_padding]
        )
        found.append(Change(function=function, statement="images = shift(images, self.rng)"))
    if augmentation.alternating_flip:
        statement = "images = flip(images, (self.sides[chosen] + self.epoch) % 2)"
        found.append(Change(function=_FLIP, statement=statement))
    elif augmentation.flip:
        statement = "images = flip(images, self.rng.integers(0, 2, len(images)))"
        found.append(Change(function=_FLIP, statement=statement))
    if augmentation.cutout > 0:
        function = _CUTOUT.format(side=augmentation.cutout)
        found.append(Change(function=function, statement="images = cut_out(images, self.rng)"))
    if augmentation.mixup > 0:
        function = _MIXUP.format(alpha=augmentation.mixup)
        statement = "images, targets = mix(images, targets, self.rng)"
        found.append(Change(function=function, statement=statement))
    return found


def _turn(augmentation: Augmentation) -> Change:
    note = ""
    if augmentation.shift_padding == "reflect":
        note = (
            "    # The search mirrors at the middle of the last pixel, Keras at its outer edge.\n"
        )
    function = _TURN.format(
        rotation=augmentation.rotation,
        zoom=augmentation.zoom,
        shear=augmentation.shear,
        mode=FILL_MODES[augmentation.shift_padding],
        note=note,
    )
    return Change(function=function, statement="images = turn(images, self.rng)")


_TURN: Final = '''def turn(images, rng):
    """Rotate, zoom and shear each image about its centre, with one interpolation."""
    n, height, width, _ = images.shape
    angle = np.deg2rad(rng.uniform(-{rotation}, {rotation}, n))
    zoom = 1 + rng.uniform(-{zoom}, {zoom}, n)
    slope = np.tan(np.deg2rad(rng.uniform(-{shear}, {shear}, n)))
    cos, sin = np.cos(angle) / zoom, np.sin(angle) / zoom
    # The source of the pixel (x, y), from the centre: (xx x + xy y, yx x + yy y).
    yy, yx, xy, xx = cos - sin * slope, sin, -sin - cos * slope, cos
    x, y = (width - 1) / 2, (height - 1) / 2
    rows = [xx, xy, x - xx * x - xy * y, yx, yy, y - yx * x - yy * y, 0 * cos, 0 * cos]
    matrices = np.stack(rows, axis=1).astype("float32")
{note}    turned = ops.image.affine_transform(
        images, matrices, fill_mode="{mode}", data_format="channels_last"
    )
    return ops.convert_to_numpy(turned)'''
_SHIFT: Final = '''def shift(images, rng):
    """Shift each image by up to {shift} whole pixels, in both directions."""
    n, height, width, _ = images.shape
    sides = ({shift}, {shift})
    padded = np.pad(images, ((0, 0), sides, sides, (0, 0)), mode="{mode}")
    rows = np.arange(height) + rng.integers(0, {shift} * 2 + 1, (n, 1))
    columns = np.arange(width) + rng.integers(0, {shift} * 2 + 1, (n, 1))
    return padded[np.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]'''
_FLIP: Final = '''def flip(images, sides):
    """Flip the images of which `sides` is 1 left to right."""
    return np.where(sides[:, None, None, None] == 1, images[:, :, ::-1], images)'''
_CUTOUT: Final = '''def cut_out(images, rng):
    """Cover a square of {side} pixels of each image with the mean colour of the batch."""

    def inside(length):
        first = rng.integers(0, max(0, length - {side}) + 1, (len(images), 1))
        at = np.arange(length) - first
        return (at >= 0) & (at < {side})

    rows, columns = inside(images.shape[1]), inside(images.shape[2])
    covered = rows[:, :, None, None] & columns[:, None, :, None]
    return np.where(covered, images.mean(axis=(0, 1, 2)), images)'''
_MIXUP: Final = '''def mix(images, targets, rng):
    """Mix each image, and its target, with the one before it in the batch."""
    share = rng.beta({alpha}, {alpha}, (len(images), 1)).astype("float32")
    weight = share[:, :, None, None]
    images = weight * images + (1 - weight) * np.roll(images, 1, axis=0)
    return images, share * targets + (1 - share) * np.roll(targets, 1, axis=0)'''
