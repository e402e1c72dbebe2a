"""An ensemble with mirrored views in every format, read by the format's own run time."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

import keras
import numpy as np
import pytest
from export_fixtures import CONFIGS, CONTRACT, SPEC

from autocnn.exports.check import checked_images
from autocnn.exports.formats import FORMATS, LITERT, export_as, export_to, load_file, read_contract
from autocnn.exports.litert_file import FLOAT16, INT8, Quantization
from autocnn.exports.targets import quantize
from autocnn.models.ensemble import combine
from autocnn.models.views import make_views

IMAGES = checked_images(SPEC.shape)[::10]
BOTH = replace(CONTRACT, members=((7, 0.75), (2, 0.25)), views="mirror")


def needs(chosen):
    """Skip the test if a package of the format is missing."""
    for package in chosen.writes_with:
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed: pip install 'autocnn[export]'")


@pytest.fixture
def pair(make_model):
    """Two networks of different architecture."""
    return make_model(CONFIGS["standardize"], 1), make_model(CONFIGS["unit"], 2)


def expected(pair):
    """Three quarters of the first and one of the second, each the mean of two views, by NumPy."""
    return sum(
        share * weight * model.predict(view)
        for share, model in zip((0.75, 0.25), pair, strict=True)
        for weight, view in make_views(IMAGES, "mirror")
    )


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_holds_the_whole_ensemble(pair, tmp_path, suffix):
    """For any number of images; the members and views are in the contract inside and beside."""
    needs(FORMATS[suffix])
    exported = export_to(combine(pair, (3, 1), "mirror"), BOTH, tmp_path / f"model{suffix}")
    predict, answers = exported.load(), expected(pair)
    for part in (slice(0, 1), slice(1, 6), slice(6, 7)):
        np.testing.assert_allclose(predict(IMAGES[part]), answers[part], atol=1e-4)
    assert read_contract(exported.path) == read_contract(tmp_path / "model.json") == BOTH


def test_plain_keras_loads_an_ensemble_in_safe_mode(pair, tmp_path):
    """And so does autocnn, which accepts nothing but layers and operations of Keras."""
    target = tmp_path / "model.keras"
    export_to(combine(pair, (3, 1), "mirror"), BOTH, target)
    loaded = keras.saving.load_model(target, safe_mode=True, compile=False)
    np.testing.assert_allclose(np.asarray(loaded(IMAGES)), expected(pair), atol=1e-5)
    np.testing.assert_allclose(load_file(target, BOTH)(IMAGES), expected(pair), atol=1e-5)


def test_moved_views_are_exported(pair, tmp_path):
    """The borders are reflected by an operation that ONNX has, too."""
    needs(FORMATS[".onnx"])
    model = combine(pair[:1], (1,), "mirror_and_translate")
    contract = replace(CONTRACT, views="mirror_and_translate")
    exported = export_to(model, contract, tmp_path / "model.onnx")
    np.testing.assert_allclose(exported.load()(IMAGES), model.predict(IMAGES), atol=1e-4)


@pytest.mark.parametrize("name", [FLOAT16, INT8])
def test_an_ensemble_is_quantised(pair, tmp_path, name):
    """Half of the checked images keep their probabilities within a tenth."""
    needs(LITERT)
    chosen = quantize(LITERT, Quantization(name=name, images=checked_images(SPEC.shape)))
    exported = export_as(chosen, combine(pair, (3, 1), "mirror"), BOTH, tmp_path / "model.tflite")
    found = np.abs(exported.load()(IMAGES) - expected(pair)).max(axis=1)
    assert np.median(found) < 0.1


def test_a_file_has_the_weights_of_a_member_once(pair, tmp_path):
    """Views do not copy them: two views make the file hardly larger."""
    needs(FORMATS[".onnx"])
    sizes = [
        export_to(combine(pair[:1], (1,), views), replace(CONTRACT, views=views), path)
        .path.stat()
        .st_size
        for views, path in (("none", tmp_path / "a.onnx"), ("mirror", tmp_path / "b.onnx"))
    ]
    assert sizes[1] - sizes[0] < 8000  # bytes: the operations that mirror, join and average
