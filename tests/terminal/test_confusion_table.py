"""The confused classes of the shipped model, on a terminal."""

from __future__ import annotations

import numpy as np

from autocnn.records.finals_file import Confusion
from autocnn.terminal.confusion_table import SHOWN_CLASSES, render_classes, render_confusion

PETS = Confusion(classes=("cat", "dog", "[b]x"), counts=((900, 102, 0), (7, 3, 0), (0, 0, 0)))


def make_digits(n=10):
    """A confusion matrix of 100 images a class; this many are predicted as the next class."""
    counts = np.diag(100 - np.arange(n))
    counts[np.arange(n), (np.arange(n) + 1) % n] += np.arange(n)
    return Confusion(
        classes=tuple(map(str, range(n))), counts=tuple(tuple(map(int, row)) for row in counts)
    )


def test_the_hardest_classes_come_first(show):
    """Rows have the number of images; a class without any has no accuracy; names are text."""
    lines = show(render_classes(PETS), 80)
    assert lines[0] == "Shipped model by class, the lowest first  (test: 89.23 % of 1,012 images)"
    rows = [line.split() for line in lines if line[:3] in ("cat", "dog", "[b]")]
    assert rows == [
        ["dog", "10", "30.00", "%"],
        ["cat", "1,002", "89.82", "%"],
        ["[b]x", "0", "–"],
    ]
    assert lines[-3:] == [
        "Most frequent confusions",
        "  cat taken for dog: 102",
        "  dog taken for cat: 7",
    ]


def test_a_part_stays_short(show):
    """The part has the lowest of many classes and three of many confusions."""
    lines = show(render_classes(make_digits(40)), 80)
    assert lines[2].split() == ["39", "100", "61.00", "%"]
    rest = lines.index("Most frequent confusions") - 1
    assert rest == 2 + SHOWN_CLASSES
    assert lines[rest].split() == ["30", "others", "3,000", "higher"]
    assert lines[-3:] == [
        "  39 taken for 0: 39",
        "  38 taken for 39: 38",
        "  37 taken for 38: 37",
    ]


def test_a_perfect_model_confuses_nothing(show):
    """One line replaces the list of confusions."""
    perfect = Confusion(classes=("a", "b"), counts=((1, 0), (0, 1)))
    assert show(render_classes(perfect), 80)[-1] == "No image was taken for another class"


def test_the_whole_matrix_is_a_table(show):
    """Rows have names and numbers, columns have numbers; zeros are dim."""
    lines = show(render_confusion(PETS), 80)
    assert lines[0] == "Shipped model on the test images  (rows: true class; columns: predicted)"
    rows = [line.split() for line in lines if line.strip()]
    assert rows[-4:] == [
        ["class", "0", "1", "2"],
        ["0", "cat", "900", "102", "·"],
        ["1", "dog", "7", "3", "·"],
        ["2", "[b]x", "·", "·", "·"],
    ]


def test_names_that_are_numbers_have_no_number(show):
    """A class whose name is a number has no number before it."""
    lines = show(render_confusion(make_digits()), 80)
    assert lines[-1].split() == ["9", "9", *["·"] * 8, "91"]


def test_many_classes_are_several_tables(show):
    """Each table has ten columns, so none is cut off."""
    lines = show(render_confusion(make_digits(23)), 80)
    heads = [line.split()[1:] for line in lines if line.strip().startswith("class")]
    assert heads == [[str(i) for i in part] for part in (range(10), range(10, 20), range(20, 23))]
    assert max(map(len, lines)) <= 80
    assert not any("…" in line for line in lines)


def test_the_name_of_a_class_cannot_fake_a_line(show):
    """A newline and an escape sequence are printed as such."""
    pets = Confusion(classes=("cat\nautocnn: fine", "d\x1b[2Jog"), counts=((1, 2), (3, 4)))
    for page in (render_classes(pets), render_confusion(pets)):
        lines = show(page, 100)
        assert not [line for line in lines if line.lstrip().startswith("autocnn: fine")]
        assert any(r"cat\nautocnn: fine" in line for line in lines)
        assert any(r"d\x1b[2Jog" in line for line in lines)


def test_of_very_many_classes_the_most_frequent_confusions_are_shown(show):
    """Each of 3,000 classes but the first has images that are taken for the next one."""
    counts = tuple({i: 5, (i + 1) % 3000: i} for i in range(3000))
    rows = tuple(tuple(row.get(j, 0) for j in range(3000)) for row in counts)
    lines = show(render_confusion(Confusion(classes=tuple(map(str, range(3000))), counts=rows)), 80)
    assert lines[0] == (
        "Shipped model on the test images  (3,000 classes; the 30 most frequent of 2,999"
    )
    assert len(lines) == 33
    assert lines[3].split() == ["2999", "0", "2,999"]
