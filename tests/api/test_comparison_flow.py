"""Comparisons and ablations from end to end, in a few seconds of training."""

from __future__ import annotations

from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from autocnn.api import comparison
from autocnn.api.comparison import CompareSettings, compare
from autocnn.errors import SettingsError, StudyError


def _names(outcome):
    return {row.name: row.n for row in outcome.rows}


@pytest.mark.training
def test_a_comparison_grows(tmp_path, monkeypatch):
    """Another network later is trained, and joins the table; what does not fit is told before."""

    def run(*names):
        return compare(
            CompareSettings(dataset="digits", baselines=names, results=str(tmp_path), epochs=1)
        )

    assert _names(run("mlp_two_layer")) == {"mlp_two_layer": 1}
    with pytest.raises(SettingsError, match=r"lenet does not fit the images of digits: .*; leave"):
        run("lenet", "mlp_two_layer")
    outcome = run("cnn_16_32_64")
    assert _names(outcome) == {"cnn_16_32_64": 1, "mlp_two_layer": 1}
    assert all(0 < row.test <= 1 for row in outcome.rows)
    table = pq.read_table(outcome.folder / "compare.parquet")
    assert sorted(table["name"].to_pylist()) == ["cnn_16_32_64", "mlp_two_layer"]

    def other(settings):
        networks, published = _networks(settings)
        return {n: replace(c, batch_size=c.batch_size + 1) for n, c in networks.items()}, published

    _networks = comparison._networks
    monkeypatch.setattr(comparison, "_networks", other)
    with pytest.raises(StudyError, match="holds trainings of another network called mlp_two_layer"):
        run("mlp_two_layer")
