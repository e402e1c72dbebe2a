"""Tables of texts are read from CSV, TSV, JSON lines and Parquet; unclear ones are refused."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from autocnn.data.label_table import read_table
from autocnn.errors import DatasetError


@pytest.fixture
def table(tmp_path):
    """A function that writes a table and reads it: its columns and numbers of rows."""

    def read(name, content):
        path = tmp_path / name
        if isinstance(content, pa.Table):
            pq.write_table(content, path)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        found = read_table(path)
        assert found.path == path
        return dict(found.columns), found.numbers

    return read


@pytest.fixture
def refused(table, tmp_path):
    """A function that returns the line which refuses a table, from its name on."""

    def read(name, content):
        with pytest.raises(DatasetError) as caught:
            table(name, content)
        line = str(caught.value)
        assert "\n" not in line
        return line.removeprefix(f"{tmp_path}/")

    return read


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("file,label\na,x\nb,y\n", [2, 3]),
        ("file;label\na;x\nb;y", [2, 3]),
        ("file\tlabel\na\tx\nb\ty\n", [2, 3]),
        ("\ufefffile,label\r\na,x\r\nb,y\r\n", [2, 3]),
        ("file,label\ra,x\rb,y\r", [2, 3]),
        ("\n  \nfile , label\n a, x \n,\n\nb,y\n", [4, 7]),
        ('"file","label"\n"a","x"\n"b","y"\n', [2, 3]),
    ],
)
@pytest.mark.parametrize("name", ["t.csv", "T.TSV"])
def test_delimiters_marks_and_spaces_do_not_matter(table, text, rows, name):
    """Empty rows are passed over and counted; the suffix does not choose the delimiter."""
    assert table(name, text) == ({"file": ["a", "b"], "label": ["x", "y"]}, rows)


def test_the_most_frequent_delimiter_of_the_first_row_is_that_of_the_table(table):
    """Other delimiters belong to the values."""
    assert table("t.csv", "file;a,b;c\n1;2,3;4\n")[0] == {"file": ["1"], "a,b": ["2,3"], "c": ["4"]}
    assert table("t.csv", "file\n1;2\n")[0] == {"file": ["1;2"]}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_first_column_may_have_no_name(table, delimiter):
    """Pandas writes its index so."""
    text = f"{delimiter}label\na.png{delimiter}x\n"
    assert table("t.csv", text)[0] == {"": ["a.png"], "label": ["x"]}


def test_a_quoted_value_may_have_delimiters_and_lines(table):
    """A row with several lines counts once."""
    text = 'file,label\n"a,1","x\ny"\n"b ""c""",z\n'
    columns = {"file": ["a,1", 'b "c"'], "label": ["x\ny", "z"]}
    assert table("t.csv", text) == (columns, [2, 3])


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_an_empty_file_has_no_columns(table, name):
    """It is no error: a table without images is passed over."""
    assert table(name, "\n \n") == ({}, [])
    assert table(name, "\ufeff") == ({}, [])


def test_a_row_has_a_place(tmp_path):
    """Rows are counted from 1, with those that are empty."""
    (tmp_path / "t.csv").write_text("file\n\na\n")
    assert read_table(tmp_path / "t.csv").row(0) == f"{tmp_path}/t.csv: row 3"


def test_json_values_are_texts(table):
    """Missing values are empty, whole numbers have no point, objects are left out."""
    text = (
        '\ufeff{" file ": " a ", "n": 3.0, "x": 0.5, "box": [1], "b": true}\n\n'
        '{" file ": "\\u00e9", "n": NaN, "b": null, "more": 7}\n'
    )
    assert table("t.jsonl", text) == (
        {
            "file": ["a", "é"],
            "n": ["3", ""],
            "x": ["0.5", ""],
            "b": ["True", ""],
            "more": ["", "7"],
        },
        [1, 3],
    )


def test_parquet_values_are_texts(table):
    """Only columns of texts, numbers and booleans are read; rows are counted from 0."""
    columns = {
        "file": ["a", " b "],
        "n": [1, None],
        "x": [1.0, 2.5],
        "b": [True, False],
        "kind": pa.array(["u", None]).dictionary_encode(),
        "none": pa.nulls(2),
        "box": [[1], [2]],
        "data": [b"1", b"2"],
    }
    assert table("metadata.parquet", pa.table(columns)) == (
        {
            "file": ["a", "b"],
            "n": ["1", ""],
            "x": ["1", "2.5"],
            "b": ["True", "False"],
            "kind": ["u", ""],
            "none": ["", ""],
        },
        [0, 1],
    )


@pytest.mark.parametrize(
    ("value", "kind"),
    [(10**13, pa.timestamp("s")), (1, pa.timestamp("ns")), (1, pa.duration("ns"))],
)
def test_dates_are_left_out(table, value, kind):
    """Python has no values for the year 300000 and for nanoseconds."""
    content = pa.table({"file": ["a"], "time": pa.array([value], kind)})
    assert table("metadata.parquet", content)[0] == {"file": ["a"]}


TWICE = "two columns are called 'label'; rename one"
ONE_OBJECT = "expected an object such as {...}"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", "label,label \n1,2\n", TWICE),
        ("t.csv", "a,b\n\n1,2\n3\n", "row 4: expected 2 values, as row 1 has, got 1"),
        ("t.csv", "\na,b\n1,2,3\n", "row 3: expected 2 values, as row 2 has, got 3"),
        ("t.csv", 'a,b\n"1"2,3\n', "cannot be read as a table (',' expected after '\"')"),
        ("t.tsv", 'a\tb\n1\t"2\n', "cannot be read as a table (unexpected end of data)"),
        (
            "t.csv",
            "a,b\n1," + "2" * 131_073,
            "cannot be read as a table (field larger than field limit (131072))",
        ),
        ("t.csv", b"a\n\xff\n", "is not UTF-8 text (invalid start byte); save it as UTF-8"),
        ("t.jsonl", b"\xff\xfe{", "is not UTF-8 text (invalid start byte); save it as UTF-8"),
        ("t.jsonl", '{"a": 1}\n[1]\n', "row 2: " + ONE_OBJECT),
        ("t.jsonl", "7", "row 1: " + ONE_OBJECT),
        (
            "t.jsonl",
            '\n{"a": 1',
            "row 2: cannot be read as JSON (Expecting ',' delimiter: line 1 column 8 (char 7))",
        ),
        (
            "t.jsonl",
            '{"a": 1, "label": 1, "label": 2}',
            "row 1: cannot be read as JSON (two values of 'label')",
        ),
        ("t.jsonl", '{"label": 1}\n{"label ": 1}', TWICE),
        (
            "t.jsonl",
            '{"a": "\\ud800"}',
            "row 1: cannot be read as JSON ('utf-8' codec can't encode character '\\ud800' in "
            "position 7: surrogates not allowed)",
        ),
        (
            "metadata.parquet",
            pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["label", "label"]),
            TWICE,
        ),
        ("metadata.parquet", pa.table({"label": [1], " label": [2]}), TWICE),
        (
            "metadata.parquet",
            pa.table({"a": pa.array([b"\xff"]).view(pa.string())}),
            "cannot be read as a Parquet file ('utf-8' codec can't decode byte 0xff in position 0: "
            "invalid start byte)",
        ),
    ],
)
def test_tables_that_are_unclear_are_refused(refused, name, content, message):
    """The line has the file, the row if it is one, and the cause."""
    assert refused(name, content) == f"{name}: {message}"


def test_deep_json_is_refused(refused):
    """Python's limit of recursion is no crash."""
    line = refused("t.jsonl", '{"a": ' + "[" * 100_000)
    assert line.startswith("t.jsonl: row 1: cannot be read as JSON (maximum recursion depth ")


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_an_absent_table_is_refused(tmp_path, name):
    """The cause is that of the operating system."""
    with pytest.raises(DatasetError) as caught:
        read_table(tmp_path / name)
    assert str(caught.value) == f"{tmp_path}/{name}: cannot be read (No such file or directory)"
