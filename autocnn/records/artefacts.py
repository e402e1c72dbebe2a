"""The hashes of a study's models and weights: the manifest has them, and an export checks them."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from autocnn.errors import RecordError, StudyError
from autocnn.input_files import open_input
from autocnn.records.manifest import read_manifest
from autocnn.records.study_folder import StudyPaths
from autocnn.trial import WEIGHTS_FILE

KEY = "sha256"  # of the manifest: paths below the study's folder with the hashes of the files


def hash_artefacts(paths: StudyPaths) -> dict[str, str]:
    """The SHA-256 of each model and each file of weights, by its path below the study's folder.

    Raises: RecordError if one of them cannot be read.
    """
    files = [*paths.finals.glob("*.keras"), *paths.trials.glob(f"*/{WEIGHTS_FILE}")]
    return {_place(paths, file): _sha256(file) for file in sorted(files)}


def check_artefact(paths: StudyPaths, file: Path) -> None:
    """Raise RecordError if `file` is not the one that the study's manifest was written with.

    Of a file that no manifest has, as before the end of a search, the checksums inside are checked.
    """
    try:
        hashes = read_manifest(paths.manifest).get(KEY)
    except StudyError:  # the study is not finished
        hashes = None
    expected = hashes.get(_place(paths, file)) if isinstance(hashes, Mapping) else None
    if expected is None:
        _check_sums(file)
        return
    found = _sha256(file)
    if found != expected:
        raise RecordError(
            f"{file}: expected the SHA-256 {expected} of {paths.manifest.name}, found {found}: the "
            "file was changed or is damaged; put back a copy, or delete it"
        )


def _check_sums(file: Path) -> None:
    """Raise RecordError if the file, which is a zip archive, is damaged."""
    try:
        with open_input(file) as content, ZipFile(content) as archive:
            damaged = archive.testzip()
    except (BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise RecordError(f"{file}: is damaged ({error}); put back a copy, or delete it") from error
    if damaged is not None:
        raise RecordError(f"{file}: is damaged at {damaged!r}; put back a copy, or delete it")


def _place(paths: StudyPaths, file: Path) -> str:
    return file.relative_to(paths.root).as_posix()


def _sha256(file: Path) -> str:
    try:
        with open_input(file) as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise RecordError(
            f"{file}: cannot be read ({error.strerror}); put back a copy, or delete it"
        ) from error
