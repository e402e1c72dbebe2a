"""The images that a report shows."""

from __future__ import annotations

import numpy as np

from autocnn.report.winner_look import ChosenImage, choose_images, spread


def test_the_chosen_images_are_the_extremes():
    """Images 0, 1 and 4 are right with 0.6, 0.9 and 0.7; 2 and 3 are wrong with 0.8 and 0.95."""
    probabilities = np.array([[0.6, 0.4], [0.1, 0.9], [0.8, 0.2], [0.95, 0.05], [0.7, 0.3]])
    assert choose_images(np.array([0, 1, 1, 1, 0]), probabilities) == [
        ("right, and most certain", 1),
        ("right, and least certain", 0),
        ("wrong, and most certain", 3),
    ]


def test_without_mistakes_there_is_none_among_them():
    """A single hit is not shown twice."""
    assert choose_images(np.array([0]), np.array([[0.9, 0.1]])) == [("right, and most certain", 0)]


def test_layers_are_spread_from_the_first_to_the_last():
    """Three of five are the ends and the middle."""
    assert spread([0, 1, 2, 3, 4], 3) == [0, 2, 4]
    assert spread([0, 1], 3) == [0, 1]


def test_an_answer_names_the_class_that_was_predicted_instead():
    """A hit has one name."""
    image = np.zeros((2, 2, 1), np.uint8)
    chosen = {"why": "", "pixels": image, "true": "cat", "probability": 0.5}
    assert ChosenImage(**chosen, predicted="cat").answer == "cat, 50.0 %"
    assert ChosenImage(**chosen, predicted="dog").answer == "cat taken for dog, 50.0 %"
