"""Finding the builder of a sampler, tuner or pruner by its name."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any


def find_builder(table: Mapping[str, str], name: str) -> Any:
    """The object that a table of `autocnn.records.choices` names for `name`.

    Its module is imported now: Keras Tuner takes seconds to import.
    Raises: KeyError for a name that the table does not have; the settings are checked before.
    """
    module, _, attribute = table[name].partition(":")
    return getattr(import_module(f"autocnn.engines.{module}"), attribute)
