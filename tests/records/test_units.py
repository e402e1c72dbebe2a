"""Durations and memory sizes from texts such as 12m and 4G."""

from __future__ import annotations

import re

import pytest

from autocnn.errors import SettingsError
from autocnn.records.units import (
    parse_count,
    parse_duration,
    parse_memory,
    parse_milliseconds,
    parse_per_gpu,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90.0),
        ("90sec", 90.0),
        ("10min", 600.0),
        ("10 minutes", 600.0),
        ("1 hour 5 mins 1 second", 3901.0),
        ("12m", 720.0),
        ("1h30m", 5400.0),
        ("1.5h", 5400.0),
        ("1h0m5s", 3605.0),
        (" 2H ", 7200.0),
        ("0.5s", 0.5),
    ],
)
def test_a_duration_is_read_in_seconds(text, seconds):
    """Hours, minutes and seconds add up, in the usual spellings."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "0s", "0h0m", "-5", "-1h", "soon", "h", "m30", "1h30", "30m1h", "inf", "9" * 400 + "s"],
)
def test_what_is_no_duration_is_refused(text):
    """Zero, negative and unreadable times are one clear line."""
    with pytest.raises(SettingsError, match="--time-budget must be a time above zero such as"):
        parse_duration(text)


@pytest.mark.parametrize("number", ["5", "0", "1.5"])
def test_a_duration_needs_a_unit(number):
    """A bare number may mean seconds or minutes."""
    expected = f"--time-budget needs a unit: {number}s are seconds, {number}m minutes; got"
    with pytest.raises(SettingsError, match=f"^{re.escape(expected)}"):
        parse_duration(number)


def test_the_option_of_a_duration_can_be_named():
    """The error of another option's duration names that option."""
    with pytest.raises(SettingsError, match=r"^--wait must be a time above zero"):
        parse_duration("x", "--wait")


@pytest.mark.parametrize(
    ("text", "mib"), [("900M", 900), ("4G", 4096), ("1.5GiB", 1536), (" 2gb ", 2048), ("1m", 1)]
)
def test_a_size_is_parsed(text, mib):
    """Sizes have binary units in any spelling."""
    assert parse_memory(text) == mib


@pytest.mark.parametrize(
    "text", ["", "4", "G", "0M", "-1G", "4 T", "1e3M", "0.1M", "9" * 400 + "G"]
)
def test_a_wrong_size_is_refused(text):
    """The error is one line with the option and the expected form."""
    message = re.escape(f"--worker-memory must be a size such as 900M or 4G, got {text!r}")
    with pytest.raises(SettingsError, match=f"^{message}$"):
        parse_memory(text)


@pytest.mark.parametrize(
    ("text", "milliseconds"), [("5ms", 5.0), ("0.5 MS", 0.5), ("0.1s", 100.0), ("1m", 60_000.0)]
)
def test_a_latency_is_parsed(text, milliseconds):
    """Milliseconds, or any longer duration."""
    assert parse_milliseconds(text) == milliseconds


@pytest.mark.parametrize("text", ["5", "0ms", "ms", "-1ms", "", "fast", "9" * 400 + "ms"])
def test_a_wrong_latency_is_refused(text):
    """A bare number has no unit, and is not guessed at."""
    message = f"--max-latency must be a time above zero such as 5ms or 0.1s, got {text!r}"
    with pytest.raises(SettingsError, match=f"^{re.escape(message)}$"):
        parse_milliseconds(text)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("200000", 200_000),
        ("1.5k", 1_500),
        ("40M", 40_000_000),
        (" 2g ", 2_000_000_000),
        ("2e5", 200_000),
        ("1_000", 1_000),
        ("-1", -1),
    ],
)
def test_a_count_is_parsed(text, count):
    """Units are powers of 1000, in either case; the sum is exact."""
    assert parse_count(text) == count


@pytest.mark.parametrize("text", ["", "x", "1.5", "k", "1 k k", "1.0001k", "4T", "nan", "inf"])
def test_a_wrong_count_is_refused(text):
    """The error is one line with the option and the expected form."""
    message = f"--max-params must be a whole number such as 200000, 1.5k or 40M, got {text!r}"
    with pytest.raises(SettingsError, match=f"^{re.escape(message)}$"):
        parse_count(text, "--max-params")


def test_processes_on_a_gpu_are_a_number_or_auto():
    """Zero stands for auto, and is no number that can be given."""
    assert (parse_per_gpu("3"), parse_per_gpu(" Auto ")) == (3, 0)
    for text in ("0", "two", "1.5"):
        with pytest.raises(SettingsError, match="must be auto or a whole number such as 2"):
            parse_per_gpu(text)
