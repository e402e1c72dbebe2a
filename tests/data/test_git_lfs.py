"""Pointers of Git LFS are refused."""

from __future__ import annotations

import pytest

from autocnn.data.git_lfs import refuse_pointer
from autocnn.errors import DatasetError

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


def test_a_pointer_is_refused(tmp_path):
    """The line says which command fetches the file."""
    path = tmp_path / "x.npz"
    path.write_bytes(POINTER)
    with pytest.raises(DatasetError) as caught:
        refuse_pointer(path)
    assert str(caught.value) == (
        f"{path}: expected the file itself, got a pointer of Git LFS; run `git lfs pull` in its "
        "repository"
    )


@pytest.mark.parametrize("data", [b"", b"version 2", POINTER + bytes(2000)])
def test_other_files_pass(tmp_path, data):
    """A large file is no pointer, whatever it begins with."""
    (tmp_path / "x").write_bytes(data)
    refuse_pointer(tmp_path / "x")


def test_an_absent_file_is_refused(tmp_path):
    """The file may have been deleted since it was listed."""
    with pytest.raises(DatasetError, match=r"/x: cannot be read \(No such file or directory\)$"):
        refuse_pointer(tmp_path / "x")
