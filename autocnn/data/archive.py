"""Reader of archives of a folder of images: .zip and .tar files, unpacked into the cache.

Every member is checked before it is written. Files that are neither images nor tables are written
empty, so that they can be counted.
"""

from __future__ import annotations

import errno
import fcntl
import lzma
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import IO, Protocol

from autocnn.data.decoding import SUFFIXES
from autocnn.data.folder_tree import is_table
from autocnn.data.image_folder import list_folder
from autocnn.data.options import AS_THEY_ARE, ImageOptions
from autocnn.data.part_names import is_split_name
from autocnn.data.reader import Contents, Source, is_clutter, refuse_expansion, stat_file
from autocnn.errors import DatasetError, RecordError
from autocnn.files import DISK_ERRORS, cache_root, flush_folder

ARCHIVE_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
MAX_MEMBERS = 1_000_000

_INNER = (*ARCHIVE_SUFFIXES, ".tbz2", ".txz", ".7z", ".rar")
_ENCRYPTED, _UTF_8 = 1, 1 << 11  # bits of a member's flags
_CHUNK = 1 << 20  # bytes that are written at a time
_BROKEN = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
    *(EOFError, NotImplementedError, ValueError),
)


class _Opener(Protocol):
    def __call__(self) -> IO[bytes] | None: ...


@dataclass(frozen=True, slots=True)
class _Member:
    """A file or folder in an archive."""

    name: str
    size: int  # as the archive says, in bytes
    is_folder: bool
    wrong: str | None  # the reason why it is refused
    open: _Opener


def list_archive(path: Path, options: ImageOptions = AS_THEY_ARE) -> Source:
    """The archive at `path`; it is unpacked when it is opened."""
    file = stat_file(path)
    return Source(kind="folder", path=path, files=[file], open=lambda: _open(path, options))


def _open(path: Path, options: ImageOptions) -> Contents:
    """Unpack the archive, and list the folder in it; errors name the archive, not the cache."""
    top = unpack(path)
    try:
        return list_folder(_enter(top), options).open()
    except DatasetError as error:
        line = str(error).replace(str(top), str(path))
        advice = "; unpack the archive for that" if f"give {path}/" in line else ""
        raise DatasetError(line + advice) from error


def _enter(top: Path) -> Path:
    """The only folder in the archive if there is just one, and it is no split."""
    entries = [entry for entry in os.scandir(top) if not is_clutter(entry.name)]
    if len(entries) == 1 and entries[0].is_dir() and not is_split_name(entries[0].name):
        return Path(entries[0].path)
    return top


def unpack(path: Path) -> Path:
    """The folder in the cache with the files of the archive; it is filled unless it is there.

    Folders of earlier states of the same archive are deleted.
    Raises: DatasetError if the archive cannot be read or is refused; RecordError if the cache
    cannot be written.
    """
    file, root = stat_file(path), cache_root() / "archives"
    place = _hash(os.path.realpath(path))
    folder = root / f"{place}-{_hash(f'{file.size} {file.mtime_ns}')}"
    with _cache_errors(root):
        root.mkdir(parents=True, exist_ok=True)
        with open(root / f"{place}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                for old in [*root.glob(f"{place}-*"), *root.glob(f".{place}-*")]:
                    shutil.rmtree(old, ignore_errors=True)
                beside = root / f".{folder.name}"
                try:
                    _unpack_all(path, file.size, beside / "files")
                    os.sync()  # of all files at once: each by itself would take far longer
                    os.replace(beside, folder)
                    flush_folder(root)
                finally:
                    shutil.rmtree(beside, ignore_errors=True)
    return folder / "files"


def _hash(text: str) -> str:
    return blake2b(os.fsencode(text), digest_size=12).hexdigest()


@contextmanager
def _cache_errors(root: Path) -> Iterator[None]:
    try:
        yield
    except (DatasetError, RecordError):
        raise
    except OSError as error:
        raise RecordError(
            f"{root}: the cache of unpacked archives cannot be written ({error.strerror or error});"
            " free some space, or set AUTOCNN_CACHE to another folder"
        ) from error


def _unpack_all(path: Path, stored: int, folder: Path) -> None:
    """Write the members of the archive into the new `folder`."""
    folder.mkdir(parents=True)
    with _archive_errors(path):
        members = _zip_members if path.name.lower().endswith(".zip") else _tar_members
        size = 0
        for number, member in enumerate(members(path), start=1):
            size += member.size
            if number > MAX_MEMBERS:
                raise DatasetError(f"{path}: has more than {MAX_MEMBERS:,} members")
            refuse_expansion(path, size, stored, "unpack it and give the folder")
            _write(path, folder, member)


@contextmanager
def _archive_errors(path: Path) -> Iterator[None]:
    """Turn any error in reading an archive into one line; errors of the cache's disk go on."""
    try:
        yield
    except DatasetError:
        raise
    except _BROKEN as error:
        cause = str(error).partition("\n")[0].rstrip(":")
        raise DatasetError(f"{path}: cannot be read as an archive ({cause})") from error
    except OSError as error:
        if error.errno in (*DISK_ERRORS, errno.EACCES) and error.filename != str(path):
            raise
        raise DatasetError(f"{path}: cannot be unpacked ({error.strerror or error})") from error


def _write(path: Path, folder: Path, member: _Member) -> None:
    """Write one member, unless it is clutter.

    Raises: DatasetError for a member that is refused.
    """
    pieces = _check_name(path, member)
    if any(map(is_clutter, pieces)) or not pieces:
        return
    if member.wrong is not None:
        raise DatasetError(f"{path}: {member.name}: {member.wrong}; unpack the archive by hand")
    target = folder.joinpath(*pieces)
    if member.is_folder:
        target.mkdir(parents=True, exist_ok=True)
        return
    name = pieces[-1].lower()
    if name.endswith(_INNER):
        raise DatasetError(f"{path}: {member.name}: an archive inside; unpack it by hand")
    with _new_file(path, target, member) as file:
        source = member.open() if name.endswith(SUFFIXES) or is_table(name) else None
        if source is not None:
            with source:
                _copy(path, source, file, member)


@contextmanager
def _new_file(path: Path, target: Path, member: _Member) -> Iterator[IO[bytes]]:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        file = open(target, "xb")  # noqa: SIM115
    except (FileExistsError, NotADirectoryError) as error:
        raise DatasetError(f"{path}: {member.name}: is in the archive twice") from error
    with file:
        yield file


def _copy(path: Path, source: IO[bytes], file: IO[bytes], member: _Member) -> None:
    left = member.size
    while chunk := source.read(_CHUNK):
        left -= len(chunk)
        if left < 0:
            raise DatasetError(f"{path}: {member.name}: is larger than the archive says")
        file.write(chunk)
    if left:
        raise DatasetError(f"{path}: {member.name}: is smaller than the archive says")


def _check_name(path: Path, member: _Member) -> list[str]:
    """The folders and the name of a member.

    Raises: DatasetError for a name that leads out of the archive, or that is no name of a file.
    """
    name = member.name.replace("\\", "/")
    pieces = [piece for piece in name.split("/") if piece not in ("", ".")]
    shown = name.encode("utf-8", "backslashreplace").decode()
    if name.startswith("/") or ".." in pieces or name[1:2] == ":":
        raise DatasetError(f"{path}: {shown}: leads out of the archive")
    if "\0" in name or shown != name:
        raise DatasetError(f"{path}: {shown}: its name is not UTF-8; rename it")
    return pieces


def _zip_members(path: Path) -> Iterator[_Member]:
    """The members of a .zip file; the sizes of all are known before the first is read."""
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            mode = info.external_attr >> 16
            wrong = None
            if info.flag_bits & _ENCRYPTED:
                wrong = "is encrypted"
            elif stat.S_ISLNK(mode):
                wrong = "is a link"
            yield _Member(
                _zip_name(info), info.file_size, info.is_dir(), wrong, partial(archive.open, info)
            )


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The name of a member; many programs write UTF-8 and leave out the flag that says so."""
    if info.flag_bits & _UTF_8:
        return info.filename
    try:
        return info.filename.encode("cp437").decode()
    except UnicodeError:
        return info.filename


def _tar_members(path: Path) -> Iterator[_Member]:
    """The members of a .tar file, which may be compressed, in their order."""
    with tarfile.open(path, "r:*") as archive:
        for info in archive:
            wrong = None
            if info.issym() or info.islnk():
                wrong = "is a link"
            elif not (info.isreg() or info.isdir()):
                wrong = "is neither a file nor a folder"
            yield _Member(
                info.name, info.size, info.isdir(), wrong, partial(archive.extractfile, info)
            )
