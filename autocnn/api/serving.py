"""A model behind an address on this machine."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from autocnn.api.opened_model import open_model
from autocnn.errors import SettingsError
from autocnn.files import check_place, write_atomic
from autocnn.input_files import check_replaceable

PACKAGES = {"fastapi": "fastapi", "uvicorn": "uvicorn", "python_multipart": "python-multipart"}
EXTRA = "pip install 'autocnn[serve]'"


def serve(
    model: str,
    results: Path | str = "results",
    trial: int | None = None,
    host: str = "127.0.0.1",
    port: int = 8000,
    message: Callable[[str], None] = lambda text: None,
) -> None:
    """Serve an exported model, or the winner or a trial of a study, until Ctrl-C.

    The page at / classifies images that are dropped or drawn; programs use POST /predict and
    /layers, GET /metadata, /health and /openapi.json. Port 0 is any free one. `message` shows a
    line.
    Raises: SettingsError if the extra `serve` is not installed, or the address cannot be used;
    otherwise as `open_model`.
    """
    check_server()
    from autocnn.serve.address import open_socket
    from autocnn.serve.server import serve_model

    with open_socket(host, port) as bound:  # first: a model takes seconds to load
        loaded, note = open_model(model, Path(results), trial)
        if note:
            message(note)
        serve_model(loaded, bound, host, message)


def check_server() -> None:
    """Raise SettingsError, which names the extra, if a package of the server is missing."""
    missing = [name for module, name in PACKAGES.items() if find_spec(module) is None]
    if missing:
        raise SettingsError(f"serve: not installed: {', '.join(missing)}; {EXTRA}")


def write_dockerfile(model: str, target: Path | None) -> str:
    """The recipe of a small image that serves the exported file `model`, written to `target` too.

    Raises: SettingsError if the file is of a format that needs more, or a package is missing;
    RecordError if the file is no model of autocnn, or if `target` cannot be written.
    """
    check_server()
    path = Path(model)
    from autocnn.exports.container import HEAD, dockerfile
    from autocnn.exports.formats import read_contract

    text = dockerfile(path)
    read_contract(path, needs_model=True)
    if target is None:
        return text
    older, advice = "a Dockerfile that autocnn has written", "choose another name"
    check_replaceable(
        target, lambda head: head.startswith(HEAD.encode()), len(HEAD), older=older, advice=advice
    )
    check_place(target)
    write_atomic(target, text)
    return text
