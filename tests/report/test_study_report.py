"""The sentences and tables of a report."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autocnn.objectives import ACCURACY
from autocnn.records.cost import StudyCost
from autocnn.records.finals_file import Confusion
from autocnn.report.study_report import (
    StudyReport,
    class_table,
    describe_origin,
    headline,
    sentences,
    settings_table,
)
from autocnn.trial import TrialState


@pytest.fixture
def report(make_record, facts) -> StudyReport:
    """Two recipes, one of them the winner with 0.9, a pruned trial and one that was drawn."""
    records = [
        replace(make_record(0, 0.5, 0.9), origin="recipe:plain", values={"filters": 8}),
        replace(make_record(3, 0.6, 0.88), values={"filters": 16}),
        replace(make_record(1, 0.5), origin="recipe:pairs", values={"filters": 8}),
        make_record(2, 0.1, state=TrialState.PRUNED),
    ]
    return StudyReport(
        name="look",
        dataset="digits",
        objective=ACCURACY,
        records=records,
        winner=records[0],
        facts=facts,
        finals=None,
        cost=StudyCost(seconds=75.0, cpu_seconds=1234.0, runs=1),
        error=0.03,
    )


def test_the_sentences_of_a_search_without_finals(report):
    """Trial 3 is within a standard error of 3 points; trial 1 is not."""
    assert sentences(report) == [
        "4 trials were trained on digits: 3 complete, 1 pruned. Configurations were drawn by tpe. "
        "A trial has 12 epochs at most.",
        "The winner is trial 0, the recipe plain: 90.00 % on 6 validation images.",
        "One standard error of that score is 3.00 points: trial 3 is within it, and their order is "
        "mostly chance.",
        "The best of 1 drawn configurations, trial 3, is 2.00 points behind this recipe.",
        "The winner has not been refitted and tested yet.",
    ]


def test_a_drawn_winner_is_compared_with_the_best_recipe(report):
    """Nothing is within half a point of it."""
    drawn = replace(report.records[0], origin="evolution")
    report = replace(report, winner=drawn, records=[drawn, *report.records[1:]], error=0.005)
    assert sentences(report)[2:4] == [
        "One standard error of that score is 0.50 points, and no other trial is within it.",
        "It is 40.00 points better than the best recipe, trial 1.",
    ]


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        (0.9, "It is the only trial that reaches 90.00 %; its network has 1.3 k parameters."),
        (0.88, "Of the 2 trials that reach 88.00 % it has the fewest parameters, 1.3 k."),
    ],
)
def test_the_smallest_network_has_won_by_its_size(report, target, sentence):
    """Neither chance nor the recipes are spoken of: the score did not decide."""
    found = sentences(replace(report, objective=replace(ACCURACY, smallest_from=target)))
    assert found[2:] == [sentence, "The winner has not been refitted and tested yet."]


def test_a_study_without_a_score_has_no_winner(report):
    """The trials are counted all the same."""
    report = replace(report, winner=None, records=report.records[3:])
    assert sentences(report)[-1] == "No trial ended with a score, so there is no winner."
    assert headline(report) == [("1", "trials"), ("1:15", "wall time; 1,234 CPU seconds")]


def test_the_test_score_is_explained(report, make_finals):
    """The refit, the errors, the optimism, and what always answering one class would have."""
    blind = replace(make_finals().test, majority=0.97)
    found = sentences(replace(report, finals=make_finals(instead_of=3, test=blind)))
    assert found[4:] == [
        "It was trained once more on the training and the validation images together, for 2 "
        "epochs; these weights are shipped.",
        "Trial 3 had the best score, but its lead on its own training images is larger, so that a "
        "longer training was expected to improve it less.",
        "The test images were read once, after all choices: 7 errors in 360 images. The trial's "
        "own weights have 97.50 % on them; the validation score by which the trial was chosen "
        "differs from that by +0.50 points (its optimism).",
        "Always answering the most common class would have 97.00 %: the network is not shown to be "
        "better.",
    ]
    finals = make_finals(refit=replace(make_finals().refit, shipped=False, refusal="it failed"))
    assert "The weights of the trial itself are shipped: it failed." in sentences(
        replace(report, finals=finals)
    )


def test_the_headline_begins_with_the_test_score(report, make_finals):
    """Then the size of the model and the cost."""
    assert headline(replace(report, finals=make_finals(), model_bytes=12_345)) == [
        ("98.06 %", "test accuracy; 95 % interval 96.04 % to 99.06 %, 360 images"),
        ("12 kB", "size of the model's file"),
        ("90.00 %", "validation accuracy of trial 0, the winner"),
        ("1.3 k", "parameters"),
        ("88.0 k", "multiply-accumulates an image"),
        ("4", "trials"),
        ("1:15", "wall time; 1,234 CPU seconds"),
    ]


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        ("recipe:wide", "the recipe wide"),
        ("warm:old/3", "from the earlier study old/3"),
        ("promoted:4", "trial 4 once more, with a longer schedule"),
        ("tpe", "drawn by tpe"),
    ],
)
def test_an_origin_in_words(origin, words):
    """Every kind of origin has its own."""
    assert describe_origin(origin) == words


def test_precision_and_recall_of_every_class():
    """Of class a 3 of 4 are found, all of 3 that were called so; b has one false alarm."""
    table = class_table(
        Confusion(classes=("a", "b", "c"), counts=((3, 1, 0), (0, 4, 0), (0, 0, 0)))
    )
    assert table.rows == [
        ["a", 4, 1.0, 0.75, 6 / 7],
        ["b", 4, 0.8, 1.0, 8 / 9],
        ["c", 0, None, None, None],
    ]


def test_the_winners_settings(report):
    """Each value, and how many others were tried."""
    assert settings_table(report).rows == [["filters", "8", "2 values"]]
