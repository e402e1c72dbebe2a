"""Names of classes that may be meant as one, or as none."""

import pytest

from autocnn.data.class_names import check_names, describe_names, find_similar
from autocnn.errors import DatasetError


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a\nb", "c"], r"^the class 'a\\nb' has a line break"),
        (["a\tb", "c"], r"^the class 'a\\tb' has a line break"),
        (["\xe4", "a\u0308"], r"^the classes '\\xe4' and 'a\\u0308' look the same"),
    ],
)
def test_names_that_cannot_be_told_apart_are_refused(names, message):
    """Also those that do not fit in one line."""
    with pytest.raises(DatasetError, match=message):
        check_names(names)


def test_usual_names_pass():
    """Case and spaces make a difference."""
    check_names(["A", "a", "big cat", "big\u00a0dog", "猫"])


@pytest.mark.parametrize(
    ("names", "lines"),
    [
        (["a", "b", "1", "10"], []),
        (["A", "a"], ["read as different classes: 'A' and 'a'"]),
        (["a", "a "], ["read as different classes: 'a' and 'a '"]),
        (["1", "01", "1.0"], ["read as different classes: '1' and '01'; '1' and '1.0'"]),
        (
            ["cat", "NaN", "?"],
            ["read as a class: 'NaN', '?'; if it means a missing label, take its images away"],
        ),
    ],
)
def test_names_that_may_mean_the_same_are_named(names, lines):
    """One line for those that are alike, and one for those that may mean a missing label."""
    assert describe_names(names) == lines


def test_a_similar_name_is_found():
    """By case, spaces, form of Unicode and notation of a number."""
    assert find_similar("cat ", ["dog", "Cat"]) == "Cat"
    assert find_similar("a\u0308", ["\xe4"]) == "\xe4"
    assert find_similar("1", ["1.0"]) == "1.0"
    assert find_similar("owl", ["dog", "cat"]) is None
