"""A copy of a study's folder at a URL: files are pushed to it, and fetched on another machine.

The study itself stays in a local folder, because its locks and its journal need one. The file
systems are those of pyarrow: file, s3, gs, abfs, hdfs.
"""

from __future__ import annotations

import json
import os
import posixpath
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
from pyarrow import fs

from autocnn.errors import RecordError, SettingsError, StudyError
from autocnn.files import make_folder
from autocnn.records.journal_lines import split_tail
from autocnn.records.open_study import open_folder
from autocnn.records.setting import is_study_name
from autocnn.records.study_folder import StudyPaths

INDEX = "copy.json"  # says of which study the copy is
LOCAL_ONLY = (".*", "*.lock", "*.lock.*")  # names of files and folders that are not copied
SECRETS = ("access_key", "secret_key", "password", "token")  # of an option in a URL
STORES = ("s3", "gcs", "abfs")  # of objects, which have no folders
OPTION = "--copy-to"


@dataclass(frozen=True, slots=True)
class RemoteFolder:
    """A folder of a file system that may be far away; `url` names it in messages."""

    url: str
    files: fs.FileSystem
    path: str

    def child(self, name: str) -> RemoteFolder:
        """The folder `name` in this one."""
        return RemoteFolder(f"{self.url.rstrip('/')}/{name}", self.files, f"{self.path}/{name}")

    def names(self) -> list[str]:
        """The relative paths of all files below this folder, by name; none if it is missing."""
        selector = fs.FileSelector(self.path, recursive=True, allow_not_found=True)
        with self._errors("cannot be listed"):
            found = self.files.get_file_info(selector)
        paths = (each.path for each in found if each.type is fs.FileType.File)
        return sorted(posixpath.relpath(path, self.path) for path in paths)

    def read(self, name: str) -> bytes | None:
        """The content of a file, or None if there is no such file."""
        with self._errors("cannot be read"):
            info = self.files.get_file_info(f"{self.path}/{name}")
            if info.type is not fs.FileType.File:
                return None
            with self.files.open_input_stream(info.path) as stream:
                content: bytes = stream.read()
                return content

    def write(self, name: str, content: bytes) -> None:
        """Put a file in place; a reader sees the old one or the new one."""
        target = f"{self.path}/{name}"
        with self._errors("cannot be written"):
            if self.files.type_name in STORES:
                with self.files.open_output_stream(target) as stream:  # appears when it is closed
                    stream.write(content)
                return
            self.files.create_dir(posixpath.dirname(target), recursive=True)
            beside = f"{posixpath.dirname(target)}/.{posixpath.basename(target)}.tmp"
            with self.files.open_output_stream(beside) as stream:
                stream.write(content)
            self.files.move(beside, target)

    def delete(self, name: str) -> None:
        """Delete a file."""
        with self._errors("cannot be deleted"):
            self.files.delete_file(f"{self.path}/{name}")

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        try:
            yield
        except (OSError, pa.ArrowException) as error:
            reason = " ".join(str(error).split())
            raise RecordError(f"{self.url}: {what} ({reason})") from error


def open_remote(url: str, option: str = OPTION) -> RemoteFolder:
    """The folder at `url`, which need not exist.

    Raises: SettingsError if the URL has a password, or if no file system is known for it.
    """
    try:
        parts = urlsplit(url)
        has_secret = "@" in parts.netloc or any(key in SECRETS for key in parse_qs(parts.query))
    except ValueError as error:
        raise SettingsError(f"{option}: is no URL ({error})") from error
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    if has_secret:
        raise SettingsError(
            f"{option} {shown}: has a name, key or password; give them in the variables or the "
            "files that the service's own programs read"
        )
    if len(parts.scheme) < 2:  # a path, also one of Windows
        raise SettingsError(
            f"{option} must be such as s3://bucket/results or file:///mnt/results, got {url!r}"
        )
    try:
        files, path = fs.FileSystem.from_uri(url)
    except (OSError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())
        raise SettingsError(f"{option} {shown}: cannot be opened ({reason})") from error
    return RemoteFolder(shown, files, path.rstrip("/"))


@dataclass(slots=True)
class StudyCopy:
    """The copy of one study; `remote` is the folder for it."""

    paths: StudyPaths
    remote: RemoteFolder
    _pushed: dict[str, tuple[int, int]] = field(default_factory=dict)  # size and time, by name

    def check(self) -> None:
        """Check that the place is free, or has a copy of this study which is not ahead of it.

        Raises: SettingsError; RecordError if the place cannot be read.
        """
        content = self.remote.read(INDEX)
        if content is None:
            if self.remote.names():
                raise SettingsError(f"{OPTION}: {self.remote.url} holds files of another kind")
            return
        index = _parse_index(self.remote, content)
        if not self.paths.exists or index.get("created") != self._created:
            raise SettingsError(
                f"{OPTION}: {self.remote.url} holds another study of that name; choose another "
                "--study, or another place"
            )
        here = self.paths.journal.stat().st_size if self.paths.journal.exists() else 0
        n_lines = index.get("journal_bytes", 0)
        if isinstance(n_lines, int) and n_lines > here:
            raise SettingsError(
                f"{OPTION}: {self.remote.url} has trials that {self.paths.root} lacks; fetch it "
                f"into another folder and go on there: autocnn studies fetch {self.remote.url}"
            )

    def push(self) -> int:
        """Copy what is new or has changed, and delete what is gone; the number of copied files.

        The journal comes last, as it was at the start: each trial that it has ended has its files.
        Raises: RecordError if the place cannot be written.
        """
        journal = _whole_lines(self.paths.journal)
        stats = dict(self._local_files())
        index = {"study": self.paths.name, "created": self._created, "journal_bytes": len(journal)}
        n_copied = 0
        for name, stat in stats.items():
            if self._pushed.get(name) != stat and self._push(name):
                self._pushed[name] = stat
                n_copied += 1
        key = self.paths.journal.name
        if journal and self._pushed.get(key) != (len(journal), 0):
            self.remote.write(key, journal)
            self._pushed[key] = len(journal), 0
            n_copied += 1
        if n_copied:
            self.remote.write(INDEX, json.dumps(index).encode())
        for name in self._pushed.keys() - stats.keys() - {key}:
            self.remote.delete(name)
            del self._pushed[name]
        return n_copied

    @property
    def _created(self) -> str:
        return open_folder(self.paths.root).created.isoformat()

    def _push(self, name: str) -> bool:
        """Copy a file; False if it has been deleted in the meantime."""
        try:
            content = (self.paths.root / name).read_bytes()
        except FileNotFoundError:
            return False
        self.remote.write(name, content)
        return True

    def _local_files(self) -> Iterator[tuple[str, tuple[int, int]]]:
        """The files that are copied, with their size and time; without the study's journal."""
        for folder, folders, names in os.walk(self.paths.root):
            folders[:] = [name for name in folders if not _is_local(name)]
            for name in names:
                path = Path(folder, name)
                if _is_local(name) or path.is_symlink() or path == self.paths.journal:
                    continue
                try:
                    stat = path.stat()
                except FileNotFoundError:
                    continue
                relative = path.relative_to(self.paths.root).as_posix()
                yield relative, (stat.st_size, stat.st_mtime_ns)


def fetch_copy(url: str, results: Path) -> Path:
    """Copy a study from `url`, where `StudyCopy` has put it, into `results`; returns its folder.

    Raises: SettingsError if the URL is wrong; StudyError if no copy of a study is there, or if
    `results` has a study of its name; RecordError if a file cannot be read.
    """
    remote = open_remote(url, "URL")
    content = remote.read(INDEX)
    if content is None:
        raise StudyError(f"{remote.url}: holds no copy of a study ({INDEX} is missing)")
    name = _parse_index(remote, content).get("study")
    if not isinstance(name, str) or not is_study_name(name):
        raise StudyError(f"{remote.url}: {INDEX} names no study")
    target = results / name
    if os.path.lexists(target):
        raise StudyError(f"{target}: exists already; name another folder with --results")
    draft = results / f".{name}.fetched.tmp"
    make_folder(results)
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    try:
        for each in remote.names():
            if each == INDEX or any(_is_local(part) for part in each.split("/")):
                continue
            file = remote.read(each)
            if file is not None:
                (draft / each).parent.mkdir(parents=True, exist_ok=True)
                (draft / each).write_bytes(file)
        draft.rename(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return target


def _parse_index(remote: RemoteFolder, content: bytes) -> dict[str, Any]:
    try:
        index = json.loads(content)
    except ValueError:
        index = None
    if not isinstance(index, dict):
        raise StudyError(f"{remote.url}: {INDEX} is damaged")
    return index


def _whole_lines(journal: Path) -> bytes:
    """The journal up to its last whole record; empty if there is none."""
    if not journal.is_file():
        return b""
    size, _ = split_tail(journal)
    with journal.open("rb") as file:
        return file.read(size)


def _is_local(name: str) -> bool:
    return any(fnmatch(name, pattern) for pattern in LOCAL_ONLY)
