"""A disk that loses what was not flushed: the state of a folder after a power cut, at any moment.

`PowerCutDisk` stands between Python's `os` and a folder. The files are real; beside them it keeps
what is safe on disk by POSIX: the content that a file had at its last `fsync`, and the names that
a folder had at its last `fsync`. After a cut each name that was created, moved or deleted since may
be old or new, and content that was written since may be lost, cut off, or zeros.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

PAGE = 4096  # bytes that reach the disk together
CALLS = ("fsync", "replace", "rename", "unlink", "remove", "rmdir", "mkdir", "symlink", "truncate")
KEPT = ("none", "all", "first", "some")  # of the changes to a folder that were not flushed


class PowerCut(BaseException):
    """The power has gone; what the process still does reaches no disk."""


@dataclass(slots=True, eq=False)
class _Node:
    """A file, a folder or a link, whatever its names are."""

    kind: str  # "file", "folder" or "link"
    content: bytes = b""  # of a file, as it was last seen; of a link, its target
    durable: bytes = b""  # the content of a file that is safe on disk


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of the names in a folder that is not flushed: a new name, a lost name, or both."""

    gone: Path | None
    new: Path | None
    node: _Node


@dataclass(slots=True)
class PowerCutDisk:
    """Everything below `root`, of which a power cut at the event number `cut_at` is made.

    An event is the moment before or after a call that changes names or flushes.
    """

    root: Path
    rng: random.Random
    cut_at: int | None = None  # None: no cut, the events are counted
    n_events: int = 0
    is_cut: bool = False
    _names: dict[Path, _Node] = field(default_factory=dict)  # as the process sees them
    _durable: dict[Path, _Node] = field(default_factory=dict)
    _pending: dict[Path, list[_Change]] = field(default_factory=dict)  # by folder
    _after: dict[Path, _Node] = field(default_factory=dict)  # the cut: names that are left
    _torn: dict[_Node, bytes] = field(default_factory=dict)  # the cut: contents of files

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the calls of `os` in this process; what stands below `root` now is safe on disk.

        A cut ends the block, by whatever exception the libraries make of it.
        """
        self._look()
        for node in self._names.values():
            node.durable = node.content
        self._durable = dict(self._names)
        self._pending.clear()
        try:
            with ExitStack() as patches:
                for name in CALLS:
                    patches.enter_context(mock.patch.object(os, name, self._watched(name)))
                yield
        except BaseException:
            if not self.is_cut:
                raise

    def restore(self) -> None:
        """Make the folder what the cut left of it."""
        assert self.is_cut
        for path in self.root.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        for path in sorted(self._after):  # a folder stands before what is in it
            node = self._after[path]
            if node.kind == "folder":
                path.mkdir()
            elif node.kind == "link":
                path.symlink_to(os.fsdecode(node.content))
            else:
                path.write_bytes(self._torn[node])

    # --- events ---

    def _watched(self, name: str) -> Callable[..., Any]:
        call = getattr(os, name)

        def watched(*args: Any, **options: Any) -> Any:
            if self.is_cut or not self._is_inside(args[0]):
                return call(*args, **options)
            self._event()
            answer = call(*args, **options)
            if name == "fsync":
                self._flush(Path(f"/proc/self/fd/{args[0]}").readlink())
            elif name in ("replace", "rename"):
                self._move(Path(args[0]), Path(args[1]))
            self._event()
            return answer

        return watched

    def _is_inside(self, place: int | str | os.PathLike[str]) -> bool:
        path = Path(f"/proc/self/fd/{place}").readlink() if isinstance(place, int) else Path(place)
        return path.is_relative_to(self.root)

    def _event(self) -> None:
        self._look()
        if self.n_events == self.cut_at:
            self._cut()
            raise PowerCut
        self.n_events += 1

    def _look(self) -> None:
        """See what was created, written and deleted since the last event."""
        found = {path: _kind(path) for path in self._walk(self.root)}
        for path, node in list(self._names.items()):
            if found.get(path) != node.kind:
                self._change(_Change(path, None, self._names.pop(path)))
        for path, kind in found.items():
            if path not in self._names:
                self._names[path] = node = _Node(kind)
                self._change(_Change(None, path, node))
            if kind == "file":
                self._names[path].content = path.read_bytes()
            elif kind == "link":
                self._names[path].content = os.fsencode(os.readlink(path))

    def _walk(self, folder: Path) -> Iterator[Path]:
        for path in sorted(folder.iterdir()):
            yield path
            if path.is_dir() and not path.is_symlink():
                yield from self._walk(path)

    def _change(self, change: _Change) -> None:
        place = change.new or change.gone
        assert place is not None
        self._pending.setdefault(place.parent, []).append(change)

    def _move(self, source: Path, target: Path) -> None:
        node = self._names.pop(source, None)
        if node is not None:
            assert source.parent == target.parent, "moves between folders are not modelled"
            self._names[target] = node
            self._change(_Change(source, target, node))

    def _flush(self, path: Path) -> None:
        node = self._names.get(path)
        if node is not None and node.kind == "file":
            node.content = node.durable = path.read_bytes()
        elif node is not None or path == self.root:
            for change in self._pending.pop(path, []):
                _apply(change, self._durable)

    # --- the cut ---

    def _cut(self) -> None:
        """Draw one of the states in which the disk may be."""
        self.is_cut = True
        after = dict(self._durable)
        for changes in self._pending.values():
            for change in self._draw(changes):
                _apply(change, after)
        self._after = {path: node for path, node in after.items() if self._is_reached(path, after)}
        files = {node for node in self._after.values() if node.kind == "file"}
        self._torn = {node: tear(self.rng, node.durable, node.content) for node in files}

    def _draw(self, changes: list[_Change]) -> list[_Change]:
        """The changes that reached the disk: as on a journalled disk the first, or any."""
        kept = self.rng.choice(KEPT)
        if kept == "first":
            return changes[: self.rng.randint(0, len(changes))]
        if kept == "some":
            return [change for change in changes if self.rng.random() < 0.5]
        return changes if kept == "all" else []

    def _is_reached(self, path: Path, names: dict[Path, _Node]) -> bool:
        above = [folder for folder in path.parents if folder.is_relative_to(self.root)]
        return all(folder == self.root or folder in names for folder in above)


def tear(rng: random.Random, durable: bytes, content: bytes) -> bytes:
    """What may be left of `content` in a file that had the content `durable` when it was flushed.

    What was appended may be lost, cut off, zeros from some byte on, or have pages of zeros.
    """
    if content == durable or not content.startswith(durable):
        return rng.choice((durable, content))
    n, kind = rng.randint(len(durable), len(content)), rng.choice(("lost", "cut", "zeros", "pages"))
    if kind == "pages":
        left = bytearray(content)
        for start in range(len(durable) // PAGE * PAGE, len(content), PAGE):
            if rng.random() < 0.5:
                begin, end = max(start, len(durable)), min(start + PAGE, len(content))
                left[begin:end] = bytes(end - begin)
        return bytes(left)
    if kind == "zeros":
        return content[:n] + bytes(len(content) - n)
    return durable if kind == "lost" else content[:n]


def _apply(change: _Change, names: dict[Path, _Node]) -> None:
    if change.gone is not None and names.get(change.gone) is change.node:
        del names[change.gone]
    if change.new is not None:
        names[change.new] = change.node


def _kind(path: Path) -> str:
    if path.is_symlink():
        return "link"
    return "folder" if path.is_dir() else "file"
