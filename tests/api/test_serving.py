"""What `serve` checks before it loads a model."""

from __future__ import annotations

import pytest

pytest.importorskip("fastapi")

from autocnn.api import serving
from autocnn.errors import SettingsError, StudyError
from autocnn.serve.server import open_socket


def test_the_extra_is_named(monkeypatch):
    """A package that is not installed is named with the command that installs it."""
    monkeypatch.setattr(serving, "find_spec", lambda name: None if name == "uvicorn" else name)
    with pytest.raises(SettingsError, match=r"^serve: not installed: uvicorn; pip install 'autoc"):
        serving.serve("model.keras")


def test_a_port_in_use_is_refused_before_a_model_is_loaded(monkeypatch):
    """Loading takes seconds."""
    monkeypatch.setattr(serving, "open_model", lambda *_: pytest.fail("loaded"))
    with open_socket("127.0.0.1", 0) as bound:
        bound.listen()
        with pytest.raises(SettingsError, match="choose another one"):
            serving.serve("model.keras", port=bound.getsockname()[1])


def test_an_unknown_study_is_refused(tmp_path):
    """As by `predict`."""
    with pytest.raises(StudyError):
        serving.serve("absent", results=tmp_path, port=0)


def test_the_model_is_served_where_the_line_says(monkeypatch):
    """The note of the model comes before it."""
    seen: list[object] = []
    monkeypatch.setattr(serving, "open_model", lambda *_: ("the model", "a note"))
    monkeypatch.setattr(
        "autocnn.serve.server.serve_model",
        lambda model, bound, host, message: seen.extend([model, bound.getsockname()[0], host]),
    )
    serving.serve("model.keras", port=0, message=seen.append)
    assert seen == ["a note", "the model", "127.0.0.1", "127.0.0.1"]
