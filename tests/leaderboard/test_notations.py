"""Conditions on leaderboards whose numbers have another notation than a person's."""

from __future__ import annotations

import math
from pathlib import Path

import pyarrow as pa
import pytest

from autocnn.leaderboard.columns import filter_rows
from autocnn.leaderboard.filters import parse_condition
from autocnn.leaderboard.table import read_leaderboard

REFERENCE = Path(__file__).parents[2] / "results" / "reference"
STUDIES = (
    "digits", "fashion-12m", "fashion-20m", "fashion-20m-no-recipes", "optuna-10m", "kt-10m",
    "cifar10-60m",
)  # fmt: skip
TABLE = pa.table(
    {
        "trial": pa.array([0, 1, 2, 3, 4], pa.int32()),
        "param.rate": [0.1 + 0.2, 0.3, 0.4, None, math.nan],
        "param.tiny": [1e-12, 2e-12, 1.000001e-12, 0.0, -1e-12],
    }
)


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("rate=0.3", [0, 1]),
        ("rate=0.30000000000000004", [0, 1]),
        ("rate!=0.3", [2, 4]),
        ("rate<=0.3", [0, 1]),
        ("rate<0.3", []),
        ("rate>0.3", [2]),
        ("rate>=0.30000000000000004", [0, 1, 2]),
        ("rate<inf", [0, 1, 2]),
        ("rate<0.3000001", [0, 1]),  # one part in 3 million is another number
        ("tiny=1e-12", [0]),  # the tolerance is relative
        ("tiny=0", [3]),
        ("tiny=-1e-12", [4]),
    ],
)
def test_two_notations_are_one_number(condition, found):
    """0.30000000000000004 equals 0.3 for every operator; a null never matches."""
    rows = filter_rows(TABLE, [parse_condition(condition, TABLE.schema)])
    assert rows["trial"].to_pylist() == found


@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize("name", ["label_smoothing", "dropout", "dense_dropout", "warmup"])
def test_the_reference_studies_answer_what_they_show(study, name):
    """Each of their rows is found by the value that it shows, and by every other operator."""
    table = read_leaderboard(REFERENCE / study / "leaderboard.parquet")
    shown = [None if v is None else round(v, 6) for v in table[f"param.{name}"].to_pylist()]
    values = sorted({value for value in shown if value is not None})
    for value in values:
        counts = {
            "=": sum(v == value for v in shown),
            "!=": sum(v is not None and v != value for v in shown),
            "<": sum(v is not None and v < value for v in shown),
            "<=": sum(v is not None and v <= value for v in shown),
            ">": sum(v is not None and v > value for v in shown),
            ">=": sum(v is not None and v >= value for v in shown),
        }
        for operator, count in counts.items():
            condition = parse_condition(f"{name}{operator}{value}", table.schema)
            assert filter_rows(table, [condition]).num_rows == count


def test_ten_rows_of_digits_have_a_smoothing_of_0_15():
    """They hold 0.15000000000000002."""
    table = read_leaderboard(REFERENCE / "digits" / "leaderboard.parquet")
    rows = filter_rows(table, [parse_condition("label_smoothing=0.15", table.schema)])
    assert rows.num_rows == 10
