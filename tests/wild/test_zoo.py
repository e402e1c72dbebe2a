"""Every input of the zoo: its exact arrays and lines, or one line of refusal; never a traceback."""

from __future__ import annotations

import re
import sys
from collections import Counter

import numpy as np
import pytest
from wild import archives, arrays, folders, parquet, pixels, sizes, tables
from wild.zoo import Case

from autocnn.cli.main import main
from autocnn.data.options import ImageOptions
from autocnn.data.own_images import OwnImages, read_own
from autocnn.errors import DatasetError, SettingsError

CASES: list[Case] = [
    *folders.CASES,
    *tables.CASES,
    *archives.CASES,
    *arrays.CASES,
    *parquet.CASES,
    *pixels.CASES,
    *sizes.CASES,
]
READ = [case for case in CASES if not case.refused]
REFUSED = [case for case in CASES if case.refused]
ALWAYS = ("no test images came with it", "validation images?: one image is", "one image is")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache of decoded images."""
    monkeypatch.setenv("AUTOCNN_CACHE", str(tmp_path / "cache"))


def test_the_zoo_is_large_and_its_names_differ():
    """At least 150 inputs."""
    names = [case.name for case in CASES]
    assert len(names) >= 150
    assert [name for name, n in Counter(names).items() if n > 1] == []


@pytest.mark.parametrize("case", READ, ids=lambda case: case.name)
def test_what_is_read(case, tmp_path):
    """Classes, parts and pixels are exactly those that were written, and each line is said once."""
    path, expected = case.make(tmp_path / "in")
    own = read_own(path, ImageOptions(**case.options))
    assert own.info.class_names == case.classes
    found = contents(own)
    if "all" in expected:
        found = {"all": sum(found.values(), Counter())}
    assert found == {part: count(images) for part, images in expected.items()}
    notes = [note for note in own.info.notes if not any(re.search(x, note) for x in ALWAYS)]
    unmatched = [note for note in notes if not any(re.search(x, note) for x in case.notes)]
    missing = [x for x in case.notes if not any(re.search(x, note) for note in notes)]
    assert (unmatched, missing) == ([], [])
    assert all("\n" not in note for note in own.info.notes)


def contents(own: OwnImages) -> dict[str, Counter[tuple[str, bytes]]]:
    """Of each part the images by class and pixels; of a part that is made, as "train"."""
    found: dict[str, Counter[tuple[str, bytes]]] = {}
    names = own.info.class_names
    for i in range(own.train.n):
        validates = own.train.validates is not None and bool(own.train.validates[i])
        part = found.setdefault("validation" if validates else "train", Counter())
        part[names[own.train.labels[i]], own.train.images[i].tobytes()] += 1
    for image, label in zip(own.test.images, own.test.labels, strict=True):
        found.setdefault("test", Counter())[names[label], image.tobytes()] += 1
    return found


def count(images: dict[str, list[np.ndarray]]) -> Counter[tuple[str, bytes]]:
    """The images by class and pixels."""
    return Counter((name, p.tobytes()) for name, some in images.items() for p in some)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_what_is_refused(case, tmp_path, monkeypatch, capfd):
    """One line says why, from the function and from the command, which exits with 1 or 2."""
    made = case.make(tmp_path / "in")
    path = made[0] if isinstance(made, tuple) else made
    with pytest.raises((DatasetError, SettingsError)) as caught:
        read_own(path, ImageOptions(**case.options))
    line = str(caught.value)
    assert re.search(case.refused, line), line
    assert "\n" not in line
    if case.options:
        return
    monkeypatch.setattr(sys, "argv", ["autocnn", "datasets", str(path)])
    with pytest.raises(SystemExit) as exit_info:
        main()
    captured = capfd.readouterr()
    assert exit_info.value.code in (1, 2)
    assert captured.err.strip().splitlines()[-1] == f"autocnn: error: {line}"
