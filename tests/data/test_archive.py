"""Archives of folders are read as the folders; what is unsafe is refused."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile

import numpy as np
import pytest
from image_files import encode, noise, write_folder

from autocnn.data import archive, reader
from autocnn.data.catalog import dataset_info, load_train
from autocnn.data.options import ImageOptions
from autocnn.errors import DatasetError, SettingsError

PIXELS = noise(24, 4, 5, 3)
IMAGE = encode(PIXELS[0])


def pack(path, members):
    """Write an archive of files, {name: content}, in the form that the suffix says."""
    if path.name.endswith(".zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for name, data in members.items():
                file.writestr(name, data)
        return path
    suffix = path.name.rpartition(".")[2].replace("tgz", "gz")
    with tarfile.open(path, "w" if suffix == "tar" else f"w:{suffix}") as file:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
    return path


def refused(path):
    """The line that refuses an archive, after its path; nothing but locks is left in the cache."""
    with pytest.raises(DatasetError) as caught:
        dataset_info(str(path))
    line = str(caught.value)
    assert "\n" not in line
    return line.removeprefix(str(path))


@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"])
@pytest.mark.parametrize("top", ["", "photos/"])
def test_an_archive_is_the_folder_in_it(tmp_path, suffix, top):
    """A single folder at the top is entered; clutter of operating systems is passed over."""
    parts = {"train": (PIXELS, [0, 1] * 12), "test": (noise(4, 4, 5, 3, seed=1), [0, 1, 0, 1])}
    folder = write_folder(tmp_path / "folder", parts)
    files = {f"{top}{p.relative_to(folder)}": p.read_bytes() for p in folder.rglob("*.png")}
    clutter = {"__MACOSX/photos/._1.png": b"", f"{top}.DS_Store": b"", "__MACOSX/a.zip": b""}
    path = pack(tmp_path / f"x{suffix}", files | clutter | {f"{top}readme.md": b"text"})
    info = dataset_info(str(path))
    assert (info.name, info.description) == (path.name, f"images in {path}")
    assert (info.n_train, info.n_test, info.class_names) == (24, 4, ("0", "1"))
    assert info.notes == ("not read: 1 .md",)
    train, same = load_train(str(path)), load_train(str(folder))
    assert train.fingerprint == same.fingerprint
    assert np.array_equal(train.images, same.images)


def test_tables_in_archives_are_read(tmp_path):
    """The columns can be given."""
    rows = "".join(f"{i:02}.png,{i % 2},{i % 3}\n" for i in range(24))
    files = {f"{i:02}.png": encode(PIXELS[i]) for i in range(24)}
    path = pack(tmp_path / "x.zip", {"t.csv": f"file,two,three\n{rows}", **files})
    assert refused(path).startswith("/t.csv: the columns 'two', 'three' may have the labels;")
    assert dataset_info(str(path), ImageOptions(label_column="three")).n_classes == 3
    with pytest.raises(SettingsError, match="--follow-links is without effect on"):
        dataset_info(str(path), ImageOptions(follow_links=True))


def test_messages_name_the_archive(tmp_path):
    """The cache's path is in no line, and no path below the archive can be given."""
    path = pack(tmp_path / "x.zip", {"a/1.png": IMAGE, "2.png": IMAGE})
    assert refused(path) == "/2.png: lies outside of the class folders; move it or take it away"
    path = pack(tmp_path / "y.zip", {"q/s/a/1.png": IMAGE, "q/s/b/2.png": IMAGE, "q/x.txt": b""})
    assert refused(path).endswith(f"; give {path}/q/s; unpack the archive for that")


def test_a_changed_archive_is_unpacked_again(tmp_path, cache):
    """The older folder is deleted, and an unchanged archive is not unpacked twice."""
    files = {f"{i % 2}/{i}.png": encode(PIXELS[i]) for i in range(24)}
    path = pack(tmp_path / "x.zip", files)
    assert dataset_info(str(path)).class_names == ("0", "1")
    [folder] = [p for p in (cache / "archives").iterdir() if p.is_dir()]
    assert archive.unpack(path) == folder / "files"
    pack(path, {f"c{name}": data for name, data in files.items()})
    os.utime(path, ns=(1, 1))
    assert dataset_info(str(path)).class_names == ("c0", "c1")
    [other] = [p for p in (cache / "archives").iterdir() if p.is_dir()]
    assert other != folder


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz"])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../evil.png", ": ../evil.png: leads out of the archive"),
        ("a/../../evil.png", ": a/../../evil.png: leads out of the archive"),
        ("/tmp/evil.png", ": /tmp/evil.png: leads out of the archive"),
        ("C:\\evil.png", ": C:/evil.png: leads out of the archive"),
        ("a/1.png/b.png", ": a/1.png/b.png: is in the archive twice"),
        ("a/inner.tar.gz", ": a/inner.tar.gz: an archive inside; unpack it by hand"),
        ("a/inner.ZIP", ": a/inner.ZIP: an archive inside; unpack it by hand"),
    ],
)
def test_unsafe_members_are_refused(tmp_path, cache, suffix, name, message):
    """Nothing is written out of the cache, and nothing is left in it."""
    path = pack(tmp_path / f"x{suffix}", {"a/1.png": IMAGE, name: IMAGE})
    assert refused(path) == message
    assert not [p for p in (cache / "archives").iterdir() if p.is_dir()]
    assert not list(tmp_path.rglob("evil.png"))


def test_links_and_devices_are_refused(tmp_path):
    """They may lead out of the archive."""
    for kind, reason in (
        (tarfile.SYMTYPE, "is a link"),
        (tarfile.LNKTYPE, "is a link"),
        (tarfile.FIFOTYPE, "is neither a file nor a folder"),
    ):
        path = tmp_path / "x.tar"
        with tarfile.open(path, "w") as file:
            info = tarfile.TarInfo("a/1.png")
            info.type, info.linkname = kind, "/etc/passwd"
            file.addfile(info)
        assert refused(path) == f": a/1.png: {reason}; unpack the archive by hand"
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        link = zipfile.ZipInfo("a/1.png")
        link.external_attr = 0o120777 << 16
        zipped.writestr(link, "/etc/passwd")
    assert refused(path) == ": a/1.png: is a link; unpack the archive by hand"


def test_an_encrypted_member_is_refused(tmp_path):
    """The flag of the member says so."""
    path = pack(tmp_path / "x.zip", {"a/1.png": b"data"})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert refused(path) == ": a/1.png: is encrypted; unpack the archive by hand"


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz"])
def test_an_archive_that_expands_too_much_is_refused(tmp_path, monkeypatch, suffix):
    """The limit is a ratio, above a size that is always allowed; the number of members, too."""
    path = pack(tmp_path / f"x{suffix}", {f"a/{i}.png": bytes(1 << 20) for i in range(3)})
    monkeypatch.setattr(reader, "FREE_BYTES", 1 << 20)
    assert refused(path).startswith(": expands to more than 1 MiB, the limit: 200 times its own ")
    monkeypatch.setattr(reader, "FREE_BYTES", 1 << 30)
    monkeypatch.setattr(archive, "MAX_MEMBERS", 2)
    assert refused(path) == ": has more than 2 members"


@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"])
def test_a_broken_archive_is_refused(tmp_path, suffix):
    """The file is empty, of another kind, or cut off."""
    whole = {f"{i}/{i}.png": noise(1, 3000)[0].tobytes() for i in range(9)}
    data = pack(tmp_path / f"whole{suffix}", whole).read_bytes()
    for content in (b"", b"no archive", data[: len(data) // 2]):
        path = tmp_path / f"x{suffix}"
        path.write_bytes(content)
        assert refused(path).startswith((": cannot be read as an archive (", ": no images found"))


def test_an_unpacked_folder_is_on_the_disk_before_it_has_its_name(tmp_path, cache, monkeypatch):
    """A power cut after the move would else leave empty files, which count as unpacked."""
    path = pack(tmp_path / "x.zip", {f"{i % 2}/{i}.png": encode(PIXELS[i]) for i in range(8)})
    calls = []
    for name in ("sync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, n=name, f=real: (calls.append(n), f(*a))[1])
    archive.unpack(path)
    assert calls == ["sync", "replace"]
