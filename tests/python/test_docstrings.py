"""The examples in the docstrings of the public names run, and show what they say.

They share a folder with a study "mine" of scripted trials, its arrays, and some files.
"""

from __future__ import annotations

import doctest
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scripted_search import Scripted, shaded

import autocnn
from autocnn.executors import choose

DATA = {"ModelContract", "StudySettings", "__version__"}  # they are made by others
NAMES = sorted({*autocnn.__all__} - DATA)


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The names that an example may use."""
    images, labels = shaded(120)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(choose.EXECUTORS, "local", lambda setup: Scripted())
        patch.chdir(tmp_path_factory.mktemp("examples"))
        np.savez("shades.npz", x=images, y=labels)
        Image.fromarray(images[0]).save("photo.png")
        study = autocnn.search(
            images[:90], labels[:90], trials=2, epochs=2, study="mine", progress=False
        )
        yield {
            "autocnn": autocnn,
            "study": study,
            "x_train": images[:90],
            "y_train": labels[:90],
            "x_test": images[90:],
            "y_test": labels[90:],
        }


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_are_true(name, names):
    """Each public function and class has an example at least."""
    public = getattr(autocnn, name)
    finder = doctest.DocTestFinder(recurse=False)
    (found,) = finder.find(public, name, globs=dict(names))
    assert found.examples != []
    lines: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(found, out=lines.append)
    assert runner.failures == 0, "".join(lines)
