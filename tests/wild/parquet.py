"""Parquet files, and folders of them as a hub lays them out."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from wild.zoo import CLASSES, Case, Expected, Made, Pixels, encode, pictures, put

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def rows(images: dict[str, list[Pixels]]) -> tuple[list[bytes], list[int]]:
    """Encoded images and labels, the classes mixed."""
    pairs = [(encode(p), k) for k, some in enumerate(images.values()) for p in some]
    pairs.sort(key=lambda pair: pair[0][-9:])
    return [p for p, _ in pairs], [k for _, k in pairs]


def column_of(value: Any, n: int) -> pa.Array:
    """The value in each row, or the values of a tuple in turn."""
    values = value if isinstance(value, tuple) else (value,)
    return pa.array([values[i % len(values)] for i in range(n)])


def write(
    path: Path,
    images: dict[str, list[Pixels]],
    *,
    names: Sequence[str] = (),
    columns: tuple[str, str] = ("image", "label"),
    label: Callable[[int], Any] = lambda k: k,
    kind: pa.DataType | None = None,
    is_struct: bool = True,
    **more: Any,
) -> Path:
    """A file with a column of images and one of labels."""
    encoded, labels = rows(images)
    cells: list[Any] = [{"bytes": e, "path": None} for e in encoded] if is_struct else encoded
    column = pa.array([label(k) for k in labels])
    arrays = {
        columns[0]: pa.array(cells, IMAGE if is_struct else pa.binary()),
        columns[1]: column if kind is None else column.cast(kind),
        **{name: column_of(value, len(labels)) for name, value in more.items()},
    }
    table = pa.table(arrays)
    if names:
        feature = {columns[1]: {"_type": "ClassLabel", "names": list(names)}}
        info = json.dumps({"info": {"features": feature}})
        table = table.replace_schema_metadata({"huggingface": info})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    return path


def one(*classes: str, **more: Any) -> Callable[[Path], Made]:
    """One file; `classes` are the names that must come of it."""

    def make(root: Path) -> Made:
        images = pictures(n=6)
        return write(root / "set.parquet", images, **more), {
            "all": dict(zip(classes or ("0", "1"), images.values(), strict=True))
        }

    return make


def files(*names: str, **more: Any) -> Callable[[Path], Made]:
    """Files of train, test and perhaps validation, in this order."""

    def make(root: Path) -> Made:
        expected = Expected()
        for k, (part, name) in enumerate(zip(("train", "test", "validation"), names, strict=False)):
            expected[part] = pictures(k, n=3)
            write(root / name, expected[part], names=CLASSES, **more)
        return root, expected

    return make


def hub(root: Path) -> Made:
    """A data set as it is cloned."""
    put(root / "README.md", "# set")
    put(root / ".gitattributes", "*.parquet filter=lfs")
    return files("data/train-00000-of-00001.parquet", "data/test-00000-of-00001.parquet")(root)


def unlabelled(value: int | None) -> Callable[[Path], Made]:
    """A test part whose labels are kept back."""

    def make(root: Path) -> Made:
        images = pictures(n=6)
        write(root / "train.parquet", images, names=CLASSES)
        write(
            root / "test.parquet",
            pictures(1, n=2),
            names=CLASSES,
            label=lambda k: value,
            kind=pa.int64(),
        )
        return root, {"all": images}

    return make


def path_only(make: Callable[[Path], Made]) -> Callable[[Path], Path]:
    """The path alone."""
    return lambda root: make(root)[0]


def pointer(root: Path) -> Path:
    """A pointer of Git LFS."""
    text = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    return put(root / "train.parquet", text)


def odd_one(root: Path) -> Path:
    """A file without a split's name beside one with it."""
    files("train.parquet", "test.parquet")(root)
    write(root / "more.parquet", pictures(5))
    return root


def no_images(root: Path) -> Path:
    """Two columns of numbers."""
    root.mkdir(parents=True)
    pq.write_table(pa.table({"a": [1, 2], "label": [0, 1]}), root / "a.parquet")
    return root / "a.parquet"


NUM = {"classes": ("0", "1")}
READ = [
    Case("parquet-numbers", one(), **NUM),
    Case("parquet-names", one(*CLASSES, names=CLASSES)),
    Case("parquet-texts", one(*CLASSES, label=lambda k: CLASSES[k])),
    Case(
        "parquet-dictionary",
        one(*CLASSES, label=lambda k: CLASSES[k], kind=pa.dictionary(pa.int32(), pa.string())),
    ),
    Case("parquet-large-texts", one(*CLASSES, label=lambda k: CLASSES[k], kind=pa.large_string())),
    Case("parquet-booleans", one("False", "True", label=bool), classes=("False", "True")),
    Case("parquet-floats", one(label=float), **NUM),
    Case("parquet-gaps", one("3", "10", label=lambda k: 3 + 7 * k), classes=("3", "10")),
    Case("parquet-uint8", one(kind=pa.uint8()), **NUM),
    Case("parquet-binary", one(is_struct=False), **NUM),
    Case("parquet-img-fine", one(columns=("img", "fine_label")), notes=(r"fine_label",), **NUM),
    Case("parquet-other-names", one(columns=("photo", "species")), notes=(r"species",), **NUM),
    Case(
        "parquet-more-columns",
        one(owner="me"),
        notes=(r"column label; .*\bowner$",),
        **NUM,
    ),
    Case(
        "parquet-label-column",
        one(columns=("image", "kind"), owner="me"),
        options={"label_column": "kind"},
        **NUM,
    ),
    Case(
        "parquet-both-columns",
        one(columns=("photo", "kind"), owner="me"),
        options={"label_column": "kind", "file_column": "photo"},
        **NUM,
    ),
    Case("parquet-folder", files("train-00000-of-00001.parquet", "test-00000-of-00001.parquet")),
    Case("parquet-mnist-train", files("mnist_train.parquet", "mnist_test.parquet")),
    Case("parquet-dots", files("a.train.parquet", "a.test.parquet", "a.validation.parquet")),
    Case("parquet-hub", hub),
    Case("parquet-configuration", files("plain/train-0.parquet", "plain/test-0.parquet")),
    Case("parquet-split-folders", files("train/0000.parquet", "test/0000.parquet")),
    Case("parquet-converted", files("default/train/0000.parquet", "default/test/0000.parquet")),
    Case("parquet-unlabelled-minus-one", unlabelled(-1), notes=(r"4 .*label",)),
    Case("parquet-unlabelled-null", unlabelled(None), notes=(r"4 .*label",)),
]
REFUSED = [
    Case(
        "parquet-two-labels",
        path_only(one(columns=("image", "kind"), owner="me")),
        refused=r"kind.*owner.*--label-column",
    ),
    Case(
        "parquet-unknown-column",
        path_only(one()),
        refused=r"colour",
        options={"label_column": "colour"},
    ),
    Case(
        "parquet-train-minus-one",
        path_only(one(label=lambda k: k - 1, names=CLASSES)),
        refused=r"row",
    ),
    Case("parquet-one-class", path_only(one(label=lambda k: "cat")), refused=r"class"),
    Case(
        "parquet-split-column",
        path_only(one(split=("train", "test"))),
        refused=r"split.*test.*train",
    ),
    Case("parquet-no-image", no_images, refused=r"image"),
    Case(
        "parquet-two-configurations",
        path_only(files("a/train-0.parquet", "b/train-0.parquet")),
        refused=r"/a\b.*/b\b",
    ),
    Case("parquet-odd-file", odd_one, refused=r"more\.parquet"),
    Case("parquet-lfs", pointer, refused=r"git lfs pull"),
    Case("parquet-text", lambda r: put(r / "a.parquet", "text"), refused=r"a\.parquet"),
    Case(
        "parquet-missing-shard",
        path_only(files("train-00000-of-00002.parquet", "test-00000-of-00001.parquet")),
        refused=r"00001-of-00002",
    ),
    Case("parquet-floats-fractions", path_only(one(label=lambda k: k + 0.5)), refused=r"label"),
    Case(
        "parquet-test-only",
        path_only(files("test-00000-of-00001.parquet")),
        refused=r"train",
    ),
]


CASES = [*READ, *REFUSED]
