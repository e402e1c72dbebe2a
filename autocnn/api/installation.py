"""The installed versions, the machine and the folders in use."""

from __future__ import annotations

from pathlib import Path

from autocnn.data.keras_cache import cache_home
from autocnn.executors.gpus import GpuSurvey, mps_folder, survey_gpus
from autocnn.keras_startup import load_keras
from autocnn.records.choices import AUTO
from autocnn.records.environment import machine, package_versions
from autocnn.space.library import library_path


def describe_installation(results: Path) -> dict[str, str]:
    """Versions, backend, devices, the precision with its reason, and the folders, by their titles.

    Raises: SettingsError if the Keras backend is unknown or not installed.
    """
    load_keras()
    from autocnn.train.backend import find_device  # it imports Keras

    device, hardware = find_device(), machine()
    versions = (f"{name} {version}" for name, version in package_versions().items())
    return {
        "versions": ", ".join(versions),
        "python": f"{hardware['python']} on {hardware['platform']}",
        "machine": f"{hardware['cpu']}, {hardware['cores']} cores, {hardware['memory_mb']} MiB",
        "backend": device.backend,
        "devices": ", ".join(device.names),
        **describe_gpus(survey_gpus()),
        "precision": f"{device.choose_precision(AUTO)}: {device.reason}",
        "data": str(cache_home()),
        "spaces": str(library_path()),
        "results": str(results.resolve()),
    }


def describe_gpus(found: GpuSurvey) -> dict[str, str]:
    """A line for each card that NVML shows, or the reason why it shows none, by their titles."""
    lines = {}
    if not found.gpus:
        lines["gpus"] = "; ".join(("NVML shows none", *found.notes))
    elif found.notes:
        lines["gpus"] = "; ".join(found.notes)
    for gpu in found.gpus:
        title = f"gpu {gpu.index}"
        lines[title] = f"{lines[title]}; {gpu}" if title in lines else str(gpu)
    folder = mps_folder()
    if found.gpus and folder is not None:
        lines["mps"] = f"its daemon runs ({folder})"
    return lines
