"""Dataclasses as JSON and back."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass

import pytest

from autocnn.records.converter import from_json, to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    """A value in a list of values."""

    losses: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    """A record with another one in it."""

    name: str
    count: int = 3
    limit: float | None = None
    inner: tuple[Inner, ...] = ()


def test_a_dataclass_comes_back_as_it_was():
    """Nested ones too."""
    outer = Outer(name="a", limit=0.5, inner=(Inner(losses=(1.0, 2.5)),))
    assert from_json(json.loads(json.dumps(to_json(outer))), Outer) == outer


def test_numbers_that_json_lacks_come_back():
    """NaN is written as null, an infinity as text."""
    data = to_json(Inner(losses=(math.nan, math.inf, -math.inf)))
    assert data == {"losses": [None, "inf", "-inf"]}
    nan, *infinities = from_json(data, Inner).losses
    assert math.isnan(nan)
    assert infinities == [math.inf, -math.inf]


def test_an_optional_number_stays_none():
    """It is not NaN."""
    assert from_json({"name": "a", "limit": None}, Outer).limit is None


def test_other_versions_are_read():
    """Unknown keys are ignored, and missing ones take the default."""
    assert from_json({"name": "a", "colour": "red"}, Outer) == Outer(name="a")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "required field missing @ Outer.name"),
        ({"name": "a", "count": "x"}, "invalid value for type, expected int @ Outer.count"),
        (
            {"count": "x", "inner": [{}]},
            "required field missing @ Outer.name; invalid value for type, expected int @ "
            "Outer.count; required field missing @ Outer.inner[0].losses",
        ),
    ],
)
def test_every_wrong_field_is_named(data, message):
    """In one line."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        from_json(data, Outer)
