"""What a file keeps of the network's answers, and the time of a call."""

from __future__ import annotations

import numpy as np

from autocnn.exports.measure import TIMED, WARM_UP, agreement, even_positions, latency
from autocnn.models.file_report import Agreement


def test_agreement_compares_classes_and_labels():
    """Four images: three equal predictions; three are right by the network, two by the file."""
    network = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]])
    file = np.array([[0.8, 0.2], [0.1, 0.9], [0.4, 0.6], [0.7, 0.3]])
    found = agreement(network, file, np.array([0, 1, 0, 1]))
    assert found == Agreement(n=4, equal=0.75, accuracy=0.5, network_accuracy=0.75)


def test_latency_is_the_median_after_the_first_calls():
    """The calls take 100 s at first, then 1, 2, 3, ... s."""
    lengths = [100.0] * WARM_UP + [float(i) for i in range(1, TIMED + 1)]
    times = iter(np.cumsum([[0.0, each] for each in lengths]).tolist())
    calls = []
    assert latency(calls.append, np.zeros((1, 2, 2, 1)), lambda: next(times)) == (TIMED + 1) / 2
    assert len(calls) == WARM_UP + TIMED


def test_positions_are_spread_evenly():
    """All of few, some of many, the first and the last among them."""
    assert even_positions(3, 5).tolist() == [0, 1, 2]
    assert even_positions(9, 3).tolist() == [0, 4, 8]
    assert even_positions(0, 3).tolist() == []
