"""Where the files of an export lie, what may be replaced there, and how they get there."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from autocnn.errors import RecordError
from autocnn.exports.contract_file import (
    check_contract,
    check_place_of_contract,
    contract_bytes,
    contract_path,
    parse_contract_bytes,
)
from autocnn.files import Content, write_atomic, write_together
from autocnn.models.contract import ModelContract

ReadContract = Callable[[Path], ModelContract]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The files of one exported model."""

    model: Path
    suffix: str  # of the format; a folder may lack it
    beside: tuple[str, ...] = ()  # the suffixes of further files
    is_folder: bool = False

    @property
    def contract(self) -> Path:
        """The contract's file."""
        return contract_path(self.model, self.suffix)

    @property
    def more(self) -> tuple[Path, ...]:
        """The further files."""
        return tuple(self.model.with_suffix(suffix) for suffix in self.beside)


def check_place(place: Place, read_contract: ReadContract) -> None:
    """Raise RecordError if a model cannot be put at `place`.

    Its folder does not exist, there is a folder where a file will be, or something that no export
    wrote is in the way of a folder, of the contract, or of a further file.
    """
    model = place.model
    if not os.path.isdir(model.parent) or (os.path.isdir(model) and not place.is_folder):
        raise RecordError(f"{model}: its folder does not exist, or it is a folder itself")
    named = (model, *place.more) if place.is_folder or place.more else ()
    foreign = [each for each in named if os.path.lexists(each)]
    if foreign and not _is_export(model, read_contract):
        raise RecordError(
            f"{foreign[0]}: expected nothing, or an older export, found something else; give the "
            "model another name, or move that away"
        )
    check_place_of_contract(place.contract)


def _is_export(model: Path, read_contract: ReadContract) -> bool:
    """True if there is a model with a contract."""
    try:
        read_contract(model)
    except RecordError:
        return False
    return not model.is_symlink()


def put(source: Place, contract: ModelContract, target: Place) -> None:
    """Copy the model at `source` to `target`, and write its contract beside it.

    Raises: RecordError if a file cannot be read or written.
    """
    content = contract_bytes(contract)
    check_contract(target.contract, parse_contract_bytes(target.contract, content), contract)
    if source.is_folder:
        _put_folder(source.model, target.model)
        write_atomic(target.contract, content)
        return
    pairs = {target.model: source.model, **dict(zip(target.more, source.more, strict=True))}
    files: dict[Path, Content] = {new: _copier(old) for new, old in pairs.items()}
    write_together({**files, target.contract: content})


def _copier(source: Path) -> Callable[[IO[bytes]], None]:
    def copy(file: IO[bytes]) -> None:
        with source.open("rb") as old:
            shutil.copyfileobj(old, file)

    return copy


def _put_folder(source: Path, target: Path) -> None:
    """Copy the folder beside its place, then exchange it for an older export.

    Raises: RecordError if it cannot be written; what stood at `target` is untouched then.
    """
    draft, older = (
        target.with_name(f".{target.name}.{uuid.uuid4().hex}.{kind}") for kind in ("tmp", "old")
    )
    try:
        shutil.copytree(source, draft)
        if target.exists():
            os.rename(target, older)
        os.rename(draft, target)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        if older.exists() and not target.exists():
            os.rename(older, target)
        raise RecordError(
            f"{target}: cannot be written ({error.strerror or error}); free some space or choose "
            "a folder that you may write to"
        ) from error
    shutil.rmtree(older, ignore_errors=True)
