"""What is installed, and on what machine."""

from __future__ import annotations

from pathlib import Path

from autocnn.keras_startup import load_keras


def describe_installation(results: Path) -> dict[str, str]:
    """Versions, backend, devices, the precision chosen and why, where data and results lie."""
    load_keras()
    from autocnn.data.keras_cache import cache_home
    from autocnn.records.environment import machine, package_versions
    from autocnn.space.library import library_path
    from autocnn.train.backend import choose_precision, find_device

    device, hardware = find_device(), machine()
    versions = (f"{name} {version}" for name, version in package_versions().items())
    return {
        "versions": ", ".join(versions),
        "python": f"{hardware['python']} on {hardware['platform']}",
        "machine": f"{hardware['cpu']}, {hardware['cores']} cores, {hardware['memory_mb']} MiB",
        "backend": device.backend,
        "devices": ", ".join(device.names),
        "precision": f"{choose_precision('auto', device)}: {device.reason}",
        "data": str(cache_home()),
        "spaces": str(library_path()),
        "results": str(results.resolve()),
    }
