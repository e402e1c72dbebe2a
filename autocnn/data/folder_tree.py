"""All files below a folder, sorted into images, tables and others; none is opened."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autocnn.data.decoding import SUFFIXES
from autocnn.data.part_names import find_part
from autocnn.data.reader import FileStat, list_directory, stat_entry
from autocnn.errors import DatasetError

TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl")
TABLE_FILE = "metadata.parquet"  # other Parquet files hold images
MAX_DEPTH = 100  # folders inside of each other

# Images that are not read: a count of files begins with them.
_OTHER_IMAGES = (
    *(".arw", ".avif", ".cr2", ".cr3", ".dcm", ".dng", ".eps", ".exr", ".hdr", ".heic", ".heif"),
    *(".ico", ".j2k", ".jp2", ".jxl", ".nef", ".orf", ".pbm", ".pgm", ".pnm", ".ppm", ".psd"),
    *(".raf", ".raw", ".rw2", ".svg", ".tga", ".xcf"),
)
_SHOWN = 8  # kinds of files that a line names


@dataclass(slots=True)
class Tree:
    """A folder, and all folders below it."""

    path: Path
    name: str  # relative to the data set, with a / at its end; the data set itself: ""
    folders: dict[str, Tree] = field(default_factory=dict)
    images: list[FileStat] = field(default_factory=list)  # in the folder itself
    tables: list[FileStat] = field(default_factory=list)  # in the folder itself
    others: Counter[str] = field(default_factory=Counter)  # suffixes of other files in it
    n_images: int = 0  # in it and below it

    @property
    def filled(self) -> dict[str, Tree]:
        """The folders in it that have images in them or below them."""
        return {name: folder for name, folder in self.folders.items() if folder.n_images}

    @property
    def part(self) -> int | None:
        """The part that its name says, or None.

        Raises: DatasetError for a name such as "eval".
        """
        try:
            return find_part(self.path.name)
        except DatasetError as error:
            raise DatasetError(f"{self.path.parent}/{error}") from error

    @property
    def is_flat(self) -> bool:
        """True if it has images, and no folder of images."""
        return bool(self.images) and not self.filled

    def walk(self) -> Iterator[Tree]:
        """The folder and all folders below it."""
        yield self
        for folder in self.folders.values():
            yield from folder.walk()

    def all_images(self) -> list[FileStat]:
        """The images in it and below it."""
        return [image for folder in self.walk() for image in folder.images]


def read_tree(root: Path, *, follow_links: bool = False) -> Tree:
    """List the folder at `root` and all folders below it.

    Raises: DatasetError if one cannot be read, has a link that leads out of `root` (unless links
    are followed) or back to a folder around it, or has what is neither a file nor a folder.
    """
    return _read(Tree(root, ""), root, follow_links, [_identity(root)])


def is_table(name: str) -> bool:
    """True if a file of this name may be a table of images and labels."""
    return name.lower().endswith(TABLE_SUFFIXES) or name.lower() == TABLE_FILE


def count_kinds(trees: Sequence[Tree], used: Sequence[FileStat] = ()) -> Counter[str]:
    """The number of files in and below `trees` by suffix: all but images and the `used` tables."""
    kinds: Counter[str] = Counter()
    done = {table.name for table in used}
    for tree in trees:
        for folder in tree.walk():
            kinds += folder.others
            kinds += Counter(
                _suffix(table.name) for table in folder.tables if table.name not in done
            )
    return kinds


def describe_kinds(kinds: Counter[str]) -> str:
    """The counts of files by suffix, images first, such as "3 .heic, 1 .csv"."""
    order = sorted(kinds, key=lambda kind: (kind not in _OTHER_IMAGES, -kinds[kind], kind))
    shown = [f"{kinds[kind]:,} {kind}" for kind in order[:_SHOWN]]
    rest = sum(kinds[kind] for kind in order[_SHOWN:])
    return ", ".join([*shown, *([f"{rest:,} of other kinds"] if rest else [])])


def _read(tree: Tree, root: Path, follow_links: bool, around: list[tuple[int, int]]) -> Tree:
    """Fill `tree`; `around` identifies it and the folders that it was reached through."""
    if len(around) > MAX_DEPTH:
        raise DatasetError(f"{tree.path}: more than {MAX_DEPTH} folders inside of each other")
    for entry in list_directory(tree.path, root, follow_links=follow_links):
        if entry.is_dir():
            inner = Tree(Path(entry.path), f"{tree.name}{entry.name}/")
            identity = _identity(inner.path)
            if identity in around:
                raise DatasetError(
                    f"{entry.path}: a link that leads back to a folder around it; take it away"
                )
            tree.folders[entry.name] = _read(inner, root, follow_links, [*around, identity])
        elif not entry.is_file():
            raise DatasetError(f"{entry.path}: neither a file nor a folder; take it away")
        else:
            _add_file(tree, entry)
    tree.n_images = len(tree.images) + sum(folder.n_images for folder in tree.folders.values())
    return tree


def _add_file(tree: Tree, entry: os.DirEntry[str]) -> None:
    suffix = _suffix(entry.name)
    if suffix in SUFFIXES:
        tree.images.append(stat_entry(entry, tree.name))
    elif is_table(entry.name):
        tree.tables.append(stat_entry(entry, tree.name))
    else:
        tree.others[suffix] += 1


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower() or "without a suffix"


def _identity(folder: Path) -> tuple[int, int]:
    try:
        stat = folder.stat()
    except OSError as error:
        raise DatasetError(f"{folder}: cannot be read ({error.strerror})") from error
    return stat.st_dev, stat.st_ino
