"""The model card beside an exported file."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autocnn.data.value_range import EIGHT_BITS
from autocnn.models.contract import ModelContract
from autocnn.models.ensemble_report import EnsembleMember, EnsembleOutcome, NetworkScore
from autocnn.models.selection import CrossFit, Gain
from autocnn.objectives import ACCURACY
from autocnn.records.cost import StudyCost
from autocnn.records.finals_file import Confusion
from autocnn.report.model_card import MARK, model_card, plain
from autocnn.report.study_report import StudyReport


@pytest.fixture
def report(make_record, facts, make_finals) -> StudyReport:
    """A winner with 0.98, tested with 7 errors in 360."""
    winner = make_record(4, 0.5, 0.98)
    return StudyReport(
        name="look",
        dataset="photos",
        objective=ACCURACY,
        records=[winner],
        winner=winner,
        facts=facts,
        finals=make_finals(),
        cost=StudyCost(),
        confusion=Confusion(classes=("a|b", "c"), counts=((3, 1), (0, 4))),
    )


@pytest.fixture
def contract() -> ModelContract:
    """A contract of two classes."""
    return ModelContract(
        class_names=("a|b", "<b>\nc"),
        image_shape=(8, 10, 3),
        value_range=EIGHT_BITS,
        dataset='pho"tos',
        study="look",
        trial=4,
        autocnn="0.1.0",
    )


def test_the_card_says_what_the_network_is(report, contract):
    """Front matter, files, input and outputs, the sentences of the report, classes and limits."""
    lines = model_card(report, contract, ["model.onnx", "model.tflite"]).splitlines()
    assert lines[0] == "---"
    assert '        dataset: {name: "pho\\"tos", type: image-folder, split: test}' in lines
    assert "        metrics: [{type: accuracy, value: 0.9806}]" in lines
    assert MARK in lines
    assert "- model.onnx" in lines
    assert "- 1.3 k parameters, 88.0 k multiply-accumulates an image." in lines
    assert any(line.startswith("- Input: 8 x 10 pixels, RGB, raw values") for line in lines)
    assert any("7 errors in 360 images" in line for line in lines)
    assert "| a\\|b | 4 | 1.000 | 0.750 | 0.857 |" in lines
    assert "- Output: a probability for each class, in this order: a\\|b, &lt;b&gt; c." in lines


def test_a_network_without_finals_is_said_to_be_untested(report, contract):
    """There is no figure in the front matter, either."""
    card = model_card(replace(report, finals=None, confusion=None), contract, ["m.keras"])
    assert "model-index" not in card
    assert "has not been tested on images that had no part in its choice" in card


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a\n# b", "a \\# b"), ("<script>", "&lt;script&gt;"), ("[x](y)", "\\[x\\]\\(y\\)")],
)
def test_names_are_plain_text(text, expected):
    """Neither Markdown nor HTML reads anything in them."""
    assert plain(text) == expected


def test_the_card_says_what_is_averaged(report, contract):
    """Members with their shares, and views; nothing of one network."""
    both = replace(contract, members=((4, 0.75), (7, 0.25)), views="mirror")
    text = model_card(report, both, ["model.onnx"])
    assert "networks of trials 4 (75%), 7 (25%), each with" in text
    assert "- Each image is classified in 2 views (mirror)" in text
    plain_text = model_card(report, contract, ["model.onnx"])
    assert "ensemble" not in plain_text
    assert "views" not in plain_text


def test_the_card_of_an_ensemble_has_its_own_scores(report, contract):
    """The test score of the study's winner is not its score, and it is not tested."""
    alone = NetworkScore(score=0.93, accuracy=0.93, loss=0.25)
    first = EnsembleMember(trial=4, weight=0.75, alone=alone, parameters=100_000, macs=2_000_000)
    ensemble = EnsembleOutcome(
        study="look",
        objective=ACCURACY,
        members=(first, replace(first, trial=7, weight=0.25)),
        candidates=10,
        n=6000,
        best=first,
        together=NetworkScore(score=0.935, accuracy=0.935, loss=0.2),
        without_views=None,
        cross_fit=CrossFit(
            accuracy=Gain(mean=0.002, error=0.001), loss=Gain(mean=0.01, error=0.001)
        ),
        parameters=150_000,
        macs=4_000_000,
        views="mirror",
        knows_mirrored=False,
        contract=contract,
    )
    averaged = replace(contract, members=((4, 0.75), (7, 0.25)), views="mirror")
    card = model_card(report, averaged, ["both.onnx"], ensemble)
    lines = card.splitlines()
    assert "model-index" not in card
    assert "- 150.0 k parameters, 4.0 M multiply-accumulates an image." in lines
    start = lines.index("## How it was chosen, and how good it is") + 2
    assert lines[start : start + 3] == [
        f"- {plain(text)}"
        for text in (
            "2 of 10 networks of the study, chosen by their cross-entropy on 6,000 validation "
            "images: trial 4 (weight 0.75, 93.00 % alone), trial 7 (weight 0.25, 93.00 % alone).",
            "93.50 % on these images, 93.00 % by the best network alone (trial 4). The first is "
            "too good, because the members were chosen by these images.",
            "On images by which nothing was chosen (halves of these) an ensemble gains +0.20 "
            "points of accuracy (95 % interval +0.00 to +0.40) and -0.0100 of cross-entropy "
            "(-0.0120 to -0.0080) over the best network.",
        )
    ]
    assert "## The search, and its winner alone" in lines
    assert "| a\\|b | 4 | 1.000 | 0.750 | 0.857 |" not in lines
    assert "scores of the winner alone are without them" in card
    assert "has not been tested on images that had no part in its choice" in card
