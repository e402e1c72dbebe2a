"""Parquet files in the form of Hugging Face are read row by row; others are refused."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from image_files import encode, image_table, noise, write_shards

from autocnn.data.parquet_files import find_shards, list_parquet
from autocnn.data.part_names import TEST, TRAIN, VALIDATION
from autocnn.errors import DatasetError

FILES = [encode(pixels) for pixels in noise(4, 2, 2, 3)]


@pytest.fixture
def file(tmp_path):
    """A readable file: two classes, four images."""
    path = tmp_path / "x.parquet"
    pq.write_table(image_table(FILES, [1, 0, 1, 0]), path)
    return path


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


def test_class_names_are_read_from_the_metadata(file):
    """A name without an image is no class."""
    table = image_table(FILES, [2, 0, 2, 0], ["cat", "cow", "dog"])
    contents = rewritten(file, table)
    assert contents.class_names == ("cat", "dog")
    assert contents.labels.tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize(
    "metadata",
    [
        b"no json",
        b"[]",
        b'{"info": {"features": {"label": {"names": ["a", "a"]}}}}',
        b'{"info": {"features": {"label": {"names": [1, 2]}}}}',
    ],
)
def test_odd_metadata_give_no_names(file, metadata):
    """The class names are the labels if the metadata have none."""
    table = image_table(FILES, [1, 0, 1, 0]).replace_schema_metadata({b"huggingface": metadata})
    assert rewritten(file, table).class_names == ("0", "1")


def test_other_column_names_and_types(file):
    """CIFAR-100's columns, bare bytes, small integers and further columns are accepted."""
    arrays = {"img": FILES, "fine_label": np.array([1, 0, 1, 0], np.int8), "coarse_label": [9] * 4}
    contents = rewritten(file, pa.table(arrays))
    assert [data for _, data in contents.images()] == FILES
    assert contents.labels.tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize("place", ["", "data"])
def test_a_folder_has_shards_of_each_part(tmp_path, place):
    """Shards are in the folder or in data/, and are read by part and number."""
    x = noise(4, 2, 2)
    parts = {part: (x, [0, 1, 2, 3]) for part in ("test", "train", "validation")}
    write_shards(tmp_path / "root" / place, parts)
    contents = list_parquet(tmp_path / "root").open()
    assert contents.parts.tolist() == [TRAIN] * 4 + [VALIDATION] * 4 + [TEST] * 4
    assert contents.labels.tolist() == [0, 2, 1, 3] * 3
    names = [name for name, _ in contents.images()]
    assert names[1:3] == [
        "train-00000-of-00002.parquet row 1",
        "train-00001-of-00002.parquet row 0",
    ]


def test_files_without_parts_in_their_names_are_train(tmp_path):
    """All files are training images if none names a part, as is a single file."""
    for name in ("b.parquet", "a.PARQUET"):
        pq.write_table(image_table(FILES, [1, 0, 1, 0]), tmp_path / name)
    assert [path.name for path in find_shards(tmp_path)] == ["a.PARQUET", "b.parquet"]
    assert list_parquet(tmp_path).open().parts.tolist() == [TRAIN] * 8
    (tmp_path / "a.PARQUET").rename(tmp_path / "test.parquet")
    (tmp_path / "b.parquet").unlink()
    assert list_parquet(tmp_path).open().parts.tolist() == [TRAIN] * 4


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["train-00000-of-00002"], "train-00001-of-00002.parquet: is missing beside train-00000"),
        (["test-0", "val-0"], r"expected a file train-\*\.parquet, got test-0\.parquet"),
        (["train", "other"], r"other\.parquet: expected a name such as train-\*"),
        (["train", "tests"], r"tests\.parquet: expected a name such as train-\*"),
    ],
)
def test_incomplete_or_mixed_sets_of_files_are_refused(tmp_path, names, message):
    """A missing shard, and files of no part beside others, are refused."""
    for name in names:
        (tmp_path / f"{name}.parquet").touch()
    with pytest.raises(DatasetError, match=message):
        list_parquet(tmp_path)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"label": [0]}, "expected a column image or img of images, got label$"),
        ({"image": [b"x"]}, "expected a column label or fine_label of labels, got image$"),
        ({"image": ["x"], "label": [0]}, "column image: expected encoded images .*, got string"),
        ({"image": [{"path": "x"}], "label": [0]}, r"expected encoded images .*, got struct<path"),
        ({"image": [b"x"], "label": ["cat"]}, "column label: expected integers, got string"),
        ({"image": [b"x"], "label": [0.5]}, "column label: expected integers, got double"),
        ({"image": [b"x", b"y"], "label": [0, None]}, "row 1: the label is missing"),
        ({"image": [b"x"], "label": [-1]}, "train: expected labels from 0, got -1"),
        ({"image": pa.array([], pa.binary()), "label": pa.array([], pa.int64())}, "no images"),
    ],
)
def test_wrong_columns_are_refused(file, arrays, message):
    """The error has the missing column and the columns of the file."""
    with pytest.raises(DatasetError, match=message) as caught:
        rewritten(file, pa.table(arrays))
    assert str(caught.value).startswith(f"{file}: ")


def test_a_label_without_a_name_is_refused(file):
    """A label beyond the list of class names is an error."""
    with pytest.raises(DatasetError, match="expected labels from 0 to 1, got 2"):
        rewritten(file, image_table(FILES, [0, 1, 2, 0], ["a", "b"]))


def test_shards_must_have_the_same_names(tmp_path):
    """Shards with different class names are refused, because their labels are ambiguous."""
    pq.write_table(image_table(FILES, [1, 0, 1, 0], ["a", "b"]), tmp_path / "train-0.parquet")
    pq.write_table(image_table(FILES, [1, 0, 1, 0], ["b", "a"]), tmp_path / "train-1.parquet")
    with pytest.raises(DatasetError, match=r"train-1\.parquet: has other class names than train-0"):
        list_parquet(tmp_path).open()


@pytest.mark.parametrize("missing", [None, {"bytes": None, "path": "../../secret.png"}])
def test_a_null_image_is_refused_and_its_path_not_followed(file, missing):
    """The error names the row of the image."""
    column = pa.array(
        [{"bytes": FILES[0], "path": ""}, missing],
        pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
    )
    contents = rewritten(file, pa.table({"image": column, "label": [0, 0]}))
    with pytest.raises(DatasetError, match=r"row 1: the image is null, or only a path, which"):
        list(contents.images())


def test_a_file_that_is_no_parquet_is_refused(file):
    """A text and half of a file are refused."""
    good = file.read_bytes()
    for data in (b"", b"PAR1 and so on", good[: len(good) // 2]):
        file.write_bytes(data)
        with pytest.raises(DatasetError, match=r"x\.parquet: cannot be read as a Parquet file \("):
            list_parquet(file).open()


def test_a_link_out_of_the_folder_is_refused(tmp_path, file):
    """The cache of Hugging Face has such links; the error names the target."""
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "train.parquet").symlink_to(file)
    with pytest.raises(DatasetError, match=r"a link that leads out of the .*, to .*x\.parquet"):
        list_parquet(tmp_path / "root")
