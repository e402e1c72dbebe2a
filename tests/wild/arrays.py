"""Arrays: .npz, folders of .npy, IDX."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wild.zoo import Case, Expected, Made, Pixels, encode, pictures, put, put_classes

Array = NDArray[Any]
GREY, RGB = (8, 8), (8, 8, 3)


def stack(images: dict[str, list[Pixels]]) -> tuple[Array, Array]:
    """Images (n, ...) and labels 0, 1, …, the classes mixed."""
    x = np.stack([p for some in images.values() for p in some])
    y = np.repeat(np.arange(len(images)), [len(some) for some in images.values()])
    order = np.random.default_rng(0).permutation(len(y))
    return x[order], y[order]


def numbered(images: dict[str, list[Pixels]], *names: str) -> dict[str, list[Pixels]]:
    """The images under other class names."""
    shaped = [[p.reshape(*p.shape[:2], -1) for p in some] for some in images.values()]
    return dict(zip(names or ("0", "1"), shaped, strict=True))


def npz(
    *names: str,
    change: Callable[[Array, Array], tuple[Array, Array]] = lambda x, y: (x, y),
    shape: tuple[int, ...] = GREY,
    classes: tuple[str, ...] = ("0", "1"),
    parts: tuple[str, ...] = ("train", "test"),
    **more: Array,
) -> Callable[[Path], Made]:
    """A .npz file; `names` are those of images and labels of each of `parts`, in turn."""

    def make(root: Path) -> Made:
        root.mkdir(parents=True)
        arrays, expected = dict(more), Expected()
        for k, part in enumerate(parts):
            images = pictures(k, n=3 + 3 * (part == "all"), shape=shape)
            x, y = names[2 * k : 2 * k + 2]
            arrays[x], arrays[y] = change(*stack(images))
            expected[part] = numbered(images, *classes)
        np.savez(root / "set.npz", **arrays)
        return root / "set.npz", expected

    return make


KERAS = ("x_train", "y_train", "x_test", "y_test")


def npy(*names: str) -> Callable[[Path], Made]:
    """A folder of .npy files."""

    def make(root: Path) -> Made:
        root.mkdir(parents=True)
        expected = Expected()
        for k, part in enumerate(("train", "test")):
            images = pictures(k, n=3, shape=GREY)
            x, y = stack(images)
            np.save(root / f"{names[2 * k]}.npy", x)
            np.save(root / f"{names[2 * k + 1]}.npy", y)
            expected[part] = numbered(images)
        return root, expected

    return make


def npy_beside_classes(root: Path) -> Made:
    """Arrays beside class folders."""
    made = npy(*KERAS)(root)
    put_classes(root, pictures(5))
    return made


def idx_bytes(array: Array) -> bytes:
    """The IDX file of bytes."""
    head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return head + array.astype(np.uint8).tobytes()


def idx(pack: Callable[[bytes], bytes], end: str, dash: str = "-") -> Callable[[Path], Made]:
    """MNIST's four files."""

    def make(root: Path) -> Made:
        expected = Expected()
        for k, (part, name) in enumerate((("train", "train"), ("test", "t10k"))):
            images = pictures(k, n=3, shape=GREY)
            x, y = stack(images)
            put(root / f"{name}-images{dash}idx3-ubyte{end}", pack(idx_bytes(x)))
            put(root / f"{name}-labels{dash}idx1-ubyte{end}", pack(idx_bytes(y)))
            expected[part] = numbered(images)
        return root, expected

    return make


def labels(convert: Callable[[Array], Array], *classes: str) -> Callable[[Path], Made]:
    """Labels in another form."""
    return npz(*KERAS, change=lambda x, y: (x, convert(y)), classes=classes or ("0", "1"))


def images(
    convert: Callable[[Array], Array], shape: tuple[int, ...] = GREY
) -> Callable[[Path], Made]:
    """Images in another form."""
    return npz(*KERAS, change=lambda x, y: (convert(x), y), shape=shape)


def path_only(make: Callable[[Path], Made]) -> Callable[[Path], Path]:
    """The path alone."""
    return lambda root: make(root)[0]


def without(*names: str) -> Callable[[Path], Made]:
    """Keras' four arrays, but for some."""

    def make(root: Path) -> Made:
        path, expected = npz(*KERAS)(root)
        with np.load(path) as file:
            kept = {k: file[k] for k in file.files if k not in names}
        np.savez(path, **kept)
        return path, {"all": expected["train"]}

    return make


def opaque(x: Array) -> Array:
    """A full alpha channel."""
    return np.concatenate([x, np.full((*x.shape[:3], 1), 255, np.uint8)], axis=3)


def as_objects(y: Array) -> Array:
    """Python objects."""
    return np.array([int(v) for v in y], dtype=object)


def pointer(name: str) -> Callable[[Path], Path]:
    """A pointer of Git LFS."""
    text = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    return lambda root: put(root / name, text)


def lone_idx(root: Path) -> Path:
    """One of the IDX files."""
    return idx(bytes, "")(root)[0] / "train-images-idx3-ubyte"


def one_hot(y: Array) -> Array:
    """(n, 2)."""
    return np.eye(2)[y]


NUM = {"classes": ("0", "1")}
READ = [
    Case("npz-keras", npz(*KERAS), **NUM),
    Case("npz-rgb", npz(*KERAS, shape=RGB), **NUM),
    Case("npz-one-channel", images(lambda x: x[..., None]), **NUM),
    Case("npz-upper-case", npz("X_train", "Y_train", "X_test", "Y_test"), **NUM),
    Case("npz-medmnist", npz("train_images", "train_labels", "test_images", "test_labels"), **NUM),
    Case(
        "npz-images-train", npz("images_train", "labels_train", "images_test", "labels_test"), **NUM
    ),
    Case("npz-xtrain", npz("train_x", "train_y", "test_x", "test_y"), **NUM),
    Case("npz-data-target", npz("data_train", "target_train", "data_test", "target_test"), **NUM),
    Case("npz-pair-xy", npz("x", "y", parts=("all",)), **NUM),
    Case("npz-pair-images-labels", npz("images", "labels", parts=("all",)), **NUM),
    Case("npz-pair-X-y", npz("X", "y", parts=("all",)), **NUM),
    Case("npz-val", npz(*KERAS, "x_val", "y_val", parts=("train", "test", "validation")), **NUM),
    Case("npz-more", npz(*KERAS, mean=np.zeros(3)), notes=(r"\bmean\b",), **NUM),
    Case("npz-unlabelled-test", without("y_test"), notes=(r"6 .*label",), **NUM),
    Case("npz-labels-column", labels(lambda y: y[:, None]), **NUM),
    Case("npz-labels-gaps", labels(lambda y: y * 7 + 3, "3", "10"), classes=("3", "10")),
    Case("npz-labels-uint8", labels(lambda y: y.astype(np.uint8)), **NUM),
    Case("npz-labels-floats", labels(lambda y: y.astype(np.float32)), **NUM),
    Case(
        "npz-labels-booleans", labels(lambda y: y == 1, "False", "True"), classes=("False", "True")
    ),
    Case(
        "npz-labels-texts",
        labels(lambda y: np.array(["owl", "ant"])[1 - y], "ant", "owl"),
        classes=("ant", "owl"),
    ),
    Case(
        "npz-labels-bytes",
        labels(lambda y: np.array([b"a", b"b"])[y], "a", "b"),
        classes=("a", "b"),
    ),
    Case("npz-labels-one-hot", labels(one_hot), **NUM),
    Case("npz-labels-one-hot-int", labels(lambda y: one_hot(y).astype(int)), **NUM),
    Case("npz-labels-one-hot-bool", labels(lambda y: one_hot(y) > 0), **NUM),
    Case(
        "npz-labels-numbers-as-text",
        labels(lambda y: np.array(["2", "10"])[y], "2", "10"),
        classes=("2", "10"),
    ),
    Case(
        "npz-channels-first-rgb",
        images(lambda x: x.transpose(0, 3, 1, 2), RGB),
        notes=(r"channels first",),
        **NUM,
    ),
    Case(
        "npz-channels-first-grey", images(lambda x: x[:, None]), notes=(r"channels first",), **NUM
    ),
    Case("npz-rgba", images(opaque, RGB), notes=(r"white|alpha",), **NUM),
    Case("npy-keras", npy(*KERAS), **NUM),
    Case("npy-hyphens", npy("x-train", "y-train", "x-test", "y-test"), **NUM),
    Case("npy-images", npy("train_images", "train_labels", "test_images", "test_labels"), **NUM),
    Case(
        "npy-beside-classes",
        npy_beside_classes,
        notes=(r"no images in folders beside them: cat/, dog/$",),
        **NUM,
    ),
    Case("idx-plain", idx(bytes, ""), **NUM),
    Case("idx-gzip", idx(gzip.compress, ".gz"), **NUM),
    Case("idx-dots", idx(bytes, "", "."), **NUM),
]

REFUSED = [
    Case("npz-no-train-labels", path_only(without("y_train")), refused=r"y_train|label"),
    Case("npz-only-test", path_only(without("x_train", "y_train")), refused=r"train"),
    Case(
        "npz-two-trains",
        path_only(npz(*KERAS, train_images=np.zeros((6, 8, 8), np.uint8))),
        refused=r"train_images",
    ),
    Case("npz-labels-objects", path_only(labels(as_objects)), refused=r"object"),
    Case("npz-labels-fractions", path_only(labels(lambda y: y + 0.5)), refused=r"y_t"),
    Case(
        "npz-labels-probabilities",
        path_only(labels(lambda y: one_hot(y) * 0.8 + 0.1)),
        refused=r"y_t",
    ),
    Case(
        "npz-labels-nan", path_only(labels(lambda y: np.where(y == 1, np.nan, 0.0))), refused=r"y_t"
    ),
    Case("npz-labels-several", path_only(labels(lambda y: np.ones((len(y), 2)))), refused=r"y_t"),
    Case("npz-labels-short", path_only(labels(lambda y: y[:-1])), refused=r"y_t"),
    Case("npz-labels-complex", path_only(labels(lambda y: y + 0j)), refused=r"y_t"),
    Case("npz-labels-dates", path_only(labels(lambda y: y.astype("M8[D]"))), refused=r"y_t"),
    Case("npz-images-objects", path_only(images(lambda x: x.astype(object))), refused=r"object"),
    Case("npz-images-texts", path_only(images(lambda x: x.astype(str))), refused=r"x_t"),
    Case("npz-images-complex", path_only(images(lambda x: x + 0j)), refused=r"x_t"),
    Case("npz-images-fortran", path_only(images(np.asfortranarray)), refused=r"ascontiguousarray"),
    Case(
        "npz-images-flat",
        path_only(images(lambda x: x.reshape(len(x), -1))),
        refused=r"reshape.*8, 8",
    ),
    Case("npz-images-2-channels", path_only(images(lambda x: np.stack([x, x], 3))), refused=r"x_t"),
    Case("npz-images-5-axes", path_only(images(lambda x: x[:, None, None, None])), refused=r"x_t"),
    Case(
        "npz-images-both-channels",
        path_only(images(lambda x: x[:, :3, :, :3].copy(), RGB)),
        refused=r"x_t",
    ),
    Case("npz-one-class", path_only(labels(lambda y: y * 0, "0", "1")), refused=r"class"),
    Case("npz-negative-labels", path_only(labels(lambda y: y - 1)), refused=r"-1|from 0"),
    Case("npz-text-file", lambda r: put(r / "a.npz", "text"), refused=r"a\.npz"),
    Case("npz-lfs", pointer("a.npz"), refused=r"git lfs pull"),
    Case("idx-above", lambda root: idx(bytes, "")(root / "raw")[0].parent, refused=r"give .*/raw$"),
    Case("npy-above", lambda root: npy(*KERAS)(root / "a" / "b")[0].parents[1], refused=r"/a/b$"),
    Case("npz-above", lambda root: npz(*KERAS)(root)[0].parent, refused=r"give .*/set\.npz$"),
    Case("idx-one-file", lone_idx, refused=r"give"),
    Case("npy-one-file", lambda r: put(r / "x.npy", encode(pictures()["cat"][0])), refused=r"npy"),
    Case("arrays-unknown-suffix", lambda r: put(r / "x.mat", "x"), refused=r"expected a folder"),
    Case("arrays-pickle", lambda r: put(r / "x.pkl", "x"), refused=r"expected a folder"),
    Case("arrays-hdf5", lambda r: put(r / "x.h5", "x"), refused=r"expected a folder"),
]
CASES = [*READ, *REFUSED]
