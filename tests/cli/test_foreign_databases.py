"""A database that only the study.toml of a received study names is never connected to."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

SERVER = "postgresql+psycopg://user@198.51.100.1/x"
COMMANDS = {  # those that need the record of the study
    "ablate": "ablate alpha",
    "compare": "compare --dataset digits --study alpha",
    "ensemble": "ensemble alpha",
    "evaluate": "evaluate alpha digits",
    "evaluate a trial": "evaluate alpha digits --trial 0",
    "export": "export alpha -o a.keras",
    "importance": "importance alpha",
    "leaderboard --rebuild": "leaderboard alpha --rebuild",
    "plot": "plot curves alpha -o a.png",
    "predict": "predict alpha image.png",
    "report": "report alpha -o a.html",
    "resume": "resume alpha",
    "search": "search --study alpha",
    "show": "show alpha 0",
    "worker": "worker --study alpha",
}


@pytest.fixture
def results(stored, tmp_path, monkeypatch) -> Path:
    """A copy of the studies in a folder of this test, where no database was ever named."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUTOCNN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("OPTUNA_STORAGE", raising=False)
    for name in ("sqlalchemy.create_engine", "autocnn.records.database.RDBStorage"):
        monkeypatch.setattr(name, _no_connection)
    return Path(shutil.copytree(stored, tmp_path / "results"))


def _no_connection(*_: object, **__: object) -> None:
    raise AssertionError("a connection is made")


def name_database(results: Path, url: str) -> None:
    """Put the database into the study.toml of alpha."""
    file = results / "alpha" / "study.toml"
    text = re.sub(r"(?m)^storage = .*\n", "", file.read_text())
    file.write_text(f'storage = "{url}"\n{text}')


def contents(folder: Path) -> dict[Path, bytes]:
    """The bytes of every file below the folder."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("place", ["server", "file"])
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_command_names_the_way_to_trust_it(autocnn, results, tmp_path, command, place):
    """One line with --trust and the environment; no file is made or changed, there or here."""
    other = tmp_path / "other.db"
    other.write_bytes(b"")
    Image.new("L", (8, 8)).save("image.png")
    name_database(results, SERVER if place == "server" else f"sqlite:///{other}")
    before = contents(tmp_path)
    done = autocnn(*command.split(), "--results", results)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done.err
    assert re.search(
        r"names the database .* give --trust to `autocnn show`, .* or set OPTUNA_STORAGE", done.err
    )
    assert contents(tmp_path) == before


@pytest.mark.parametrize("place", ["server", "file"])
@pytest.mark.parametrize("command", ["studies", "leaderboard", "studies clean alpha --yes"])
def test_a_command_that_needs_no_record_goes_without_it(autocnn, results, tmp_path, command, place):
    """The file is not made; a study is deleted without its record."""
    other = tmp_path / "other.db"
    name_database(results, SERVER if place == "server" else f"sqlite:///{other}")
    done = autocnn(*command.split(), "--results", results)
    assert done.code == 0, done.err
    assert not other.exists()
