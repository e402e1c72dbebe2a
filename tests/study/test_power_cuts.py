"""A few power cuts of a study with scripted trainings; benchmarks/power_cuts.py does hundreds."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from autocnn.files import delete_file, make_folder, write_atomic

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def scripts() -> Iterator[SimpleNamespace]:
    """The modules of the benchmark."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        import power_cut_disk
        import power_cuts

        yield SimpleNamespace(disk=power_cut_disk, cuts=power_cuts)


@pytest.fixture
def left(scripts, tmp_path) -> Callable[..., set[str]]:
    """What a cut right after `act(folder)` may leave: all names and contents, of 60 draws."""

    def left(act: Callable[[Path], object], *, before: dict[str, bytes] | None = None) -> set[str]:
        found = set()
        for seed in range(60):
            root = tmp_path / str(seed)
            root.mkdir()
            for name, content in (before or {}).items():
                (root / name).write_bytes(content)
            disk = scripts.disk.PowerCutDisk(root, random.Random(seed))
            with disk.watching():
                act(root)
                disk.cut_at = disk.n_events
                os.mkdir(root / "event")
            disk.restore()
            files = sorted(path for path in root.rglob("*") if path.name != "event")
            found.add(" ".join(_shown(root, path) for path in files))
        return found

    return left


def _shown(root: Path, path: Path) -> str:
    name = str(path.relative_to(root))
    return f"{name}/" if path.is_dir() else f"{name}={path.read_text()!r}"


# --- the disk that loses what is not flushed ---


def test_a_file_that_is_not_flushed_may_be_lost_cut_or_zeros(left):
    """Its name may be lost, too."""
    found = left(lambda root: (root / "a").write_text("xyz"))
    assert {"", "a=''", "a='xyz'", "a='x'"} <= found
    assert any(r"\x00" in names for names in found)


def test_a_flushed_file_in_a_folder_that_is_not_flushed_may_have_no_name(left):
    """By POSIX the name of a new file is safe once its folder is flushed."""

    def write(root: Path) -> None:
        with (root / "a").open("w") as file:
            file.write("xyz")
            file.flush()
            os.fsync(file.fileno())

    assert left(write) == {"", "a='xyz'"}


def test_a_move_that_is_not_flushed_may_be_undone(left):
    """Either name is there, never both and never none."""
    found = left(lambda root: os.replace(root / "a", root / "b"), before={"a": b"x"})
    assert found == {"a='x'", "b='x'"}


# --- files that are written, made and deleted for good ---


def test_a_file_that_is_written_whole_stays(left):
    """The old content does not come back, and nothing else is left."""
    found = left(lambda root: write_atomic(root / "a", "new"), before={"a": b"old"})
    assert found == {"a='new'"}


def test_a_folder_that_is_made_stays(left):
    """So do those above it, and a file in it."""

    def make(root: Path) -> None:
        make_folder(root / "a" / "b")
        write_atomic(root / "a" / "b" / "c", "x")

    assert left(make) == {"a/ a/b/ a/b/c='x'"}


def test_a_file_that_is_deleted_does_not_come_back(left):
    """A file that is not there is no error."""

    def delete(root: Path) -> None:
        delete_file(root / "a")
        delete_file(root / "b")

    assert left(delete, before={"a": b"x"}) == {""}


# --- a study ---


def test_power_cuts_cost_nothing_but_time(scripts):
    """No ended trial is lost or on record twice; trials and leaderboard are those without cuts."""
    outcome = scripts.cuts.cut_studies(20, seed=1)
    assert (outcome.cuts, outcome.lost, outcome.twice, outcome.wrong) == (20, [], [], [])
    assert outcome.trials == 13 * outcome.studies
