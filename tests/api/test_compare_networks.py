"""Comparisons and ablations from end to end, in a few seconds of training."""

from __future__ import annotations

from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from autocnn.api import compare_networks as comparison
from autocnn.api.ablate_trial import AblationSettings, ablate
from autocnn.api.compare_networks import CompareSettings, compare
from autocnn.api.search_study import SilentListener
from autocnn.api.studies import load_study
from autocnn.errors import SettingsError, StudyError


def _names(outcome):
    return {row.name: row.n for row in outcome.rows}


class Ear(SilentListener):
    """A listener that records the messages."""

    def __init__(self):
        self.messages = []

    def message(self, text):
        """Record the line."""
        self.messages.append(text)


@pytest.mark.training
@pytest.mark.slow
def test_an_ablation_grows(study, results):
    """A later factor is trained and added to the page; impossible changes are reported."""
    view, ear = load_study(results, study.name), Ear()
    measured = replace(view.facts.measurements[0], precision="float32")
    view = replace(view, facts=replace(view.facts, horizon=1, measurements=(measured,)))

    def run(*factors):
        return ablate(view, AblationSettings(trial=0, seeds=1, factors=factors, subset=200), ear)

    first = run("optimizer", "convolution_less")
    assert [row.factor for row in first.rows] == ["reference", "optimizer"]
    assert ear.messages == [
        "convolution_less is left out: there is nothing of it in the network to change"
    ]
    second = run("kernel")
    assert {row.factor: row.n for row in second.rows} == dict.fromkeys(
        ("reference", "optimizer", "kernel"), 1
    )
    assert second.rows[0].scores == first.rows[0].scores  # not trained again
    page = (second.folder / "ablation.md").read_text()
    assert all(row.change in page for row in second.rows)
    with pytest.raises(SettingsError, match="none of them applies to trial 0"):
        run("convolution_less")


@pytest.mark.training
def test_a_comparison_grows(tmp_path, monkeypatch):
    """A later network is trained and added; unsuitable ones are reported before training."""

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
