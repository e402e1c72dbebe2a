"""Arrays are mapped read-only from files, and a mapping marks its file as in use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from autocnn.data.mapped_array import is_in_use, map_array, writable_view


@pytest.fixture
def file(tmp_path) -> Path:
    """A file with the numbers 0 to 5."""
    np.save(tmp_path / "x.npy", np.arange(6, dtype=np.uint8).reshape(2, 3))
    return tmp_path / "x.npy"


def test_a_mapped_array_cannot_be_written(file):
    """A read-only array has the values of the file."""
    array = map_array(file)
    assert isinstance(array, np.memmap)
    assert array.tolist() == [[0, 1, 2], [3, 4, 5]]
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 0


def test_a_writable_view_is_the_same_memory(file):
    """A write to the view stays in this process and does not change the file."""
    array = map_array(file)
    view = writable_view(array)
    view[0, 0] = 9
    assert array[0, 0] == 9
    assert map_array(file)[0, 0] == 0


def test_read_only_memory_has_no_writable_view():
    """Bytes have no writable view."""
    assert writable_view(np.frombuffer(b"abc", np.uint8)) is None


def test_a_file_is_in_use_as_long_as_its_array_lives(file):
    """The lock ends with the last reference to the mapping, not when the file is closed."""
    assert not is_in_use(file)
    array = map_array(file)
    part = array[1:]
    del array
    assert is_in_use(file)
    del part
    assert not is_in_use(file)
    assert not is_in_use(file.with_name("absent.npy"))


def test_a_killed_process_does_not_use_its_files(file):
    """The system releases the lock of a killed process."""
    code = (
        "import sys; from pathlib import Path; from autocnn.data.mapped_array import map_array\n"
        "array = map_array(Path(sys.argv[1])); print('mapped', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "mapped\n"
    assert is_in_use(file)
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()
    assert not is_in_use(file)


@pytest.mark.parametrize(
    "array", [np.asfortranarray(np.ones((2, 3))), np.array([{}], dtype=object)]
)
def test_other_arrays_are_refused(array, tmp_path):
    """Only plain values in C order can be mapped."""
    np.save(tmp_path / "x.npy", array, allow_pickle=True)
    with pytest.raises(ValueError, match="expected plain values in C order"):
        map_array(tmp_path / "x.npy")


def test_a_damaged_header_is_a_value_error(tmp_path):
    """The header is Python source, which NumPy parses in several ways."""
    path = tmp_path / "a.npy"
    np.save(path, np.arange(8))
    content = path.read_bytes()
    path.write_bytes(content[:10] + b"(" * 8 + content[18:])
    with pytest.raises(ValueError, match=r"a\.npy: is no \.npy file"):
        map_array(path)
