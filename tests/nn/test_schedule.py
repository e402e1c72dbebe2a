"""Learning rates, step by step, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.nn.schedule import learning_rates
from autocnn.space.config import SCHEDULES, Schedule

# The middles of four steps are 1/8, 3/8, 5/8 and 7/8 of the horizon.


@pytest.mark.parametrize(
    ("name", "warmup", "rates"),
    [
        ("constant", 0.0, [2, 2, 2, 2]),
        ("constant", 0.5, [0.5, 1.5, 2, 2]),  # 1/8 over 1/2, 3/8 over 1/2
        ("step", 0.0, [2, 2, 0.2, 0.02]),
        ("step", 0.25, [1, 2, 0.2, 0.02]),
        ("cosine", 0.0, [1.923880, 1.382683, 0.617317, 0.076120]),  # 1 + cos of 22.5, 67.5, ...
        ("cosine", 0.5, [0.5, 1.5, 1.707107, 0.292893]),  # 1 + cos of 45 and 135 degrees
        ("one_cycle", 0.0, [1.75, 1.25, 0.75, 0.25]),
        ("one_cycle", 0.5, [0.5, 1.5, 1.5, 0.5]),  # up in half, down in half
        ("one_cycle", 0.25, [1, 5 / 3, 1, 1 / 3]),  # down over 3/4: 1/8, 3/8 and 5/8 of it are gone
    ],
)
def test_four_steps_of_each_schedule(name, warmup, rates):
    """The rate of a step is taken at its middle; the peak is 2."""
    result = learning_rates(Schedule(name=name, warmup=warmup), 2.0, 4)
    np.testing.assert_allclose(result, rates, rtol=1e-5)
    assert result.dtype == np.float32


@pytest.mark.parametrize("warmup", [0.0, 0.3])
@pytest.mark.parametrize("name", SCHEDULES)
def test_no_step_is_taken_at_zero_or_above_the_peak(name, warmup):
    """Every rate is above zero and at most the peak, for any number of steps."""
    for n_steps in (1, 2, 7, 1000):
        rates = learning_rates(Schedule(name=name, warmup=warmup), 0.1, n_steps)
        assert rates.shape == (n_steps,)
        assert rates.min() > 0
        assert rates.max() <= np.float32(0.1)


def test_a_step_at_the_middle_of_the_horizon_is_divided_by_ten():
    """The middle of the second of three steps is half the horizon."""
    np.testing.assert_allclose(learning_rates(Schedule(name="step"), 1.0, 3), [1, 0.1, 0.01])
