"""The folder of the search spaces, baselines and recipes that come with autocnn."""

from __future__ import annotations

import os
from pathlib import Path


def library_path() -> Path:
    """The folder `search_spaces`: inside the package in a wheel, beside it in a source tree."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "search_spaces"
    return inside if inside.is_dir() else package.parent / "search_spaces"


def space_names() -> list[str]:
    """The names that `--space` takes: the spaces of the library, then the baselines."""
    return sorted(path.stem for path in library_path().glob("*.toml")) + baseline_names()


def baseline_names() -> list[str]:
    """The names that `--baseline` takes."""
    return sorted(path.stem for path in (library_path() / "baselines").glob("*.toml"))


def space_file(name: str) -> Path | None:
    """The library's file of the space or baseline `name`, or None without such a file."""
    root = library_path()
    candidates = [root / f"{name}.toml", root / "baselines" / f"{name}.toml"]
    return next((path for path in candidates if os.path.isfile(path)), None)
