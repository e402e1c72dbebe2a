"""The rows of a comparison of known networks, from made-up trials and test scores."""

from __future__ import annotations

import pytest

from autocnn.plans.networks import TrialTest, comparison_table, summarise_comparison
from autocnn.space.space import Published

PUBLISHED = {
    "old": Published(dataset="cifar10", source="a paper", test_accuracy=0.66),
    "new": Published(dataset="cifar10", source="a course"),
    "broken": None,
    "absent": None,
}


def test_rows_are_means_over_the_seeds(trained):
    """The best test accuracy is first; 0.60, 0.62 and 0.64 are 0.62, give or take 0.02."""
    records = [
        trained(0, "old", 0, 0.61),
        trained(1, "new", 0, 0.71),
        trained(2, "broken", 0),
        trained(3, "old", 2, 0.65),
        trained(4, "old", 1, 0.63),
    ]
    tests = {0: TrialTest(0.60), 1: TrialTest(0.70, 0.72), 3: TrialTest(0.64), 4: TrialTest(0.62)}
    new, old, *rest = summarise_comparison(records, tests, PUBLISHED)
    assert (new.name, new.test, new.test_sd, new.n) == ("new", 0.70, None, 1)
    assert (new.augmented, old.augmented) == (0.72, None)
    assert (old.name, old.n, old.tests) == ("old", 3, (0.60, 0.62, 0.64))
    assert (old.test, old.test_sd) == (pytest.approx(0.62), pytest.approx(0.02))
    assert (old.validation, old.seconds) == (pytest.approx(0.63), 2.0)
    assert (old.published, old.source, new.published) == (0.66, "a paper", None)
    assert {(row.name, row.n, row.failed, row.test) for row in rest} == {
        ("broken", 0, 1, None),
        ("absent", 0, 0, None),
    }


def test_the_types_of_the_table_do_not_depend_on_its_values():
    """The columns of the Parquet file have fixed types even if all values are null."""
    empty = comparison_table(summarise_comparison([], {}, PUBLISHED))
    assert empty.num_rows == 4
    assert str(empty.schema.field("test").type) == "double"
    assert str(empty.schema.field("parameters").type) == "int64"
    assert empty["tests"].to_pylist() == [[]] * 4
