"""Standard output and the arguments as a shell gives them: closed, full, or not UTF-8."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from autocnn.errors import RecordError, SettingsError


def prepare_streams() -> None:
    """Let any text be printed: what an encoding lacks is escaped, closed streams take all."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the shell, as in `>&-`
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  until the process ends
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def check_arguments(words: Sequence[str]) -> None:
    """Raise SettingsError for an argument that is not UTF-8: no record could hold it."""
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError:
            raise SettingsError(f"argument {word!a}: expected text in UTF-8") from None


def check_written(error: OSError) -> None:
    """Raise RecordError if `error` is one of standard output, which is full or broken."""
    output = sys.stdout.fileno()
    try:
        os.write(output, b"\n")
    except OSError as again:
        if again.errno == error.errno:
            os.dup2(os.open(os.devnull, os.O_WRONLY), output)  # what is buffered goes nowhere
            reason = error.strerror or str(error)
            raise RecordError(f"standard output cannot be written ({reason})") from error
