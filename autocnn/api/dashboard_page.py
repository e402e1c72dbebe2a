"""Optuna's dashboard of a study, at an address of this machine."""

from __future__ import annotations

import os
import sys
import threading
import webbrowser
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from autocnn.api.studies import choose_study
from autocnn.errors import SettingsError
from autocnn.records.database import database_errors
from autocnn.records.optuna_private import storage_of
from autocnn.records.read_only import ReadOnlyStorage
from autocnn.serve.address import open_socket

HOST = "127.0.0.1"
EXTRA = "pip install 'autocnn[dashboard]'"
SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")  # variables; without them no browser has one


def dashboard(
    study: str | None = None,
    results: Path | str = "results",
    port: int = 8080,
    *,
    opens: bool = False,
    message: Callable[[str], None] = lambda text: None,
) -> None:
    """Serve Optuna's dashboard of a study, by default the latest one, until Ctrl-C.

    The dashboard follows a study that is searched, and writes nothing. Port 0 is any free one;
    `opens`: a browser opens the page. `message` shows a line.
    Raises: SettingsError if the extra `dashboard` is not installed, or the port cannot be used;
    StudyError if there is no such study, or only its leaderboard was kept; RecordError if its
    record cannot be read.
    """
    check_dashboard()
    opened = choose_study(Path(results), study)
    record = opened.record
    with database_errors(opened.recorded.storage, f"study {opened.name} cannot be read"):
        storage = ReadOnlyStorage(storage_of(record), record.study_name)
        number = storage.get_study_id_from_name(record.study_name)
    with open_socket(HOST, port) as bound:
        from autocnn.serve.dashboard import serve_dashboard

        url = f"http://{HOST}:{bound.getsockname()[1]}/dashboard/studies/{number}"
        message(f"Optuna's dashboard of study {opened.name}, read only: {url} (Ctrl-C ends it)")
        if opens and has_screen():
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
        serve_dashboard(storage, bound)


def check_dashboard() -> None:
    """Raise SettingsError, which names the extra, if Optuna's dashboard is missing."""
    if find_spec("optuna_dashboard") is None:
        raise SettingsError(f"dashboard: not installed: optuna-dashboard; {EXTRA}")


def has_screen() -> bool:
    """True if a browser can open a window; one for terminals would take this one."""
    return sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in SCREENS)
