"""The latency of a network."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autocnn.train import latency, trainer
from autocnn.train.latency import COUNTED, WARM_UP, measure_latency
from autocnn.train.trainer import train_trial
from autocnn.trial import TrialState


class _Model:
    """Predicts one image in as many milliseconds as it was called before, from 1 on."""

    def __init__(self):
        self.shapes, self.clock = [], 0.0

    def predict_on_batch(self, images):
        """Let the clock go on."""
        self.shapes.append(images.shape)
        self.clock += len(self.shapes) / 1000


def test_the_latency_is_the_median_of_single_images(make_job, data, device, monkeypatch):
    """Calls 6 to 35 are counted, which take 6 to 35 ms: the median is 20.5 ms."""
    model = _Model()
    monkeypatch.setattr(latency, "build_model", lambda *_, **__: model)
    monkeypatch.setattr(latency.time, "perf_counter", lambda: model.clock)
    assert measure_latency(make_job().config, data, device) == pytest.approx(20.5)
    assert model.shapes == [(1, *data.image_shape)] * (WARM_UP + COUNTED)


def test_a_network_that_is_too_slow_is_not_trained(make_job, data, device, make_hooks, monkeypatch):
    """The result is pruned, has a reason and the latency, and no epoch."""
    monkeypatch.setattr(trainer, "measure_latency", lambda *_: 7.25)
    job = replace(make_job(), measures_latency=True, max_latency_ms=5.0)
    result = train_trial(job, data, device, make_hooks())
    assert (result.state, result.curve, result.latency_ms) == (TrialState.PRUNED, (), 7.25)
    assert result.message == "one image takes 7.25 ms, more than the 5 ms allowed"


@pytest.mark.training
def test_the_latency_of_a_trained_network_is_in_its_result(make_job, data, device, make_hooks):
    """A network of 8x8 images takes less than a second, and is trained after that."""
    result = train_trial(replace(make_job(), measures_latency=True), data, device, make_hooks())
    assert result.latency_ms is not None
    assert 0 < result.latency_ms < 1000
    assert result.state is TrialState.COMPLETE
    assert train_trial(make_job(), data, device, make_hooks()).latency_ms is None
