"""Both passes process the images in order, with any number of threads."""

from __future__ import annotations

import io
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from image_files import encode, noise
from PIL import Image

from autocnn.data import decode_all as passes
from autocnn.data.decode_all import Corrupt, Passes
from autocnn.data.decoding import CorruptImageError, decode_image
from autocnn.data.reader import Contents
from autocnn.data.split import image_hashes
from autocnn.data.value_range import ValueRange
from autocnn.errors import DatasetError


@pytest.fixture
def pool():
    """A pool of eight threads."""
    with ThreadPoolExecutor(8) as threads:
        yield threads


def passes_over(pool, images, on_read=lambda what, done, total: None):
    """The passes over images that are named by their positions."""
    n = len(images)
    contents = Contents(
        class_names=("a",),
        parts=np.zeros(n, np.int8),
        labels=np.zeros(n, np.int64),
        images=lambda: ((str(i), image) for i, image in enumerate(images)),
    )
    return Passes(pool, contents, Corrupt(np.ones(n, dtype=bool)), on_read)


def test_images_come_in_order(pool, monkeypatch, make_images):
    """Slow first images and small blocks keep the order; hashes are those of the split."""
    monkeypatch.setattr(passes, "_BLOCK", 40)
    monkeypatch.setattr(passes, "_SLICE", 3)

    def slow(content, shape, values, resize):
        time.sleep(0.02 if content[0, 0] < 30 else 0)
        return decode_image(content, shape, values, resize)

    monkeypatch.setattr(passes, "decode_image", slow)
    images = [np.array([[i], [i]], np.uint8) for i in range(100)]
    file = io.BytesIO()
    hashes = passes_over(pool, images).decode((2, 1, 1), file)
    assert file.getvalue() == np.concatenate(images).tobytes()
    assert hashes.tolist() == image_hashes(make_images(range(100), [0] * 100)).tolist()


def test_sizes_and_colours_are_scanned(pool):
    """The scan reads the sizes and colours of files and of arrays."""
    scan = passes_over(pool, [encode(noise(1, 4, 6)[0]), noise(1, 2, 3, 3)[0]]).scan()
    assert scan.sizes.tolist() == [[4, 6], [2, 3]]
    assert scan.is_grey.tolist() == [True, False]
    assert (scan.values, scan.notes) == (ValueRange(), [])


def test_values_of_more_than_8_bits_are_scanned_and_scaled(pool):
    """One image has the largest value, and its range holds for all."""
    images = [np.array([[v, 16]], np.uint16) for v in (7, 4021, 2048)]
    run = passes_over(pool, images)
    scan = run.scan()
    assert scan.values == ValueRange("integers", 4095)
    assert len(scan.notes) == 1
    file = io.BytesIO()
    run.decode((1, 2, 1), file, scan.values)
    assert list(file.getvalue()) == [0, 1, 250, 1, 128, 1]  # 7 * 255 / 4095 is 0.4


def test_the_first_pass_decodes_no_image_of_8_bits(pool, monkeypatch):
    """Images of 8 bits are not looked into, whether files or arrays; damaged ones are not found."""
    looked = []
    monkeypatch.setattr(passes, "read_limits", lambda content: looked.append(content) or (0, 1))
    whole = encode(noise(1, 20, 20)[0])
    run = passes_over(pool, [whole, whole[:-200], noise(1, 20, 20)[0]])
    run.scan()
    assert run.corrupt.is_good.all()
    assert looked == []


def test_deep_images_that_cannot_be_decoded_are_corrupt(pool):
    """The first pass finds them, because it decodes them."""
    deep = Image.fromarray(np.arange(400, dtype=np.uint16).reshape(20, 20))
    buffer = io.BytesIO()
    deep.save(buffer, "PNG")
    run = passes_over(pool, [buffer.getvalue(), buffer.getvalue()[:-60]])
    assert run.scan().values == ValueRange("integers", 1023)
    assert run.corrupt.is_good.tolist() == [True, False]


def test_images_that_cannot_be_read_are_left_out(pool):
    """One has a wrong header, one wrong pixels; the others stay in order."""
    good = [encode(pixels) for pixels in noise(3, 20, 20)]
    run = passes_over(pool, [good[0], b"no image", good[1][:-200], good[2]])
    run.scan()
    assert run.corrupt.is_good.tolist() == [True, False, True, True]
    file = io.BytesIO()
    hashes = run.decode((20, 20, 1), file)
    assert run.corrupt.is_good.tolist() == [True, False, False, True]
    assert len(hashes) == 2
    assert file.getvalue() == noise(3, 20, 20)[[0, 2]].tobytes()


def test_progress_is_reported(pool):
    """Each pass reports how many images are done, of how many."""
    reported = []
    run = passes_over(pool, list(noise(20, 2, 2)), lambda *words: reported.append(words))
    run.scan()
    run.decode((2, 2, 1), io.BytesIO())
    assert reported == [
        ("looking at images", 16, 20),
        ("looking at images", 20, 20),
        ("decoding images", 16, 20),
        ("decoding images", 20, 20),
    ]


def test_encoded_images_wait_in_small_blocks(monkeypatch):
    """Three images of 40 bytes exceed 100 bytes, so they form a block."""
    monkeypatch.setattr(passes, "BLOCK_BYTES", 100)
    blocks = list(passes._blocks(((str(i), b"x" * 40) for i in range(7)), 256))
    assert [len(block) for block in blocks] == [3, 3, 1]


def test_large_arrays_wait_in_small_blocks(monkeypatch):
    """Arrays count by their bytes: two of five floats are 80 bytes."""
    monkeypatch.setattr(passes, "BLOCK_BYTES", 80)
    blocks = list(passes._blocks(((str(i), np.zeros((1, 5))) for i in range(5)), 256))
    assert [len(block) for block in blocks] == [2, 2, 1]


def test_any_other_error_rises(pool, monkeypatch):
    """An internal error does not count as a corrupt image."""

    def broken(content):
        raise ZeroDivisionError

    monkeypatch.setattr(passes, "read_header", broken)
    with pytest.raises(ZeroDivisionError):
        passes_over(pool, [b"x"]).scan()


def corrupt(n, *bad):
    """A record of `n` images of which these are corrupt."""
    found = Corrupt(np.ones(n, dtype=bool))
    for index in bad:
        found.add(index, f"{index}.png", CorruptImageError("why"))
    return found


def test_corrupt_images_are_counted_and_the_first_are_named():
    """The names are in the order of the images, not in that of their discovery."""
    with pytest.raises(DatasetError) as caught:
        corrupt(1200, 7, 3, 9, 1, 5).check(skip=False)
    assert str(caught.value) == (
        "5 of 1,200 images cannot be read: 1.png (why), 3.png (why), 5.png (why), …; mend them, or "
        "leave them out with --skip-corrupt"
    )


def test_corrupt_images_may_be_left_out():
    """A note gives their number; a data set without a good image is refused."""
    assert corrupt(9).check(skip=False) == []
    assert corrupt(9, 2).check(skip=True) == [
        "1 of 9 images cannot be read and are left out: 2.png (why)"
    ]
    with pytest.raises(DatasetError, match=r"^2 of 2 images cannot be read: [^;]*$"):
        corrupt(2, 0, 1).check(skip=True)
