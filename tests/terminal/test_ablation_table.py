"""The table of an ablation, in Markdown and on a terminal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autocnn.plans.ablation import AblationHead, AblationRow
from autocnn.report.ablation_page import ablation_markdown
from autocnn.terminal.ablation_table import render_ablation

HEAD = AblationHead(
    study="first", trial=3, dataset="fashion_mnist", n_train=20_000, epochs=7, n_seeds=3
)


@pytest.fixture
def rows():
    """Three rows: the reference, a change that hurts, and one that never trained."""
    common = {"seconds": 61.4, "epochs": 7.0, "parameters": 161_514, "macs": 9_000_000}
    reference = AblationRow(
        factor="reference", change="nothing", n=3, failed=0, score=0.9, effect=None,
        low=None, high=None, verdict="–", scores=(0.9, 0.9, 0.9), **common,
    )  # fmt: skip
    hurts = AblationRow(
        factor="dropout", change="no | dropout", n=2, failed=1, score=0.88, effect=-0.02,
        low=-0.0312, high=-0.0088, verdict="hurts", scores=(0.88, 0.88), **common,
    )  # fmt: skip
    missing = AblationRow(
        factor="kernel", change="kernels of 5 x 5", n=0, failed=0, score=None, effect=None,
        low=None, high=None, verdict="not trained", scores=(), seconds=None,
        epochs=None, parameters=None, macs=None,
    )  # fmt: skip
    return [reference, hurts, missing]


def test_the_markdown_can_be_handed_in(rows):
    """The page has a head, an explanation and a line a change; bars in a text are escaped."""
    lines = ablation_markdown(rows, HEAD).splitlines()
    assert lines[0] == "# What did it: study first, trial 3, fashion_mnist"
    assert "20,000 images for at most 7 epochs, up to 3 seeds each" in lines[2]
    assert lines[4].startswith("| change | score | effect (points) | 95 % interval |")
    assert lines[6] == "| nothing | 90.00 % | – | – | 61.4 | 161.5 k | – |"
    assert lines[7] == (
        "| no \\| dropout | 88.00 % | -2.00 | -3.12 to -0.88 | 61.4 | 161.5 k | hurts (1 failed) |"
    )
    assert lines[8] == "| kernels of 5 x 5 | – | – | – | – | – | not trained |"


def test_the_terminal_shows_the_rows_of_the_page(rows, show):
    """The table on the terminal has the rows of the page, in colours."""
    drawn = "\n".join(show(render_ablation(rows, HEAD), 160))
    for text in ("What did it: study first", "-3.12 to -0.88", "hurts (1 failed)", "not trained"):
        assert text in drawn


def test_a_narrow_terminal_has_a_line_a_change(rows, show):
    """The longest change is in full; headers are short and explained below."""
    undecided = replace(
        rows[1], change="one convolution less in each block", failed=0,
        verdict="no difference seen at n=2",
    )  # fmt: skip
    lines = show(render_ablation([rows[0], undecided, rows[2]], HEAD), 80)
    assert [line.split("  ")[0] for line in lines[2:5]] == [
        "nothing",
        "one convolution less in each block",
        "kernels of 5 x 5",
    ]
    assert lines[3].endswith("88.00 %   -2.00  -3.12 to -0.88  none, n=2")
    assert lines[-3] == "left out for width: seconds, parameters; ablation.md has them"
    assert lines[-2] == "effect in points; none: no difference seen with n seeds"
    assert lines[-1] == "intervals: of each row alone; verdicts: corrected for the number of rows"
    assert max(map(len, lines)) <= 80


def test_effects_on_a_loss_have_no_points(rows, show):
    """Effects on a loss are plain numbers on the page and on the terminal."""
    head = replace(HEAD, objective="loss")
    lines = ablation_markdown(rows, head).splitlines()
    assert "the score is the validation cross-entropy of the best epoch" in lines[2]
    assert lines[4].startswith("| change | score | effect | 95 % interval |")
    assert "| 0.8800 | -0.0200 | -0.0312 to -0.0088 |" in lines[7]
    assert show(render_ablation(rows, head), 160)[-2].startswith("effect; none:")
