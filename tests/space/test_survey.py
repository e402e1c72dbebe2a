"""The survey of a space: points, feasible samples, costs."""

from __future__ import annotations

import math

import pytest

from autocnn.errors import SpaceError
from autocnn.space.parameters import Categorical, Fixed
from autocnn.space.space import Limits, SearchSpace
from autocnn.space.survey import check_feasible, survey_space
from autocnn.space.toml import load_space


@pytest.mark.parametrize(
    ("shape", "least"),
    [
        ((8, 8, 1), 400),
        ((28, 28, 1), 550),
        ((32, 32, 3), 550),
        ((96, 96, 3), 600),
        ((224, 224, 3), 600),
    ],
)
def test_most_of_the_space_cnn_can_be_built(shape, least):
    """55 % of the draws are feasible, 60 % of those for photos, and 40 % on images of 8x8."""
    survey = survey_space(load_space("cnn"), shape, 10)
    assert survey.samples == 1000
    assert survey.feasible >= least
    assert survey.points == math.inf


def test_costs_stay_within_the_limits():
    """The largest feasible sample is within the limits, the smallest has some weights."""
    survey = survey_space(load_space("cnn"), (28, 28, 1), 10, samples=100)
    assert 0 < survey.macs[0] <= survey.macs[-1] <= 184_320_000  # 180,000 for each of 32x32 pixels
    assert 0 < survey.parameters[0] <= survey.parameters[-1] <= 4_000_000
    assert list(survey.macs) == sorted(survey.macs)


def _two_widths(limit: int | None = None) -> SearchSpace:
    """8 or 64 filters of 1x1 on 1x1x1 images: 16 or 128 parameters, and 18 or 130 for logits."""
    return SearchSpace(
        name="test",
        parameters={
            "blocks": Fixed(value=1),
            "kernel": Fixed(value=1),
            "downsampling": Fixed(value="none"),
            "filters": Categorical(choices=(8, 64)),
        },
        limits=Limits(parameters=limit),
    )


def test_quantiles_run_from_the_smallest_to_the_largest():
    """The two networks have 34 and 258 parameters, 24 and 192 MACs."""
    survey = survey_space(_two_widths(), (1, 1, 1), 2, samples=50)
    assert (survey.points, survey.samples, survey.feasible, survey.reason) == (2, 50, 50, "")
    assert (survey.parameters[0], survey.parameters[-1]) == (34, 258)
    assert (survey.macs[0], survey.macs[-1]) == (24, 192)


def test_infeasible_samples_are_counted_with_a_reason():
    """The wide network exceeds the limit."""
    survey = survey_space(_two_widths(limit=100), (1, 1, 1), 2, samples=50)
    assert 0 < survey.feasible < 50
    assert survey.parameters == (34,) * 5
    assert survey.reason == "258 parameters are above the limit of 100"


def test_a_space_without_a_feasible_sample_has_a_reason():
    """The costs are zero, and the reason is given."""
    survey = survey_space(_two_widths(limit=1), (1, 1, 1), 2, samples=5)
    assert survey.feasible == 0
    assert survey.parameters == survey.macs == (0,) * 5
    assert "above the limit of 1" in survey.reason


def test_a_study_needs_one_feasible_sample():
    """A space without a feasible network for these images is refused with a reason."""
    space = _two_widths(limit=40)
    assert check_feasible(space, (1, 1, 1), 2).feasible > 0
    message = (
        "space test: none of 1000 samples is feasible for images of 2x1x1: .* the limit of 40; "
        "widen the ranges or the limits"
    )
    with pytest.raises(SpaceError, match=message):
        check_feasible(space, (2, 1, 1), 2)


def test_a_survey_repeats_from_its_seed():
    """Another seed draws other samples."""
    space = load_space("cnn")
    surveys = [survey_space(space, (8, 8, 1), 10, samples=30, seed=seed) for seed in (3, 3, 4)]
    assert surveys[0] == surveys[1]
    assert surveys[0] != surveys[2]
