"""The source text of functions and classes of `nn`, for a program that runs without autocnn.

What a search trains with and what a script trains with is one text, so the two cannot differ.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Final

PACKAGE: Final = "autocnn"


@dataclass(frozen=True, slots=True)
class _Module:
    """What a module defines, and what it imports from its own package."""

    lines: list[str]
    nodes: dict[str, ast.stmt]  # by name
    origins: dict[str, str]  # the module that a name is imported from


@dataclass(slots=True)
class _Found:
    """Definitions in an order in which each stands after what it needs at its creation."""

    constants: list[str] = field(default_factory=list)
    definitions: list[str] = field(default_factory=list)
    seen: set[tuple[str, str]] = field(default_factory=set)


def source_of(*wanted: tuple[str, str]) -> str:
    """The text of these definitions, given as (module, name), and of all they use from autocnn.

    Raises: KeyError if a module does not define a name.
    """
    found = _Found()
    for module, name in wanted:
        _collect(module, name, found)
    constants = ["\n".join(found.constants)] if found.constants else []
    return "\n\n\n".join([*constants, *found.definitions])


def _collect(module: str, name: str, found: _Found) -> None:
    known = _read(module)
    if name in known.origins:
        _collect(known.origins[name], name, found)
        return
    node = known.nodes[name]
    first = known.lines[node.lineno - 1]
    if (module, first) in found.seen:
        return
    found.seen.add((module, first))
    for used in sorted({each.id for each in ast.walk(node) if isinstance(each, ast.Name)}):
        if used in known.nodes or used in known.origins:
            _collect(module, used, found)
    text = "\n".join(known.lines[node.lineno - 1 : node.end_lineno])
    is_definition = isinstance(node, ast.FunctionDef | ast.ClassDef)
    (found.definitions if is_definition else found.constants).append(text)


@cache
def _read(module: str) -> _Module:
    text = inspect.getsource(importlib.import_module(module))
    tree = ast.parse(text)
    nodes = {name: node for node in tree.body for name in _names(node)}
    origins = {
        alias.name: node.module
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{PACKAGE}.")
        for alias in node.names
        if node.module is not None
    }
    return _Module(lines=text.splitlines(), nodes=nodes, origins=origins)


def _names(node: ast.stmt) -> Iterator[str]:
    """The names that a statement of a module defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            yield from (each.id for each in ast.walk(target) if isinstance(each, ast.Name))
