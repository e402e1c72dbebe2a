"""A user's images on the command line: shown, drawn, and refused in one line."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from image_files import encode, image_table, noise, write_folder, write_npz, write_shards
from PIL import Image

X, Y = noise(36, 8, 8), [i % 3 for i in range(36)]
FILE = encode(X[0])


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """Give each test an empty cache and its own folder."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    monkeypatch.chdir(tmp_path_factory.mktemp("work"))
    return folder / "autocnn" / "images"


@pytest.fixture
def folder():
    """A folder of three classes with twelve images each."""
    return write_folder(Path("photos"), {"": (X, Y)})


def break_image(folder: Path) -> None:
    """Cut off half of an image file."""
    file = folder / "0" / "0000.png"
    file.write_bytes(file.read_bytes()[:80])


# accepted images


@pytest.mark.parametrize("form", ["folder", "npz", "parquet"])
def test_any_form_is_shown_in_full(autocnn, form):
    """The page has facts and a line a class; three forms have one fingerprint."""
    parts = {"train": (X, Y), "test": (noise(6, 8, 8, seed=1), [0, 1, 2] * 2)}
    path = {
        "folder": lambda: write_folder(Path("photos"), parts),
        "npz": lambda: write_npz(Path("photos.npz"), parts),
        "parquet": lambda: write_shards(Path("shards"), parts, ["0", "1", "2"]),
    }[form]()
    done = autocnn("datasets", path)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].startswith(f"name         {path.name}: ")
    assert lines[0].endswith(f" {path.absolute()}")
    assert lines[1] == "images       8×8×1, 36 to train and 6 to test"
    assert lines[3] == (
        "fingerprint  deb57bd86c75926314f7d101b5cd74574996d034f30475a51f32647326bb20da"
    )
    assert [line.split() for line in lines[-3:]] == [
        [str(i), str(i), "10", "2", "2"]
        for i in range(3)  # of 12 images a fifth validate
    ]


def test_notes_and_unbalanced_classes_are_printed(autocnn, folder):
    """A class has 12 and another 72 images; notes are about sizes and test images."""
    for i, pixels in enumerate(noise(60, 9, 9, seed=5)):
        (folder / "2" / f"new{i}.png").write_bytes(encode(pixels))
    done = autocnn("datasets", folder)
    notes = [line.removeprefix("note         ") for line in done.out.splitlines() if "note" in line]
    assert notes[0] == "images from 8x8 to 9x9 are scaled to 9x9; --image-size gives another size"
    assert notes[1].startswith("no test images came with it: 16 of 96 training images, a sixth ")
    assert notes[2:] == [
        "80 images are few: each trial is scored by 5-fold cross-validation (--folds 1 for one "
        "hold-out)",
        "unbalanced classes: '2' has 60 to train and to validate, 12 to test, '0' has 10 to train "
        "and to validate, 2 to test; always answering '2' scores 75.0 % validation accuracy",
        "accuracy counts images, not classes: --objective balanced_accuracy ranks trials by all "
        "classes alike, and --class-weights trains them so",
    ]


def test_corrupt_images_are_left_out_on_request(autocnn, folder):
    """Their number is printed by `datasets` and before a search."""
    break_image(folder)
    shown = autocnn("datasets", folder, "--skip-corrupt", "--image-size", 6)
    assert shown.code == 0
    assert "images       6×6×1, 29 to train and 6 to test" in shown.out
    assert "1 of 36 images cannot be read and are left out: 0/0000.png (" in shown.out
    dry = autocnn("search", "--dataset", folder, "--skip-corrupt", "--dry-run")
    assert dry.code == 0
    assert dry.err.startswith("1 of 36 images cannot be read and are left out: 0/0000.png (")
    assert "space cnn for images of 8×8×1" in dry.out


def test_a_picture_is_drawn(autocnn, folder):
    """The picture is of the training images, as of any data set."""
    done = autocnn("datasets", folder, "--grid", "photos.png")
    assert (done.code, done.out, done.err) == (0, "photos.png\n", "")
    with Image.open("photos.png") as image:
        assert image.format == "PNG"


def test_no_terminal_no_bar(autocnn, folder):
    """The first reading prints nothing if stderr is no terminal."""
    assert autocnn("datasets", folder).err == ""


# refused images


def npz(**arrays):
    """Write a .npz file with these arrays."""
    np.savez("x.npz", **arrays)
    return "x.npz"


def parquet(**columns):
    """Write a Parquet file with these columns."""
    pq.write_table(pa.table(columns), "x.parquet")
    return "x.parquet"


def null_parquet():
    """Write a Parquet file whose second image is null."""
    pq.write_table(image_table([FILE, None], [0, 1]), "x.parquet")
    return "x.parquet"


def made(path, *names):
    """Make a folder with these files; those that end in .png are images."""
    for name in names:
        file = Path(path) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(FILE if file.suffix == ".png" else b"")
    return path


def linked(target):
    """Make a folder with an image that is a link."""
    made("photos", "a/1.png")
    Path("photos/a/2.png").symlink_to(target)
    return "photos"


def bomb():
    """Make a folder with an image of 900 million pixels in a few bytes."""
    import zlib

    data = bytearray(FILE)
    data[16:24] = (30_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    made("photos", "a/1.png", "b/1.png")
    Path("photos/a/2.png").write_bytes(data)
    return "photos"


def badly_named():
    """Make a folder with an image whose name is Latin-1."""
    made("photos", "a/1.png")
    Path(os.fsdecode(b"photos/a/caf\xe9.png")).write_bytes(FILE)
    return "photos"


@pytest.mark.parametrize(
    ("make", "code", "message"),
    [
        (lambda: "absent/photos", 2, "no data set named 'absent/photos'; choose one of digits, "),
        (lambda: made(".", "photos.rar") and "photos.rar", 1, "expected a folder, or a file .zip"),
        (lambda: made(".", "photos.zip") and "photos.zip", 1, "cannot be read as an archive (File"),
        (lambda: made("photos", "readme.txt"), 1, "no images found (.png, .jpg,"),
        (lambda: made("photos", "a/readme.txt"), 1, "no images found (.png, .jpg,"),
        (lambda: made("photos", "1.png"), 1, "1 images lie in it without a class folder"),
        (lambda: made("photos", "train/1.png", "test/1.png"), 1, "its 1 images have no labels"),
        (lambda: made("photos", "a/1.png"), 1, "one class is not enough"),
        (lambda: made("photos", "a/1.png", "b/1.png"), 1, "class 'a' has 1 image; it needs at l"),
        (lambda: made("photos", "train/a/1.png", "test/b/1.png"), 1, "test has images of 'b'"),
        (lambda: made("photos", "a/1.png", "b/x"), 1, "photos/b: no images found"),
        (lambda: linked("../../../etc/passwd"), 1, "photos/a/2.png: a link that leads"),
        (badly_named, 1, r"photos/a/caf\xe9.png: its name is not UTF-8; rename it"),
        (bomb, 1, "1 of 3 images cannot be read: a/2.png ("),
        (lambda: npz(stuff=X), 1, "there are no images of train; expected x_train and y_train, or"),
        (lambda: npz(x_train=X - 128.0, y_train=Y), 1, "expected floats from 0 to 1, or from 0"),
        (lambda: npz(x_train=X, y_train=Y[:3]), 1, "y_train: expected a label for each of the 36"),
        (lambda: npz(x_train=X[0], y_train=Y), 1, "x_train: expected (n, height, width), or that"),
        (
            lambda: npz(x_train=X, y_train=np.array(Y) - 1),
            1,
            "y_train[0]: expected labels from 0 (",
        ),
        (
            lambda: npz(x_train=X, y_train=np.array([{}] * 36, object)),
            1,
            "y_train: holds Python objects, which may run code",
        ),
        (lambda: made(".", "x.npz") and "x.npz", 1, "cannot be read as a .npz file"),
        (lambda: made(".", "x.parquet") and "x.parquet", 1, "cannot be read as a Parquet file"),
        (lambda: parquet(label=[0]), 1, "expected a column of encoded images, got label (int"),
        (lambda: parquet(image=[b""]), 1, "expected a column of labels, got image (binary)"),
        (
            lambda: parquet(image=[b""], label=[None]),
            1,
            "row 0: the label is missing in train, got",
        ),
        (null_parquet, 1, "row 1: the image is null"),
        (lambda: made("photos", "train-00000-of-00002.parquet"), 1, "train-00001-of-00002.parquet"),
    ],
)
def test_bad_input_is_one_line(autocnn, cache, make, code, message):
    """Neither a search nor `datasets` leaves a file in results/ or in the cache."""
    path = make()
    before = sorted(Path.cwd().rglob("*"))
    for command in (("search", "--dataset", path), ("datasets", path)):
        done = autocnn(*command)
        assert (done.code, done.out) == (code, "")
        assert done.err.startswith("autocnn: error: ")
        assert message in done.err
        assert done.err.count("\n") == 1
    assert sorted(Path.cwd().rglob("*")) == before
    assert not cache.exists() or [p for p in cache.iterdir() if p.suffix != ".lock"] == []


def test_corrupt_images_are_refused(autocnn, folder):
    """The line has their number and a remedy."""
    break_image(folder)
    done = autocnn("search", "--dataset", folder)
    assert done.code == 1
    assert "1 of 36 images cannot be read: 0/0000.png (" in done.err
    assert done.err.endswith("; mend them, or leave them out with --skip-corrupt\n")
    assert not Path("results").exists()


def test_files_without_permission_are_refused(autocnn, folder, monkeypatch):
    """The line names the first file."""
    real = os.open

    def refuse(file, *arguments, **options):
        if str(file).endswith("0003.png"):
            raise PermissionError(13, "Permission denied", str(file))
        return real(file, *arguments, **options)

    monkeypatch.setattr("os.open", refuse)
    done = autocnn("search", "--dataset", folder, "--time-budget", "1s")
    assert done.code == 1
    assert f"{folder.absolute()}/0/0003.png: cannot be read (Permission denied)" in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("search --dataset photos --image-size 0", "--image-size must be a side such as 64, or "),
        ("search --dataset photos --image-size 9999", "--image-size must be a side such as 64"),
        ("datasets photos --image-size big", "--image-size must be a side such as 64, or "),
        (
            "datasets digits --image-size 16",
            "--image-size: for images of your own only, and digits",
        ),
        ("search --dataset photos --resize x", "--resize must be crop, pad or stretch, got 'x'"),
        ("datasets photos --resize x", "--resize must be crop, pad or stretch, got 'x'"),
        ("datasets digits --resize pad", "--resize: for images of your own only, and digits"),
        ("search --resize stretch", "--resize: for images of your own only, and digits"),
        ("datasets --resize pad", "--resize needs the NAME of a data set, or a path"),
        ("search --skip-corrupt", "digits is a data set of the catalog; leave it out, or give"),
        ("search --dataset photos --label-column x", "are for a table beside the images, and the"),
        ("datasets --skip-corrupt", "--skip-corrupt needs the NAME of a data set, or a path"),
        ("search --dataset photos --space absent.toml", "no search space named 'absent.toml'"),
    ],
)
def test_wrong_options_are_refused(autocnn, folder, arguments, message):
    """The command ends with exit code 2 and one line, and creates no study."""
    done = autocnn(*arguments.split())
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1
    assert not Path("results").exists()
