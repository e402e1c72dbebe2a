"""Tables beside images give labels and splits; what is unclear is refused."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from autocnn.data.image_folder import list_folder
from autocnn.data.options import ImageOptions
from autocnn.data.part_names import TEST, TRAIN, VALIDATION
from autocnn.errors import DatasetError, SettingsError


@pytest.fixture
def photos(tmp_path):
    """A function that makes a folder of empty images and of tables with the given texts."""
    root = tmp_path / "photos"

    def make(images, **tables):
        for name in images.split():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).touch()
        for stem, text in tables.items():
            name = stem.replace("__", "/") + ("" if "." in stem else ".csv")
            (root / name).write_text(text, encoding="utf-8")
        return root

    return make


def read(root, **options):
    """Part, class and name of every image, and the notes."""
    contents = list_folder(root, ImageOptions(**options)).open()
    names = [name for name, _ in contents.images()]
    classes = [contents.class_names[label] for label in contents.labels]
    return list(zip(contents.parts.tolist(), classes, names, strict=True)), list(contents.notes)


def refused(root, **options):
    """The line that refuses the folder, from the folder's name on."""
    with pytest.raises((DatasetError, SettingsError)) as caught:
        list_folder(root, ImageOptions(**options)).open()
    line = str(caught.value)
    assert "\n" not in line
    return line.removeprefix(f"{root.parent}/")


@pytest.mark.parametrize(
    "text",
    [
        "file,label\na.png,x\nb.png,y\n",
        "\ufefffile,label\r\na.png,x\r\nb.png,y\r\n",  # as Excel saves it
        "file;label\na.png;x\nb.png;y\n",
        "file\tlabel\na.png\tx\n\nb.png\ty\n",
        "label, file\nx, a\ny, b\n",  # without suffixes, with spaces
        "nr,what,path\n7,x,./a.png\n8,y,b.png\n",  # refused without the options below
        '"file","label"\n"a.png","x"\n"b.png","y"\n',
    ],
)
def test_a_table_gives_labels(photos, text):
    """Byte-order marks, semicolons, tabs, spaces and missing suffixes do not matter."""
    root = photos("a.png b.png", labels=text)
    options = {"label_column": "what"} if "what" in text else {}
    assert read(root, **options) == ([(TRAIN, "x", "a.png"), (TRAIN, "y", "b.png")], [])
    assert [file.name for file in list_folder(root).files] == ["labels.csv", "a.png", "b.png"]


def test_hugging_faces_tables_are_read(photos):
    """JSON lines and Parquet; columns of objects are passed over, numbers are texts."""
    lines = '{"file_name": "%s.png", "objects": [1], "label": %s}'
    root = photos("a.png b.png", **{"metadata.jsonl": f"{lines % ('a', 3)}\n{lines % ('b', 10.0)}"})
    expected = [(TRAIN, "3", "a.png"), (TRAIN, "10", "b.png")]
    assert read(root) == (expected, [])
    (root / "metadata.jsonl").unlink()
    table = pa.table({"file_name": ["a.png", "b.png"], "label": [3, 10], "box": [[1], [2]]})
    pq.write_table(table, root / "metadata.parquet")
    assert read(root) == (expected, [])
    assert list_folder(root).open().class_names == ("3", "10")


def test_kaggles_layout_has_a_table_for_each_split(photos):
    """A test table without labels, and the form for a submission, give no labels."""
    root = photos(
        "train/a.jpg train/b.jpg test/c.jpg test/d.jpg",
        train="id,label\na,x\nb,y\n",
        test="id\nc\nd\n",
        sample_submission="id,label\nc,x\nd,x\n",
    )
    expected = [(TRAIN, "x", "train/a.jpg"), (TRAIN, "y", "train/b.jpg")]
    assert read(root) == (
        expected,
        ["2 test images without labels are left out", "not read: 1 .csv"],
    )
    (root / "test.csv").write_text("id,label\nc,y\nd,x\n")
    assert read(root)[0] == [(TEST, "y", "test/c.jpg"), (TEST, "x", "test/d.jpg"), *expected]


def test_equal_names_in_two_splits_belong_to_their_tables(photos):
    """A table train.csv names images of train/ only, one in test/ those beside it."""
    root = photos(
        "train/0.png train/1.png test/0.png test/1.png",
        train="file,label\n0.png,x\n1.png,y\n",
        test__labels="file,label\n0.png,y\n1.png,x\n",
    )
    assert read(root) == (
        [
            (TRAIN, "x", "train/0.png"),
            (TRAIN, "y", "train/1.png"),
            (TEST, "y", "test/0.png"),
            (TEST, "x", "test/1.png"),
        ],
        [],
    )


@pytest.mark.parametrize("slash", ["/", "\\"])
def test_folders_in_file_names_say_the_split(photos, slash):
    """One table at the top names images of both splits."""
    text = "file,label\ntrain/0.png,x\ntrain/1.png,y\ntest/0.png,x\n".replace("/", slash)
    root = photos("train/0.png train/1.png test/0.png", labels=text)
    expected = [(TRAIN, "x", "train/0.png"), (TRAIN, "y", "train/1.png"), (TEST, "x", "test/0.png")]
    assert read(root) == (expected, [])


def test_a_column_says_the_split(photos):
    """All images lie in one folder, and the file name is the end of their path."""
    text = "image,split,label\n1.png,train,x\n2.png,Training,y\n3.png,val,x\n4.png,TEST,y\n"
    root = photos("images/1.png images/2.png images/3.png images/4.png", labels=text)
    assert read(root)[0] == [
        (TRAIN, "x", "images/1.png"),
        (TRAIN, "y", "images/2.png"),
        (VALIDATION, "x", "images/3.png"),
        (TEST, "y", "images/4.png"),
    ]


@pytest.mark.parametrize(("one", "zero"), [("1", "0"), ("1.0", "0.0")])
def test_roboflows_one_hot_columns_are_classes(photos, one, zero):
    """Each split has a table of its own."""
    head, cat, dog = "filename, cat, dog\n", f" {one}, {zero}\n", f" {zero}, {one}\n"
    root = photos(
        "train/a.jpg train/b.jpg valid/c.jpg",
        train___classes=f"{head}a.jpg,{cat}b.jpg,{dog}",
        valid___classes=f"{head}c.jpg,{dog}",
    )
    assert read(root) == (
        [
            (TRAIN, "cat", "train/a.jpg"),
            (TRAIN, "dog", "train/b.jpg"),
            (VALIDATION, "dog", "valid/c.jpg"),
        ],
        ["_classes.csv: the columns 'cat', 'dog' are the classes"],
    )


def test_a_column_called_label_is_the_label(photos):
    """One line says so; numbers that name files without suffix are file names, too."""
    root = photos("0.png 1.png", t="id,Class_Name,age\n0,x,7\n1,y,7\n")
    assert read(root)[1] == [
        "t.csv: the column 'Class_Name' has the labels; columns that are not used: 'age'"
    ]
    (root / "t.csv").write_text("id,nr,label\n0,1,0\n1,0,1\n")
    expected = [(TRAIN, "0", "0.png"), (TRAIN, "1", "1.png")]
    assert read(root) == (expected, ["t.csv: the column 'id' names the images"])


def test_columns_can_be_given(photos):
    """The options choose one of several columns, also if there are class folders."""
    table = "one,two,kind,sex\na,b,x,m\nb,a,y,f\n"
    root = photos("p1/a.png p2/b.png", t=table)
    options = {"label_column": "sex", "file_column": "two"}
    assert read(root, **options)[0] == [(TRAIN, "m", "p2/b.png"), (TRAIN, "f", "p1/a.png")]
    line = "photos/t.csv: has no column 'z' (--label-column); it has 'one', 'two', 'kind', 'sex'"
    assert refused(root, file_column="two", label_column="z") == line
    assert refused(root, file_column="z") == line.replace("label", "file")


def test_columns_without_a_table_are_refused(photos):
    """Class folders have no columns."""
    root = photos("a/1.png b/1.png")
    assert refused(root, label_column="x") == (
        "photos: --label-column and --file-column are for a table beside the images, and there is "
        "none; leave them out"
    )


def test_a_table_may_label_the_test_split_of_class_folders(photos):
    """The table lies at the top or beside the test images."""
    root = photos("a/1.png b/1.png test/1.png", test="file,label\n1.png,b\n")
    assert read(root)[0][2:] == [(TEST, "b", "test/1.png")]
    (root / "test.csv").rename(root / "test" / "labels.csv")
    assert read(root)[0][2:] == [(TEST, "b", "test/1.png")]
    (root / "test" / "labels.csv").write_text("file,label\n1.png,c\n")
    assert refused(root).startswith("photos: test has images of 'c', and train has none;")


@pytest.mark.parametrize("labels", ["kind\n%s,b\n", "kind\n%s,B7\n"])
def test_a_table_that_agrees_with_class_folders_is_not_read(photos, labels):
    """Its column has one value for each folder; it is counted as a file."""
    rows = "".join(f"{i}.png,{'b7' if i < 4 else 'a'}\n" for i in range(8))
    images = " ".join(f"{'one' if i < 4 else 'two'}/{i}.png" for i in range(8))
    root = photos(images, labels=f"file,kind\n{rows}")
    assert list_folder(root).open().class_names == ("one", "two")
    assert list_folder(root).open().notes == ("not read: 1 .csv",)


def test_a_table_that_contradicts_class_folders_is_refused(photos):
    """Folders that are only parts of the data are no classes."""
    rows = "".join(f"l{i},{i},{'nv' if i % 2 else 'mel'}\n" for i in range(8))
    images = " ".join(f"part_{i // 4}/{i}.png" for i in range(8))
    root = photos(images, meta=f"lesion,image_id,dx\n{rows}")
    assert refused(root) == (
        "photos/meta.csv: names images of the class folders and groups them otherwise; if the "
        "folders are the classes, take it away, else choose its column with --label-column (dx)"
    )
    assert list_folder(root, ImageOptions(label_column="dx")).open().class_names == ("mel", "nv")


def test_images_that_no_row_names_are_left_out(photos):
    """One line has their number and the first of them; repeated rows are counted, too."""
    text = "file,label\na.png,x\nb.png,y\na.png,x\n"
    root = photos("a.png b.png c.png d/e.png test/f.png", labels=text)
    assert read(root) == (
        [(TRAIN, "x", "a.png"), (TRAIN, "y", "b.png")],
        [
            "1 rows of the tables repeat another one",
            "3 images that no table names are left out, such as c.png",
        ],
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,label\na.png,x\nc.png,y\n", "row 3: there is no image 'c.png'"),
        ("file,label\na.png,x\n\n,y\n", "row 4: the file name is empty"),
        ("file,label\na.png,x\nb.png,\n", "row 3: the label of b.png is empty"),
        (
            "file,label\na.png,x\nb.png,y\na.png,y\n",
            "row 4: a.png has the label 'y', and 'x' in ROOT/t.csv: row 2",
        ),
        (
            "file,label\na.png,x\n../b.png,y\n",
            "row 3: '../b.png' leads out of the data set; expected a path within it",
        ),
        (
            "file,label\n/data/a.png,x\n/data/b.png,y\n",
            "row 2: '/data/a.png' leads out of the data set; expected a path within it",
        ),
        (
            "file,label\nC:\\a.png,x\nb.png,y\n",
            "row 2: 'C:\\\\a.png' leads out of the data set; expected a path within it",
        ),
        (
            "file,label\ns,x\na.png,y\nb.png,y\n",
            "row 2: 's' may be s.jpg or s.png; add the folder or the suffix",
        ),
        (
            "a.png,x\nb.png,y\n",
            "its first row names an image; expected a first row with the names of the columns, "
            "such as file,label",
        ),
        (
            "file,kind,sex\na.png,x,m\nb.png,y,f\n",
            "the columns 'kind', 'sex' may have the labels; choose one with --label-column",
        ),
        (
            "file,label,class\na.png,x,m\nb.png,y,f\n",
            "the columns 'label', 'class' may have the labels; choose one with --label-column",
        ),
        (
            "one,two,label\na.png,b.png,x\nb.png,a.png,y\n",
            "the columns 'one', 'two' may name the images; choose one with --file-column",
        ),
        (
            "file,cat,dog\na.png,1,1\nb.png,0,1\n",
            "row 2: several labels for one image (cat, dog); expected one 1 in each row",
        ),
        ("file,cat,dog\na.png,1,0\nb.png,0,0\n", "row 3: no label; expected one 1 in each row"),
        (
            "file\na.png\nb.png\n",
            "expected a column with the labels, such as label, beside 'file'",
        ),
        ("file,label\na.png,x\nb.png\n", "row 3: expected 2 values, as row 1 has, got 1"),
        ("file,label,label\na.png,x,x\n", "two columns are called 'label'; rename one"),
        ('file,label\na.png,"x\n', "cannot be read as a table (unexpected end of data)"),
    ],
)
def test_wrong_tables_are_refused(photos, text, message):
    """The line names the table and the first wrong row."""
    root = photos("a.png b.png s.png s.jpg", t=text)
    expected = message.replace("ROOT", str(root))
    assert refused(root) == f"photos/t.csv: {expected}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,label\n0.png,x\n", "row 2: '0.png' may be test/0.png or train/0.png; add the "),
        (
            "file,label,split\ntrain/0.png,x,test\ntest/0.png,y,train\n",
            "row 3: test/0.png lies in a folder of test, and the table says train",
        ),
        ("file,label\ntest/0.png,x\n", ": its tables name no training images"),
        ("file,label\ntrain/0.png,x\ntest/0.png,y\n", ": test has images of 'y', and train has n"),
    ],
)
def test_unclear_splits_are_refused(photos, text, message):
    """A test image never trains."""
    root = photos("train/0.png test/0.png", t=text)
    assert refused(root).startswith(f"photos{message}" if message[0] == ":" else "photos/t.csv: ")
    assert message in refused(root)


def test_a_table_that_names_no_image_does_not_help(photos):
    """The folder is refused as without the table, which is named."""
    root = photos("train/a.png test/b.png", notes="day,weather\n1,fair\n2,fair\n")
    assert refused(root) == (
        "photos/train: its 1 images have no labels; expected a folder for each class in it, or a "
        "table such as photos/labels.csv with the columns file and label (no column of notes.csv "
        "names images)"
    )


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        (
            "t.csv",
            b"file,label\na.png,caf\xe9\n",
            "is not UTF-8 text (invalid continuation byte); ",
        ),
        ("t.jsonl", b'{"file": 1\n', "row 1: cannot be read as JSON ("),
        ("t.jsonl", b"[1]\n", "row 1: expected an object such as {...}"),
        ("metadata.parquet", b"PAR1", "cannot be read as a Parquet file ("),
    ],
)
def test_tables_that_cannot_be_read_are_refused(photos, name, data, message):
    """The cause is in the line."""
    root = photos("a.png b.png")
    (root / name).write_bytes(data)
    assert refused(root).startswith(f"photos/{name}: {message}")
