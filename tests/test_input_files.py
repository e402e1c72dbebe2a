"""Files that another program may have made."""

from __future__ import annotations

import os

import pytest

from autocnn.errors import RecordError
from autocnn.input_files import (
    check_input,
    check_replaceable,
    open_input,
    parse_json,
    parse_toml,
    read_bytes,
    read_json,
    read_text,
)


def test_a_file_is_read(tmp_path):
    """Its bytes, its text without the byte order mark, and its JSON."""
    path = tmp_path / "x"
    path.write_bytes(b"\xef\xbb\xbf[1]")
    assert read_bytes(path) == b"\xef\xbb\xbf[1]"
    assert read_text(path) == "[1]"
    path.write_bytes(b'{"a": "\\ud83d\\ude00"}')
    assert read_json(path) == {"a": "\U0001f600"}


def test_a_pipe_is_refused_at_once(tmp_path):
    """Nothing waits for a program that writes into it."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match=r"^is a named pipe, and a file is expected$") as caught:
        open_input(tmp_path / "pipe")
    assert caught.value.strerror == "is a named pipe, and a file is expected"


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/full"])
def test_a_device_is_refused(tmp_path, device):
    """By its own name, and by a link to it."""
    (tmp_path / "link").symlink_to(device)
    for path in (device, tmp_path / "link"):
        with pytest.raises(OSError, match=r"^is a device, and a file is expected$"):
            check_input(path)


def test_a_folder_and_nothing_are_refused(tmp_path):
    """By the errors of the operating system."""
    with pytest.raises(IsADirectoryError):
        read_bytes(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_bytes(tmp_path / "absent")


def test_a_file_that_is_too_large_is_refused(tmp_path):
    """The line has both numbers; a file without bytes on the disk is not read either."""
    path = tmp_path / "x"
    path.touch()
    os.truncate(path, 1 << 40)
    with pytest.raises(OSError, match=r"^has 1,099,511,627,776 bytes, and at most 1,000 are read$"):
        read_bytes(path, 1000)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[" * 100_000 + b"]" * 100_000, "^it is nested too deeply$"),
        (b'["\\ud800"]', "^a text in it is not UTF-8$"),
        (b'{"\\uDFff": 1}', "^a text in it is not UTF-8$"),
        (b"\xff", "codec can't decode"),
        (b"{", "Expecting property name"),
        (b"9" * 5000, "Exceeds the limit"),
    ],
)
def test_bad_json_is_one_kind_of_error(content, reason):
    """It is a ValueError, whatever is wrong with it."""
    with pytest.raises(ValueError, match=reason):
        parse_json(content)


@pytest.mark.parametrize("text", ["a = " + "[" * 100_000, "a = " + "{ b = " * 3000 + "1"])
def test_deep_toml_is_a_value_error(text):
    """As all TOML that cannot be read."""
    with pytest.raises(ValueError, match=r"^it is nested too deeply$"):
        parse_toml(text)


@pytest.mark.parametrize(
    ("make", "may"),
    [
        (lambda path: None, True),
        (lambda path: path.write_bytes(b"ours, and more"), True),
        (lambda path: path.write_bytes(b"another program's"), False),
        (lambda path: path.mkdir(), False),
        (lambda path: path.symlink_to("absent"), False),
        (os.mkfifo, False),
    ],
)
def test_only_what_is_ours_is_replaced(tmp_path, make, may):
    """Nothing, or a file whose first four bytes are ours; the line says what was expected."""
    path = tmp_path / "file"
    make(path)

    def check():
        check_replaceable(path, b"ours".__eq__, 4, older="an older file", advice="go elsewhere")

    if may:
        check()
        return
    with pytest.raises(RecordError) as raised:
        check()
    assert str(raised.value) == (
        f"{path}: expected no file, or an older file, found something else; go elsewhere, or move "
        "that file away"
    )
