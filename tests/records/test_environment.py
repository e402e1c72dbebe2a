"""Package versions and the machine."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

from autocnn.records import environment
from autocnn.records.environment import machine, package_versions


def test_versions_are_those_installed(monkeypatch):
    """A package that is not installed is left out of the versions."""
    monkeypatch.setattr(environment, "PACKAGES", ("numpy", "no-such-package-anywhere"))
    assert package_versions() == {"numpy": metadata.version("numpy")}


def test_the_machine_is_described():
    """The description holds platform, Python, processor, cores and memory."""
    found = machine()
    assert found["python"] == platform.python_version()
    assert found["cores"] >= 1
    assert found["memory_mb"] > 100
    assert found["cpu"]


def test_a_system_with_little_information_is_described(monkeypatch):
    """Without /proc, affinity or sysconf the other values are still described."""

    def refuse(name):
        raise ValueError(name)

    monkeypatch.setattr(environment, "_CPU_INFO", Path("/nowhere/cpuinfo"))
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "sysconf", refuse)
    found = machine()
    assert found["memory_mb"] is None
    assert found["cores"] == os.cpu_count()
    assert found["cpu"] == (platform.processor() or platform.machine())
