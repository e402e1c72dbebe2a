"""One case: a folder with damaged studies and files, one command in it, and what it must leave."""

from __future__ import annotations

import itertools
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
from fuzz.damage import cut, damage_study, empty, gone, noise, replaced, zeroed
from fuzz.grammar import READING, WRITING, draw_variables, draw_words
from fuzz.inputs import make_input, picture
from fuzz.runner import Outcome, run_command

WRITES = ("search", "resume", "worker", "ablate", "compare")
OWN = ("out", "cache")  # folders that any command may write to
WHOLE = (gone, cut, empty, zeroed, replaced, noise)
ON_STORED = (
    *("show alpha", "show alpha --confusion", "leaderboard alpha", "leaderboard alpha --rebuild"),
    *("studies", "resume alpha", "export alpha -o out/x.keras", "predict alpha picture.png"),
    *("report alpha -o out/x.html", "plot curves alpha -o out/x.html", "ablate alpha"),
    *("search --study new --warm-start alpha --trials 2", "studies clean alpha --yes"),
)
Content = dict[str, tuple[int, bytes]]


@dataclass(frozen=True)
class Result:
    """A case that was run."""

    number: int
    words: list[str]
    damage: str
    outcome: Outcome
    faults: list[str]

    def __str__(self) -> str:
        """The case and its faults."""
        line = f"case {self.number}: autocnn {' '.join(map(repr, self.words))} ({self.damage})"
        return "\n  ".join([line[:400], *self.faults])


def run_case(number: int, results: Path, folder: Path) -> Result:
    """Run case `number` in the new folder `folder`, with copies of the studies of `results`."""
    random = Random(number)
    shutil.copytree(results, folder / "results")
    for name in OWN:
        (folder / name).mkdir()
    picture(folder / "picture.png", random)
    with _inside(folder):
        made = [make_input(Path("mine", place), random) for place in random.choice(("a", "ab"))]
        base = random.choice(READING if random.random() < 0.7 else WRITING)
        damage = "no damage"
        if "alpha" in base or random.random() < 0.3:
            studies = Path("results/alpha"), Path("results/beta")
            n = random.choice((0, 1, 1, 1, 2))
            damage = ", ".join(damage_study(*studies, random) for _ in range(n)) or damage
        words = draw_words(base, made, random)
        variables = {"AUTOCNN_CACHE": str(folder / "cache"), **draw_variables(random)}
        before, rows = contents(folder), ranked(folder)
        outcome = run_command(words, variables)
    faults = outcome.faults() + lost(rows, ranked(folder))
    faults += changes(before, contents(folder), _may_write(words))
    if len(variables) > 1:
        damage += f", {list(variables.items())[1:]}"[:200]
    return Result(number, words, damage, outcome, faults)


def run_stored(number: int, results: Path, folder: Path) -> Result | None:
    """Run case `number` of all: each file of a study, each kind of damage, each command.

    None if there are no more. `folder` is new, and gets copies of the studies of `results`.
    """
    files = sorted(p.relative_to(results) for p in (results / "alpha").rglob("*") if p.is_file())
    kinds = (*(each.__name__ for each in WHOLE), "swapped")
    cases = list(itertools.product(files, kinds, ON_STORED))
    if number >= len(cases):
        return None
    file, kind, command = cases[number]
    shutil.copytree(results, folder / "results")
    for name in OWN:
        (folder / name).mkdir()
    random, path = Random(number), folder / "results" / file
    picture(folder / "picture.png", random)
    other = folder / "results" / "beta" / file.relative_to("alpha")
    if kind == "swapped" and other.is_file():
        shutil.copy(other, path)
    elif kind != "swapped":
        next(each for each in WHOLE if each.__name__ == kind)(path, random)
    words = command.split()
    with _inside(folder):
        before, rows = contents(folder), ranked(folder)
        outcome = run_command(words, {"AUTOCNN_CACHE": str(folder / "cache")})
    faults = outcome.faults() + lost(rows, ranked(folder))
    faults += changes(before, contents(folder), _may_write(words))
    return Result(number, words, f"{file} {kind}", outcome, faults)


def contents(folder: Path) -> Content:
    """Every file and folder below `folder`: its mode, and its bytes or where its link leads."""
    found: Content = {}
    for root, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = os.path.join(root, name)
            mode = os.lstat(path).st_mode
            data = b""
            if stat.S_ISREG(mode):
                with open(path, "rb") as file:
                    data = file.read()
            elif stat.S_ISLNK(mode):
                data = os.readlink(path).encode()
            found[os.path.relpath(path, folder)] = mode, data
    return found


def changes(before: Content, after: Content, may_write: tuple[str, ...]) -> list[str]:
    """What changed outside of the places that the command may write to."""
    changed = [
        name
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
        and not any(name == place or name.startswith(f"{place}/") for place in may_write)
    ]
    return [f"changed on the disk: {', '.join(changed[:5])}"] if changed else []


def ranked(folder: Path) -> dict[str, int]:
    """The rows of each leaderboard that can be read, by the name of its study."""
    found = {}
    for path in folder.glob("results/*/leaderboard.parquet"):
        with suppress(OSError, pa.ArrowException):
            if path.is_file():
                found[path.parent.name] = pq.ParquetFile(path).metadata.num_rows
    return found


def lost(before: dict[str, int], after: dict[str, int]) -> list[str]:
    """The studies whose leaderboard has fewer trials than before; a deleted one has none."""
    fewer = [name for name, n in before.items() if name in after and after[name] < n]
    return [f"trials were lost from the leaderboard of {name}" for name in fewer]


def _may_write(words: list[str]) -> tuple[str, ...]:
    """The places that the command may write to; a study that it names is one of them."""
    is_writing = words[0] in WRITES and "--dry-run" not in words
    is_writing = is_writing or "--rebuild" in words or words[:2] == ["studies", "clean"]
    named = [f"results/{name}" for name in ("alpha", "beta") if _names(words, name)]
    latest = [] if any(word in ("alpha", "beta", "new") for word in words) else ["results"]
    new = [name for name in ("results", "x", "new") if words[0] in ("search", "compare")]
    return (*OWN, *(named + latest + new if is_writing else ()), *_targets(words))


def _names(words: list[str], name: str) -> bool:
    return any(name in word.split(",") or word.endswith(f"/{name}") for word in words)


def _targets(words: list[str]) -> list[str]:
    """Files that the command line names as those to be written."""
    flags = ("-o", "--output", "--grid", "--copy")
    named = [b for a, b in itertools.pairwise(words) if a in flags]
    named += [word.partition("=")[2] for word in words if word.startswith(flags) and "=" in word]
    return [name for each in named for name in (each, os.path.splitext(each)[0] + ".json")]


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """The folder is the working directory inside."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
