"""The table of the finalists, and the closing line about the choice."""

from __future__ import annotations

from autocnn.records.finalists import Finalist, Retraining
from autocnn.terminal.closing_lines import describe_finals
from autocnn.terminal.finalists_table import render_finalists


def _finalist(trial, *scores, **changes) -> Finalist:
    again = tuple(
        Retraining(
            trial=trial,
            repeat=i,
            seed=i,
            score=score,
            val_loss=0.5,
            best_epoch=1,
            seconds=1.0,
            failure="" if score is not None else "diverged",
        )
        for i, score in enumerate(scores, start=1)
    )
    fields = {"parameters": 1290, "val_best": 0.98, "retrainings": again}
    return Finalist(trial=trial, **{**fields, **changes})


FINALISTS = (
    _finalist(4, 0.96, 0.98),
    _finalist(12, 0.95, 0.97, is_tied=True),
    _finalist(2, 0.9, None),
)


def test_each_finalist_has_a_row_of_validation_scores(make_finals, show):
    """The title says on which images; two values 2 points apart deviate by 1.41."""
    lines = show(render_finalists(make_finals(finalists=FINALISTS)))
    text = " ".join(lines)
    assert "accuracy on validation with 2 new seeds" in text
    assert "test images have no part in it" in text
    rows = [
        " ".join(line.split()) for line in lines if line.strip()[:2].strip() in ("4", "12", "2")
    ]
    assert rows[0] == "4 97.00 % ± 1.41 96.00 98.00 98.00 % 1.3 k winner"
    assert rows[1].endswith(" tied: within the standard error")
    assert rows[2] == "2 90.00 % 90.00 – 98.00 % 1.3 k 1 failed"


def test_the_closing_lines_say_how_sure_the_choice_is(make_finals):
    """The finalists that are tied with the winner are named."""
    line = describe_finals(make_finals(finalists=FINALISTS))[-1]
    assert line.strip() == (
        "validation 97.00 % ± 1.41 with 2 new seeds, the best of 3 finalists; not shown to be "
        "better than trial 12"
    )
    alone = describe_finals(make_finals(finalists=FINALISTS[:1]))[-1]
    assert alone.strip() == "validation 97.00 % ± 1.41 with 2 new seeds, the only finalist"
    assert "finalist" not in " ".join(describe_finals(make_finals()))
