"""The speed of a configuration."""

from __future__ import annotations

import pytest

from autocnn.train import assembly as preparation
from autocnn.train import speed
from autocnn.train.speed import measure_speed


@pytest.mark.training
def test_the_speed_of_a_configuration_is_measured(make_job, data, device, monkeypatch):
    """The setup takes longer than one image of 8x8."""
    monkeypatch.setattr(preparation, "CHUNK_IMAGES", {"cpu": 64})
    setup_s, image_s = measure_speed(make_job().config, data, device, "float32", 1.0)
    assert 0 < image_s < setup_s


@pytest.mark.parametrize(
    ("step_s", "limit_s", "calls"),
    [
        (1.0, 0.0, [2, 2]),  # two steps at least
        (1.0, 2.0, [2, 2]),
        (1.0, 3.0, [2, 2, 2]),
        (0.5, 5.0, [2, 2, 2, 4, 8]),  # 2, 4 and 8 steps took 1, 2 and 4 s
        (0.001, 99.0, [2, 2, 2, 4, 8, 16]),  # the 32 steps of a chunk
    ],
)
def test_measuring_is_bounded_by_time(
    step_s, limit_s, calls, script, make_job, data, device, monkeypatch
):
    """The first two steps compile; then twice as many steps again until the time is over."""
    monkeypatch.setattr(preparation, "CHUNK_IMAGES", {"cpu": 512})
    stepper = script([])
    taken = lambda: step_s * sum(len(rows) for rows, _, _ in stepper.trained)  # noqa: E731
    monkeypatch.setattr(speed.time, "perf_counter", taken)
    setup_s, image_s = measure_speed(make_job().config, data, device, "float32", limit_s)
    assert [len(rows) for rows, _, _ in stepper.trained] == calls
    assert (setup_s, image_s) == (2 * step_s, pytest.approx(step_s / 16))
