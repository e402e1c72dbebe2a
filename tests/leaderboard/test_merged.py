"""The leaderboards of several studies as one."""

from __future__ import annotations

import pyarrow as pa
import pytest

from autocnn.errors import SettingsError
from autocnn.leaderboard.columns import objective_of
from autocnn.leaderboard.merged import (
    MERGED_COLUMNS,
    StudyImages,
    check_comparable,
    merge_leaderboards,
)
from autocnn.leaderboard.ranking import rank_trials
from autocnn.leaderboard.table import build_leaderboard, view_leaderboard
from autocnn.objectives import ACCURACY, LOSS
from autocnn.space.parameters import Categorical, Float, Int
from autocnn.space.space import SearchSpace


def trials_of(table):
    """Study and number of each trial, in the order of the rows."""
    return list(zip(table["study"].to_pylist(), table["trial"].to_pylist(), strict=True))


def merge(records, space, objective=ACCURACY):
    """The merged leaderboard of these records, whose keys are the names of the studies."""
    tables = {name: build_leaderboard(its, space, objective) for name, its in records.items()}
    return merge_leaderboards(tables)


@pytest.fixture
def records(make_record):
    """Two studies by name: every state, and a tie of score and size between the two."""
    return {
        "b": [
            make_record(0, 0.5),
            make_record(1, 0.75),
            make_record(2, state="failed"),
            make_record(3, 0.99, state="pruned"),
        ],
        "a": [
            make_record(0, 0.6, state="stopped"),
            make_record(1, 0.5, parameters=50),
            make_record(2, 0.5),
            make_record(3, state="running"),
            make_record(4, 0.9, state="pruned"),
            make_record(5, state="failed"),
        ],
    }


@pytest.fixture
def merged(records, space):
    """Both leaderboards as one."""
    return merge(records, space)


def test_all_trials_are_ranked_together(merged):
    """Trials are ordered by state, score, size and study; each keeps its number."""
    assert trials_of(merged) == [
        ("b", 1),  # 0.75
        ("a", 0),  # 0.6, stopped
        ("a", 1),  # 0.5 with 50 parameters
        ("b", 0),  # 0.5 with 100, of the first study
        ("a", 2),
        ("b", 3),  # pruned ones
        ("a", 4),
        ("a", 3),  # running
        ("b", 2),  # failed ones
        ("a", 5),
    ]
    assert merged["rank"].to_pylist() == list(range(1, 11))


def test_the_order_is_that_of_one_study(make_record, space):
    """Trials that are split over two studies have the order that they have in one study."""
    states = ["complete", "pruned", "stopped", "failed", "running"]
    whole = [
        make_record(i, *([i * 7 % 11 / 11] if i % 5 < 3 else []), state=states[i % 5],
                    parameters=i * 5 % 13)
        for i in range(40)
    ]  # fmt: skip
    halves = {"low": whole[:20], "high": whole[20:]}
    ranked = [record.number for record in rank_trials(whole, ACCURACY)]
    assert [trial for _, trial in trials_of(merge(halves, space))] == ranked


def test_the_study_is_the_first_column(merged):
    """The columns of a leaderboard follow the study in their usual order."""
    assert merged.column_names[:4] == ["study", "rank", "trial", "state"]
    assert merged.column_names[-1] == "param.mixed"


def test_views_work_as_for_one_study(merged):
    """A view sorts, cuts and chooses columns; ties are ordered by the merged rank."""
    view = view_leaderboard(merged, "trial", ["study", "trial", "filters"], 3)
    assert view.to_pylist() == [
        {"study": "a", "trial": 0, "param.filters": 8},
        {"study": "b", "trial": 0, "param.filters": 8},
        {"study": "b", "trial": 1, "param.filters": 8},
    ]
    assert view_leaderboard(merged, columns=MERGED_COLUMNS).column_names[:2] == ["study", "rank"]


@pytest.fixture
def two_spaces(make_record):
    """The merged table of two studies whose spaces share few parameters."""
    one = SearchSpace(
        name="one",
        parameters={
            "filters": Int(low=1, high=64),
            "rate": Categorical(choices=(0, 1)),
            "pool": Categorical(choices=(False, True)),
            "only_one": Int(low=1, high=2),
        },
    )
    two = SearchSpace(
        name="two",
        parameters={
            "only_two": Float(low=0.0, high=1.0),
            "rate": Float(low=0.0, high=1.0),
            "pool": Categorical(choices=("max", "average")),
            "filters": Int(low=1, high=64),
        },
    )
    first = {"filters": 8, "rate": 1, "pool": False, "only_one": 2}
    second = {"filters": 16, "rate": 0.25, "pool": "max", "only_two": 0.5}
    return merge_leaderboards(
        {
            "x": build_leaderboard([make_record(0, 0.9, values=first)], one, ACCURACY),
            "y": build_leaderboard([make_record(0, 0.8, values=second)], two, ACCURACY),
        }
    )


def test_parameters_of_different_spaces_are_put_together(two_spaces):
    """A parameter is null in a study without it; columns are in order of first appearance."""
    rows = [{k: v for k, v in r.items() if k.startswith("param.")} for r in two_spaces.to_pylist()]
    assert rows == [
        {
            "param.filters": 8,
            "param.rate": 1.0,
            "param.pool": "false",
            "param.only_one": 2,
            "param.only_two": None,
        },
        {
            "param.filters": 16,
            "param.rate": 0.25,
            "param.pool": "max",
            "param.only_one": None,
            "param.only_two": 0.5,
        },
    ]
    assert list(rows[0]) == list(rows[1])


def test_types_that_differ_become_text(two_spaces):
    """A column of different types becomes text, except that integers and floats stay numbers."""
    types = {f.name: f.type for f in two_spaces.schema}
    assert types["param.filters"] == pa.int64()
    assert types["param.rate"] == pa.float64()
    assert types["param.pool"] == pa.string()


def test_a_column_that_one_file_lacks_is_null(make_record, space):
    """A leaderboard of an older autocnn has fewer columns."""
    new = build_leaderboard([make_record(0, 0.5)], space, ACCURACY)
    old = build_leaderboard([make_record(0, 0.6)], space, ACCURACY).drop_columns(
        ["origin", "param.rate"]
    )
    rows = merge_leaderboards({"old": old, "new": new}).to_pylist()
    assert [row["origin"] for row in rows] == [None, "tpe"]
    assert [row["param.rate"] for row in rows] == [None, 0.25]


def test_a_study_without_trials_adds_no_row(make_record, space):
    """An empty study adds no row and does not prevent the merge."""
    assert trials_of(merge({"x": [], "y": [make_record(0)]}, space)) == [("y", 0)]


def test_losses_of_two_studies_are_ranked_together(make_record, space):
    """The smallest loss comes first, and sorting and filters use the direction of a loss."""
    records = {"x": [make_record(0, 0.5), make_record(1, 0.2)], "y": [make_record(0, 0.3)]}
    merged = merge(records, space, LOSS)
    assert trials_of(merged) == [("x", 1), ("y", 0), ("x", 0)]
    assert objective_of(merged.schema) is LOSS


def test_equal_scores_of_two_studies_are_ordered_by_their_loss(make_record, space):
    """The best of equal accuracies is the one with the smaller cross-entropy at its best epoch."""
    late = make_record(0, 0.1, 0.2, 0.9)  # in the made-up curves the loss falls epoch by epoch
    assert trials_of(merge({"x": [make_record(0, 0.9)], "y": [late]}, space)) == [
        ("y", 0),
        ("x", 0),
    ]


# studies that may be ranked together


@pytest.fixture
def make_data():
    """A function that makes the facts of a data set, of study `b` by default."""

    def make(**changes):
        fields = {"study": "b", "dataset": "digits", "fingerprint": "12" * 32, "split_seed": 0}
        fields["validation"] = (1000, 1)
        return StudyImages(**{**fields, **changes})

    return make


@pytest.mark.parametrize(
    "changes",
    [{}, {"dataset": "photos/../digits"}, {"fingerprint": None}, {"validation": None}],
)
def test_studies_of_equal_images_may_be_compared(make_data, changes):
    """Names of data sets may differ, and a study without a fingerprint is accepted."""
    check_comparable([make_data(study="a"), make_data(**changes)])


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        (
            {"dataset": "cifar10", "fingerprint": "ab" * 32},
            "its data set (cifar10, not digits)",
        ),
        (
            {"fingerprint": "ab" * 32},
            "the images of digits (fingerprint abababababab, not 121212121212)",
        ),
        ({"split_seed": 3}, "its split seed (3, not 0)"),
        (
            {"dataset": "mnist", "fingerprint": "ab" * 32, "split_seed": 1},
            "its data set (mnist, not digits) and its split seed (1, not 0)",
        ),
        ({"dataset": "mnist", "fingerprint": None}, "its data set (mnist, not digits)"),
        (
            {"validation": (300, 5)},
            "its validation (300 images of 5 folds, not 1,000 images of one hold-out)",
        ),
    ],
)
def test_other_images_are_refused(make_data, changes, difference):
    """The error is one line with the study and the fact that differs."""
    studies = [make_data(study="a"), make_data(study="c"), make_data(**changes)]
    with pytest.raises(SettingsError) as raised:
        check_comparable(studies)
    assert str(raised.value) == (
        f"study b differs from study a in {difference}: "
        "scores on different images cannot be ranked together"
    )
