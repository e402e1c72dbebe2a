"""What `dashboard` checks and opens before it serves."""

from __future__ import annotations

import hashlib

import pytest

pytest.importorskip("optuna_dashboard")

from autocnn.api import dashboard_page
from autocnn.api.studies import load_study
from autocnn.errors import RecordError, SettingsError, StudyError
from autocnn.serve.address import open_socket


def _hashes(root):
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_extra_is_named(monkeypatch):
    """A package that is not installed is named with the command that installs it."""
    monkeypatch.setattr(dashboard_page, "find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"optuna-dashboard; pip install 'autocnn\[dashboard"):
        dashboard_page.dashboard()


def test_a_port_in_use_is_refused(study, results):
    """One line names the port."""
    with open_socket("127.0.0.1", 0) as bound:
        bound.listen()
        port = bound.getsockname()[1]
        with pytest.raises(SettingsError, match=f"--port {port}: cannot be used"):
            dashboard_page.dashboard(study.name, results, port)


def test_an_unknown_study_is_refused(study, results):
    """The known ones are named."""
    with pytest.raises(StudyError, match="no study named 'absent'"):
        dashboard_page.dashboard("absent", results)


def test_a_study_without_a_record_is_refused(study, results):
    """Of which only the leaderboard was kept."""
    study.journal.unlink()
    with pytest.raises(StudyError, match="holds no record of its trials"):
        dashboard_page.dashboard(study.name, results)


@pytest.mark.parametrize("opens", [True, False])
def test_files_stay_as_they_are(study, results, monkeypatch, opens):
    """All trials are read, the line names the page, and a browser opens it if asked to."""
    from autocnn.serve import dashboard as served

    lines, opened, read = [], [], []
    before = _hashes(results)
    monkeypatch.setenv("BROWSER", "firefox")
    monkeypatch.setattr(dashboard_page.webbrowser, "open", opened.append)
    monkeypatch.setattr(
        served, "serve_dashboard", lambda storage, _: read.extend(storage.get_all_trials(0))
    )
    dashboard_page.dashboard(study.name, results, 0, opens=opens, message=lines.append)
    (line,) = lines
    assert line.startswith("Optuna's dashboard of study digits-1, read only: http://127.0.0.1:")
    assert "/dashboard/studies/0 (Ctrl-C ends it)" in line
    assert [trial.number for trial in read] == [0, 1, 2]
    assert _hashes(results) == before
    dashboard_page.threading.Event().wait(0.05)  # the browser is opened by a thread
    assert opened == ([line.split()[7]] if opens else [])


def test_a_browser_needs_a_screen(monkeypatch):
    """One that writes to the terminal would hide the line with the address."""
    for name in dashboard_page.SCREENS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(dashboard_page.sys, "platform", "linux")
    assert not dashboard_page.has_screen()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert dashboard_page.has_screen()


def test_a_study_in_postgresql_is_shown_and_stays_as_it_is(
    postgres_study, postgres_url, monkeypatch
):
    """Its password is in the environment; what the dashboard would write is refused."""
    from autocnn.serve import dashboard as served

    seen = []

    def serve(storage, _):
        (number,) = (found._study_id for found in storage.get_all_studies())
        seen.extend(trial.value for trial in storage.get_all_trials(number))
        with pytest.raises(RecordError, match="was opened for reading"):
            storage.create_new_trial(number)

    monkeypatch.setenv("OPTUNA_STORAGE", postgres_url)
    monkeypatch.setattr(served, "serve_dashboard", serve)
    dashboard_page.dashboard("digits-1", postgres_study.root.parent, 0)
    assert seen == [0.5, 0.3, 0.9]
    view = load_study(postgres_study.root.parent, "digits-1", postgres_url)
    assert len(view.records) == 3
