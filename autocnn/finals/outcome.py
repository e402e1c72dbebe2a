"""The winner's test score: of its own weights and of the shipped file."""

from __future__ import annotations

from dataclasses import dataclass

from autocnn.data.dataset import Images
from autocnn.data.options import ImageOptions
from autocnn.data.test_split import load_test
from autocnn.finals.refit import Refit
from autocnn.finals.scoring import SplitScore, score_images
from autocnn.finals.views import PUBLISHED_VIEWS
from autocnn.models.predictor import Predictor
from autocnn.objectives import Objective
from autocnn.records.finals_file import Finals, MeasuredScore, RefitSummary
from autocnn.records.trial_record import TrialRecord
from autocnn.study.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class WinnerScores:
    """The winner's scores on the test split."""

    own: SplitScore  # the weights of the trial, which were not trained on the validation images
    shipped: SplitScore
    shipped_by_views: SplitScore | None = None  # by the architecture's entry in PUBLISHED_VIEWS


def load_test_of(session: Session) -> Images:
    """The test split of the data set on which the session's trials were trained.

    Raises: DatasetError if it cannot be read, or if the images have changed since then.
    """
    settings = session.settings
    options = ImageOptions.of(settings)
    return load_test(settings.dataset, options, session.data.fingerprint)


def score_winner(
    own: Predictor, shipped: Predictor | None, test: Images, n_classes: int, architecture: str
) -> WinnerScores:
    """Score the winner's own weights and the shipped file; None: the file holds those weights."""
    first = score_images(own, test, n_classes)
    second = first if shipped is None else score_images(shipped, test, n_classes)
    best = own if shipped is None else shipped
    by_views = score_by_views(best, test, n_classes, architecture)
    return WinnerScores(own=first, shipped=second, shipped_by_views=by_views)


def score_by_views(
    predict: Predictor, test: Images, n_classes: int, architecture: str
) -> SplitScore | None:
    """The score by the views that were published with `architecture`, or None without any."""
    views = PUBLISHED_VIEWS.get(architecture)
    return None if views is None else score_images(predict, test, n_classes, views)


def finals_of(
    record: TrialRecord, refit: Refit, scores: WinnerScores, objective: Objective
) -> Finals:
    """The finals as they are written to the record."""
    assert record.score is not None
    views = scores.shipped_by_views
    return Finals(
        objective=objective.name,
        smallest_from=objective.smallest_from,
        winner=record.number,
        val_best=record.score,
        test_winner=_measured(scores.own, objective),
        test=_measured(scores.shipped, objective),
        test_time_augmentation=None if views is None else _measured(views, objective),
        refit=RefitSummary(
            shipped=refit.is_shipped,
            refusal=refit.refusal,
            epochs=refit.result.epochs,
            seconds=refit.result.seconds,
            train_loss=tuple(epoch.train_loss for epoch in refit.result.curve),
        ),
    )


def _measured(score: SplitScore, objective: Objective) -> MeasuredScore:
    low, high = score.interval
    return MeasuredScore(
        n=score.n,
        n_different=score.n_different,
        errors=score.errors,
        accuracy=score.accuracy,
        low=low,
        high=high,
        score=score.score(objective),
        majority=score.majority,
    )
