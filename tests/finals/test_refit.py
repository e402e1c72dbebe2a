"""The refits that are shipped, and those that are refused."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
from scripted import ScriptedExecutor

from autocnn.finals.refit import (
    Refit,
    RefitPlan,
    choose_refit,
    describe_refit,
    judge_refit,
    plan_refit,
    refit_winner,
)
from autocnn.objectives import ACCURACY
from autocnn.records.study_folder import StudyPaths
from autocnn.study.budget import Budget
from autocnn.trial import FailureCause, TrialState

# The trial's best epoch is its second: only that loss, 0.5, may be compared.
TRIAL_LOSSES = (2.0, 0.5, 0.1)


@pytest.fixture
def record(make_result, make_record):
    """A winner of three epochs, the second of which was the best."""
    return make_record(with_scores(make_result(*TRIAL_LOSSES, best_epoch=2), 0.7, 0.8, 0.75))


def with_scores(result, *scores):
    """The result with these scores, and epochs of 3 s."""
    curve = zip(result.curve, scores, strict=True)
    changed = (
        replace(epoch, score=score, seconds=3.0 * i)
        for i, (epoch, score) in enumerate(curve, start=1)
    )
    return replace(result, curve=tuple(changed))


@pytest.mark.parametrize(
    ("loss", "refusal"),
    [
        (0.3, ""),
        (0.5, ""),
        (0.6, ""),  # just 20 % worse
        (0.61, "the refit's training loss is 0.6100, the trial's was 0.5000"),
        (5.0, "the refit's training loss is 5.0000, the trial's was 0.5000"),
        (math.nan, "the refit's training loss is nan, the trial's was 0.5000"),
    ],
)
def test_a_refit_that_trains_worse_is_not_shipped(make_result, record, loss, refusal):
    """Its last training loss may be at most 20 % above the trial's at that epoch."""
    assert judge_refit(make_result(0.01, loss), record) == refusal


@pytest.mark.parametrize(
    ("before", "after", "is_shipped"),
    [
        (2e-6, 5e-6, True),  # both are printed as 0.0000
        (0.0, 1e-9, True),
        (4e-5, 0.049, True),  # less than 0.05 nats more
        (4e-5, 0.06, False),
        (1e-5, 0.5, False),
    ],
)
def test_tiny_losses_are_compared_by_their_difference(
    make_result, make_record, before, after, is_shipped
):
    """Two trainings that memorised their images may have losses of any ratio."""
    record = make_record(make_result(before, best_epoch=1))
    assert (judge_refit(make_result(after), record) == "") is is_shipped


@pytest.mark.parametrize(("losses", "epoch"), [((), 1), ((0.4,), 2)])
def test_a_refit_that_was_stopped_is_not_shipped(make_result, record, losses, epoch):
    """The refit has too few epochs, however low its loss."""
    result = make_result(*losses, state=TrialState.STOPPED)
    assert judge_refit(result, record) == f"the refit ran out of time in epoch {epoch} of 2"


@pytest.mark.parametrize(("loss", "is_shipped"), [(0.4, True), (0.7, False)])
def test_a_longer_refit_that_was_stopped_is_judged_by_its_loss(
    make_result, record, loss, is_shipped
):
    """It has the trial's two epochs and one more, of a schedule that was not trained to its end."""
    result = make_result(0.9, 0.8, loss, state=TrialState.STOPPED)
    assert (judge_refit(result, record) == "") is is_shipped


def test_a_refit_that_failed_is_not_shipped(make_result, record):
    """The reason is the message of the failure."""
    result = make_result(
        0.4, state=TrialState.FAILED, cause=FailureCause.CRASHED, message="signal 9"
    )
    assert judge_refit(result, record) == "the refit failed: signal 9"


@pytest.mark.parametrize(("refusal", "shipped"), [("", True), ("it failed", False)])
def test_a_refit_without_a_refusal_is_shipped(make_result, refusal, shipped):
    """A refit is shipped if its refusal is empty."""
    assert Refit(result=make_result(), refusal=refusal).is_shipped is shipped


class FakeExecutor(ScriptedExecutor):
    """Returns a made-up result, epoch by epoch."""

    def __init__(self, result):
        super().__init__()
        self.result = result

    def train(self, job):
        """Yield the epochs of the result."""
        yield from enumerate(self.result.curve, start=1)
        return self.result


@pytest.fixture
def make_session(tmp_path, make_result):
    """A session with a horizon of 12 epochs and `left` seconds of its budget."""

    def make(left, longest_refit=0, sizes=()):
        return SimpleNamespace(
            budget=Budget(end=left, setup_s=0.0, epoch_s=1.0, horizon=12, clock=lambda: 0.0),
            facts=SimpleNamespace(
                horizon=12, longest_refit=longest_refit, folds=1, n_train=80, n_validation=30
            ),
            data=SimpleNamespace(train=SimpleNamespace(n=80), validation=SimpleNamespace(n=30)),
            precision="float32",
            objective=ACCURACY,
            validation_sizes=sizes,
            paths=StudyPaths(tmp_path / "study"),
            settings=SimpleNamespace(class_weights=False),
            executor=FakeExecutor(make_result(0.9, 0.4)),
        )

    return make


def refit(session, record, reserve_s=10.0):
    """Refit without a listener or an interrupt."""
    plan = plan_refit(session, record, reserve_s)
    return refit_winner(
        session, record, plan, lambda epoch, metrics: None, lambda: False, reserve_s
    )


def test_a_refit_is_the_trial_again_on_all_training_images(make_session, record):
    """Seed, configuration and horizon are the trial's, up to its best epoch."""
    session = make_session(None)
    refit(session, record)
    (job,) = session.executor.jobs
    assert (job.config, job.seed, job.number) == (record.config, 77, 5)
    assert (job.fit_on, job.last_epoch, job.horizon) == ("train+validation", 2, 12)
    assert job.folder == session.paths.finals / "refit"


def test_the_refit_of_a_promoted_trial_has_the_longer_schedule(make_session, record):
    """The schedule ends at the trial's last epoch, 30, not at the study's horizon."""
    session = make_session(None)
    refit(session, replace(record, promoted_from=1, last_epoch=30))
    (job,) = session.executor.jobs
    assert (job.last_epoch, job.horizon) == (2, 30)


@pytest.fixture
def rising(make_result, make_record):
    """A winner of four epochs of 3 s, whose last was the best."""
    return make_record(make_result(2.0, 0.5, 0.3, 0.2, best_epoch=4, epoch_s=3.0))


@pytest.mark.parametrize(
    ("left", "longest", "epochs"),
    [
        # 110 images in place of 80 and a third of 30: an epoch takes 3 s x 110/90 with 8 % more
        (150.0, 100, 35),  # 140 s / 3.96 s
        (150.0, 30, 30),
        (61.0, 100, 12),  # 12 epochs are the trial's schedule
        (None, 100, 12),
        (150.0, 0, 12),
    ],
)
def test_a_refit_is_as_long_as_the_time_allows(make_session, rising, left, longest, epochs):
    """It is trained to the end of its schedule, unless that is the trial's."""
    plan = plan_refit(make_session(left, longest), rising, 10.0)
    if epochs == 12:
        assert plan == RefitPlan(horizon=12, last_epoch=4)
    else:
        assert plan == RefitPlan(horizon=epochs, last_epoch=epochs, longer_than=12)


def test_a_winner_that_had_its_best_epoch_early_needs_no_longer_refit(make_session, record):
    """The second of three epochs was the best."""
    plan = plan_refit(make_session(1_000.0, 100), record, 10.0)
    assert plan == RefitPlan(horizon=12, last_epoch=2)


def test_a_winner_that_guesses_has_a_longer_refit(make_session, record, make_record, make_result):
    """Of 1,000 images 56.2 % are four standard errors above a guess, 56.4 % are more."""
    result = make_result(0.5, 0.4, best_epoch=1)
    for score, epochs in ((0.562, 35), (0.564, 12)):
        guessing = make_record(with_scores(result, score, 0.5))
        plan = plan_refit(make_session(150.0, 100, (500, 500)), guessing, 10.0)
        assert (plan.horizon, plan.guesses) == (epochs, epochs == 35)
    (line,) = describe_refit(
        RefitPlan(horizon=35, last_epoch=35, longer_than=12, guesses=True), record, record
    )
    assert line.endswith(": its score was still that of a guess, and time is left")


def test_a_longer_refit_is_said(make_session, rising):
    """The line has both lengths; the job has the longer one."""
    session = make_session(150.0, 100)
    refit(session, rising)
    (job,) = session.executor.jobs
    assert (job.last_epoch, job.horizon) == (35, 35)
    line = (
        "the refit trains 35 epochs, the winner's trial had 12: its score still rose at the end, "
        "and time is left"
    )
    assert describe_refit(plan_refit(session, rising, 10.0), rising, rising) == [line]
    own = RefitPlan(horizon=12, last_epoch=4)
    assert describe_refit(own, rising, rising) == []


@pytest.fixture
def by_heart(make_result, make_record):
    """A winner of trial 5's epochs that knows its training images."""
    result = make_result(0.1, 0.2, 0.3, 0.5)
    last = replace(result.curve[-1], train_accuracy=0.99, score=0.5, val_accuracy=0.5)
    result = replace(result, curve=(*result.curve[:3], last), best_epoch=4)
    return replace(make_record(result), number=0)


def test_a_tied_trial_that_can_learn_is_refitted_instead(make_session, by_heart, rising):
    """Its weights must be there, and time for a longer refit; both lines are shown."""
    session = make_session(150.0, 100)
    rising = replace(rising, number=7)
    both = [by_heart, rising]
    assert choose_refit(session, both, by_heart, 10.0)[0] is by_heart  # the weights were deleted
    weights = session.paths.weights(7)
    weights.parent.mkdir(parents=True)
    weights.touch()
    chosen, plan = choose_refit(session, both, by_heart, 10.0)
    assert (chosen, plan.longer_than) == (rising, 12)
    assert describe_refit(plan, chosen, by_heart)[0] == (
        "trial 7 is the winner, not trial 0: that one is 49.0 points more accurate on its training "
        "images than on others (trial 7: 0.0), and gains less from a longer training"
    )
    short = make_session(30.0, 100)
    chosen, plan = choose_refit(short, both, by_heart, 10.0)
    assert (chosen, plan.longer_than) == (by_heart, 0)


@pytest.mark.parametrize(("left", "limit"), [(None, None), (50.0, 40.0), (10.5, 1.0), (0.0, 1.0)])
def test_a_refit_leaves_time_for_what_follows(make_session, record, left, limit):
    """The reserve of 10 s is kept; the limit is at least one second."""
    session = make_session(left)
    refit(session, record)
    assert session.executor.jobs[0].time_limit_s == limit


def test_a_refit_is_never_pruned(make_session, record):
    """Its epochs are reported, and no answer ends it."""
    session, epochs = make_session(None), []
    plan = plan_refit(session, record, 10.0)
    done = refit_winner(
        session, record, plan, lambda epoch, metrics: epochs.append(epoch), lambda: False, 10.0
    )
    assert (epochs, session.executor.answers) == ([1, 2], [False, False])
    assert done.is_shipped


def test_a_trial_without_a_best_epoch_cannot_be_refitted(make_session, make_record, make_result):
    """The number of epochs would be unknown."""
    with pytest.raises(ValueError, match="trial 5 has no best epoch"):
        refit(make_session(None), make_record(make_result()))
