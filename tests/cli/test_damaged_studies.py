"""A damaged study is one line that names the file, and harms no other study."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fuzz.damage import array_file, swap_member

DEEP = 100_000


@pytest.fixture
def alpha(stored, tmp_path) -> Path:
    """A study that may be damaged, beside another one."""
    shutil.copytree(stored, tmp_path / "results")
    return tmp_path / "results" / "alpha"


def change_json(path: Path, change: Callable[[dict], object]) -> None:
    """Change the object in a JSON file."""
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def change_journal(study: Path, key: str, change: Callable[[dict], object]) -> None:
    """Change the attribute `key` of the study or of its first trial that has it."""
    lines, has_changed = (study / "journal.log").read_text().splitlines(), False
    for place, line in enumerate(lines):
        data = json.loads(line)
        found = data.get("user_attr", {})
        if key in found and not has_changed:
            change(found)
            lines[place], has_changed = json.dumps(data), True
    assert has_changed
    (study / "journal.log").write_text("\n".join(lines) + "\n")


def without_column(study: Path, name: str) -> None:
    """Take a column out of the leaderboard."""
    file = study / "leaderboard.parquet"
    pq.write_table(pq.read_table(file).drop_columns([name]), file)


def with_metadata(study: Path, key: bytes, value: bytes) -> None:
    """Change what the leaderboard says of itself."""
    file = study / "leaderboard.parquet"
    table = pq.read_table(file)
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, key: value}), file)


def with_texts(study: Path, name: str) -> None:
    """Put texts in the place of a column of numbers."""
    file = study / "leaderboard.parquet"
    table = pq.read_table(file)
    texts = pa.array(["0.5"] * table.num_rows)
    pq.write_table(table.set_column(table.column_names.index(name), name, texts), file)


def set_fact(study: Path, **facts: object) -> None:
    """Change facts of the study."""
    change_journal(study, "facts", lambda attrs: attrs["facts"].update(facts))


def set_result(study: Path, **fields: object) -> None:
    """Change the result of the first trial."""
    change_journal(study, "result", lambda attrs: attrs["result"].update(fields))


def append(study: Path, name: str, text: str) -> None:
    """Put a text at the end of a file."""
    with open(study / name, "a") as file:
        file.write(text)


def write(name: str, text: str) -> Callable[[Path], object]:
    """A function that writes a file of the study."""
    return lambda study: (study / name).write_text(text)


NESTED = "[" * DEEP + "]" * DEEP
SHOW, BOARD = "show alpha", "leaderboard alpha"
# What is damaged, a command, its exit code, and the file or place that its line names.
DAMAGE: dict[str, tuple[Callable[[Path], object], str, int, str]] = {
    "a fact is missing": (
        lambda s: change_journal(s, "facts", lambda a: a["facts"].pop("image_shape")),
        *(SHOW, 1, "alpha"),
    ),
    "a fact is a text": (lambda s: set_fact(s, horizon="10"), SHOW, 1, "Facts.horizon"),
    "a fact is impossible": (lambda s: set_fact(s, horizon=0), SHOW, 1, "0 epochs"),
    "all facts are missing": (
        lambda s: change_journal(s, "facts", lambda a: a.update(facts={})),
        *(SHOW, 1, "alpha"),
    ),
    "a number is a text": (lambda s: set_result(s, seconds="1"), SHOW, 1, "trial 0"),
    "a state is unknown": (lambda s: set_result(s, state="gone"), SHOW, 1, "trial 0"),
    "a curve is a number": (lambda s: set_result(s, curve=3), SHOW, 1, "trial 0"),
    "settings are deep": (
        lambda s: append(s, "study.toml", f"a = {NESTED}\n"),
        *(SHOW, 2, "study.toml"),
    ),
    "the space is deep": (
        lambda s: append(s, "space.toml", f"a = {NESTED}\n"),
        *(SHOW, 2, "space.toml"),
    ),
    # the trial is shown, and a line says what is not
    "finals are empty": (write("finals/finals.json", "{}"), SHOW, 0, "finals.json"),
    "finals are deep": (write("finals/finals.json", NESTED), SHOW, 0, "finals.json"),
    "the confusion is deep": (
        write("finals/confusion.json", NESTED),
        *("show alpha --confusion", 1, "confusion.json"),
    ),
    "a class is a surrogate": (
        write("finals/confusion.json", '{"class_names": ["\\ud800"], "counts": [[1]]}'),
        *("show alpha --confusion", 1, "confusion.json"),
    ),
    "the leaderboard has no score": (
        lambda s: without_column(s, "score"),
        *(BOARD, 1, "leaderboard.parquet"),
    ),
    "the scores are texts": (
        lambda s: with_texts(s, "score"),
        *("leaderboard alpha --where score>0.1", 1, "leaderboard.parquet"),
    ),
    "the objective is unknown": (
        lambda s: with_metadata(s, b"autocnn.objective", b"\x1b[2J" * 99),
        *(BOARD, 1, "objective"),
    ),
    "the metadata is no text": (
        lambda s: with_metadata(s, b"autocnn.schema_version", b"\xff\xfe"),
        *("studies", 0, ""),
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_one_line(autocnn, alpha, name):
    """The line names the file or the place."""
    damage, command, code, place = DAMAGE[name]
    damage(alpha)
    done = autocnn(*command.split(), "--results", alpha.parent)
    assert (done.code, done.err.count("\n")) == (code, 1 if place else 0), done
    assert done.err.startswith("autocnn: error: ") == (code > 0)
    assert place in done.err
    assert len(done.err) < 1000
    assert "\x1b" not in done.err


@pytest.mark.parametrize("damage", [without_column, with_texts])
def test_a_damaged_leaderboard_is_made_again(autocnn, alpha, damage):
    """The line says how, and no trial is lost."""
    damage(alpha, "score")
    assert "--rebuild" in autocnn("leaderboard", "alpha", "--results", alpha.parent).err
    assert autocnn("leaderboard", "alpha", "--rebuild", "--results", alpha.parent).code == 0
    assert pq.read_table(alpha / "leaderboard.parquet")["score"].to_pylist() == [0.6, 0.55, 0.5]


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_study_harms_no_other(autocnn, alpha, name):
    """The list has all studies, and the damaged one can be deleted."""
    DAMAGE[name][0](alpha)
    done = autocnn("studies", "--results", alpha.parent)
    assert (done.code, done.err) == (0, "")
    assert "alpha" in done.out
    assert "beta" in done.out
    done = autocnn("studies", "clean", "alpha", "--yes", "--results", alpha.parent)
    assert done.code == 0, done.err
    assert [path.name for path in alpha.parent.iterdir()] == ["beta"]


# --- data sets and spaces ---


@pytest.mark.parametrize(
    "shape", ["(1000000000000,)", "(True, 8, 8)", "(9223372036854775807, 2)", "(-1,)", "(8,"]
)
@pytest.mark.parametrize("name", ["x_train", "y_train"])
def test_a_declared_shape_is_one_line(autocnn, tmp_path, name, shape):
    """Nothing of that size is made."""
    file = tmp_path / "x.npz"
    np.savez(file, x_train=np.zeros((10, 8, 8), np.uint8), y_train=np.arange(10))
    swap_member(file, f"{name}.npy", array_file(shape, "|u1", bytes(640)))
    done = autocnn("datasets", file)
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1), done
    assert f"autocnn: error: {file}: " in done.err


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("blocks = 9223372036854775807", "blocks"),
        ("blocks = 3\ngrowth = 1e300", "block 3 has more filters"),
        ("convolutions = 1000000", "convolutions"),
        ("dropout = { low = 0.0, high = 0.5, step = 1e-300 }", "dropout"),
        (f"filters = {{ choices = {[*range(1, 200_000)]} }}", "filters"),
    ],
)
def test_a_space_that_would_explode_is_one_line(autocnn, tmp_path, line, key):
    """It is refused before anything is counted or built."""
    file = tmp_path / "space.toml"
    file.write_text(f"[parameters]\n{line}\n")
    done = autocnn("search", "--space", file, "--dry-run")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done.err[:500]
    assert done.err.startswith("autocnn: error: ")
    assert key in done.err
