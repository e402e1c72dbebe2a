"""The assembly of a training before its first step."""

from __future__ import annotations

import pytest

from autocnn.space.layers import plan_network
from autocnn.train import assembly as preparation
from autocnn.train.assembly import prepare


@pytest.mark.parametrize(("images", "chunk"), [(48.5, 3), (15.0, 1), (1e9, 256)])
def test_costly_networks_have_short_chunks(
    images, chunk, script, make_job, data, device, monkeypatch
):
    """A chunk has as many steps of 16 images as their MACs allow, from 1 to 4,096."""
    script([])
    job = make_job()
    macs = plan_network(job.config, data.image_shape, data.n_classes).macs
    monkeypatch.setattr(preparation, "CHUNK_MACS", {"cpu": images * macs})
    parts, _, batch = prepare(job, data, device)
    assert (parts.chunk, batch) == (chunk, 16)
