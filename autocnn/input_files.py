"""Files that another program may have made: what is no file, or too large or too deep, is refused.

What is refused is an OSError of one line or, for the content, a ValueError: the readers of formats
turn both into an error that names the file.
"""

from __future__ import annotations

import errno
import io
import json
import os
import re
import stat
import tomllib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from autocnn.errors import RecordError

MOST_BYTES = 64 << 20  # of a text that is read as a whole: settings, spaces, JSON, tables of names
_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class RefusedFile(OSError):
    """A path that leads to something else than a file, or to one that is too large."""

    def __init__(self, reason: str) -> None:
        super().__init__(errno.EINVAL, reason)

    def __str__(self) -> str:
        """The reason alone."""
        return str(self.strerror)


def open_input(path: Path | str) -> io.BufferedReader:
    """The file at `path`, open for reading.

    Raises: OSError if there is none or it cannot be read; RefusedFile if it is a named pipe, a
    device or a socket, which could be without an end.
    """
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe does not wait
    try:
        kind = stat.S_IFMT(os.fstat(number).st_mode)
        if kind == stat.S_IFDIR:
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if kind != stat.S_IFREG:
            raise RefusedFile(f"is {_KINDS.get(kind, 'something else')}, and a file is expected")
        return open(number, "rb")
    except BaseException:
        os.close(number)
        raise


def check_replaceable(
    path: Path, is_ours: Callable[[bytes], bool], most: int, *, older: str, advice: str
) -> None:
    """Raise RecordError if something else lies at `path` than what we wrote, named by `older`.

    `is_ours` gets the first `most` bytes of a file that is there. What cannot be read is not ours.
    """
    if not os.path.lexists(path):
        return
    with suppress(OSError), open_input(path) as file:
        if is_ours(file.read(most)):
            return
    raise RecordError(
        f"{path}: expected no file, or {older}, found something else; {advice}, or move that file "
        "away"
    )


def check_input(path: Path | str) -> None:
    """Raise what `open_input` raises, for a file that a library opens by its name."""
    open_input(path).close()


def read_bytes(path: Path | str, most: int = MOST_BYTES) -> bytes:
    """The bytes of the file at `path`.

    Raises: OSError as `open_input`; RefusedFile if there are more than `most` bytes.
    """
    with open_input(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise RefusedFile(f"has {size:,} bytes, and at most {most:,} are read")
        return file.read(most)


def read_text(path: Path | str, most: int = MOST_BYTES) -> str:
    """The text of the UTF-8 file at `path`, with or without a byte order mark.

    Raises: OSError as `read_bytes`; UnicodeDecodeError.
    """
    return read_bytes(path, most).decode("utf-8-sig")


def read_json(path: Path | str) -> Any:
    """The value in the JSON file at `path`.

    Raises: OSError as `read_bytes`; ValueError as `parse_json`.
    """
    return parse_json(read_bytes(path))


def parse_json(content: bytes) -> Any:
    """The value in the JSON `content`, in UTF-8.

    Raises: ValueError, of one line, if it is no JSON, has half of a pair of surrogates, which no
    file and no terminal can hold, or is nested too deeply.
    """
    try:
        value = json.loads(content.decode("utf-8"))
        if _SURROGATE.search(content):
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("a text in it is not UTF-8") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return value


def parse_toml(text: str) -> dict[str, Any]:
    """The table in the TOML `text`.

    Raises: ValueError, of one line, if it is no TOML or is nested too deeply.
    """
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
