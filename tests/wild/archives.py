"""Archives of folders."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from wild.zoo import Case, Made, encode, picture, pictures

Files = dict[str, bytes]


def class_files(prefix: str = "") -> Files:
    """The files of cat/ and dog/."""
    return {
        f"{prefix}{name}/{i}.png": encode(pixels)
        for name, some in pictures().items()
        for i, pixels in enumerate(some)
    }


def zipped(files: Files, name: str = "set.zip") -> Callable[[Path], Made]:
    """A .zip file."""

    def make(root: Path) -> Made:
        root.mkdir(parents=True)
        with zipfile.ZipFile(root / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, data in files.items():
                archive.writestr(path, data)
        return root / name, {"all": pictures()}

    return make


def tarred(
    files: Files, name: str = "set.tar", mode: str = "w", links: Mapping[str, str] = {}
) -> Callable[[Path], Made]:
    """A .tar file."""

    def make(root: Path) -> Made:
        root.mkdir(parents=True)
        with tarfile.open(root / name, mode) as archive:
            for path, data in files.items():
                info = tarfile.TarInfo(path)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
            for path, target in links.items():
                info = tarfile.TarInfo(path)
                info.type, info.linkname = tarfile.SYMTYPE, target
                archive.addfile(info)
        return root / name, {"all": pictures()}

    return make


def path_only(make: Callable[[Path], Made]) -> Callable[[Path], Path]:
    """The path alone."""
    return lambda root: make(root)[0]


def split_zip(root: Path) -> Made:
    """Splits in an archive."""
    tests = pictures(2, n=2)
    files = class_files("set/train/")
    for name, some in tests.items():
        files |= {f"set/test/{name}/{i}.png": encode(p) for i, p in enumerate(some)}
    return zipped(files)(root)[0], {"train": pictures(), "test": tests}


def table_zip(root: Path) -> Made:
    """A table in an archive."""
    files, lines = {}, ["file,label"]
    for name, some in pictures().items():
        for i, pixels in enumerate(some):
            files[f"img/{name}{i}.png"] = encode(pixels)
            lines.append(f"img/{name}{i}.png,{name}")
    return zipped({**files, "labels.csv": "\n".join(lines).encode()})(root)


def encrypted(root: Path) -> Path:
    """The bit that says that members are encrypted."""
    path, _ = zipped(class_files())(root)
    data = bytearray(path.read_bytes())
    for start, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(start)
        while at >= 0:
            data[at + offset] |= 1
            at = data.find(start, at + 4)
    path.write_bytes(bytes(data))
    return path


def without_utf8_flag(root: Path) -> Made:
    """Names in UTF-8, without the flag that says so."""
    images = pictures(classes=("K\xe4se", "dog"))
    files = {
        f"{name}/{i}.png": encode(pixels)
        for name, some in images.items()
        for i, pixels in enumerate(some)
    }
    path, _ = zipped(files)(root)
    data = bytearray(path.read_bytes())
    for start, offset in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        at = data.find(start)
        while at >= 0:
            data[at + offset] &= ~8
            at = data.find(start, at + 4)
    path.write_bytes(bytes(data))
    return path, {"all": images}


def truncated(root: Path) -> Path:
    """Half of the file."""
    path, _ = zipped(class_files())(root)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def bomb(root: Path) -> Path:
    """1.5 GiB of zeros in 1.5 MB."""
    root.mkdir(parents=True)
    with zipfile.ZipFile(root / "bomb.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path, data in class_files().items():
            archive.writestr(path, data)
        with archive.open("cat/zeros.png", "w", force_zip64=True) as file:
            block = bytes(16 << 20)
            for _ in range(96):
                file.write(block)
    return root / "bomb.zip"


CASES = [
    Case("archive-zip", zipped(class_files())),
    Case("archive-zip-of-folder", zipped(class_files("photos/"))),
    Case("archive-zip-upper-case", zipped(class_files(), "SET.ZIP")),
    Case("archive-zip-macos", zipped({**class_files(), "__MACOSX/cat/._0.png": b"x"})),
    Case("archive-zip-split", split_zip),
    Case("archive-zip-table", table_zip),
    Case(
        "archive-zip-utf8-without-flag",
        without_utf8_flag,
        classes=("dog", "K\xe4se"),
        notes=(r"Keras",),
    ),
    Case("archive-tar", tarred(class_files())),
    Case("archive-tar-dot", tarred(class_files("./"))),
    Case("archive-tar-gz", tarred(class_files(), "set.tar.gz", "w:gz")),
    Case("archive-tgz", tarred(class_files("x/"), "set.tgz", "w:gz")),
    Case("archive-tar-bz2", tarred(class_files(), "set.tar.bz2", "w:bz2")),
    Case("archive-tar-xz", tarred(class_files(), "set.tar.xz", "w:xz")),
    Case(
        "archive-zip-out",
        path_only(zipped({**class_files(), "../x.png": encode(picture(1))})),
        refused=r"\.\./x\.png",
    ),
    Case(
        "archive-zip-absolute",
        path_only(zipped({**class_files(), "/tmp/x.png": encode(picture(1))})),
        refused=r"/tmp/x\.png",
    ),
    Case(
        "archive-tar-out",
        path_only(tarred({**class_files(), "cat/../../x.png": encode(picture(1))})),
        refused=r"x\.png",
    ),
    Case(
        "archive-tar-link",
        path_only(tarred(class_files(), links={"cat/9.png": "/etc/passwd"})),
        refused=r"cat/9\.png",
    ),
    Case(
        "archive-in-archive",
        path_only(zipped({"inner.zip": b"PK\x05\x06" + bytes(18)})),
        refused=r"inner\.zip|no images",
    ),
    Case("archive-encrypted", encrypted, refused=r"encrypted|password"),
    Case("archive-truncated", truncated, refused=r"set\.zip"),
    Case("archive-bomb", bomb, refused=r"bomb\.zip"),
    Case("archive-empty", path_only(zipped({})), refused=r"set\.zip"),
]
