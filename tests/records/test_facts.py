"""The facts of a study, and the measurements on each device."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from autocnn.records.facts import facts_from_json, facts_to_json
from autocnn.trial import Device

DEVICE = Device(
    backend="tensorflow",
    kind="cpu",
    names=("a processor",),
    bfloat16=False,
    reason="",
    versions=("keras 3.15.1", "tensorflow 2.21.0"),
)


def test_facts_are_read_back_from_json(facts):
    """Every field is equal, with tuples in place of JSON's lists."""
    assert facts_from_json(json.loads(json.dumps(facts_to_json(facts)))) == facts


def test_facts_of_older_records_have_one_measurement(facts):
    """Names and versions are unknown, so the backend and the kind of device decide."""
    data = facts_to_json(facts)
    (measured,) = data.pop("measurements")
    flat = {key: value for key, value in measured.items() if key not in ("names", "versions")}
    old = facts_from_json({**data, **flat})
    assert old == replace(
        facts, measurements=(replace(facts.measurements[0], names=(), versions=()),)
    )
    assert old.measured_on(DEVICE) == old.measurements[0]
    assert old.measured_on(replace(DEVICE, backend="jax")) is None


def test_a_missing_fact_is_named(facts):
    """The error is one line that names the missing key."""
    data = facts_to_json(facts)
    del data["horizon"]
    with pytest.raises(ValueError, match="horizon"):
        facts_from_json(data)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"backend": "jax"},
        {"kind": "gpu"},
        {"names": ("another",)},
        {"versions": ("keras 4.0.0",)},
    ],
)
def test_a_measurement_is_of_its_device_and_versions_only(facts, change):
    """Any other backend, kind, processor or version needs another measurement."""
    found = facts.measured_on(replace(DEVICE, **change))
    assert found == (None if change else facts.measurements[0])


def test_the_first_measurement_stays_the_first(facts):
    """The study's own precision is that of its start."""
    other = replace(facts.measurements[0], backend="jax", precision="bfloat16")
    grown = facts.with_measurement(other)
    assert [each.backend for each in grown.measurements] == ["tensorflow", "jax"]
    assert grown.precision == "float32"
