"""What a training starts with."""

from __future__ import annotations

import pytest

from autocnn.space.layers import plan_network
from autocnn.train import assembly as preparation
from autocnn.train.assembly import evaluation_batch, prepare


@pytest.mark.parametrize(
    ("shape", "n", "batch"),
    [
        ((28, 28, 1), 10_000, 500),
        ((32, 32, 3), 10_000, 500),
        ((32, 32, 3), 6, 6),
        ((64, 64, 3), 10_000, 125),
        ((224, 224, 3), 10_000, 10),  # 500 x 1,024 / 50,176 = 10.2
        ((800, 800, 3), 10_000, 1),
    ],
)
def test_large_images_are_evaluated_a_few_at_a_time(shape, n, batch):
    """So that they take no more memory than 500 of 32x32."""
    assert evaluation_batch(shape, n) == batch


@pytest.mark.parametrize(("images", "chunk"), [(48.5, 3), (15.0, 1), (1e9, 256)])
def test_costly_networks_have_short_chunks(
    images, chunk, script, make_job, data, device, monkeypatch
):
    """As many steps of 16 images as their multiplications allow; never none, at most 4,096."""
    script([])
    job = make_job()
    macs = plan_network(job.config, data.image_shape, data.n_classes).macs
    monkeypatch.setattr(preparation, "CHUNK_MACS", {"cpu": images * macs})
    parts, _, batch = prepare(job, data, device)
    assert (parts.chunk, batch) == (chunk, 16)
