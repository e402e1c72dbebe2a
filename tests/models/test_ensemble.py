"""Several networks and several views as one Keras model."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest
from export_fixtures import CONFIGS, SPEC, make_model  # noqa: F401  fixture

from autocnn.exports.check import checked_images
from autocnn.models.ensemble import Ensemble, Member, combine, with_views
from autocnn.models.trained import TrainedModel
from autocnn.models.views import VIEWS, make_views
from autocnn.nn.model import build_model

IMAGES = checked_images(SPEC.shape)[::8]


@pytest.fixture
def pair(make_model):  # noqa: F811
    """Two networks of different architecture."""
    return make_model(CONFIGS["standardize"], 1), make_model(CONFIGS["unit"], 2)


def averaged(model, views):
    """The mean of a network's probabilities over the views, by NumPy."""
    return sum(weight * model.predict(view) for weight, view in make_views(IMAGES, views))


@pytest.mark.parametrize("views", VIEWS)
def test_an_ensemble_is_the_weighted_mean_over_members_and_views(pair, views):
    """A quarter of the first and three quarters of the second; computed in NumPy beside it."""
    one, other = pair
    found = combine(pair, (1, 3), views).predict(IMAGES)
    expected = 0.25 * averaged(one, views) + 0.75 * averaged(other, views)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.abs(found - one.predict(IMAGES)).max() > 1e-3
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)


def test_members_of_no_count_are_left_out(pair):
    """One member is left, with all the weight."""
    (member,) = combine(pair, (0, 2)).members
    assert (member.model, member.weight) == (pair[1], 1.0)


def test_one_network_with_views(pair):
    """Mirrored images get other probabilities, and their mean is taken."""
    found = with_views(pair[0], "mirror")
    np.testing.assert_allclose(found.predict(IMAGES), averaged(pair[0], "mirror"), atol=1e-6)
    assert np.abs(found.predict(IMAGES) - pair[0].predict(IMAGES)).max() > 1e-4
    mirrored = found.predict(IMAGES[:, :, ::-1])
    np.testing.assert_allclose(mirrored, found.predict(IMAGES), atol=1e-6)


def test_the_network_of_airbench94_is_a_member():
    """Its whitening layer is one of Keras, and so is its scale."""
    config = replace(
        CONFIGS["unit"],
        architecture="airbench94",
        blocks=(),
        head="global_max",
        logits_bias=False,
        logits_scale=1 / 9,
    )
    image = replace(SPEC, shape=(16, 16, 3))
    weights = tuple(build_model(config, image, seed=0).get_weights())
    model = TrainedModel(config=config, image=image, class_names=tuple("abcd"), weights=weights)
    images = checked_images(image.shape)[:4]
    views = make_views(images, "mirror_and_translate")
    expected = sum(weight * model.predict(view) for weight, view in views)
    found = with_views(model, "mirror_and_translate").predict(images)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_an_ensemble_is_of_float32_under_any_policy(pair, keep_policy):
    """As every exported network."""
    expected = combine(pair, (1, 1), "mirror").predict(IMAGES)
    keras.config.set_dtype_policy("mixed_bfloat16")
    found = combine(pair, (1, 1), "mirror").predict(IMAGES)
    np.testing.assert_array_equal(found, expected)


def test_names_of_members_are_unique(pair):
    """The same network may be a member twice, as two models."""
    model = combine((pair[0], pair[0]), (1, 1)).build()
    names = [layer.name for layer in model.layers]
    assert len(set(names)) == len(names)


def test_wrong_members_are_refused(pair):
    """Weights that are no shares; other classes; no member; unknown views; images of one pixel."""
    one, other = pair
    classes = replace(other, class_names=("a", "b", "c", "e"))
    for members, views, reason in (
        ((), "none", "weights above 0"),
        ((Member(model=one, weight=0.5),), "none", "weights above 0"),
        ((Member(model=one, weight=1.5), Member(model=other, weight=-0.5)), "none", "above 0"),
        ((Member(model=one, weight=0.5), Member(model=classes, weight=0.5)), "none", "same images"),
        ((Member(model=one, weight=1.0),), "turn", "expected views none or mirror or"),
    ):
        with pytest.raises(ValueError, match=reason):
            Ensemble(members=members, views=views)
    thin = replace(one, image=replace(SPEC, shape=(1, 8, 3)))
    with pytest.raises(ValueError, match="2 pixels a side"):
        with_views(thin, "mirror_and_translate")


def test_images_of_another_shape_are_refused(pair):
    """As by a network."""
    with pytest.raises(ValueError, match="expected images of shape"):
        combine(pair, (1, 1)).predict(IMAGES[:, :4])
