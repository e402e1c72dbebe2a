"""Converters and run times without the lines that they print."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from autocnn.keras_startup import stderr_dropped


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
