"""The plan of an ablation, and the rows from its trials."""

from __future__ import annotations

import pytest

from autocnn.plans.ablation import (
    REFERENCE,
    ablation_table,
    plan_ablation,
    summarise_ablation,
)
from autocnn.plans.changes import changes
from autocnn.space.config import Block, TrialConfig

CONFIG = TrialConfig(blocks=(Block(filters=(8,), pool="max"), Block(filters=(8,))))
VARIANTS = changes(CONFIG, ["half_width", "block_less", "batch_size"])


def test_whole_rounds_are_planned():
    """A round is the reference, then every variant once; the next round has the next seed."""
    plan = plan_ablation(CONFIG, VARIANTS, 2)
    names = [REFERENCE, "half_width", "block_less", "batch_size"]
    assert [planned.key for planned in plan] == [(n, r) for r in (0, 1) for n in names]
    assert plan[0].config == CONFIG
    assert plan[1].config == VARIANTS[0].config


def test_rows_compare_with_the_reference(trained):
    """The largest effect comes first; the row of a failed variant has the reason."""
    scores = {
        REFERENCE: [0.90, 0.91, 0.92],
        "half_width": [0.89, 0.90, 0.91],
        "block_less": [0.80, 0.81, 0.82],
        "batch_size": [None, None, None],
    }
    records = [
        trained(10 * i + repeat, name, repeat, score)
        for i, (name, its) in enumerate(scores.items())
        for repeat, score in enumerate(its)
    ]
    rows = summarise_ablation(records, VARIANTS, (10_000,))
    assert [row.factor for row in rows] == [REFERENCE, "block_less", "half_width", "batch_size"]
    reference, block, half, batch = rows
    assert (reference.score, reference.effect, reference.verdict) == (
        pytest.approx(0.91),
        None,
        "–",
    )
    assert (block.effect, block.verdict) == (pytest.approx(-0.1), "hurts")
    assert (half.effect, half.n, half.scores) == (pytest.approx(-0.01), 3, (0.89, 0.90, 0.91))
    assert (batch.n, batch.failed, batch.verdict) == (0, 3, "failed: diverged")


def test_a_variant_that_is_not_trained_yet_has_a_row(trained):
    """Every variant has a row from the beginning."""
    rows = summarise_ablation([trained(0, REFERENCE, 0, 0.9)], VARIANTS, (10_000,))
    assert [row.verdict for row in rows[1:]] == ["not trained"] * 3
    assert [row.n for row in rows] == [1, 0, 0, 0]
    table = ablation_table(rows)
    assert table.num_rows == 4
    assert table["effect"].null_count == 4
