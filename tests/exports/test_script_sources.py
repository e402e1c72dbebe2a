"""Functions and classes of `nn` as text."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from autocnn.exports.script_sources import source_of
from autocnn.nn.airbench94 import initialise
from autocnn.nn.muon import orthogonalise

IMPORTS = (
    "from collections.abc import Sequence\nfrom typing import Any\nimport keras\n"
    "import numpy as np\nimport numpy.typing as npt\nfrom keras import ops\n"
)


def defined(*wanted):
    """The names that the text of these definitions defines when it is run."""
    names = {}
    exec(IMPORTS + source_of(*wanted), names)
    return names


def test_a_definition_comes_with_all_it_uses():
    """Its constants and functions, also those of other modules, and nothing else."""
    names = defined(("autocnn.nn.airbench94", "initialise"))
    assert names["WHITENING"] == "whitening"  # of autocnn.space.layers
    assert names["derive_seed"](1, "x") > 0  # of autocnn.space.seeds
    assert "GroupedNesterov" not in names
    assert "autocnn" not in source_of(("autocnn.nn.airbench94", "initialise"))


def test_a_definition_stands_once():
    """Two that use the same constant."""
    text = source_of(
        ("autocnn.nn.airbench94", "initialise"), ("autocnn.nn.airbench94", "GroupedNesterov")
    )
    assert text.count("WHITENING = ") == 1
    assert text.count("class GroupedNesterov") == 1


def test_the_text_computes_the_same():
    """Orthogonal steps, and the first weights of airbench94."""
    matrix = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    found = defined(("autocnn.nn.muon", "Muon"))["orthogonalise"](matrix)
    np.testing.assert_array_equal(found, orthogonalise(matrix))

    def network():
        image = keras.Input((6, 6, 1))
        x = keras.layers.Conv2D(8, 2, name="whitening")(image)
        return keras.Model(image, keras.layers.Conv2D(9, 3)(x))

    images = np.random.default_rng(1).integers(0, 256, (5, 6, 6, 1)).astype(np.uint8)
    ours, theirs = network(), network()
    initialise(ours, images, [99.0], [50.0], 3)
    defined(("autocnn.nn.airbench94", "initialise"))["initialise"](
        theirs, images, [99.0], [50.0], 3
    )
    for first, second in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)


def test_an_unknown_name_is_an_error():
    """Of the caller."""
    with pytest.raises(KeyError, match="Adam"):
        source_of(("autocnn.nn.muon", "Adam"))
