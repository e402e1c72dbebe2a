"""Conditions on the rows of a leaderboard."""

from __future__ import annotations

import pyarrow as pa
import pytest

from autocnn.errors import SettingsError
from autocnn.leaderboard.columns import OBJECTIVE_KEY, filter_rows
from autocnn.leaderboard.filters import parse_condition

TABLE = pa.table(
    {
        "trial": pa.array([0, 1, 2, 3], pa.int32()),
        "state": ["complete", "complete", "pruned", "running"],
        "score": [0.5, 0.75, 0.9, None],
        "parameters": pa.array([50, 2**60, 2**60 + 1, 100], pa.int64()),
        "parent": pa.array([None, 0, None, 1], pa.int32()),
        "cause": pa.array([None, None, None, "error"], pa.string()),
        "message": ["a\nb", "", "no memory = bad", None],
        "val_loss": [[0.5], [0.25, 0.5], [], None],
        "param.filters": [8, 16, 8, None],
        "param.flip": [True, False, None, True],
        "param.mixed": ["2", "none", "false", None],
        "param.state": ["x", "y", "z", "x"],
    }
)


def trials(*texts):
    """The numbers of the trials for which all conditions hold."""
    conditions = [parse_condition(text, TABLE.schema) for text in texts]
    return filter_rows(TABLE, conditions)["trial"].to_pylist()


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("trial=2", [2]),
        ("trial!=2", [0, 1, 3]),
        ("trial<2", [0, 1]),
        ("trial<=2", [0, 1, 2]),
        ("trial>2", [3]),
        ("trial>=2", [2, 3]),
        ("score>=0.75", [1, 2]),
        ("score<1", [0, 1, 2]),
        ("score<=1.0", [0, 1, 2]),
        ("score>1", []),
        ("score=5e-1", [0]),
        ("score<inf", [0, 1, 2]),
        ("state=complete", [0, 1]),
        ("state!=complete", [2, 3]),
        ("flip=true", [0, 3]),
        ("flip!=True", [1]),
        ("flip=FALSE", [1]),
    ],
)
def test_each_operator_compares(condition, found):
    """Numbers are compared by size, texts and booleans by equality; rows keep their order."""
    assert trials(condition) == found


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("param.filters=8", [0, 2]),
        ("filters=8", [0, 2]),
        ("state=failed", []),
        ("param.state=x", [0, 3]),
    ],
)
def test_a_parameter_may_be_named_alone(condition, found):
    """A parameter needs no prefix unless a column has its name."""
    assert trials(condition) == found


@pytest.mark.parametrize("condition", ["filters=8", "filters!=8", "filters<100", "filters>0"])
def test_a_row_without_a_value_never_matches(condition):
    """A row without a value does not match "not equal" either: trial 3 has no filters."""
    assert 3 not in trials(condition)
    assert trials("cause!=crashed") == [3]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (" state  =  complete ", [0, 1]),
        ("message=no memory = bad", [2]),
        ("message= no memory = bad", [2]),
        ("message=a\nb", [0]),
        ("mixed=2", [0]),
        ("mixed=2.0", []),
        ("mixed=false", [2]),
    ],
)
def test_text_is_compared_literally(condition, found):
    """Spaces around the text are removed, and the first operator is the one that counts."""
    assert trials(condition) == found


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("parameters<1e2", [0]),
        ("parameters<=100.0", [0, 3]),
        ("parameters=1_0_0", [3]),
        (f"parameters={2**60 + 1}", [2]),
        (f"parameters<={2**60}", [0, 1, 3]),
        (f"trial<{2**40}", [0, 1, 2, 3]),
        ("trial>-1", [0, 1, 2, 3]),
    ],
)
def test_whole_numbers_are_exact(condition, found):
    """Integers of any size and spelling are compared exactly."""
    assert trials(condition) == found


def test_all_conditions_hold():
    """Rows match if all conditions hold; no condition selects all rows; columns stay."""
    assert trials() == [0, 1, 2, 3]
    assert trials("state=complete", "parameters<100", "flip=true") == [0]
    assert trials("state=complete", "filters!=16", "trial>0") == []
    nothing = filter_rows(TABLE, [parse_condition("trial<0", TABLE.schema)])
    assert nothing.schema == TABLE.schema
    assert filter_rows(nothing, [parse_condition("flip=true", TABLE.schema)]).num_rows == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "state",
        "=complete",
        " = complete",
        "state=",
        "state= ",
        "state==complete",
        "score=>1",
        "score<>1",
        "score!1",
    ],
)
def test_a_text_without_an_operator_is_refused(text):
    """The error of a malformed condition lists the operators."""
    with pytest.raises(SettingsError) as raised:
        parse_condition(text, TABLE.schema)
    assert str(raised.value) == (
        "--where must be a column, one of = != < <= > >=, and a value, such as "
        f"parameters<200000, got {text!r}"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "scor>1",
            "no column is named 'scor'; did you mean 'score'? known: "
            + ", ".join(TABLE.column_names),
        ),
        ("val_loss<1", "val_loss holds a curve, not one value; use score"),
        ("state<x", "state is text, which has no order: use = or !=, got '<'"),
        ("mixed>=2", "param.mixed is text, which has no order: use = or !=, got '>='"),
        ("flip>0", "param.flip is true or false, which has no order: use = or !=, got '>'"),
        ("flip=1", "param.flip must be compared with true or false, got '1'"),
        ("trial=one", "trial must be compared with a whole number, got 'one'"),
        ("trial<2.5", "trial must be compared with a whole number, got '2.5'"),
        ("trial<inf", "trial must be compared with a whole number, got 'inf'"),
        ("trial<nan", "trial must be compared with a whole number, got 'nan'"),
        (f"trial<{2**63}", f"trial must be compared with a whole number, got '{2**63}'"),
        ("filters<200x", "param.filters must be compared with a whole number, got '200x'"),
        ("score>90%", "score must be compared with a number, got '90%'"),
        ("score!=nan", "score must be compared with a number, got 'nan'"),
        ("score>93", "score is a fraction such as 0.93, got 93"),
        ("score<1.01", "score is a fraction such as 0.93, got 1.01"),
        (
            "state=completed",
            "state must be one of running, complete, pruned, stopped, failed, got 'completed'",
        ),
        (
            "cause!=oom",
            "cause must be one of diverged, out_of_memory, crashed, node_lost, timed_out, error, "
            "got 'oom'",
        ),
    ],
)
def test_a_wrong_condition_is_refused(text, message):
    """The error is one line with the wrong part and the valid values."""
    with pytest.raises(SettingsError) as raised:
        parse_condition(text, TABLE.schema)
    assert str(raised.value) == f"--where: {message}"


def test_a_loss_is_no_fraction():
    """A leaderboard of losses is filtered by scores above 1, which accuracies cannot have."""
    losses = TABLE.replace_schema_metadata({OBJECTIVE_KEY: b"loss"})
    condition = parse_condition("score<2.3", losses.schema)
    assert filter_rows(losses, [condition])["trial"].to_pylist() == [0, 1, 2]
    with pytest.raises(SettingsError, match=r"score is a fraction such as 0.93, got 2.3"):
        parse_condition("score<2.3", TABLE.schema)


def test_rows_without_a_number_can_be_chosen():
    """Of four trials two have no parent; in a column of texts, none is a text."""
    assert trials("parent=none") == [0, 2]
    assert trials("parent!=None") == [1, 3]
    assert trials("param.mixed=none") == [1]


def test_a_count_may_have_a_unit():
    """0.1k are 100 parameters."""
    assert trials("parameters<=0.1k") == [0, 3]
