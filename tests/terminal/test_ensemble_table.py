"""An ensemble on a terminal."""

from __future__ import annotations

from dataclasses import replace

import pytest
from export_fixtures import CONTRACT

from autocnn.models.ensemble_report import EnsembleMember, EnsembleOutcome, NetworkScore
from autocnn.models.selection import CrossFit, Gain
from autocnn.objectives import find_objective
from autocnn.terminal.contract_lines import describe_contract
from autocnn.terminal.ensemble_table import describe_ensemble, render_members


@pytest.fixture
def outcome():
    """Trials 4 and 7 of ten, with shares of three and one; 0.5 points of gain, 0.2 cross-fitted."""

    def member(trial, weight, score, parameters):
        alone = NetworkScore(score=score, accuracy=score, loss=0.25)
        return EnsembleMember(
            trial=trial, weight=weight, alone=alone, parameters=parameters, macs=2_000_000
        )

    best = member(4, 0.75, 0.93, 100_000)
    return EnsembleOutcome(
        study="fashion",
        objective=find_objective("accuracy"),
        members=(best, member(7, 0.25, 0.925, 50_000)),
        candidates=10,
        n=6000,
        best=best,
        together=NetworkScore(score=0.935, accuracy=0.935, loss=0.2),
        without_views=None,
        cross_fit=CrossFit(
            accuracy=Gain(mean=0.002, error=0.001), loss=Gain(mean=0.01, error=0.001)
        ),
        parameters=150_000,
        macs=4_000_000,
        views="none",
        knows_mirrored=False,
        contract=CONTRACT,
    )


def test_members_are_a_row_each(show, outcome):
    """With the weight and the score alone."""
    title, head, first, second = show(render_members(outcome))
    assert title == ("fashion: an ensemble of 2 of 10 networks, chosen on 6,000 validation images")
    assert head.split() == ["trial", "weight", "accuracy", "alone", "loss", "parameters", "MACs"]
    assert first.split() == ["4", "0.75", "93.00", "%", "0.2500", "100.0", "k", "2.0", "M"]
    assert second.split() == ["7", "0.25", "92.50", "%", "0.2500", "50.0", "k", "2.0", "M"]


def test_the_lines_say_what_is_too_good_and_what_is_not(outcome):
    """0.2 points with an error of 0.1: from 0.00 to 0.40."""
    best, together, fitted, how, cost = describe_ensemble(outcome)
    assert best == "best alone     93.00 %, loss 0.2500 (trial 4)"
    assert "93.50 %, loss 0.2000 (+0.50 points, too good" in together
    assert "accuracy +0.20 points, 95 % interval +0.00 to +0.40; loss -0.0100" in fitted
    assert "not shown" not in fitted
    assert "in 5 halvings" in how
    assert cost == (
        "cost           150.0 k parameters (1.5 times those of trial 4), 4.0 M MACs an image "
        "(2.0 times)"
    )


def test_a_gain_that_may_be_chance_is_marked(outcome):
    """The interval has the zero inside."""
    fit = replace(outcome.cross_fit, accuracy=Gain(mean=0.001, error=0.001))
    lines = describe_ensemble(replace(outcome, cross_fit=fit))
    assert lines[2].endswith("; not shown to be better than one network")


def test_views_stand_beside_the_score_without_them(outcome):
    """A loss is said, and so is that the members were not trained on mirrored images."""
    worse = NetworkScore(score=0.94, accuracy=0.94, loss=0.2)
    lines = describe_ensemble(replace(outcome, views="mirror", without_views=worse))
    assert lines[3].endswith("of the same half, with the same views)")
    assert lines[4] == (
        "views          93.50 % with mirror, 94.00 % without; not every member was trained on "
        "mirrored images, too; the views are no gain here: leave --views out"
    )


def test_one_network_is_said_to_be_all(outcome):
    """No mean was better."""
    lines = describe_ensemble(replace(outcome, members=outcome.members[:1]))
    assert lines[-1] == "one network is all: no mean has a lower loss than trial 4"


def test_a_contract_says_what_is_averaged():
    """A third line, only of such a file."""
    assert len(describe_contract(CONTRACT)) == 2
    found = describe_contract(replace(CONTRACT, members=((4, 0.75), (7, 0.25)), views="mirror"))
    assert found[2] == (
        "averages: the networks of trials 4 (75%), 7 (25%) and 2 views of each image (mirror)"
    )
