"""The finals: what was measured for the winner, and its form in finals.json."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autocnn.data.dataset import Images
from autocnn.data.options import ImageOptions
from autocnn.data.test_split import load_test
from autocnn.finals.refit import Refit
from autocnn.finals.scoring import SplitScore, score_by_views, score_file
from autocnn.records.trial_record import TrialRecord
from autocnn.study.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The test scores of the winner."""

    winner: int
    val_best: float
    test_winner: SplitScore  # the validation weights
    test: SplitScore  # the shipped file
    refit: Refit
    test_views: SplitScore | None = None  # the shipped file by the views of PUBLISHED_VIEWS

    @property
    def gap(self) -> float:
        """How much the validation score flatters: val_best - test_winner."""
        return self.val_best - self.test_winner.accuracy


def score_winner(
    session: Session, record: TrialRecord, refit: Refit, validation: Path, shipped: Path
) -> Outcome:
    """Read the test split, once, and score the winner's two files (or the one that is both)."""
    test = load_test_of(session)
    n_classes = session.data.n_classes
    first = score_file(validation, test, n_classes)
    assert record.score is not None
    return Outcome(
        winner=record.number,
        val_best=record.score,
        test_winner=first,
        test=score_file(shipped, test, n_classes) if refit.is_shipped else first,
        refit=refit,
        test_views=score_by_views(shipped, test, n_classes, record.config.architecture),
    )


def load_test_of(session: Session) -> Images:
    """The test images that belong to the images on which the session trained."""
    settings = session.settings
    options = ImageOptions(settings.image_size, settings.skip_corrupt)
    return load_test(settings.dataset, options, session.data.fingerprint)


def outcome_to_dict(outcome: Outcome) -> dict[str, Any]:
    """`outcome` ready for finals.json."""
    views = outcome.test_views
    augmented = {} if views is None else {"test_time_augmentation": _score_to_dict(views)}
    return {
        "winner": outcome.winner,
        "val_best": outcome.val_best,
        "test_winner": _score_to_dict(outcome.test_winner),
        "test": _score_to_dict(outcome.test),
        **augmented,
        "gap": outcome.gap,
        "refit": {
            "shipped": outcome.refit.is_shipped,
            "refusal": outcome.refit.refusal,
            "epochs": outcome.refit.result.epochs,
            "seconds": outcome.refit.result.seconds,
            "train_loss": [epoch.train_loss for epoch in outcome.refit.result.curve],
        },
    }


def _score_to_dict(score: SplitScore) -> dict[str, Any]:
    low, high = score.interval
    return {
        "n": score.n,
        "errors": score.errors,
        "accuracy": score.accuracy,
        "low": low,
        "high": high,
    }
