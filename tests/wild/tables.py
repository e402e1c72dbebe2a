"""A table of file names and labels beside the images."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from wild.zoo import CLASSES, Case, Made, encode, picture, pictures, put, put_flat

Rows = list[tuple[str, str]]
TESTS = pictures(2, n=2)


def table(
    write: Callable[[Path, Rows], object],
    folder: str = ".",
    change: Callable[[Rows], Rows] = lambda rows: rows,
) -> Callable[[Path], Made]:
    """Images in `folder`, and a table that `write` writes at the top."""

    def make(root: Path) -> Made:
        rows = put_flat(root / folder, pictures())
        write(root, change(rows))
        return root, {"all": pictures()}

    return make


def csv(
    name: str = "labels.csv",
    header: Sequence[str] = ("filename", "label"),
    sep: str = ",",
    start: str = "",
    more: Sequence[str] = (),
) -> Callable[[Path, Rows], object]:
    """A writer of separated values; `more` are further cells of each row."""

    def write(root: Path, rows: Rows) -> object:
        lines = [sep.join(header), *(sep.join([*row, *more]) for row in rows)]
        return put(root / name, start + "\n".join(lines) + "\n")

    return write


def jsonl(root: Path, rows: Rows) -> object:
    """Hugging Face's metadata.jsonl."""
    lines = [json.dumps({"file_name": file, "label": label}) for file, label in rows]
    return put(root / "metadata.jsonl", "\n".join(lines))


def metadata_parquet(root: Path, rows: Rows) -> object:
    """Hugging Face's metadata.parquet."""
    names = {"file_name": [f for f, _ in rows], "label": [x for _, x in rows]}
    pq.write_table(pa.table(names), root / "metadata.parquet")
    return root


def one_hot(root: Path, rows: Rows) -> object:
    """Roboflow's _classes.csv."""
    lines = [f"{f}, {int(x == 'cat')}, {int(x == 'dog')}" for f, x in rows]
    return put(root / "_classes.csv", "\n".join(["filename, cat, dog", *lines]))


def several_hot(root: Path, rows: Rows) -> object:
    """An image of two classes."""
    lines = [f"{f},{int(x == 'cat')},1" for f, x in rows]
    return put(root / "_classes.csv", "\n".join(["filename,cat,dog", *lines]))


def stems(rows: Rows) -> Rows:
    """Names without suffix."""
    return [(file.removesuffix(".png"), label) for file, label in rows]


def split_column(root: Path) -> Made:
    """A column that names the split."""
    parts = {"train": pictures(), "validation": pictures(1, n=2), "test": TESTS}
    lines = ["file,split,class"]
    for part, images in parts.items():
        for name, some in images.items():
            for i, pixels in enumerate(some):
                put(root / "img" / f"{part}{name}{i}.png", encode(pixels))
                lines.append(f"img/{part}{name}{i}.png,{part},{name}")
    put(root / "all.csv", "\n".join(lines))
    return root, parts


def kaggle(root: Path, *, labelled: bool = False) -> Made:
    """train.csv with train/, test.csv with test/, whose labels are kept back."""
    rows = put_flat(root / "train", pictures())
    put(root / "train.csv", "\n".join(["id,breed", *(f"{f[:-4]},{x}" for f, x in rows)]))
    rows = put_flat(root / "test", TESTS)
    test = [f"{f[:-4]},{x}" if labelled else f[:-4] for f, x in rows]
    put(root / "test.csv", "\n".join(["id,breed" if labelled else "id", *test]))
    if labelled:
        return root, {"train": pictures(), "test": TESTS}
    return root, {"all": pictures()}


def in_splits(root: Path) -> Made:
    """A table in each split's folder."""
    parts = {"train": pictures(), "test": TESTS}
    for part, images in parts.items():
        rows = put_flat(root / part, images)
        put(root / part / "labels.csv", "\n".join(["file,label", *map(",".join, rows)]))
    return root, parts


def unnamed_rows(root: Path) -> Made:
    """Two images that no row names."""
    made = table(csv())(root)
    for i in range(2):
        put(root / f"extra{i}.png", encode(picture(9, i)))
    return made


def flat_train_test(root: Path) -> Made:
    """Flat train/ and test/, and one table that names the files with their folders."""
    rows = [(f"train/{f}", x) for f, x in put_flat(root / "train", pictures())]
    rows += [(f"test/{f}", x) for f, x in put_flat(root / "test", TESTS)]
    csv()(root, rows)
    return root, {"train": pictures(), "test": TESTS}


def renamed(make: Callable[[Path], Made]) -> Callable[[Path], Made]:
    """The same images with the classes 0 and 3."""

    def again(root: Path) -> Made:
        path, parts = make(root)
        names = {"cat": "0", "dog": "3"}
        return path, {p: {names[x]: some for x, some in i.items()} for p, i in parts.items()}

    return again


def refused(change: Callable[[Rows], Rows], **more: str) -> Callable[[Path], Path]:
    """A table with changed rows."""
    return lambda root: table(csv(), change=change)(root)[0]


def two_columns(root: Path) -> Made:
    """Two columns that could be the label."""
    return table(csv(header=("filename", "breed", "owner"), more=("me",)))(root)


def numbered(header: str, line: Callable[[int, int, str], str]) -> Callable[[Path], Made]:
    """Images 0.png to 7.png; `line` makes a row of its number, the image's number and its class."""

    def make(root: Path) -> Made:
        images = pictures()
        pairs = [(name, pixels) for name, some in images.items() for pixels in some]
        for i, (_, pixels) in enumerate(pairs):
            put(root / f"{i}.png", encode(pixels))
        lines = [line(row, i, pairs[i][0]) for row, i in enumerate((3, 5, 0, 7, 1, 6, 2, 4))]
        put(root / "labels.csv", "\n".join([header, *lines]))
        return root, {"all": images}

    return make


def split_values(column: str, *values: str) -> Callable[[Path], Path]:
    """A table with a further column, which has these values in turn."""

    def write(root: Path, rows: Rows) -> object:
        lines = [f"{f},{x},{values[i % len(values)]}" for i, (f, x) in enumerate(rows)]
        return put(root / "labels.csv", "\n".join([f"file,label,{column}", *lines]))

    return lambda root: table(write)(root)[0]


READ = [
    Case("table-row-numbers", numbered(",image,label", lambda k, i, x: f"{k},{i}.png,{x}")),
    Case("table-row-numbers-and-stems", numbered(",photo,label", lambda k, i, x: f"{k},{i},{x}")),
    Case(
        "table-unnamed-0",
        numbered("Unnamed: 0,file,breed", lambda k, i, x: f"{k},{i}.png,{x}"),
        notes=(r"'breed' has the labels",),
    ),
    Case("table-csv", table(csv())),
    Case("table-csv-below", table(csv(), "images", lambda r: [(f"images/{f}", x) for f, x in r])),
    Case("table-csv-names-in-folder", table(csv(), "images")),
    Case(
        "table-backslashes", table(csv(), "images", lambda r: [(f"images\\{f}", x) for f, x in r])
    ),
    Case(
        "table-other-names",
        table(csv("train.csv", ("path", "kind"))),
        notes=(r"'kind' has the labels",),
    ),
    Case("table-semicolon", table(csv(sep=";"))),
    Case("table-tabs", table(csv("labels.tsv", sep="\t"))),
    Case("table-tabs-in-csv", table(csv(sep="\t"))),
    Case("table-byte-order-mark", table(csv(start="\ufeff"))),
    Case("table-stems", table(csv(header=("id", "label")), change=stems)),
    Case(
        "table-known-label",
        table(csv(header=("filename", "label", "photographer"), more=("me",))),
        notes=(r"'label' has the labels; columns that are not used: 'photographer'$",),
    ),
    Case("table-label-column", two_columns, options={"label_column": "breed"}),
    Case(
        "table-both-columns",
        two_columns,
        options={"label_column": "breed", "file_column": "filename"},
    ),
    Case(
        "table-numbers",
        renamed(table(csv(), change=lambda r: [(f, str(3 * CLASSES.index(x))) for f, x in r])),
        classes=("0", "3"),
    ),
    Case("table-quoted", table(csv(), change=lambda r: [(f'"{f}"', f'"{x}"') for f, x in r])),
    Case("table-jsonl", table(jsonl)),
    Case("table-metadata-parquet", table(metadata_parquet)),
    Case("table-one-hot", table(one_hot), notes=(r"columns 'cat', 'dog' are the classes",)),
    Case("table-split-column", split_column),
    Case("table-kaggle", kaggle, notes=(r"4 .*without|4 .*no label", r"'breed' has the labels")),
    Case(
        "table-kaggle-labelled",
        lambda r: kaggle(r, labelled=True),
        notes=(r"'breed' has the labels",),
    ),
    Case("table-in-splits", in_splits),
    Case("table-unnamed-images", unnamed_rows, notes=(r"\b2\b.*(row|table|labels\.csv)",)),
    Case("table-flat-train-test", flat_train_test),
]

REFUSED = [
    Case(
        "table-row-numbers-for-lost-files",
        lambda r: numbered(",photo,label", lambda k, i, x: f"{k},IMG_{i}.png,{x}")(r)[0],
        refused=r"row 2: there is no image 'IMG_3\.png'",
    ),
    Case(
        "table-no-header-stems",
        lambda r: numbered("3,cat", lambda k, i, x: f"{i},{x}" if k else "")(r)[0],
        refused=r"first row names an image",
    ),
    *(
        Case(f"table-split-{name}", split_values(name, *values), refused=rf"column '{name}'")
        for name, *values in (
            ("split", "trainval", "test"),
            ("subset", "train", "test", "extra"),
            ("Usage", "Training", "PublicTest", "PrivateTest"),
            ("dataset", "train", "train", "test"),
        )
    ),
    Case("table-split-numbers", split_values("partition", "0", "1"), refused=r"got '0'"),
    Case("table-split-empty", split_values("split", "train", "", "test"), refused=r"got ''"),
    Case("table-two-labels-columns", lambda r: two_columns(r)[0], refused=r"breed.*owner.*--label"),
    Case(
        "table-unknown-column",
        lambda r: two_columns(r)[0],
        refused=r"colour",
        options={"label_column": "colour"},
    ),
    Case("table-missing-file", refused(lambda r: [*r, ("gone.png", "cat")]), refused=r"gone\.png"),
    Case("table-empty-label", refused(lambda r: [(r[0][0], ""), *r[1:]]), refused=r"row|line"),
    Case("table-two-labels", refused(lambda r: [*r, (r[0][0], "owl")]), refused=r"owl"),
    Case("table-out", refused(lambda r: [*r, ("../x.png", "cat")]), refused=r"\.\./x\.png"),
    Case("table-absolute", refused(lambda r: [*r, ("/etc/passwd", "cat")]), refused=r"/etc/passwd"),
    Case("table-one-class", refused(lambda r: [(f, "cat") for f, _ in r]), refused=r"class"),
    Case("table-several-hot", lambda r: table(several_hot)(r)[0], refused=r"."),
    Case(
        "table-no-files",
        refused(lambda r: [(f"{i}", x) for i, (_, x) in enumerate(r)]),
        refused=r"labels\.csv",
    ),
    Case("table-header-only", refused(lambda r: []), refused=r"labels\.csv"),
    Case("table-ragged", lambda r: table(csv(more=("a", "b")))(r)[0], refused=r"labels\.csv"),
    Case(
        "table-equal-names",
        lambda r: table(csv(header=("file", "label", "label"), more=("a",)))(r)[0],
        refused=r"labels\.csv.*'label'",
    ),
    Case(
        "table-two-split-columns",
        lambda r: table(csv(header=("file", "label", "split", "subset"), more=("train", "test")))(
            r
        )[0],
        refused=r"labels\.csv.*'split', 'subset'",
    ),
]
CASES = [*READ, *REFUSED]
