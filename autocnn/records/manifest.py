"""The manifest: everything that decided a result, as JSON; the last file that a study writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autocnn.errors import RecordError, StudyError
from autocnn.files import write_atomic
from autocnn.input_files import read_json
from autocnn.records.converter import json_safe


def write_manifest(path: Path, data: Mapping[str, Any]) -> None:
    """Write `data` as JSON; NaN becomes null, paths and times become strings.

    Raises: RecordError if the file cannot be written.
    """
    text = json.dumps(json_safe(data), indent=2, ensure_ascii=False, allow_nan=False, default=str)
    write_atomic(path, text + "\n")


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of a finished study.

    Raises: StudyError if the file does not exist, because the study is not finished; RecordError
    if the file is damaged.
    """
    study = path.absolute().parent.name
    repair = f"`autocnn search --study {study}` finishes the study and writes it"
    try:
        data = read_json(path)
    except FileNotFoundError:
        raise StudyError(f"{path}: there is no manifest; {repair}") from None
    except (OSError, ValueError) as error:
        raise RecordError(f"{path}: cannot be read ({error}); {repair} again") from error
    if not isinstance(data, dict):
        raise RecordError(f"{path}: is no manifest; {repair} again")
    return data
