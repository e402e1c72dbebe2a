"""Parquet files in the layouts of Hugging Face are read row by row; others are refused."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from image_files import encode, image_table, noise, write_shards

from autocnn.data.options import ImageOptions
from autocnn.data.parquet_files import holds_parquet, list_parquet
from autocnn.data.part_names import TEST, TRAIN, VALIDATION
from autocnn.errors import DatasetError

FILES = [encode(pixels) for pixels in noise(4, 2, 2, 3)]
LABELS = [1, 0, 1, 0]


@pytest.fixture
def file(tmp_path):
    """A readable file: two classes, four images."""
    path = tmp_path / "x.parquet"
    pq.write_table(image_table(FILES, LABELS), path)
    return path


def write(root, *names, table=None):
    """Write files of four images each, in folders as their names say."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(image_table(FILES, LABELS) if table is None else table, path)
    return root


def rewritten(file, table):
    """Open the file after it was replaced by this table."""
    pq.write_table(table, file)
    return list_parquet(file).open()


def test_one_file_is_train(file):
    """A single file has training images, and labels are class names."""
    contents = list_parquet(file).open()
    assert contents.class_names == ("0", "1")
    assert contents.labels.tolist() == [1, 0, 1, 0]
    assert contents.parts.tolist() == [TRAIN] * 4
    assert list(contents.images()) == [(f"x.parquet row {i}", FILES[i]) for i in range(4)]
    assert contents.notes == ()


def test_class_names_are_read_from_the_metadata(file):
    """Classes are in the order of the labels; a name without an image is no class."""
    contents = rewritten(file, image_table(FILES, [2, 0, 2, 0], ["dog", "cow", "cat"]))
    assert contents.class_names == ("dog", "cat")
    assert contents.labels.tolist() == [1, 0, 1, 0]


def test_texts_are_in_natural_order(file):
    """Their order in the file does not matter."""
    contents = rewritten(file, pa.table({"image": FILES, "label": ["k10", "k9", "a", "k9"]}))
    assert contents.class_names == ("a", "k9", "k10")
    assert contents.labels.tolist() == [2, 1, 0, 1]


def test_an_option_chooses_the_label(file):
    """CIFAR-100 has two."""
    table = pa.table({"img": FILES, "fine_label": LABELS, "coarse_label": [0, 1, 0, 1]})
    pq.write_table(table, file)
    contents = list_parquet(file, ImageOptions(label_column="coarse_label")).open()
    assert contents.labels.tolist() == [0, 1, 0, 1]
    with pytest.raises(DatasetError, match="could be labels: fine_label, coarse_label; choose"):
        list_parquet(file).open()


@pytest.mark.parametrize("place", ["", "data", "plain_text", "data/plain_text"])
def test_a_folder_has_shards_of_each_part(tmp_path, place):
    """Shards are in the folder, in data/ or in the one configuration's, by part and number."""
    x = noise(4, 2, 2)
    parts = {part: (x, [0, 1, 2, 3]) for part in ("test", "train", "validation")}
    folder = tmp_path / "root" / place
    if place.startswith("data/"):
        folder.parent.mkdir(parents=True)
    write_shards(folder, parts)
    contents = list_parquet(tmp_path / "root").open()
    assert contents.parts.tolist() == [TRAIN] * 4 + [VALIDATION] * 4 + [TEST] * 4
    assert contents.labels.tolist() == [0, 2, 1, 3] * 3
    names = [name.rpartition("/")[2] for name, _ in contents.images()]
    assert names[1:3] == [
        "train-00000-of-00002.parquet row 1",
        "train-00001-of-00002.parquet row 0",
    ]


@pytest.mark.parametrize(
    "names",
    [
        ["train/0000.parquet", "test/0000.parquet"],
        ["plain_text/train/0000.parquet", "plain_text/test/0000.parquet"],
        ["data/train/0.parquet", "data/test/0.parquet"],
        ["data/train-00000-of-00001-b21dd3a5.parquet", "data/test-00000-of-00001-0a9f.parquet"],
        ["mnist_train.parquet", "mnist_test.parquet"],
        ["mnist.train.parquet", "mnist.test.parquet"],
        ["TRAIN.PARQUET", "Test.Parquet"],
    ],
)
def test_the_part_is_in_the_path(tmp_path, names):
    """A folder or the name of a file says it; other files of a repository do not matter."""
    write(tmp_path, *names)
    for name in ("README.md", ".gitattributes", "dataset_infos.json"):
        (tmp_path / name).touch()
    source = list_parquet(tmp_path)
    assert {file.name for file in source.files} == set(names)
    contents = source.open()
    assert contents.parts.tolist() == [TRAIN] * 4 + [TEST] * 4
    assert next(contents.images())[0] == f"{names[0]} row 0"
    assert contents.notes == ()


def test_what_is_not_read_is_counted(tmp_path):
    """Other files and other folders have a line each."""
    write(tmp_path, "train.parquet", "test.parquet", "old/train.parquet", "raw/a.parquet")
    (tmp_path / "labels.csv").touch()
    (tmp_path / "old" / "a.csv").touch()
    contents = list_parquet(tmp_path).open()
    assert contents.parts.tolist() == [TRAIN] * 4 + [TEST] * 4
    assert contents.notes == ("not read: 2 .parquet in old/, raw/", "not read: 2 .csv")


def test_a_split_that_was_converted_in_part_is_said(tmp_path):
    """Hugging Face converts the first gigabytes, and names the folder so."""
    write(tmp_path, "default/partial-train/0000.parquet", "default/test/0000.parquet")
    contents = list_parquet(tmp_path).open()
    assert contents.parts.tolist() == [TRAIN] * 4 + [TEST] * 4
    assert contents.notes == (
        "default/partial-train/: has only the beginning of the split, by its name",
    )


def test_several_configurations_are_refused(tmp_path):
    """The line gives the path of each, and each is a data set."""
    write(tmp_path, "en/train/0.parquet", "de/train/0.parquet", "de/test/0.parquet")
    with pytest.raises(DatasetError) as caught:
        list_parquet(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: expected one configuration, got 2; give the path of one: {tmp_path}/de, "
        f"{tmp_path}/en"
    )
    assert list_parquet(tmp_path / "de").open().parts.tolist() == [TRAIN] * 4 + [TEST] * 4


def test_files_without_parts_in_their_names_are_train(tmp_path):
    """All files are training images if none names a part, as is a file that is given alone."""
    write(tmp_path, "b.parquet", "a.PARQUET")
    assert list_parquet(tmp_path).open().parts.tolist() == [TRAIN] * 8
    write(tmp_path, "test.parquet")
    assert list_parquet(tmp_path / "test.parquet").open().parts.tolist() == [TRAIN] * 4


@pytest.mark.parametrize(
    ("names", "line"),
    [
        (["train-00000-of-00002"], "/train-00001-of-00002.parquet: is missing beside "
         "train-00000-of-00002.parquet"),
        (["data/train-00001-of-00002-ab12"], "/data/train-00000-of-00002.parquet: is missing "
         "beside train-00001-of-00002-ab12.parquet"),
        (["test-0", "val-0"], ": expected a file train-*.parquet, got test-0.parquet, "
         "val-0.parquet"),
        (["test"], ": expected a file train-*.parquet, got test.parquet"),
        (["train", "other"], "/other.parquet: expected a name such as train-*, validation-* or "
         "test-*, as other files have"),
        (["train", "tests"], "/tests.parquet: expected a name such as train-*, validation-* or "
         "test-*, as other files have"),
        (["train", "eval"], "/eval.parquet: eval.parquet: may be validation or test; rename it "
         "to val or test, whichever it is"),
        (["test/train"], "/test/train.parquet: its path has the words of several parts; rename it"),
    ],
)  # fmt: skip
def test_incomplete_or_mixed_sets_of_files_are_refused(tmp_path, names, line):
    """A missing shard, files of no part beside others, and unclear parts are refused."""
    for name in names:
        path = tmp_path / f"{name}.parquet"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    with pytest.raises(DatasetError) as caught:
        list_parquet(tmp_path)
    assert str(caught.value) == f"{tmp_path}{line}"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["x.parquet"], True),
        (["data/x.parquet"], True),
        (["a/train/0000.parquet"], True),
        (["a/data/train/X.PARQUET"], True),
        (["metadata.parquet", "train/metadata.parquet"], False),
        ([".cache/x.parquet"], False),
        (["cat/1.png", "dog/2.png"], False),
    ],
)
def test_a_folder_holds_parquet(tmp_path, names, expected):
    """Hidden files do not count, nor does a table that names images."""
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert holds_parquet(tmp_path) is expected


def test_long_class_folders_are_not_searched(tmp_path, monkeypatch):
    """Only the first entries of a subfolder are looked at."""
    monkeypatch.setattr("autocnn.data.parquet_files._PEEKED", 0)
    write(tmp_path, "a/x.parquet")
    assert not holds_parquet(tmp_path)
    write(tmp_path, "x.parquet")
    assert holds_parquet(tmp_path)


@pytest.mark.parametrize("labels", [[-1] * 4, [None] * 4])
def test_a_test_part_without_labels_is_left_out(tmp_path, labels):
    """A line has the number of its images."""
    write(tmp_path, "train.parquet")
    write(tmp_path, "test.parquet", table=image_table(FILES, labels))
    contents = list_parquet(tmp_path).open()
    assert contents.parts.tolist() == [TRAIN] * 4
    assert len(list(contents.images())) == 4
    assert contents.notes == ("test: 4 images without labels are left out",)


def test_some_test_images_may_lack_a_label(tmp_path):
    """The others keep their labels."""
    write(tmp_path, "train.parquet")
    write(tmp_path, "test.parquet", table=image_table(FILES, [-1, 0, None, 1]))
    contents = list_parquet(tmp_path).open()
    assert contents.labels.tolist() == [1, 0, 1, 0, 0, 1]
    assert [data for _, data in contents.images()] == [*FILES, FILES[1], FILES[3]]
    assert contents.notes == ("test: 2 images without labels are left out",)


def test_no_images_are_refused(file):
    """A table may have columns and no rows."""
    with pytest.raises(DatasetError, match=r"x\.parquet: train: no images found$"):
        rewritten(file, pa.table({"image": pa.array([], pa.binary()), "label": pa.array([], "i8")}))


def test_a_label_without_a_name_is_refused(file):
    """A label beyond the list of class names is an error."""
    with pytest.raises(DatasetError, match="expected labels from 0 to 1, got 2"):
        rewritten(file, image_table(FILES, [0, 1, 2, 0], ["a", "b"]))


@pytest.mark.parametrize(
    ("other", "text"),
    [
        (image_table(FILES, LABELS, ["b", "a"]), "has other class names than train-0.parquet$"),
        (pa.table({"image": FILES, "label": ["0", "1", "0", "1"]}), "has other class names than"),
        (pa.table({"image": ["a.png"], "label": [0]}), "column image: expected encoded images"),
    ],
)
def test_shards_must_be_alike(tmp_path, other, text):
    """Shards with different class names or types are refused, because labels would be ambiguous."""
    write(tmp_path, "train-0.parquet", table=image_table(FILES, LABELS, ["a", "b"]))
    write(tmp_path, "train-1.parquet", table=other)
    with pytest.raises(DatasetError, match=rf"train-1\.parquet: {text}"):
        list_parquet(tmp_path).open()


def test_texts_and_numbers_are_not_mixed(tmp_path):
    """The text "1" may be the number 1, or not."""
    write(tmp_path, "train-0.parquet")
    texts = pa.table({"image": FILES, "label": ["0", "1", "0", "1"]})
    write(tmp_path, "train-1.parquet", table=texts)
    with pytest.raises(DatasetError) as caught:
        list_parquet(tmp_path).open()
    assert str(caught.value) == (
        f"{tmp_path}/train-1.parquet: its labels are texts, and those of "
        f"{tmp_path}/train-0.parquet numbers; save them alike"
    )


def test_a_file_that_is_no_parquet_is_refused(file):
    """A text and half of a file are refused."""
    good = file.read_bytes()
    for data in (b"", b"PAR1 and so on", good[: len(good) // 2]):
        file.write_bytes(data)
        with pytest.raises(DatasetError, match=r"x\.parquet: cannot be read as a Parquet file \("):
            list_parquet(file).open()


def test_a_pointer_of_git_lfs_is_refused(file):
    """A clone without LFS has them in place of the files."""
    file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 12345\n")
    with pytest.raises(DatasetError, match=r"x\.parquet: .*Git LFS; run `git lfs pull` in its"):
        list_parquet(file).open()


def test_a_link_out_of_the_folder_is_followed_on_request(tmp_path, file):
    """The cache of Hugging Face has such links; the error names the target."""
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "train.parquet").symlink_to(file)
    with pytest.raises(DatasetError, match=r"a link that leads out of the .*, to .*x\.parquet"):
        list_parquet(tmp_path / "root")
    options = ImageOptions(follow_links=True)
    assert list_parquet(tmp_path / "root", options).open().parts.tolist() == [TRAIN] * 4
