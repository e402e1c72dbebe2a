"""The architecture is a test: the import tables of docs/design.md hold in every module."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "autocnn"
ROOMS_HEADING = "### Rooms and modules"
GUARDED_HEADING = "### Modules that few may import"
OPEN_TO_ALL_ABOVE = ("errors", "files", "input_files", "keras_startup", "lazy", "objectives")
OPEN_TO_ALL_ABOVE += ("states", "trial")
NOTHING = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The two tables: rooms from high to low with what each may import, and guarded modules."""

    rooms: dict[str, frozenset[str]]
    guarded: dict[str, tuple[str, ...]]  # module -> files, or folders ending in "/", in autocnn/


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One imported module; `names` are what `from module import names` takes out of it."""

    line: int
    module: str
    names: tuple[str, ...] = ()


# reading the tables


def table_rows(page: str, heading: str) -> list[list[str]]:
    """Cells of the first table below `heading`, without its header and rule."""
    _, found, below = page.partition(f"{heading}\n")
    assert found, f"docs/design.md has no heading {heading!r}"
    section = re.split(r"^#+ ", below, maxsplit=1, flags=re.MULTILINE)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def room_name(cell: str) -> str:
    """Cells such as `cli/`, `api.py` and `__init__.py` are the rooms cli, api and __init__."""
    return cell.strip("`").removesuffix("/").removesuffix(".py")


def read_list(cell: str) -> tuple[str, ...]:
    """Names in a cell, separated by commas; a dash is none."""
    return () if cell == NOTHING else tuple(name.strip(" `") for name in cell.split(","))


def read_rules(page: str) -> Rules:
    """The rules that the tables of `page` state."""
    rows = [(room_name(row[0]), row[2]) for row in table_rows(page, ROOMS_HEADING)]
    rooms: dict[str, frozenset[str]] = {}
    for place, (room, cell) in enumerate(rows):
        below = {name for name, _ in rows[place + 1 :]}
        listed = below if cell == "all below" else set(read_list(cell))
        assert listed <= below, f"{room}: {sorted(listed - below)} stand above it or not at all"
        open_ones = below.intersection(OPEN_TO_ALL_ABOVE) if room != "__init__" else set()
        rooms[room] = frozenset(listed | open_ones)
    guarded = {row[0].strip("`"): read_list(row[1]) for row in table_rows(page, GUARDED_HEADING)}
    return Rules(rooms=rooms, guarded=guarded)


# reading the imports


def is_type_checking(node: ast.AST) -> bool:
    """True for the block `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def walk(node: ast.AST, *, types_too: bool) -> Iterator[ast.AST]:
    """Every node of a module, with or without the block `if TYPE_CHECKING:`."""
    yield node
    for child in ast.iter_child_nodes(node):
        if types_too or not is_type_checking(child):
            yield from walk(child, types_too=types_too)


def absolute(node: ast.ImportFrom, importer: tuple[str, ...]) -> str:
    """The module that `from … import` names, with leading dots resolved.

    `importer` holds the parts of the importing file's path, the package's name first.
    """
    if node.level == 0:
        return node.module or ""
    return ".".join((*importer[: -node.level], *([node.module] if node.module else [])))


def called_name(node: ast.Call) -> str:
    """`import_module` for both `import_module(…)` and `importlib.import_module(…)`."""
    return ast.unparse(node.func).rpartition(".")[2]


def imports(tree: ast.Module, importer: tuple[str, ...], *, types_too: bool) -> list[Import]:
    """What a module imports, inside functions and by `import_module("…")` too."""
    found: list[Import] = []
    for node in walk(tree, types_too=types_too):
        if isinstance(node, ast.Import):
            found += [Import(line=node.lineno, module=alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            module = absolute(node, importer)
            found.append(Import(line=node.lineno, module=module, names=names))
        elif isinstance(node, ast.Call) and called_name(node) in ("import_module", "__import__"):
            match node.args:
                case [ast.Constant(value=str(module)), *_]:
                    found.append(Import(line=node.lineno, module=module))
    return found


# judging them


def reaches(item: Import, guarded: str) -> bool:
    """True if an import loads the guarded module or anything in it."""
    whole = [item.module, *(f"{item.module}.{name}" for name in item.names)]
    return any(name == guarded or name.startswith(f"{guarded}.") for name in whole)


def allowed_here(file: str, allowed: Sequence[str]) -> bool:
    """True if `file`, relative to the package, is one of these files or in these folders."""
    return any(file.startswith(a) if a.endswith("/") else file == a for a in allowed)


def wrong_arrow(room: str, item: Import, rules: Rules) -> str | None:
    """What is wrong with an import between rooms, or None."""
    head, _, rest = item.module.partition(".")
    if head != PACKAGE:
        return None
    if not rest:
        return "imports the package's own root"
    target = rest.partition(".")[0]
    if target == room or target in rules.rooms[room]:
        return None
    return f"{room} may not import {target}"


def problems_of(file: str, source: str, rules: Rules) -> list[str]:
    """What is wrong in one file, whose path is relative to the package."""
    room = room_name(Path(file).parts[0])
    if room not in rules.rooms:
        return [f"{file}: stands in no row of the table"]
    importer = (PACKAGE, *Path(file).parts)
    problems = []
    for item in imports(ast.parse(source), importer, types_too=room != "__init__"):
        reasons = [wrong_arrow(room, item, rules)]
        reasons += [
            f"may not import {guarded}"
            for guarded, allowed in rules.guarded.items()
            if reaches(item, guarded) and not allowed_here(file, allowed)
        ]
        problems += [f"{file}:{item.line}: {reason}" for reason in reasons if reason]
    return problems


def find_problems(package: Path, rules: Rules) -> list[str]:
    """What is wrong in all modules of a package folder."""
    return [
        problem
        for path in sorted(package.rglob("*.py"))
        for problem in problems_of(path.relative_to(package).as_posix(), path.read_text(), rules)
    ]


# the package


@pytest.fixture(scope="module")
def rules() -> Rules:
    """The rules that docs/design.md states."""
    return read_rules((ROOT / "docs" / "design.md").read_text())


def test_every_import_follows_the_tables(rules):
    """No module of the package imports what docs/design.md does not allow."""
    assert find_problems(ROOT / PACKAGE, rules) == []


def test_every_row_of_the_table_exists(rules):
    """The table names no room that is gone."""
    package = ROOT / PACKAGE
    placed = {room_name(path.relative_to(package).parts[0]) for path in package.rglob("*.py")}
    assert set(rules.rooms) - placed == set()


def test_the_tables_are_read(rules):
    """The parsed rules have the entries of the tables."""
    below = {"files", "input_files", "lazy", "keras_startup", "errors"}
    lowest = ["space", "files", "input_files", "lazy", "keras_startup", "errors"]
    assert list(rules.rooms)[-6:] == lowest
    assert rules.rooms["errors"] == frozenset()
    assert rules.rooms["space"] == below
    assert rules.rooms["engines"] == {"records", "space", "objectives", "states", "trial", *below}
    assert rules.guarded["autocnn.data.test_split"] == ("finals/",)


# the checker itself, on small made-up trees

PAGE = """
### Rooms and modules
| module | owns | may import |
|---|---|---|
| `__init__.py` | names | – |
| `api.py` | the flow | all below |
| `finals/` | test scores | data, space |
| `train/` | training | data, space |
| `data/` | images | – |
| `trial.py` | words | space |
| `space/` | spaces | – |
| `errors.py` | errors | – |

### Modules that few may import
| module | only by |
|---|---|
| `jax` | `train/jax_loop.py` |
| `torch` | – |
| `autocnn.data.test_split` | `finals/` |

## After
| `not` | a | row |
"""
NO_TEST_SPLIT = "may not import autocnn.data.test_split"


@pytest.mark.parametrize(
    ("file", "source", "problem"),
    [
        ("space/a.py", "from autocnn.data.b import c", "space may not import data"),
        ("space/a.py", "import autocnn.data.b", "space may not import data"),
        ("space/a.py", "def f():\n    from autocnn.data import b", "space may not import data"),
        ("space/a.py", "from ..data import b", "space may not import data"),
        ("space/a.py", "from .. import data", "imports the package's own root"),
        ("space/a.py", "from autocnn.trial import T", "space may not import trial"),
        ("space/a.py", "from importlib import import_module\nimport_module('autocnn.data')",
         "space may not import data"),
        ("data/a.py", "from autocnn.space.b import c", "data may not import space"),
        ("data/a.py", "from autocnn.api import search", "data may not import api"),
        ("train/a.py", "if TYPE_CHECKING:\n    from autocnn.finals import b",
         "train may not import finals"),
        ("train/a.py", "import autocnn", "imports the package's own root"),
        ("train/a.py", "from autocnn import __version__", "imports the package's own root"),
        ("train/a.py", "import jax.numpy as jnp", "may not import jax"),
        ("train/jax_loop.py", "import torch", "may not import torch"),
        ("train/a.py", "from autocnn.data import test_split", NO_TEST_SPLIT),
        ("api.py", "from autocnn.data.test_split import load", NO_TEST_SPLIT),
        ("data/__init__.py", "from .test_split import load", NO_TEST_SPLIT),
        ("__init__.py", "from autocnn.api import search", "__init__ may not import api"),
        ("attic/a.py", "", "stands in no row of the table"),
        ("attic.py", "", "stands in no row of the table"),
    ],
)  # fmt: skip
def test_a_planted_violation_is_found(tmp_path, file, source, problem):
    """The checker finds each kind of wrong import, and names the file."""
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
    [found] = find_problems(tmp_path, read_rules(PAGE))
    assert found.startswith(file)
    assert found.endswith(problem)


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("__init__.py", "if TYPE_CHECKING:\n    from autocnn.api import search"),
        ("api.py", "from autocnn.finals.a import b\nfrom autocnn.errors import E"),
        ("data/a.py", "from autocnn.trial import T\nfrom autocnn.errors import E"),
        ("data/a.py", "from autocnn.data.b import c\nfrom .b import c\nimport numpy"),
        ("finals/a.py", "from autocnn.data.test_split import load"),
        ("train/jax_loop.py", "import jax\nfrom jax import numpy"),
        ("train/a.py", "import jaxtyping\nfrom ..data.b import c"),
    ],
)
def test_an_allowed_import_passes(tmp_path, file, source):
    """The checker leaves alone what the tables allow."""
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
    assert find_problems(tmp_path, read_rules(PAGE)) == []


def test_a_table_that_points_up_is_refused():
    """A row may list only rooms below it."""
    page = PAGE.replace("| `data/` | images | – |", "| `data/` | images | train |")
    with pytest.raises(AssertionError, match=r"data: \['train'\] stand above it"):
        read_rules(page)
