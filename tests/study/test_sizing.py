"""The size of the first recipe and the length of a trial."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autocnn.engines.recipes import NetworkSize
from autocnn.study import sizing as module
from autocnn.study.sizing import (
    Room,
    Sizing,
    describe_batch,
    epoch_images,
    fit_size,
    free_size,
    longest_trial,
    plan_search_seconds,
    refit_trials,
    smaller_images,
    steps_of_epoch,
)

FIVE = (5, 3, 2, 1)


def _room(n: int, seconds: float, **changes) -> Room:
    return Room(**{"n_train": n, "n_validation": 0, "seconds": seconds, "setup_s": 0.0, **changes})


def _linear(size: NetworkSize) -> float:
    """A millisecond an image for each eight filters, whatever the batch."""
    return size.filters / 8000


def _sizing(filters: int, batch: int, horizon: int, folds: int = 1) -> Sizing:
    size = NetworkSize(filters=filters, batch_size=batch)
    return Sizing(size=size, horizon=horizon, folds=folds)


def _trial(sizing: Sizing) -> Sizing:
    """The same without the length of the refit."""
    return replace(sizing, longest_refit=0)


@pytest.fixture
def all_is_search(monkeypatch):
    """All seconds are those of the search: how they are divided has tests of its own."""
    monkeypatch.setattr(module, "plan_search_seconds", lambda total_s, trainings: total_s)


def test_the_search_leaves_time_for_finals():
    """Twenty seconds, and one and a half times a fifth of the search: 100 of 150 s."""
    assert plan_search_seconds(150.0, 1.5) == pytest.approx(100.0)
    assert plan_search_seconds(10.0, 1.5) == 0


@pytest.mark.parametrize(
    ("folds", "lengthens", "trials"),
    [(1, False, 1.5), (5, False, 1.5), (1, True, 4.0), (2, True, 2.0), (3, True, 1.5)],
)
def test_a_longer_refit_takes_four_trainings(folds, lengthens, trials):
    """A trial of two networks takes as long as two; one and a half trials are the least."""
    assert refit_trials(folds, 1_000, lengthens=lengthens) == trials


@pytest.mark.parametrize(
    ("n_train", "trainings"),
    [
        (1_000, 4.0),  # 400 updates: 3,000 would be 7.5 trainings
        (25_600, 3.0),  # 5 epochs of 200 steps: 1,000 updates
        (54_000, 2.0),  # 192,000 images in batches of 128: 1,500 updates
    ],
)
def test_a_refit_of_many_images_is_shorter(n_train, trainings):
    """As many times a trial as 3,000 updates are, from twice to four times."""
    assert refit_trials(1, n_train, lengthens=True) == pytest.approx(trainings)


def test_the_search_has_what_the_finals_leave():
    """A longer refit and one retraining, five typical trials of a fifth: 180 of 380 s are left."""
    room = _room(1_000, 380.0, retrainings=1.0)
    assert room.search_s(1) == pytest.approx(180.0)
    assert room.search_s(2) == pytest.approx(225.0)  # 360 s / (1 + 0.2 * 3)
    # epochs that are given, or a promotion, make the refit as long as the trial
    assert _room(1_000, 380.0, epochs=3).search_s(1) == pytest.approx(360 / 1.3)
    assert _room(1_000, 380.0, promotes=True).search_s(1) == pytest.approx(360 / 1.3)


def test_a_refit_has_at_most_eight_times_the_epochs(all_is_search):
    """Three epochs: 24. Thirty epochs are the most for a trial, and 90 for a refit."""
    assert fit_size(_room(54_000, 960.0), _linear).longest_refit == 24
    assert fit_size(_room(54_000, 1e6), _linear).longest_refit == 90
    assert fit_size(_room(1_000, 100.0, epochs=10), _linear).longest_refit == 0
    assert free_size(_room(54_000, 0.0), lambda size: 1e9, "gpu").longest_refit == 0


@pytest.mark.parametrize(
    ("shape", "seconds", "expected"),
    [
        # 6,400 images (400 updates of 16) of 4 ms are 25.6 s, a fifth of 128 s
        ((96, 128), 128.0, None),
        ((96, 128), 127.0, (72, 96)),  # 9/16 of the pixels: 72 s
        ((96, 128), 72.1, (72, 96)),
        ((96, 128), 71.0, (48, 64)),
        ((96, 128), 31.0, (36, 48)),
        ((96, 128), 1.0, (36, 48)),  # a quarter would have 24 pixels
        ((40, 400), 1.0, None),  # three quarters would have 30
    ],
)
def test_smaller_images_leave_time_for_wider_networks(all_is_search, shape, seconds, expected):
    """The largest size with 400 updates of 32 filters in a fifth of the time, from 32 pixels on."""
    assert smaller_images(_room(1_000, seconds), _linear, shape) == expected


def test_a_space_of_narrow_networks_needs_no_wider_ones(all_is_search):
    """Of widths 8 and 16 the second one is meant: 12.8 s, a fifth of 64 s."""
    room = _room(1_000, 64.0, widths=(8, 16))
    assert room.least_width == 16
    assert smaller_images(room, _linear, (96, 128)) is None
    assert smaller_images(replace(room, seconds=63.0), _linear, (96, 128)) == (72, 96)


@pytest.mark.parametrize(
    ("n", "batch", "steps"), [(225, 128, 17), (225, 8, 29), (54_000, 128, 422), (10, 64, 10)]
)
def test_an_epoch_has_sixteen_steps_or_more(n, batch, steps):
    """225 images have batches of 14 at most; 10 images are trained on one by one."""
    assert steps_of_epoch(n, batch) == steps


def test_a_batch_that_is_given_is_not_bounded_by_steps():
    """225 images in batches of 128 are two steps, and 1,500 updates are 750 epochs."""
    assert (steps_of_epoch(225, 128, 1), steps_of_epoch(225, 512, 1)) == (2, 1)
    room = _room(225, 0.0, batches=(128,), least_steps=1)
    assert free_size(room, lambda size: 0.0, "cpu") == _sizing(64, 128, 750)


@pytest.mark.parametrize(
    ("given", "n", "line"),
    [
        (None, 100, ""),
        (512, 54_000, ""),
        (6, 100, ""),
        (7, 100, "--batch-size 7: an epoch has 15 steps; without the option batches would leave"),
        (100, 100, "--batch-size 100: each step trains on all 100 training images"),
    ],
)
def test_a_large_batch_of_few_images_is_named(given, n, line):
    """Up to a sixteenth of the images there is nothing to say."""
    lines = describe_batch(given, n)
    assert ("".join(lines)[: len(line)], bool(lines)) == (line, bool(line))


def test_validation_images_cost_a_third():
    """90 training and 30 validation images cost as much as 100 training images."""
    assert epoch_images(90, 30) == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("n", "seconds", "expected"),
    [
        # 192,000 images take 192 s with 8 filters; 400 updates of 128 are fewer
        (54_000, 960.0, _sizing(8, 128, 3)),  # a fifth: exactly 192 s, 3.6 epochs
        # 64 filters need twice as many as 32: 384,000 of 8 ms; 511,967 of 48 filters fit
        (54_000, 15_360.0, _sizing(64, 128, 7)),
        (54_000, 15_359.0, _sizing(48, 128, 9)),
        # 400 updates of 14 images are 5,600; 2,000 updates are 118 epochs of 17 steps
        (225, 28.0, _sizing(8, 128, 24)),
        (225, 27.9, _sizing(8, 16, 49)),  # nothing fits: the narrowest, for two fifths
        (225, 100_000.0, _sizing(64, 128, 118)),
        # 400 updates of 16 are 6,400 images, of 32 they are 12,800; five epochs are 10,000
        (2_000, 50.0, _sizing(8, 16, 5)),
        (2_000, 63.9, _sizing(8, 16, 6)),
        (2_000, 64.0, _sizing(8, 32, 6)),
        (2_000, 100.0, _sizing(16, 16, 5)),
        # nothing fits
        (54_000, 900.0, _sizing(8, 16, 6)),
        (54_000, 1.0, _sizing(8, 16, 1)),
    ],
)
def test_the_widest_network_with_enough_updates_is_taken(n, seconds, expected, all_is_search):
    """The largest batch with which the updates are enough, then as many epochs as fit."""
    assert _trial(fit_size(_room(n, seconds), _linear)) == expected


def test_the_setup_and_the_validation_take_time(all_is_search):
    """Of 30 s, 6 s are the setup; validation makes an epoch dearer by a sixth."""
    room = _room(2_000, 75.0, setup_s=6.0, n_validation=1_000)
    # 9 s / (1 ms * 7/6) = 7,714 images with 8 filters: too few for five epochs
    assert _trial(fit_size(room, _linear)) == _sizing(8, 16, 10)  # 24 s / (7/6 ms) = 20,571 images


def test_given_epochs_decide_the_width(all_is_search):
    """Ten epochs of 1,000 images in 20 s: two milliseconds an image, which is 16 filters."""
    assert _trial(fit_size(_room(1_000, 100.0, epochs=10), _linear)) == _sizing(16, 128, 10)


def test_trials_that_are_compared_with_a_target_are_what_ships(all_is_search):
    """They take a tenth of the time, and the refit is no longer than they are."""
    sizing = fit_size(_room(2_000, 640.0, wants_smallest=True), _linear)
    assert _trial(sizing) == _trial(fit_size(_room(2_000, 320.0), _linear))
    assert (sizing.longest_refit, _room(2_000, 640.0, wants_smallest=True).lengthens) == (0, False)


def test_folds_come_before_width(all_is_search):
    """Five folds of 32 filters are taken before one of 64, if each fold has 1,500 updates of 14."""
    # 32 filters: 4 ms an image, 21,000 images: 84 s a fold; 48 filters, three folds: 126 s a fold
    room = _room(225, 2100.1, folds=FIVE)
    assert _trial(fit_size(room, _linear)) == _sizing(32, 128, 93, folds=5)
    room = _room(225, 2099.0, folds=FIVE)
    assert _trial(fit_size(room, _linear)) == _sizing(48, 128, 103, folds=3)


def test_updates_come_before_folds_and_folds_before_many_filters(all_is_search):
    """One fold of 32 filters, from 400 updates on; two folds as soon as each has 1,500."""
    assert _trial(fit_size(_room(225, 112.1, folds=FIVE), _linear)) == _sizing(32, 128, 24)
    assert _trial(fit_size(_room(225, 839.0, folds=FIVE), _linear)) == _sizing(48, 128, 118)
    assert _trial(fit_size(_room(225, 840.1, folds=FIVE), _linear)) == _sizing(32, 128, 93, folds=2)


def test_updates_come_before_more_than_32_filters(all_is_search):
    """1,500 updates of 14 images with 48 filters are 126 s; the seconds below are for 32."""
    assert _trial(fit_size(_room(225, 629.0), _linear)) == _sizing(32, 128, 118)
    assert _trial(fit_size(_room(225, 630.1), _linear)) == _sizing(48, 128, 93)
    # 16.6 s for one fold: 8,300 images with 16 filters
    assert _trial(fit_size(_room(225, 83.0, folds=FIVE), _linear)) == _sizing(16, 128, 36)


def test_a_space_without_the_width_decides(all_is_search):
    """Only the widths and batches of the space are considered."""
    room = _room(54_000, 7680.0, widths=(16, 32), batches=(64,))
    # 192,000 images with 32 filters, 4 ms each: 768 s
    assert _trial(fit_size(room, _linear)) == _sizing(32, 64, 7)


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (54_000, _sizing(48, 128, 12)),
        (2_000, _sizing(48, 32, 24)),  # 63 steps: 1,500 updates are 23.8 epochs
        (225, _sizing(48, 16, 89)),  # 17 steps
    ],
)
def test_without_a_time_the_size_follows_from_the_images(n, expected):
    """The widest network of 20 M MACs, here 48 filters of 0.4 M MACs each."""
    assert free_size(_room(n, 0.0), lambda size: 400_000 * size.filters, "cpu") == expected


def test_without_a_time_a_network_that_is_too_large_is_the_narrowest():
    """On a GPU the trial has 30 epochs."""
    sizing = free_size(_room(54_000, 0.0), lambda size: 1e9, "gpu")
    assert sizing == _sizing(8, 128, 30)


def test_the_longest_trial_of_a_search_without_recipes(all_is_search):
    """A tenth of 100 s at 1 ms an image: 10,000 images; 16 steps an epoch, or 422 of 128 images."""
    size = NetworkSize(filters=8, batch_size=128)
    assert _trial(longest_trial(_room(1_000, 100.0), size, 0.001)) == _sizing(8, 128, 10)
    assert _trial(longest_trial(_room(54_000, 1e6), size, 0.001)) == _sizing(8, 128, 30)
    # 1,500 updates of 62 images are 93 s; 279 s have three folds of them
    room = _room(1_000, 2790.1, folds=FIVE)
    assert _trial(longest_trial(room, size, 0.001)) == _sizing(8, 128, 93, folds=3)
    room = _room(1_000, 160.0, folds=FIVE)
    assert _trial(longest_trial(room, size, 0.001)) == _sizing(8, 128, 16)
    assert _trial(longest_trial(_room(1_000, 50.0, folds=FIVE), size, 0.001)) == _sizing(8, 128, 5)


def test_most_trials_have_a_third_of_the_epochs_of_the_longest(all_is_search):
    """26 epochs fit 0.26 of the time: nine for most trials; of two epochs there are two."""
    size = NetworkSize(filters=8, batch_size=128)
    room = _room(1_000, 100.01, promotes=True)
    assert _trial(longest_trial(room, size, 0.001)) == Sizing(size=size, horizon=9, promotes=True)
    assert _trial(longest_trial(_room(1_000, 10.0, promotes=True), size, 0.001)) == _sizing(
        8, 128, 2
    )


def test_given_epochs_are_those_of_every_trial(all_is_search):
    """Ten epochs are asked for: nothing is trained for longer."""
    room = _room(1_000, 100.0, epochs=10)
    assert _trial(fit_size(room, _linear)) == _sizing(16, 128, 10)
