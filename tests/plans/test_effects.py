"""Paired differences, worked by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from autocnn.objectives import LOSS, MACRO_F1
from autocnn.plans.effects import half_width, holm, n_failed, paired_effect, verdicts, whole
from autocnn.states import FailureCause, TrialState


def test_an_effect_is_the_mean_of_the_pairs():
    """Of 0.02, 0.03, 0.04 the mean is 0.03, give or take 4.303 x 0.01 / sqrt(3) = 0.02484."""
    effect = paired_effect({0: 0.90, 1: 0.91, 2: 0.92}, {0: 0.92, 1: 0.94, 2: 0.96}, (10_000,))
    assert effect.mean == pytest.approx(0.03)
    assert effect.low == pytest.approx(0.03 - 0.02484, abs=1e-5)
    assert effect.high == pytest.approx(0.03 + 0.02484, abs=1e-5)
    assert (effect.n, verdicts([effect])) == (3, ["helps"])


def test_less_hurts_and_little_is_nothing():
    """The verdict on a single effect depends on its interval."""
    reference = {0: 0.90, 1: 0.91, 2: 0.92}
    worse = {repeat: score - 0.05 for repeat, score in reference.items()}
    assert verdicts([paired_effect(reference, worse, (10_000,))]) == ["hurts"]
    mixed = {0: 0.91, 1: 0.90, 2: 0.92}
    assert verdicts([paired_effect(reference, mixed, (10_000,))]) == ["no difference seen at n=3"]


def test_equal_differences_are_no_proof():
    """On 100 images scores are rounded to 0.01, so three differences of one image may be chance."""
    # The spread is at least 0.01 / sqrt(6) = 0.00408; 4.303 x 0.00408 / sqrt(3) = 0.01014.
    reference, variant = {0: 0.90, 1: 0.91, 2: 0.92}, {0: 0.91, 1: 0.92, 2: 0.93}
    effect = paired_effect(reference, variant, (100,))
    assert effect.high - effect.mean == pytest.approx(0.01014, abs=1e-5)
    assert verdicts([effect]) == ["no difference seen at n=3"]


def test_two_pairs_prove_nothing():
    """Two pairs give no verdict for any interval."""
    effect = paired_effect({0: 0.5, 1: 0.5}, {0: 0.9, 1: 0.9}, (10_000,))
    assert effect.low > 0
    assert verdicts([effect]) == ["no verdict with 2 seeds"]


def test_only_pairs_count():
    """A repetition that one side lacks is left out; without pairs there is no effect."""
    assert paired_effect({0: 0.5, 1: 0.6}, {1: 0.7, 2: 0.9}, (100,)).mean == pytest.approx(0.1)
    assert paired_effect({0: 0.5}, {1: 0.6}, (100,)) is None
    assert paired_effect({}, {}, (100,)) is None


def test_one_value_has_no_interval():
    """The spread of a single value is unknown."""
    assert half_width([0.5]) == math.inf


def test_a_smaller_loss_helps():
    """The effect keeps its sign, and the verdict follows the direction of the objective."""
    reference = {0: 0.50, 1: 0.51, 2: 0.52}
    smaller = {repeat: score - 0.05 for repeat, score in reference.items()}
    effect = paired_effect(reference, smaller, (100,), LOSS)
    assert effect.mean == pytest.approx(-0.05)
    assert verdicts([effect]) == ["helps"]
    assert verdicts([paired_effect(smaller, reference, (100,), LOSS)]) == ["hurts"]


def test_only_whole_trainings_are_compared(trained):
    """A training whose process was lost after an epoch has a score, and is no whole training."""
    lost = trained(1, "reference", 1, 0.2)
    lost = replace(
        lost,
        state=TrialState.STOPPED,
        result=replace(lost.result, state=TrialState.STOPPED, cause=FailureCause.CRASHED),
    )
    records = [trained(0, "reference", 0, 0.9), lost, trained(2, "reference", 2)]
    assert [record.number for record in whole(records)] == [0]
    assert n_failed(records) == 2


def test_one_image_of_a_rare_class_is_no_proof():
    """Two classes of 990 and 10 images: one image moves their mean accuracy by five points."""
    reference, variant = {0: 0.90, 1: 0.90, 2: 0.90}, {0: 0.95, 1: 0.95, 2: 0.95}
    assert verdicts([paired_effect(reference, variant, (990, 10))]) == ["helps"]
    effect = paired_effect(reference, variant, (990, 10), MACRO_F1)
    assert verdicts([effect]) == ["no difference seen at n=3"]


def test_one_pair_has_no_verdict():
    """A loss of 48 points with one seed is neither "none" nor "hurts"."""
    effect = paired_effect({0: 0.98}, {0: 0.50}, (10_000,))
    assert effect.mean == pytest.approx(-0.48)
    assert (effect.low, effect.high, effect.p) == (-math.inf, math.inf, 1.0)
    assert verdicts([effect]) == ["no verdict with one seed"]


def test_the_p_value_is_that_of_a_paired_t_test():
    """Differences of 0.02, 0.03, 0.04: t = 0.03 / (0.01 / sqrt(3)) = 5.196 on 2 degrees: 0.0351."""
    effect = paired_effect({0: 0.90, 1: 0.91, 2: 0.92}, {0: 0.92, 1: 0.94, 2: 0.96}, (10_000,))
    # On 2 degrees of freedom p = 1 - t / sqrt(t^2 + 2), with t^2 = 27.
    assert effect.p == pytest.approx(1 - math.sqrt(27 / 29))


def test_holm_multiplies_the_smallest_by_their_number():
    """0.01 x 4, 0.02 x 3, then 0.03 x 2 and 0.04 x 1, of which none is below the one before."""
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.6, 0.5]) == [1.0, 1.0]
    assert holm([]) == []


def test_verdicts_are_corrected_for_their_number():
    """A p of 0.035 is a verdict on one change, and none among two such changes."""
    reference = {0: 0.90, 1: 0.91, 2: 0.92}
    small = paired_effect(reference, {0: 0.92, 1: 0.94, 2: 0.96}, (10_000,))
    large = paired_effect(reference, {0: 0.70, 1: 0.71, 2: 0.721}, (10_000,))
    single = paired_effect({0: 0.9}, {0: 0.5}, (10_000,))
    assert small.low > 0
    assert verdicts([small, small]) == ["no difference seen at n=3"] * 2
    assert verdicts([small, large]) == ["helps", "hurts"]  # 0.035 is the last in Holm's order
    assert verdicts([single, small, single])[1] == "helps"  # without a verdict: no test either
    assert verdicts([]) == []
