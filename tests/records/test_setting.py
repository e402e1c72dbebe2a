"""Rules of settings, and valid names of a study."""

from __future__ import annotations

import pytest

from autocnn.errors import SettingsError
from autocnn.records.setting import (
    FINALS,
    GPUS,
    IMAGE_SIZE,
    N_SEEDS,
    N_WORKERS,
    TIME,
    about,
    at_least,
    check_choice,
    either,
    is_study_name,
    one_of,
)


@pytest.mark.parametrize(("rule", "most"), [(N_SEEDS, 1000), (N_WORKERS, 1024), (FINALS, 10)])
def test_what_is_listed_in_memory_has_a_limit(rule, most):
    """Seeds, processes and finalists: a list of each is made before the first one is used."""
    assert [rule.holds(n) for n in (0, 1, most, most + 1)] == [False, True, True, False]
    assert rule.expected == f"1 to {most}"


def test_a_choice_that_no_text_lists_is_allowed():
    """The engine `plan` is a valid value that no error message offers."""
    rule = one_of(("a", "b"), hidden=("c",))
    assert (rule.expected, rule.choices) == ("one of a, b", ("a", "b"))
    assert [rule.holds(value) for value in "abcd"] == [True, True, True, False]


def test_a_choice_is_one_of_a_few():
    """A known value passes; the error of an unknown one lists all choices."""
    check_choice("--format", "md", ("table", "md"))
    with pytest.raises(SettingsError, match="--format must be one of table, md, got 'xml'"):
        check_choice("--format", "xml", ("table", "md"))


@pytest.mark.parametrize(
    ("names", "text"), [(("a",), "a"), (("a", "b"), "a or b"), ("abc", "a, b or c")]
)
def test_alternatives_are_joined_by_commas_and_or(names, text):
    """Alternatives are separated by commas, with "or" before the last one."""
    assert either(names) == text


def test_the_least_value_is_allowed():
    """A rule "at least 2" holds for 2 and not for 1."""
    assert (at_least(2).holds(2), at_least(2).holds(1)) == (True, False)


@pytest.mark.parametrize(
    ("rule", "right", "wrong"),
    [
        (GPUS, ("0", "0,1", "GPU-8f2a"), ("", "0,", "0 1")),
        (IMAGE_SIZE, ("64", "48x64", "9999"), ("", "0", "64x", "12345")),
        (TIME, ("", "2026-11-22T10:00:00+00:00"), ("now",)),
    ],
)
def test_a_text_has_the_form_of_its_rule(rule, right, wrong):
    """The whole text must match, from its beginning to its end."""
    assert [rule.holds(text) for text in (*right, *wrong)] == [True] * len(right) + [False] * len(
        wrong
    )


@pytest.mark.parametrize(
    ("name", "is_allowed"),
    [
        ("a b", True),
        ("zwölf", True),
        (".a", False),
        ("a/b", False),
        ("", False),
        ("x" * 256, False),
    ],
)
def test_a_study_is_named_like_a_folder(name, is_allowed):
    """A name is no hidden folder and no path, and has at most 255 bytes."""
    assert is_study_name(name) is is_allowed


def test_the_metadata_hold_one_setting():
    """`about` wraps a `Setting` for a field of a dataclass."""
    (found,) = about("Seed", at_least(0), changeable=True).values()
    assert (found.help, found.changeable, found.option, found.parse) == ("Seed", True, "", None)


@pytest.mark.parametrize("value", [{}, [], {"a": 1}, None, 3])
def test_a_table_is_none_of_the_choices(value):
    """A file may give any value where a name is expected."""
    with pytest.raises(SettingsError, match=r"^x\.toml: baseline must be one of a, b, got "):
        check_choice("x.toml: baseline", value, ("a", "b"))


@pytest.mark.parametrize(
    ("value", "end"), [("colour", "got 'colour'; did you mean 'colours'?"), ("x", "got 'x'")]
)
def test_a_wrong_choice_has_a_similar_one(value, end):
    """Without a similar name there is no guess."""
    with pytest.raises(SettingsError) as caught:
        check_choice("--kind", value, ("colours", "shapes"))
    assert str(caught.value) == f"--kind must be one of colours, shapes, {end}"
