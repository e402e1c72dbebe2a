"""What may become of a file: gone, cut, emptied, zeroed, other bytes, another kind, odd values."""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from fuzz.odd_values import TEXTS, mutated_json, mutated_lines, mutated_toml

Damage = Callable[[Path, Random], None]
SHAPES = (
    *("(1000000000000,)", "(True, 8, 8)", "(-1,)", "(0,)", "()", "(8, 8)", "(2, 1e300)", "'x'"),
    *("(9223372036854775807, 2)", "(10, 8, 8)", "(None,)", "(8,", f"({'1,' * 40})"),
)
DTYPES = ("<f4", "<i8", "|O", "|b1", "<U9", "<M8[s]", "|V8", "<c16", "x", "|S3", ">f8", "<f2")


def gone(path: Path, random: Random) -> None:
    """There is no file."""
    path.unlink()


def cut(path: Path, random: Random) -> None:
    """The end is missing."""
    os.truncate(path, random.randrange(max(1, path.stat().st_size)))


def empty(path: Path, random: Random) -> None:
    """There are no bytes."""
    path.write_bytes(b"")


def zeroed(path: Path, random: Random) -> None:
    """A part is zeros, as after a crash of the machine."""
    data = bytearray(path.read_bytes())
    begin = random.choice((0, random.randrange(len(data) + 1)))
    data[begin:] = bytes(len(data) - begin)
    path.write_bytes(data)


def replaced(path: Path, random: Random) -> None:
    """Some bytes are other ones."""
    data = bytearray(path.read_bytes() or b"x")
    for _ in range(random.choice((1, 2, 8, 64))):
        data[random.randrange(len(data))] = random.randrange(256)
    path.write_bytes(data)


def noise(path: Path, random: Random) -> None:
    """Nothing but random bytes."""
    path.write_bytes(random.randbytes(random.choice((1, 10, 1000))))


def a_folder(path: Path, random: Random) -> None:
    """A folder is there."""
    path.unlink()
    path.mkdir()


def a_pipe(path: Path, random: Random) -> None:
    """A named pipe is there, to which nothing writes."""
    path.unlink()
    os.mkfifo(path)


def a_link(path: Path, random: Random) -> None:
    """A link is there: to a device, to nothing, to itself, to a file of another program."""
    path.unlink()
    path.symlink_to(random.choice(("/dev/zero", "/absent", path.name, "/etc/hostname")))


def odd_json(path: Path, random: Random) -> None:
    """One value of the JSON is odd."""
    path.write_text(mutated_json(path.read_text("utf-8"), random), "utf-8")


def odd_journal(path: Path, random: Random) -> None:
    """One value of the journal is odd, or one line."""
    path.write_text(mutated_lines(path.read_text("utf-8"), random), "utf-8")


def odd_toml(path: Path, random: Random) -> None:
    """One value of the TOML is odd, or one line."""
    path.write_text(mutated_toml(path.read_text("utf-8"), random), "utf-8", newline="\n")


def odd_parquet(path: Path, random: Random) -> None:
    """A column is missing, of another type or empty; or the metadata is odd."""
    table = pq.read_table(path)
    place = random.randrange(table.num_columns)
    name = table.column_names[place]
    kind = random.randrange(6)
    if kind == 0:
        table = table.drop_columns([name])
    elif kind == 1:
        texts = pa.array([random.choice(TEXTS)] * table.num_rows, pa.string())
        table = table.set_column(place, name, texts)
    elif kind == 2:
        table = table.set_column(place, name, pa.nulls(table.num_rows))
    elif kind == 3:
        numbers = pa.array([random.choice((0.0, -1.0, 1e300, float("nan")))] * table.num_rows)
        table = table.set_column(place, name, numbers)
    elif kind == 4:
        table = table.slice(0, random.randrange(3))
    else:
        held = dict(table.schema.metadata or {})
        key = random.choice([*held, b"x"])
        held[key] = random.choice((b"", b"\xff\xfe", b"9" * 400, b"\x1b[2J"))
        table = table.replace_schema_metadata(held)
    pq.write_table(table, path)


def array_file(shape: str, dtype: str, data: bytes) -> bytes:
    """The bytes of an .npy file whose header declares this shape and dtype."""
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (63 - (len(header) + 10) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data


def odd_arrays(path: Path, random: Random) -> None:
    """One array of an .npz file is missing, a pickle, or declares an odd shape or dtype."""
    arrays = dict(np.load(path, allow_pickle=False))
    name = random.choice(list(arrays))
    kind = random.randrange(4)
    if kind == 0:
        del arrays[name]
    elif kind == 1:
        arrays[name] = np.array([None, {}, "x"], dtype=object)
    elif kind == 2:
        some = (np.zeros(0), np.zeros((2, 0, 2)), np.full(3, np.nan), np.array("x"), -np.ones(9))
        arrays[name] = random.choice(some)
    np.savez_compressed(path, **arrays)
    if kind == 3:
        shape, dtype = random.choice(SHAPES), random.choice(DTYPES)
        swap_member(path, f"{name}.npy", array_file(shape, dtype, bytes(64)))


def odd_archive(path: Path, random: Random) -> None:
    """One member of a zip file, such as a model, is missing or damaged; the sums fit."""
    with zipfile.ZipFile(path) as archive:
        name = random.choice(archive.namelist())
        data = archive.read(name)
    if name.endswith(".json") and random.random() < 0.7:
        swap_member(path, name, mutated_json(data.decode(), random).encode("utf-8", "replace"))
    else:
        swap_member(path, name, random.choice((b"", data[: len(data) // 2], random.randbytes(99))))


def swap_member(path: Path, name: str, data: bytes) -> None:
    """Put `data` in the place of the member `name` of a zip file."""
    with zipfile.ZipFile(path) as archive:
        members = {each: archive.read(each) for each in archive.namelist()}
    members[name] = data
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, content in members.items():
            archive.writestr(each, content)
    path.write_bytes(written.getvalue())


ANY: tuple[Damage, ...] = (gone, cut, empty, zeroed, replaced, noise, a_folder, a_pipe, a_link)
BY_ENDING: dict[str, Damage] = {
    ".json": odd_json,
    ".log": odd_journal,
    ".toml": odd_toml,
    ".parquet": odd_parquet,
    ".npz": odd_arrays,
    ".keras": odd_archive,
}


def damage_file(path: Path, random: Random) -> str:
    """Damage the file, more often within its format than as bytes; return how."""
    own = BY_ENDING.get(path.suffix)
    damage = own if own is not None and random.random() < 0.6 else random.choice(ANY)
    before = path.read_bytes()
    try:
        damage(path, random)
    except Exception:  # of any library: the file was damaged before
        if path.is_dir():
            return "a_folder"
        path.write_bytes(before[: len(before) // 2])
        return "cut"
    return damage.__name__


def damage_study(study: Path, other: Path, random: Random) -> str:
    """Damage one file of a study, or swap it with that of another study; return which and how."""
    files = sorted(p for p in study.rglob("*") if p.is_file())
    likely = [p for p in files if p.name in ("journal.log", "leaderboard.parquet", "study.toml")]
    path = random.choice(likely if random.random() < 0.4 else files)
    name = path.relative_to(study)
    if random.random() < 0.1 and (other / name).is_file():
        shutil.copy(other / name, path)
        return f"{name} swapped"
    return f"{name} {damage_file(path, random)}"
