"""The manifest: everything that decided a result, written last."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from autocnn.errors import RecordError, StudyError
from autocnn.files import write_atomic
from autocnn.records.record import json_safe

PACKAGES = (
    "autocnn",
    "tensorflow",
    "keras",
    "jax",
    "optuna",
    "keras-tuner",
    "numpy",
    "pyarrow",
    "scikit-learn",
)
_CPU_INFO = Path("/proc/cpuinfo")


def write_manifest(path: Path, data: Mapping[str, Any]) -> None:
    """Write `data` as JSON; NaN becomes null, paths and times become strings.

    Raises: RecordError if the file cannot be written.
    """
    text = json.dumps(json_safe(data), indent=2, ensure_ascii=False, allow_nan=False, default=str)
    write_atomic(path, text + "\n")


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of a finished study.

    Raises: StudyError if there is none, so the study is not finished; RecordError if the file
    is damaged.
    """
    study = path.absolute().parent.name
    repair = f"`autocnn search --study {study}` finishes the study and writes it"
    try:
        data = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise StudyError(f"{path}: there is no manifest; {repair}") from None
    except (OSError, ValueError) as error:
        raise RecordError(f"{path}: cannot be read ({error}); {repair} again") from error
    if not isinstance(data, dict):
        raise RecordError(f"{path}: is no manifest; {repair} again")
    return data


def package_versions() -> dict[str, str]:
    """Version by package, of those that are installed."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


def machine() -> dict[str, Any]:
    """What this process runs on; `cores` are those it may use."""
    return {
        "platform": platform.platform(),
        "python": platform.python_version(),
        "cpu": _cpu_model(),
        "cores": _n_cores(),
        "memory_mb": _memory_mb(),
    }


def _cpu_model() -> str:
    try:
        lines = _CPU_INFO.read_text("utf-8", errors="replace").splitlines()
    except OSError:  # no Linux
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def _n_cores() -> int | None:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _memory_mb() -> int | None:
    """Memory in MiB, or None where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    except (AttributeError, OSError, ValueError):
        return None
