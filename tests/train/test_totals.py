"""The sums of an epoch over several folds."""

from __future__ import annotations

import math

import numpy as np

from autocnn.data.prepared import prepare_images
from autocnn.objectives import find_objective
from autocnn.train.folds import find_folds
from autocnn.train.stepper import Evaluation, Sums
from autocnn.train.totals import Totals

BALANCED = find_objective("balanced_accuracy")


def test_metrics_are_over_the_images_of_all_folds(make_job, data):
    """Confusion matrices are added before the score is computed: 30/40 and 5/20, not 0.75, 0.25."""
    folded = prepare_images("tiny", ("dark", "bright"), data.images, folds=2)
    first, second = find_folds(make_job(folds=2), folded)
    totals = Totals()
    for fold, confusion in ((first, [[20, 0], [5, 5]]), (second, [[10, 10], [10, 0]])):
        totals.add_steps(fold, 2, Sums(32.0, 8.0))
        assert totals.trained is fold
        totals.add_evaluation(fold, Evaluation(15.0, np.array(confusion)))
        assert totals.trained is None
    epoch = totals.metrics(16, BALANCED, 2.5)
    assert (epoch.train_loss, epoch.train_accuracy) == (1.0, 0.25)  # of 4 steps of 16 images
    assert (epoch.val_loss, epoch.val_accuracy) == (0.5, 35 / 60)
    assert (epoch.score, epoch.seconds) == ((30 / 40 + 5 / 20) / 2, 2.5)


def test_what_is_not_evaluated_has_no_score(make_job, data):
    """A refit has training metrics only."""
    (fold,) = find_folds(make_job(), data)
    totals = Totals()
    totals.add_steps(fold, 1, Sums(8.0, 4.0))
    epoch = totals.metrics(16, BALANCED, 1.0)
    assert epoch.train_loss == 0.5
    assert all(math.isnan(x) for x in (epoch.val_loss, epoch.val_accuracy, epoch.score))
