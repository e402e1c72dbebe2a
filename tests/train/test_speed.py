"""The speed of a configuration."""

from __future__ import annotations

import pytest

from autocnn.train import assembly as preparation
from autocnn.train.speed import measure_speed


@pytest.mark.training
def test_the_speed_of_a_configuration_is_measured(make_job, data, device, monkeypatch):
    """The setup takes longer than one image of 8x8."""
    monkeypatch.setattr(preparation, "CHUNK_IMAGES", {"cpu": 64})
    setup_s, image_s = measure_speed(make_job().config, data, device, "float32")
    assert 0 < image_s < setup_s
