"""The libraries of the extra `export`: whether they are installed, and what to do if not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec

from autocnn.errors import SettingsError

EXTRA = "pip install 'autocnn[export]'"


def _is_installed(package: str) -> bool:
    return find_spec(package) is not None


def check_packages(
    what: str, packages: Sequence[str], is_installed: Callable[[str], bool] = _is_installed
) -> None:
    """Raise SettingsError, which names the extra, if one of `packages` is not installed.

    `what` is that for which they are needed, as in "model.onnx".
    """
    missing = [each for each in packages if not is_installed(each)]
    if missing:
        noun = "package" if len(missing) == 1 else "packages"
        verb = "is" if len(missing) == 1 else "are"
        raise SettingsError(
            f"{what}: the {noun} {' and '.join(missing)} {verb} not installed; {EXTRA}"
        )
