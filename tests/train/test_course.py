"""The course of a training: its rates, and what is left of them if the time is short."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autocnn.space.config import Optimizer, Schedule
from autocnn.train.course import Course
from autocnn.trial import Epoch

STEPS = 2


def _curve(*seconds):
    return [
        Epoch(train_loss=1, train_accuracy=0, val_loss=1, val_accuracy=0, seconds=s, score=0)
        for s in seconds
    ]


@pytest.fixture
def course(make_job):
    """Four epochs of two steps, along a line from 1: rates of 15/16, 13/16, ..., 1/16."""
    job = make_job(horizon=4, last_epoch=4)
    config = replace(
        job.config,
        optimizer=Optimizer(name="sgd", learning_rate=1.0),
        schedule=Schedule(name="one_cycle"),
    )
    return Course(replace(job, config=config), STEPS)


def _rates(course):
    return [
        float(rate) for epoch in range(1, course.last_epoch + 1) for rate in course.rates(epoch)
    ]


def test_the_planned_course_has_the_rates_of_the_schedule(course):
    """The middle of each of eight steps."""
    assert _rates(course) == [n / 16 for n in (15, 13, 11, 9, 7, 5, 3, 1)]


def test_a_training_that_fits_keeps_its_course(course):
    """Two epochs of 1 s each are left, with 4 % to spare."""
    course.fit(_curve(5.0, 6.0), left_s=2.1)
    assert course.last_epoch == 4
    assert _rates(course)[-1] == 1 / 16


def test_a_slower_training_takes_what_is_left_of_its_rates_in_fewer_steps(course):
    """Rates 7, 5, 3, 1 of four steps, in two: the means of the pairs."""
    course.fit(_curve(5.0, 6.0), left_s=1.9)
    assert course.last_epoch == 3
    assert _rates(course) == [n / 16 for n in (15, 13, 11, 9, 6, 2)]


def test_one_epoch_is_left_at_least(course):
    """The time limit may cut it."""
    course.fit(_curve(5.0, 6.0), left_s=-1.0)
    assert course.last_epoch == 3


@pytest.mark.parametrize("seconds", [(), (9.0,), (1.0, 2.0, 3.0, 4.0)])
def test_a_training_is_not_shortened_before_its_speed_is_known_or_at_its_end(course, seconds):
    """The first epoch has the compiler's time in it; after the last one nothing is left."""
    course.fit(_curve(*seconds), left_s=0.1)
    assert course.last_epoch == 4


def test_the_speed_is_that_of_the_last_three_epochs(make_job):
    """Epochs of 9, 1, 1 and 4 s: 2 s each are expected of the six that are left, in 8.4 s four."""
    course = Course(make_job(horizon=10, last_epoch=10), STEPS)
    course.fit(_curve(9.0, 10.0, 11.0, 15.0), left_s=8.4)
    assert course.last_epoch == 8


def test_a_course_can_be_shortened_again(course):
    """Each time from what is left."""
    course.fit(_curve(5.0, 6.0), left_s=1.9)
    course.fit(_curve(5.0, 6.0, 9.0), left_s=1.0)
    assert course.last_epoch == 3


def test_a_shortened_course_is_lengthened_once_the_epochs_are_fast(make_job):
    """After 2 of 6 epochs there is time for 2; after the third one for 3, of 1 s each.

    Of the planned twelve steps 4 were taken, then 4 of the 8 that are left in one epoch. The other
    4 fill six steps, at planned places of 8 + (n + 1/2) * 4 / 6.
    """
    job = make_job(horizon=6, last_epoch=6)
    schedule = Schedule(name="one_cycle")
    optimizer = Optimizer(name="sgd", learning_rate=1.0)
    config = replace(job.config, optimizer=optimizer, schedule=schedule)
    course = Course(replace(job, config=config), STEPS)
    course.fit(_curve(9.0, 13.0), left_s=9.0)
    assert course.last_epoch == 4
    course.fit(_curve(9.0, 10.0, 11.0), left_s=3.5)
    assert course.last_epoch == 6
    places = [8 + (n + 0.5) * 4 / 6 for n in range(6)]
    wanted = [1 - min(place, 11.5) / 12 for place in places]
    assert _rates(course)[6:] == pytest.approx(wanted)


def test_a_course_is_not_lengthened_beyond_its_plan_or_without_time_to_spare(course):
    """2.1 s are enough for two epochs with 4 % to spare, but not with the 10 % of a longer one."""
    course.fit(_curve(5.0, 6.0), left_s=1.9)
    course.fit(_curve(5.0, 6.0), left_s=2.1)
    assert course.last_epoch == 3
    course.fit(_curve(5.0, 6.0), left_s=100.0)
    assert course.last_epoch == 4
    assert _rates(course) == [n / 16 for n in (15, 13, 11, 9, 7, 5, 3, 1)]
