"""The lines of a journal: which of them are whole records, and reading them without writing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from optuna.storages.journal import BaseJournalBackend

from autocnn.input_files import open_input, parse_json

BLOCK = 1 << 16  # bytes that are read at once from the end of the file


class JournalReader(BaseJournalBackend):
    """The records of a journal, for a process that only reads: the file is never changed.

    A tail that a crash left incomplete is left out.
    """

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._n_read, self._offset = 0, 0  # records, and the bytes that hold them

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """The records from number `log_number_from` on.

        Raises: ValueError, with the number of the line, if a line is no JSON object.
        """
        if log_number_from != self._n_read:
            self._n_read, self._offset = 0, 0
        with open_input(self._journal) as file:
            file.seek(self._offset)
            content = file.read(max(0, split_tail(self._journal)[0] - self._offset))
        for line in content.split(b"\n")[:-1]:
            record = _parse(line)
            if record is None:
                raise ValueError(f"line {self._n_read + 1} is no record")
            self._n_read += 1
            self._offset += len(line) + 1
            if self._n_read > log_number_from:
                yield record

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Refuse to write: a program that writes opens the journal for writing."""
        raise AssertionError(f"{self._journal} was opened for reading")


def split_tail(journal: Path) -> tuple[int, bytes]:
    """The bytes of the journal up to its last whole record, and what follows that record.

    A file that has no record at all is no journal: all of it counts as whole, unless it is what a
    crash leaves of the first line.
    """
    with open_input(journal) as file:
        size = end = file.seek(0, os.SEEK_END)
        tail = b""
        while end > 0:
            start = max(0, end - BLOCK)
            file.seek(start)
            tail = file.read(end - start) + tail
            end = start
            n_bad = _bad_bytes(tail, is_all=start == 0)
            if n_bad is not None:
                return size - n_bad, tail[len(tail) - n_bad :]
    is_torn = tail.startswith(b"{") and b"\n" not in tail
    return (0, tail) if is_torn or not tail.strip(b"\0") else (size, b"")


def _bad_bytes(tail: bytes, *, is_all: bool) -> int | None:
    """The bytes behind the last whole record in `tail`; None if it has none.

    `is_all`: the tail begins with a line; else it may begin within one.
    """
    end = tail.rfind(b"\n") + 1
    while end > 0:
        start = tail.rfind(b"\n", 0, end - 1) + 1
        if (start > 0 or is_all) and _is_record(tail[start:end]):
            return len(tail) - end
        end = start
    return None


def _is_record(line: bytes) -> bool:
    record = _parse(line)
    return record is not None and type(record.get("op_code")) is int and "worker_id" in record


def _parse(line: bytes) -> dict[str, Any] | None:
    """The JSON object in `line`, or None."""
    try:
        value = parse_json(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
