"""Errors of a process that may not have more memory or open files, as one line."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator

MEMORY = (
    "the memory that this process may have is not enough; allow more (ulimit -v, or the limit of "
    "the container), or end other programs"
)
FILES = "this process may not open more files; allow more (ulimit -n)"
_TEXTS = {
    MEMORY: re.compile("failed to map segment|cannot allocate memory", re.I),  # of shared libraries
    FILES: re.compile("too many open files", re.I),
}
_NUMBERS = {errno.ENOMEM: MEMORY, errno.EMFILE: FILES, errno.ENFILE: FILES}


def exceeded_limit(error: BaseException) -> str | None:
    """The line for an error that comes from a limit of the system; None for any other error."""
    for each in _chain(error):
        if isinstance(each, MemoryError):
            return MEMORY
        # Python itself, where it has no memory for an exception
        if isinstance(each, SystemError) and "exception" in str(each):
            return MEMORY
        if isinstance(each, OSError) and each.errno in _NUMBERS:
            return _NUMBERS[each.errno]
        if isinstance(each, ImportError):
            found = [line for line, text in _TEXTS.items() if text.search(str(each))]
            if found:
                return found[0]
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and those from which it was raised."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
