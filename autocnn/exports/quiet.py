"""Converters and run times without the lines that they print."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from autocnn.keras_startup import stderr_dropped

MOST_REASON: Final = 200  # characters of what a library says
_STYLES = re.compile(r"\x1b\[[0-9;]*m")  # colours for a terminal
# Where in a library's source an error arose: of OpenVINO and of ONNX Runtime.
_PLACES = re.compile(
    r"Exception from \S+:\d+:|Check '[^']*' failed at \S+:\d+:|\[\w+\] : \d+ : \w+ :"
)


@contextmanager
def quiet() -> Iterator[None]:
    """Drop log lines, warnings and what native code prints to stderr; exceptions pass."""
    before = logging.root.manager.disable
    with stderr_dropped(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.CRITICAL)
        try:
            yield
        finally:
            logging.disable(before)


def reason_of(error: Exception) -> str:
    """What a library says about a file, in one line of MOST_REASON characters at most."""
    text = _PLACES.sub(" ", _STYLES.sub("", str(error)))
    return " ".join(text.split())[:MOST_REASON] or type(error).__name__
