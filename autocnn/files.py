"""Files that appear whole or not at all, and folders and deletions that outlast a power cut."""

from __future__ import annotations

import errno
import fnmatch
import os
import shutil
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from autocnn.errors import AutocnnError, RecordError

DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
# Of a folder that may not be read, or on a file system that cannot flush folders.
_CANNOT_FLUSH = (errno.EACCES, errno.EINVAL, errno.ENOTSUP)
Content = bytes | str | Callable[[IO[bytes]], object]


def cache_root() -> Path:
    """$AUTOCNN_CACHE, else autocnn/ in $XDG_CACHE_HOME, else in ~/.cache.

    Raises: RecordError if that is below the home folder of a user who has none.
    """
    ours, theirs = os.environ.get("AUTOCNN_CACHE"), os.environ.get("XDG_CACHE_HOME", "")
    base = theirs if os.path.isabs(theirs) else "~/.cache"
    found = os.path.expanduser(ours or f"{base}/autocnn")
    if found.startswith("~"):
        raise RecordError(f"{found}: no home folder is known; set AUTOCNN_CACHE to a folder")
    return Path(found)


def check_place(target: Path) -> None:
    """Raise RecordError if no file can be put at `target`: a folder is there, or none is above."""
    if os.path.isdir(target) or not os.path.isdir(target.parent):
        raise RecordError(f"{target}: its folder does not exist, or it is a folder itself")


def write_atomic(path: Path, content: Content) -> None:
    """Put `content` at `path` in one step: a reader sees the old file or the new one.

    After it the new file is safe on disk. `content` is bytes, text (written as UTF-8), or a
    function that writes to an open file. The folder must exist.

    Raises: RecordError if the file cannot be written; what stood at `path` is untouched.
    """
    write_together({path: content})


def write_together(contents: Mapping[Path, Content]) -> None:
    """Put each content at its path, as `write_atomic`, after all of them are written beside it.

    Raises: RecordError if a file cannot be written; nothing that stood at the paths is replaced.
    """
    with ExitStack() as stack:
        beside = {
            path: stack.enter_context(_written_beside(path, content))
            for path, content in contents.items()
        }
        for path, draft in beside.items():
            with _cannot_be_written(path):
                os.replace(draft, path)
        for path in {path.parent: path for path in contents}.values():
            with _cannot_be_written(path):
                flush_folder(path.parent)


def write_folder(path: Path, contents: Mapping[str, Content]) -> None:
    """Put a folder with these files at `path`; a file or folder that stood there is deleted.

    A power cut leaves the old one, the new one, or in rare cases none, but never a part of one.
    Raises: RecordError if it cannot be written; what stood at `path` is untouched.
    """
    draft = _beside(path)
    try:
        with _cannot_be_written(path):
            draft.mkdir()
        write_together({draft / name: content for name, content in contents.items()})
        with _cannot_be_written(path):
            old = _set_aside(path)
            os.replace(draft, path)
            flush_folder(path.parent)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    if old is not None:
        _delete(old)


def delete_folder(path: Path) -> None:
    """Delete the folder at once, if there is one: no reader sees a part of it."""
    if path.is_dir():
        old = _set_aside(path)
        assert old is not None
        _delete(old)


def _set_aside(path: Path) -> Path | None:
    """Give what stands at `path` another name, which is returned; None if nothing is there."""
    old = _beside(path)
    try:
        os.replace(path, old)
    except FileNotFoundError:
        return None
    return old


def _delete(old: Path) -> None:
    shutil.rmtree(old) if old.is_dir() else old.unlink()


def _beside(path: Path) -> Path:
    return path.parent / f".{path.name}.{uuid.uuid4().hex}.tmp"


def make_folder(folder: Path) -> None:
    """Make the folder and those above it, unless they exist; after it they are safe on disk."""
    missing = [above for above in folder.parents if not above.is_dir()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in (*reversed(missing), folder):  # an earlier process may have ended before this line
        flush_folder(each.parent)


def make_folder_in(root: Path, folder: Path) -> None:
    """Make `folder` and those between it and `root`; after it they are safe on disk.

    Raises: FileNotFoundError if `root` is gone: what was deleted is not made again.
    """
    between = [above for above in folder.parents if root in above.parents]
    for each in (*reversed(between), folder):
        each.mkdir(exist_ok=True)
        flush_folder(each.parent)


def delete_file(path: Path) -> None:
    """Delete the file if it exists; after it no power cut brings it back."""
    if os.path.lexists(path):
        path.unlink(missing_ok=True)
        flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Wait until the names in `folder` are safe on disk: files that were made, moved, deleted.

    Without it a power cut may undo these, whatever was flushed of the files themselves.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_FLUSH:
            raise


@contextmanager
def disk_errors(folder: Path, advice: str) -> Iterator[None]:
    """A disk that is full or broken becomes one line; any other error stays what it is.

    Raises: RecordError.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, AutocnnError) or error.errno not in DISK_ERRORS:
            raise
        raise RecordError(
            f"{folder}: cannot be written ({error.strerror}); free some space, then {advice}"
        ) from error


def remove_leftovers(folder: Path, apart: Collection[Path] = ()) -> None:
    """Delete the files and folders that a crash left unfinished below `folder`.

    The folders `apart` are not entered: another process may be writing there.
    """
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if Path(root, name) not in apart]
        for name in fnmatch.filter(folders, ".*.tmp"):
            shutil.rmtree(Path(root, name), ignore_errors=True)
        for name in fnmatch.filter(names, ".*.tmp"):
            Path(root, name).unlink(missing_ok=True)


@contextmanager
def _written_beside(path: Path, content: Content) -> Iterator[Path]:
    """A file with `content` beside `path`, which is deleted if the block ends by an exception."""
    beside = _beside(path)
    try:
        with _cannot_be_written(path), beside.open("xb") as file:
            if callable(content):
                content(file)
            else:
                file.write(content.encode("utf-8") if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        yield beside
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise


@contextmanager
def _cannot_be_written(path: Path) -> Iterator[None]:
    """Turn an error of the disk into one line that names `path`."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise RecordError(
            f"{path}: cannot be written ({reason}); free some space or choose a folder that "
            "you may write to"
        ) from error
