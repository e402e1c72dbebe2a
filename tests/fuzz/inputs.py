"""Files that a command line may name: spaces, settings, data sets, images; whole and damaged."""

from __future__ import annotations

import os
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from fuzz.damage import DTYPES, SHAPES, array_file, damage_file
from fuzz.odd_values import N_DEEP, TOML_VALUES
from image_files import encode

Maker = Callable[[Path, Random], None]
NAMES = (
    "cat",
    "dog",
    "ä ",
    "train",
    "test",
    "..x",
    "\x1b[2J",
    "[red]",
    "x" * 255,
    ".hidden",
    "a\nb",
)
KEYS = ("blocks", "growth", "filters", "max_filters", "kernel", "pool_size", "dense_layers")
KEYS += ("dense_units", "dropout", "learning_rate", "batch_size", "shift", "rotation", "mixup")


def pictures(n: int, seed: int = 0) -> np.ndarray:
    """Make `n` different images of 8x8."""
    return np.random.default_rng(seed).integers(0, 256, (n, 8, 8), dtype=np.uint8)


def space(path: Path, random: Random) -> None:
    """A search space with an odd parameter, limit or layer."""
    values = random.choice(TOML_VALUES[:15]), random.choice(TOML_VALUES)
    table = random.choice(("[parameters]", "[limits]", "[[block]]", "[[dense]]", "[published]"))
    key = random.choice(KEYS)
    lines = [table, f"{key} = {random.choice(values)}"]
    if random.random() < 0.7:
        bounds = ("low", "high", "step", "log", "choices", "value", "when")
        some = {random.choice(bounds): random.choice(TOML_VALUES[:15]) for _ in range(4)}
        lines = ["[parameters]", f"[parameters.{key}]", *(f"{k} = {v}" for k, v in some.items())]
    path.write_text("\n".join(lines) + "\n", newline="\n")


def settings(path: Path, random: Random) -> None:
    """A file of settings with an odd one."""
    keys = ("trials", "epochs", "seed", "space", "dataset", "storage", "target", "subset", "gpus")
    keys += ("created", "results", "study", "baseline", "time_budget_s", "folds", "image_size")
    some = {random.choice(keys): random.choice(TOML_VALUES) for _ in range(2)}
    path.write_text("".join(f"{k} = {v}\n" for k, v in some.items()), newline="\n")


def arrays(path: Path, random: Random) -> None:
    """Images and labels, one of which may be odd."""
    n = 40
    labels = np.arange(n) % 2
    made = {"x_train": pictures(n), "y_train": labels}
    odd = (np.zeros((3, 0, 8)), np.full((n, 8, 8), np.nan), np.array("x"), labels * 1e300)
    odd += (np.array([None] * n), labels.astype(str), np.full(n, 2**63, np.uint64), -labels)
    odd += (np.array(["", "\ud800"] * 20), pictures(n)[:, 0], np.eye(n), np.zeros((n, 1, 1, 9)))
    odd += (np.full((n, 8, 8), "x"), np.zeros(n, "M8[s]"), np.array(["a\nb", "\x1b[2J"] * 20))
    if random.random() < 0.7:
        made[random.choice(list(made))] = random.choice(odd)
    if random.random() < 0.2:
        made[random.choice(("x_test", "classes", "x", "odd"))] = random.choice(odd)
    np.savez_compressed(path, **made)


def declared(path: Path, random: Random) -> None:
    """An archive of arrays whose headers declare an odd shape or type."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("x_train", "y_train"):
            shape, dtype = random.choice(SHAPES), random.choice(DTYPES)
            archive.writestr(f"{name}.npy", array_file(shape, dtype, bytes(640)))


def expanding(path: Path, random: Random) -> None:
    """A small archive of arrays that are 300 MB when they are read."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("x_train.npy", "w", force_zip64=True) as file:
            file.write(array_file("(4800000, 8, 8)", "|u1", b""))
            for _ in range(300):
                file.write(bytes(1 << 20))
        archive.writestr("y_train.npy", array_file("(4800000,)", "|u1", b""))


def table(path: Path, random: Random) -> None:
    """Parquet in the form of Hugging Face, or another one."""
    images = [encode(image) for image in pictures(12)]
    odd: list[bytes | None] = [None, b"", b"x", images[0][:40], images[0]]
    images = [random.choice(odd) if random.random() < 0.2 else image for image in images]
    column = pa.array([{"bytes": i, "path": random.choice(NAMES)} for i in images])
    labels = random.choice(
        ([0, 1] * 6, [None] * 12, ["a", "b"] * 6, [1e300, 0.5] * 6, [2**62, 0] * 6, [[0]] * 12)
    )
    names = random.choice((["image", "label"], ["image", "fine_label"], ["x", "y"], ["img", "img"]))
    pq.write_table(pa.Table.from_arrays([column, pa.array(labels)], names=names), path)


def folder(path: Path, random: Random) -> None:
    """Folders of classes with images, some of which are damaged; odd names."""
    for name in random.sample(NAMES, random.choice((1, 2, 2, 3))):
        (path / name).mkdir(parents=True)
        for i, image in enumerate(pictures(4, seed=len(name))):
            file = path / name / f"{i}.{random.choice(('png', 'png', 'jpg', 'gif', 'tiff'))}"
            file.write_bytes(encode(image, random.choice(("PNG", "JPEG", "TIFF"))))
            if random.random() < 0.2:
                damage_file(file, random)


def listed(path: Path, random: Random) -> None:
    """A folder with a table of files and labels."""
    (path / "images").mkdir(parents=True)
    for i, image in enumerate(pictures(4)):
        (path / "images" / f"{i}.png").write_bytes(encode(image))
    names = [
        "images/0.png",
        "images/1.png",
        "2.png",
        "/etc/hostname",
        "../x",
        "",
        "\x00",
        "x" * 300,
    ]
    rows = [f"{random.choice(names)},{random.choice(('a', 'b', '', '1e300'))}" for _ in range(8)]
    head = random.choice(("file_name,label", "file,class", "a,b", "", "file_name,label,label"))
    (path / random.choice(("labels.csv", "train.csv"))).write_text("\n".join([head, *rows]))
    deep = "[" * N_DEEP + "]" * N_DEEP
    if random.random() < 0.3:
        (path / "metadata.jsonl").write_text(random.choice((deep, "{}", "1\n2", '{"a":')) + "\n")


def picture(path: Path, random: Random) -> None:
    """One image."""
    path.write_bytes(encode(pictures(1)[0]))


def no_folder(path: Path, random: Random) -> None:
    """A folder of arrays or of IDX files."""
    path.mkdir()
    name = random.choice(("train_images.npy", "x_train.npy"))
    (path / name).write_bytes(array_file(random.choice(SHAPES), random.choice(DTYPES), bytes(640)))
    (path / "y_train.npy").write_bytes(array_file("(10,)", "<i8", bytes(80)))
    idx = b"\x00\x00\x08\x03" + random.choice((b"\xff" * 12, bytes(12), b"\x00\x00\x00\x02" * 3))
    (path / random.choice(("train-images-idx3-ubyte", "x"))).write_bytes(idx)


def zipped(path: Path, random: Random) -> None:
    """A zip file of images, with odd names of members."""
    odd = ("../x.png", "/abs/x.png", "cat/", "a\\b.png", "cat/\x1b.png", "con/x.png")
    with zipfile.ZipFile(path, "w") as archive:
        for i, image in enumerate(pictures(8)):
            name = random.choice(odd) if random.random() < 0.2 else f"{'ab'[i % 2]}/{i}.png"
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of a name that is there twice
                archive.writestr(name, encode(image))


def pipe(path: Path, random: Random) -> None:
    """A named pipe to which nothing writes."""
    os.mkfifo(path)


def device(path: Path, random: Random) -> None:
    """A link to a device without an end."""
    path.symlink_to(random.choice(("/dev/zero", "/dev/full", "/dev/random", "/dev/null")))


def deep(path: Path, random: Random) -> None:
    """Nested deeper than a program can follow."""
    path.write_text(random.choice(("a = ", "")) + "[" * N_DEEP + "]" * N_DEEP)


# The names of files by what they hold; `.x` names stand for files of any kind.
MAKERS: dict[str, Maker] = {
    "space.toml": space,
    "settings.toml": settings,
    "set.npz": arrays,
    "declared.npz": declared,
    "set.parquet": table,
    "images": folder,
    "tables": listed,
    "arrays": no_folder,
    "set.zip": zipped,
    "picture.png": picture,
    "picture.jpg": picture,
}
RARE: dict[str, Maker] = {"expanding.npz": expanding}
SPECIAL: tuple[Maker, ...] = (pipe, device, deep)


def make_input(folder_of_all: Path, random: Random) -> Path:
    """Make a file or folder that may be damaged, or be no file at all; return its path."""
    name = random.choice([*MAKERS] * 8 + [*RARE])
    folder_of_all.mkdir(parents=True)
    path = folder_of_all / name
    kind = random.random()
    if kind < 0.1 and name not in RARE:
        random.choice(SPECIAL)(path, random)
        return path
    (MAKERS | RARE)[name](path, random)
    if 0.1 < kind < 0.25 and path.is_file():
        damage_file(path, random)
    return path
