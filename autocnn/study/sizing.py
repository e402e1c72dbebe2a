"""The size of the first recipe and the length of a trial: what images and time allow."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from autocnn.engines.recipes import WIDTHS, NetworkSize
from autocnn.space.space import LEAST_STEPS
from autocnn.study.cost_model import FORWARD

ENOUGH_UPDATES = 400  # of the weights, that the first LEAST_WIDTH filters leave time for ...
MANY_UPDATES = 1_500  # ... and that more filters leave time for, and more than one fold
FEWEST_EPOCHS = 5  # that it leaves time for, too, ...
MANY_IMAGES = 192_000  # ... or so many images, if they are fewer; of networks of LEAST_WIDTH
MOST_UPDATES = 2_000  # of the longest trial, if they are more than MOST_EPOCHS
MOST_EPOCHS = 30  # of the longest trial, if they are more than MOST_UPDATES
LEAST_WIDTH = 32  # filters of the first block, below which folds and updates are given up instead
LEAST_SIDE = 32  # pixels of the shorter side, below which smaller images are not proposed
SMALLER = (0.75, 0.5, 0.375, 0.25)  # times the sides, the sizes that may be proposed
FEWER_FOLDS = (3, 2, 1)  # that are trained of more if the time is short
BATCHES = (128, 64, 32, 16)
TRIAL_SHARE = 0.2  # share of the search time that a typical trial is planned to take
# The share if no recipe comes first, or if the smallest network is wanted: more and shorter trials.
BLIND_SHARE = 0.1
LARGEST_SHARE = 0.4  # the share if even the narrowest network does not fit TRIAL_SHARE
LONG_SHARE = 0.26  # the share of the longest trial, if most trials are shorter
PROMOTED_EPOCHS = 3  # times the epochs of the other trials, that the longest one has then
FINALS_FIXED_S = 20.0  # seconds for export, reload and the test split
REFIT_MARGIN = 1.5  # times the trial's seconds: a refit has a ninth more images
REFIT_LENGTH = 4.0  # times a typical trial's seconds, that a longer refit is planned to take ...
LEAST_REFIT_LENGTH = 2.0  # ... or this if a trial itself has many updates, ...
REFIT_UPDATES = 3_000  # ... as many times as a refit of so many updates has
LONGEST_REFIT = 8  # times the epochs of the other trainings, that a longer refit has at most ...
MOST_REFIT = 3  # ... and times MOST_EPOCHS, or the epochs of MOST_UPDATES
FREE_MACS = 20_000_000  # of the first recipe, if no time is given
FREE_EPOCHS = {"cpu": 12, "gpu": 30}  # of the longest trial, if no time is given
FREE_UPDATES = 1_500  # of the longest trial, if no time is given and they are more epochs
FREE_BATCH = 40  # images for each of a batch, if no time is given

ImageSeconds = Callable[[NetworkSize], float]  # of training the first recipe on one image


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The images of a trial, and the time that the search has for it."""

    n_train: int  # of one fold
    n_validation: int  # of one fold
    seconds: float  # of the search and its finals; 0: not limited
    setup_s: float  # wall, of a training before its first step
    retrainings: float = 0.0  # of the finals, one after another
    epochs: int | None = None  # of a trial, if they are given
    widths: tuple[int, ...] = WIDTHS  # of the first block, that the space has
    batches: tuple[int, ...] = BATCHES  # that the space has
    least_steps: int = LEAST_STEPS  # of an epoch, which bound its batches
    folds: tuple[int, ...] = (1,)  # that a trial may train, the preferred number first
    promotes: bool = False  # a short schedule for most trials, and a longer one for the best
    wants_smallest: bool = False  # the smallest network with a target is searched for

    @property
    def lengthens(self) -> bool:
        """True if the refit may be longer than the trials.

        It has a time, and no epochs are given. A trial that is compared with a target has the
        training that ships.
        """
        may_be = self.seconds > 0 and self.epochs is None
        return may_be and not self.promotes and not self.wants_smallest

    @property
    def least_width(self) -> int:
        """The width of the space that is nearest to LEAST_WIDTH."""
        return min(self.widths, key=lambda width: abs(width - LEAST_WIDTH))

    @property
    def trial_share(self) -> float:
        """The share of the search time that the longest trial is planned to take."""
        if self.promotes:
            return LONG_SHARE
        return BLIND_SHARE if self.wants_smallest else TRIAL_SHARE

    def search_s(self, folds: int) -> float:
        """Seconds of the search, finals left aside."""
        refits = refit_trials(folds, self.n_train, lengthens=self.lengthens)
        return plan_search_seconds(self.seconds, self.retrainings + refits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """The decision: the first recipe's size, the epochs of a trial, and its folds."""

    size: NetworkSize
    horizon: int
    folds: int = 1
    promotes: bool = False  # the best trials are trained once more, with a longer schedule
    longest_refit: int = 0  # epochs that the refit may have; 0: those of the winner


def refit_trials(folds: int, n_train: int, *, lengthens: bool) -> float:
    """The typical trials of `folds` networks that take as long as the refit, of one network."""
    return max(REFIT_MARGIN, refit_length(n_train) / folds) if lengthens else REFIT_MARGIN


def refit_length(n_train: int) -> float:
    """The typical trainings of one network that a longer refit takes.

    Few images have few updates in a trial, and are learned in the refit. Of many images a wider
    network is better than a longer training.
    """
    fewest = min(FEWEST_EPOCHS * n_train, MANY_IMAGES) / max(BATCHES)
    updates = max(ENOUGH_UPDATES, fewest)
    return min(REFIT_LENGTH, max(LEAST_REFIT_LENGTH, REFIT_UPDATES / updates))


def plan_search_seconds(total_s: float, trainings: float) -> float:
    """The part of `total_s` that the search may use.

    The `trainings` of the finals follow one after another, each as long as a typical trial.
    """
    return max(0.0, (total_s - FINALS_FIXED_S) / (1 + TRIAL_SHARE * trainings))


def fit_size(room: Room, image_seconds: ImageSeconds) -> Sizing:
    """The widest first recipe for which a trial of enough updates takes a fifth of the time.

    A network of LEAST_WIDTH comes first, then MANY_UPDATES of it, then folds, then more width:
    images that are learned late tell networks apart after a thousand updates, not before.
    """
    widths = sorted(room.widths, reverse=True)
    for folds in room.folds:
        for width in widths:
            found = _widest_batch(room, image_seconds, width, folds)
            if found is not None and (folds == room.folds[-1] or width >= LEAST_WIDTH):
                return found
    size, folds = NetworkSize(filters=widths[-1], batch_size=min(room.batches)), room.folds[-1]
    images = _affordable(room, image_seconds(size), folds, LARGEST_SHARE)
    return _sized(room, size, images, folds)


def smaller_images(
    room: Room, image_seconds: ImageSeconds, shape: tuple[int, int]
) -> tuple[int, int] | None:
    """Height and width of smaller images, for which `least_width` fits a fifth of the time.

    The largest of SMALLER times `shape` with ENOUGH_UPDATES, or the smallest that keeps LEAST_SIDE
    pixels; None if `shape` needs no smaller one, or can have none. An image takes as long as it has
    pixels.
    """
    size = NetworkSize(filters=room.least_width, batch_size=min(room.batches))
    folds = room.folds[-1]
    needed = _needed_images(room, size, ENOUGH_UPDATES)
    found: tuple[int, int] | None = None
    for factor in (1.0, *SMALLER):
        smaller = round(factor * shape[0]), round(factor * shape[1])
        if min(smaller) < LEAST_SIDE:
            break
        found = smaller
        image_s = factor**2 * image_seconds(size)
        if _affordable(room, image_s, folds, room.trial_share) >= needed:
            break
    return None if found == shape else found


def free_size(room: Room, macs: Callable[[NetworkSize], float], device: str) -> Sizing:
    """The first recipe and the epochs if no time is given: the same on any machine.

    The widest network of at most FREE_MACS, and FREE_UPDATES or FREE_EPOCHS.
    """
    wanted = room.n_train / FREE_BATCH
    batch = max((b for b in room.batches if b <= wanted), default=min(room.batches))
    sizes = [NetworkSize(filters=w, batch_size=batch) for w in sorted(room.widths)]
    size = max((s for s in sizes if macs(s) <= FREE_MACS), key=_filters, default=sizes[0])
    return Sizing(size=size, horizon=free_horizon(room, batch, device), folds=room.folds[0])


def free_horizon(room: Room, batch: int, device: str) -> int:
    """The epochs of a trial if no time is given: FREE_UPDATES, and FREE_EPOCHS at least."""
    enough = math.ceil(FREE_UPDATES / steps_of_epoch(room.n_train, batch, room.least_steps))
    return room.epochs or max(FREE_EPOCHS[device], enough)


def longest_trial(room: Room, size: NetworkSize, image_s: float) -> Sizing:
    """The epochs of the longest trial of a search without recipes, if one image takes `image_s`.

    The most folds with which MANY_UPDATES and FEWEST_EPOCHS fit BLIND_SHARE of the time.
    """
    share = LONG_SHARE if room.promotes else BLIND_SHARE
    for folds in room.folds:
        images = _affordable(room, image_s, folds, share)
        if images >= _needed_images(room, size, MANY_UPDATES):
            break
    return _sized(room, size, images, folds)


def steps_of_epoch(n: int, batch: int, least: int = LEAST_STEPS) -> int:
    """The steps of an epoch of `n` images; `least` steps bound the batch."""
    return math.ceil(n / _trained_batch(n, batch, least))


def describe_batch(given: int | None, n_train: int) -> list[str]:
    """A line on a batch that is `given` if it is large beside the images; of one fold."""
    if given is None or given <= max(1, n_train // LEAST_STEPS):
        return []
    if given >= n_train:
        return [f"--batch-size {given}: each step trains on all {n_train:,} training images"]
    steps = steps_of_epoch(n_train, given, 1)
    return [
        f"--batch-size {given}: an epoch has {steps} steps; without the option batches would leave "
        f"{LEAST_STEPS}, and have {n_train // LEAST_STEPS:,} images at most"
    ]


def epoch_images(n_train: int, n_validation: int) -> float:
    """The images of an epoch, each one that is validated counted by its cost."""
    return n_train + FORWARD * n_validation


def _filters(size: NetworkSize) -> int:
    return size.filters


def _trained_batch(n: int, batch: int, least: int) -> int:
    return min(batch, max(1, n // least))


def _widest_batch(room: Room, image_seconds: ImageSeconds, width: int, folds: int) -> Sizing | None:
    """The largest batch with which a network of this width has enough updates; None: none has."""
    for batch in sorted(room.batches, reverse=True):
        size = NetworkSize(filters=width, batch_size=batch)
        images = _affordable(room, image_seconds(size), folds, room.trial_share)
        if images >= _needed_images(room, size, _wanted_updates(room, width, folds)):
            return _sized(room, size, images, folds)
    return None


def _wanted_updates(room: Room, width: int, folds: int) -> int:
    """The updates of a trial for which so many filters and folds leave time."""
    is_least = width <= LEAST_WIDTH and folds == room.folds[-1]
    return ENOUGH_UPDATES if is_least else MANY_UPDATES


def _needed_images(room: Room, size: NetworkSize, wanted: int) -> float:
    """The images of so many updates, and of FEWEST_EPOCHS or MANY_IMAGES.

    A network of more filters than LEAST_WIDTH needs as many times more of the latter.
    """
    if room.epochs is not None:
        return room.epochs * room.n_train
    updates = wanted * _trained_batch(room.n_train, size.batch_size, room.least_steps)
    epochs = min(FEWEST_EPOCHS * room.n_train, MANY_IMAGES)
    return max(updates, epochs * max(1.0, size.filters / LEAST_WIDTH))


def _sized(room: Room, size: NetworkSize, images: float, folds: int) -> Sizing:
    steps = steps_of_epoch(room.n_train, size.batch_size, room.least_steps)
    if room.epochs is not None:
        return Sizing(size=size, horizon=room.epochs, folds=folds)
    most = max(MOST_EPOCHS, math.ceil(MOST_UPDATES / steps))
    longest = max(1, min(most, int(images / room.n_train)))
    if not room.promotes or longest < PROMOTED_EPOCHS:
        refit = min(LONGEST_REFIT * longest, MOST_REFIT * most) if room.lengthens else 0
        return Sizing(size=size, horizon=longest, folds=folds, longest_refit=refit)
    horizon = math.ceil(longest / PROMOTED_EPOCHS)
    return Sizing(size=size, horizon=horizon, folds=folds, promotes=True)


def _affordable(room: Room, image_s: float, folds: int, share: float) -> float:
    """The images that each fold can train on in `share` of the time, validation left aside."""
    seconds = max(0.0, share * room.search_s(folds) - room.setup_s) / folds
    all_images = epoch_images(room.n_train, room.n_validation)
    return seconds / (image_s * all_images / room.n_train)
