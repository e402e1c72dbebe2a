"""Numbers and times as short text."""

from __future__ import annotations

import pytest

from autocnn.report.formatting import clock, count, percent, sparkline


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.92345, "92.34 %"),  # 92.345 lies just below the half in binary
        (0.923451, "92.35 %"),
        (1.0, "100.00 %"),
        (0.0, "0.00 %"),
        (None, "–"),
    ],
)
def test_a_share_is_shown_in_percent(value, text):
    """A share has two digits; a missing value is a dash."""
    assert percent(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (7, "7"),
        (999, "999"),
        (1000, "1.0 k"),
        (1290, "1.3 k"),
        (1e6, "1.0 M"),
        (7_300_000, "7.3 M"),
        (2.5e9, "2.5 G"),
        (1234.5e9, "1234.5 G"),
    ],
)
def test_a_count_is_shortened(value, text):
    """A count has one digit after the point, in thousands, millions or billions."""
    assert count(value) == text


@pytest.mark.parametrize(("value", "text"), [(999_960, "1.0 M"), (999_960_000, "1.0 G")])
def test_a_count_that_rounds_up_takes_the_next_unit(value, text):
    """999,960 is shown as 1.0 M and not as 1000.0 k."""
    assert count(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00"),
        (5.9, "0:05"),
        (60, "1:00"),
        (245, "4:05"),
        (3599.9, "59:59"),
        (3600, "1:00:00"),
        (3723, "1:02:03"),
        (90_061, "25:01:01"),
    ],
)
def test_a_time_is_shown_as_on_a_clock(seconds, text):
    """A time is in whole seconds, rounded down; hours appear only if there are any."""
    assert clock(seconds) == text


@pytest.mark.parametrize(
    ("values", "bars"),
    [
        ([], ""),
        ([0.5], "▁"),
        ([0.3, 0.3, 0.3], "▁▁▁"),
        ([0.0, 1.0], "▁█"),
        ([7.0, 0.0], "█▁"),
        (range(8), "▁▂▃▄▅▆▇█"),
        ([0.1, 0.2, 0.8], "▁▂█"),  # 0.1 of 0.7 is the first of seven steps
        ([float(i) for i in range(16)], "▁▁▂▂▃▃▄▄▅▅▆▆▇▇██"),
        ([float(i // 2) for i in range(32)], "▁▁▂▂▃▃▄▄▅▅▆▆▇▇██"),  # every second one of 32
    ],
)
def test_a_sparkline_has_a_bar_for_every_value(values, bars):
    """Bars run from the smallest to the largest value, at most sixteen; equal values are low."""
    assert sparkline(list(values)) == bars
