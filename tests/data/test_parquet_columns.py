"""The columns of images and labels are found, and their values are read or refused."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from image_files import encode, image_table, noise

from autocnn.data.options import AS_THEY_ARE, ImageOptions
from autocnn.data.parquet_columns import (
    Columns,
    check_image_column,
    choose_columns,
    read_images,
    read_labels,
)
from autocnn.data.part_names import TEST, TRAIN, VALIDATION
from autocnn.errors import DatasetError

FILES = [encode(pixels) for pixels in noise(3, 2, 2, 3)]
COLUMNS = Columns(image="image", label="label", notes=())
WRAPPED = [{"bytes": data, "path": "x.png"} for data in FILES]
LABELS = [1, 0, 1]


def written(path, **columns):
    """A file with these columns."""
    pq.write_table(pa.table(columns), path / "x.parquet")
    return path / "x.parquet"


@pytest.fixture
def labels(tmp_path):
    """A function that reads the labels of a file with these labels."""

    def read(values, part=TRAIN, **options):
        array = values if isinstance(values, pa.Array) else pa.array(values, **options)
        return read_labels(written(tmp_path, image=FILES[: len(array)], label=array), COLUMNS, part)

    return read


# which columns


@pytest.mark.parametrize(
    ("columns", "image", "label", "note"),
    [
        ({"image": WRAPPED, "label": LABELS}, "image", "label", None),
        ({"label": LABELS, "img": FILES}, "img", "label", None),
        ({"IMG": FILES, "Label": LABELS}, "IMG", "Label", None),
        ({"photo": FILES, "digit": LABELS}, "photo", "digit",
         "labels are in the column digit"),
        ({"image": FILES, "mask": FILES, "label": LABELS}, "image", "label", None),
        ({"image": FILES, "id": ["a", "b", "c"], "label": LABELS, "size": LABELS},
         "image", "label",
         "labels are in the column label; columns that are not used: id, size"),
        ({"image": FILES, "boxes": [[1.0]] * 3, "kind": ["a", "b", "a"]},
         "image", "kind", "labels are in the column kind"),
        ({"image": FILES, "target": [[1.0]] * 3, "kind": ["a", "b", "a"]},
         "image", "kind", "labels are in the column kind"),
    ],
)  # fmt: skip
def test_columns_are_found_by_name_or_type(tmp_path, columns, image, label, note):
    """A known name goes first, then the only column of its type; a line names the other ones."""
    found = choose_columns(written(tmp_path, **columns), AS_THEY_ARE)
    assert (found.image, found.label) == (image, label)
    assert found.notes == (() if note is None else (note,))


def test_a_column_with_class_names_is_the_label(tmp_path):
    """Hugging Face's metadata say which column holds classes."""
    features = {"digit": {"_type": "ClassLabel", "names": ["a", "b"]}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    table = pa.table({"image": FILES, "id": [7, 8, 9], "digit": LABELS})
    pq.write_table(table.replace_schema_metadata(metadata), tmp_path / "x.parquet")
    found = choose_columns(tmp_path / "x.parquet", AS_THEY_ARE)
    assert found.label == "digit"
    assert found.notes == ("labels are in the column digit; columns that are not used: id",)


CIFAR = {"img": WRAPPED, "fine_label": LABELS, "coarse_label": LABELS}


def test_options_choose_columns(tmp_path):
    """What an option says needs no line."""
    file = written(tmp_path, **CIFAR, other=FILES)
    options = ImageOptions(label_column="fine_label", file_column="other")
    expected = Columns(image="other", label="fine_label", notes=())
    assert choose_columns(file, options) == expected


@pytest.mark.parametrize(
    ("columns", "options", "line"),
    [
        (CIFAR, {},
         "several columns could be labels: fine_label, coarse_label; choose one with "
         "--label-column"),
        ({"image": FILES, "label": LABELS, "class_name": ["a", "b", "c"]}, {},
         "several columns could be labels: label, class_name; choose one with --label-column"),
        ({"a": FILES, "b": WRAPPED, "label": LABELS}, {},
         "several columns could be encoded images: a, b; choose one with --file-column"),
        ({"label": LABELS}, {},
         "expected a column of encoded images, got label (int64)"),
        ({"image": FILES, "boxes": [[1]] * 3}, {},
         "expected a column of labels, got image (binary), boxes (list<element: int64>)"),
        (CIFAR, {"label_column": "x"},
         "--label-column x: no such column; got img (struct<bytes: binary, path: string>), "
         "fine_label (int64), coarse_label (int64)"),
        ({"image": FILES, "label": LABELS}, {"file_column": "x"},
         "--file-column x: no such column; got image (binary), label (int64)"),
    ],
)  # fmt: skip
def test_doubtful_columns_are_refused(tmp_path, columns, options, line):
    """The line names the columns to choose from."""
    file = written(tmp_path, **columns)
    with pytest.raises(DatasetError) as caught:
        choose_columns(file, ImageOptions(**options))
    assert str(caught.value) == f"{file}: {line}"


def test_two_columns_of_one_name_are_refused(tmp_path):
    """Which one is meant is not known."""
    table = pa.Table.from_arrays([pa.array(FILES), pa.array(LABELS), pa.array(LABELS)], ["a"] * 3)
    pq.write_table(table, tmp_path / "x.parquet")
    with pytest.raises(DatasetError, match=r"expected columns of different names, got a, a, a$"):
        choose_columns(tmp_path / "x.parquet", AS_THEY_ARE)


@pytest.mark.parametrize(
    ("columns", "got"),
    [
        ({"image": ["x"]}, "got string"),
        ({"image": [{"path": "x"}]}, "got struct<path: string>"),
        ({"image": [[1, 2]]}, "got list<element: int64>"),
        ({"img": FILES}, "there is none"),
    ],
)
def test_other_images_are_refused(tmp_path, columns, got):
    """Paths and lists of pixels are no encoded images."""
    file = written(tmp_path, **columns)
    with pytest.raises(DatasetError) as caught:
        check_image_column(file, COLUMNS)
    assert str(caught.value) == (
        f"{file}: column image: expected encoded images (struct<bytes: binary, path: string>), "
        f"{got}"
    )


# labels


@pytest.mark.parametrize(
    ("values", "codes", "names"),
    [
        (pa.array([9, 0, 9], pa.uint8()), [9, 0, 9], None),
        (pa.array([2.0, 0.0, 2.0], pa.float32()), [2, 0, 2], None),
        (pa.array([2.0, 0.0, 2.0], pa.float16()), [2, 0, 2], None),
        (pa.array([True, False, True]), [1, 0, 1], ("False", "True")),
        (pa.array(["b", "a", "b"]), [0, 1, 0], ("b", "a")),
        (pa.array(["b", "a", "b"], pa.large_string()), [0, 1, 0], ("b", "a")),
        (pa.array(["b", "a", "b"]).dictionary_encode(), [0, 1, 0], ("b", "a")),
        (pa.array([5, 3, 5]).dictionary_encode(), [5, 3, 5], None),
    ],
)
def test_labels_of_each_type_are_read(labels, values, codes, names):
    """Texts and booleans bring their names."""
    found = labels(values)
    assert found.raw.codes.tolist() == codes
    assert found.raw.names == names
    assert found.keeps.tolist() == [True] * 3
    assert found.class_names is None


def test_class_names_are_read_from_the_metadata(tmp_path):
    """Each number has a name."""
    pq.write_table(image_table(FILES, LABELS, ["cat", "dog"]), tmp_path / "x.parquet")
    assert read_labels(tmp_path / "x.parquet", COLUMNS, TRAIN).class_names == ("cat", "dog")


@pytest.mark.parametrize(
    "metadata",
    [
        b"no json",
        b"[]",
        b'{"info": {"features": [1]}}',
        b'{"info": {"features": {"label": 1}}}',
        b'{"info": {"features": {"label": {"names": ["a", "a"]}}}}',
        b'{"info": {"features": {"label": {"names": [1, 2]}}}}',
    ],
)
def test_odd_metadata_give_no_names(tmp_path, metadata):
    """The class names are the labels if the metadata have none."""
    table = image_table(FILES, LABELS).replace_schema_metadata({b"huggingface": metadata})
    pq.write_table(table, tmp_path / "x.parquet")
    assert read_labels(tmp_path / "x.parquet", COLUMNS, TRAIN).class_names is None


@pytest.mark.parametrize(
    ("values", "codes", "keeps"),
    [
        ([1, -1, None], [1], [True, False, False]),
        ([None, 2.0, float("nan")], [2], [False, True, False]),
        ([-1, -1, -1], [], [False] * 3),
        ([None, None, None], [], [False] * 3),
        ([None, "b", "a"], [0, 1], [False, True, True]),
    ],
)
def test_test_images_without_a_label_are_left_out(labels, values, codes, keeps):
    """Hugging Face writes -1 or null."""
    found = labels(values, TEST)
    assert found.raw.codes.tolist() == codes
    assert found.keeps.tolist() == keeps


def test_a_test_file_may_lack_the_column(tmp_path):
    """All its images are without a label then; a training file must have it."""
    file = written(tmp_path, image=FILES)
    assert read_labels(file, COLUMNS, TEST).keeps.tolist() == [False] * 3
    with pytest.raises(DatasetError, match=r"column label: expected integers, .*, there is none$"):
        read_labels(file, COLUMNS, TRAIN)


MISSING = "the label is missing in"
ADVICE = "; give the image a label, or take it away"


@pytest.mark.parametrize(
    ("values", "part", "line"),
    [
        ([0, None, -1], TRAIN, f"row 1: {MISSING} train, got null{ADVICE}"),
        ([0, 1, -1], VALIDATION, f"row 2: {MISSING} validation, got -1{ADVICE}"),
        ([0, float("nan")], TRAIN, f"row 1: {MISSING} train, got nan{ADVICE}"),
        ([None, None], TRAIN, f"row 0: {MISSING} train, got null{ADVICE}"),
        ([0.0, 0.5], TRAIN, "row 1: expected a whole number as label, got 0.5"),
        ([None, -2], TEST,
         "row 1: expected labels from 0 (save y.astype(str) if this is a class), got -2"),
        (["a", ""], TRAIN, "row 1: the label is missing, got ''"),
        ([[1], [2]], TRAIN,
         "column label: expected integers, texts, booleans or whole floats, got "
         "list<element: int64>"),
        ([b"a"], TRAIN,
         "column label: expected integers, texts, booleans or whole floats, got binary"),
    ],
)  # fmt: skip
def test_wrong_labels_are_refused(labels, tmp_path, values, part, line):
    """The first row is named."""
    with pytest.raises(DatasetError) as caught:
        labels(values, part)
    assert str(caught.value) == f"{tmp_path}/x.parquet: {line}"


BAD_TEXT = pa.array([b"a", b"\xff"]).view(pa.string())


def test_labels_that_are_not_utf8_are_refused(labels):
    """The line has the number of the row."""
    for values in (BAD_TEXT, BAD_TEXT.dictionary_encode()):
        with pytest.raises(
            DatasetError, match=r"x\.parquet: cannot be read .*Invalid UTF8 .* 1\)$"
        ):
            labels(values)


def test_splits_that_are_not_utf8_are_refused(tmp_path):
    """They are read before the labels."""
    file = written(tmp_path, image=FILES[:2], label=LABELS[:2], split=BAD_TEXT)
    with pytest.raises(DatasetError, match=r"x\.parquet: cannot be read .* invalid start byte\)$"):
        choose_columns(file, AS_THEY_ARE)


# images


def test_rows_that_are_left_out_give_no_image(tmp_path):
    """A row keeps its number."""
    file = written(tmp_path, image=WRAPPED, label=LABELS)
    found = list(read_images(file, "test/x", COLUMNS, np.array([True, False, True])))
    assert found == [("test/x row 0", FILES[0]), ("test/x row 2", FILES[2])]


@pytest.mark.parametrize("missing", [None, {"bytes": None, "path": "../../secret.png"}])
def test_a_null_image_is_refused_and_its_path_not_followed(tmp_path, missing):
    """The error names the row of the image."""
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    column = pa.array([{"bytes": FILES[0], "path": ""}, missing], kind)
    file = written(tmp_path, image=column, label=[0, 0])
    with pytest.raises(DatasetError) as caught:
        list(read_images(file, "x", COLUMNS, np.ones(2, bool)))
    assert str(caught.value) == (
        f"{file}: row 1: the image is null, or only a path, which is not followed; expected its "
        "bytes"
    )
