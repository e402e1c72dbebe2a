"""The refit: the winner trained once more on all training images, those of validation included.

If time is left and the winner's score still rose at its end, the refit has a longer schedule than
the trial (docs/decisions/0047).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from autocnn.executors.protocol import run_job
from autocnn.records.trial_record import TrialRecord
from autocnn.study.budget import BestTrial
from autocnn.study.refit_choice import candidate_of, choose_for_refit, training_lead
from autocnn.study.session import Session
from autocnn.study.sizing import epoch_images
from autocnn.study.tally import times_of
from autocnn.trial import Epoch, TrialJob, TrialResult, TrialState

LOSS_TOLERANCE = 1.2  # a refit's training loss may be this many times the trial's, or ...
# ... above it by this much, in nats an image. A ratio alone refuses good refits of networks that
# have learned their images by heart: the losses of two such trainings differ by any factor. On
# digits, trainings that differ in seed and in the validation images differ by up to 0.05 nats, at
# losses from 0.00003 to 0.05 (docs/experiments.md), while a refit that failed is off by whole nats.
LOSS_SLACK = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class RefitPlan:
    """The length of a refit, in epochs."""

    horizon: int  # of its schedule
    last_epoch: int  # that is trained
    longer_than: int = 0  # the trial's schedule; 0: the refit has that one
    guesses: bool = False  # a longer one's reason: the trial's network was no better than a guess


@dataclass(frozen=True, slots=True, kw_only=True)
class Refit:
    """The result of a refit, and the decision whether its weights are shipped."""

    result: TrialResult
    refusal: str  # the reason why the weights are not shipped, or ""

    @property
    def is_shipped(self) -> bool:
        """True if the refit's weights are shipped."""
        return not self.refusal


def refit_winner(
    session: Session,
    record: TrialRecord,
    plan: RefitPlan,
    on_epoch: Callable[[int, Epoch], None],
    interrupted: Callable[[], bool],
    reserve_s: float,
) -> Refit:
    """Train the configuration of `record` on train + validation, as long as `plan` says.

    `reserve_s` seconds of the budget are left. `on_epoch` is called after each epoch, with its
    number and metrics.
    """
    left = session.budget.left()
    job = TrialJob(
        number=record.number,
        config=record.trained_config,
        seed=record.seed,
        horizon=plan.horizon,
        last_epoch=plan.last_epoch,
        precision=session.precision,
        folder=session.paths.refit,
        time_limit_s=None if left is None else max(1.0, left - reserve_s),
        class_weights=session.settings.class_weights,
        fit_on="train+validation",
        alone=True,
    )
    result = _train(session, job, on_epoch, interrupted)
    return Refit(result=result, refusal=judge_refit(result, record))


def plan_refit(session: Session, record: TrialRecord, reserve_s: float) -> RefitPlan:
    """The length of the refit: that of the trial up to its best epoch, or a longer schedule.

    It is longer if the trial's score still rose at its end, or if it was still that of a guess, by
    what the time allows; then it is trained to its end. `reserve_s` seconds of the budget are left.

    Raises: ValueError if the trial has no best epoch.
    """
    facts, data = session.facts, session.data
    times = _times_of(session, record)
    if times is None or record.best_epoch is None:
        raise ValueError(f"trial {record.number} has no best epoch to refit to")
    horizon = record.proposal.schedule_epochs(facts.horizon)
    own = RefitPlan(horizon=horizon, last_epoch=record.best_epoch)
    if not facts.longest_refit or not times.is_rising:
        return own
    images = epoch_images(facts.folds * facts.n_train, facts.n_validation)
    epoch_s = times.epoch_s * (data.train.n + data.validation.n) / images
    epochs = min(facts.longest_refit, session.budget.refit_epochs(epoch_s, reserve_s))
    if epochs <= horizon:
        return own
    return RefitPlan(horizon=epochs, last_epoch=epochs, longer_than=horizon, guesses=times.guesses)


def _times_of(session: Session, record: TrialRecord) -> BestTrial | None:
    if record.result is None:
        return None
    sizes, varied = session.validation_sizes, record.config.augmentation.varies
    return times_of(record.result, session.objective, sizes, is_varied=varied)


def choose_refit(
    session: Session, records: Sequence[TrialRecord], best: TrialRecord, reserve_s: float
) -> tuple[TrialRecord, RefitPlan]:
    """The trial whose configuration is refitted, and the length of the refit.

    It is `best`, unless there is time for a longer refit, and another trial can be expected to
    gain more from it (`autocnn.study.refit_choice`).
    """
    if session.facts.longest_refit:
        ended = [candidate_of(each, each.result) for each in records if each.result is not None]
        chosen = choose_for_refit(ended, session.objective)
        if chosen is not None and chosen.standing.number != best.number:
            record = next(each for each in records if each.number == chosen.standing.number)
            plan = plan_refit(session, record, reserve_s)
            if plan.longer_than and session.paths.weights(record.number).is_file():
                return record, plan
    return best, plan_refit(session, best, reserve_s)


def describe_refit(plan: RefitPlan, chosen: TrialRecord, best: TrialRecord) -> list[str]:
    """Lines on a refit that is longer than its trial, before it is trained; else none."""
    if not plan.longer_than:
        return []
    lines = []
    if chosen.number != best.number:
        lines.append(
            f"trial {chosen.number} is the winner, not trial {best.number}: that one is "
            f"{_lead(best)} points more accurate on its training images than on others (trial "
            f"{chosen.number}: {_lead(chosen)}), and gains less from a longer training"
        )
    why = "was still that of a guess" if plan.guesses else "still rose at the end"
    lines.append(
        f"the refit trains {plan.last_epoch} epochs, the winner's trial had {plan.longer_than}: "
        f"its score {why}, and time is left"
    )
    return lines


def _lead(record: TrialRecord) -> str:
    """The lead of a trial's training accuracy, in points."""
    return f"{100 * (0.0 if record.result is None else training_lead(record.result)):.1f}"


def _train(
    session: Session,
    job: TrialJob,
    on_epoch: Callable[[int, Epoch], None],
    interrupted: Callable[[], bool],
) -> TrialResult:
    """Train `job`; no epoch prunes it."""

    def report(epoch: int, metrics: Epoch) -> bool:
        on_epoch(epoch, metrics)
        return False

    return run_job(session.executor, job, report, interrupted)


def judge_refit(result: TrialResult, record: TrialRecord) -> str:
    """The reason why the weights of a refit must not be shipped, or "".

    The training loss of the refit's last epoch is compared with that of the trial's best epoch,
    also if the time ended a longer refit before its last epoch.
    """
    best_epoch = record.best_epoch
    assert best_epoch is not None
    if result.state is TrialState.STOPPED and result.epochs < best_epoch:
        return f"the refit ran out of time in epoch {result.epochs + 1} of {best_epoch}"
    if result.state not in (TrialState.COMPLETE, TrialState.STOPPED):
        return f"the refit failed: {result.message}"
    assert record.result is not None
    before, after = record.result.curve[best_epoch - 1].train_loss, result.curve[-1].train_loss
    if not after <= max(LOSS_TOLERANCE * before, before + LOSS_SLACK):  # also for NaN
        return f"the refit's training loss is {after:.4f}, the trial's was {before:.4f}"
    return ""
