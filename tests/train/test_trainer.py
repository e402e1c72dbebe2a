"""A training: its reports, its end, and its files."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from autocnn.errors import TrialFailed
from autocnn.nn.model import build_model
from autocnn.nn.weights import load_weights
from autocnn.space.config import Augmentation, EarlyStopping, Optimizer, Schedule
from autocnn.train import assembly as preparation
from autocnn.train import averaging, clock, trainer
from autocnn.train.assembly import spec_of
from autocnn.train.checkpoint import load_checkpoint
from autocnn.train.trainer import train_trial
from autocnn.trial import FailureCause, TrialState

# The tiny data have 54 training and 6 validation images; batches of 16 make 4 steps an epoch.


def _metrics(result):
    """The curve without its clock."""
    return [replace(epoch, seconds=0.0) for epoch in result.curve]


def _patience(job, patience):
    return replace(job, config=replace(job.config, early_stopping=EarlyStopping(patience=patience)))


# --- with a scripted stepper -------------------------------------------------------------------


def test_a_curve_is_means_over_images(script, make_job, make_hooks, data, device):
    """Sums are over 4 batches of 64 images, and over the 6 validation images."""
    script([3, 6, 4], [6.0, 3.0, 1.5])
    result = train_trial(make_job(), data, device, make_hooks())
    assert [(e.train_loss, e.train_accuracy) for e in result.curve] == [(0.5, 0.25)] * 3
    assert [e.val_accuracy for e in result.curve] == [0.5, 1.0, 4 / 6]
    assert [e.val_loss for e in result.curve] == [1.0, 0.5, 0.25]
    assert (result.state, result.best_epoch, result.score) == (TrialState.COMPLETE, 2, 1.0)
    assert result.precision == "float32"
    seconds = [e.seconds for e in result.curve]
    assert 0 < seconds[0] <= seconds[1] <= seconds[2] <= result.seconds


def test_the_weights_on_disk_are_the_best_epochs(script, make_job, make_hooks, data, device):
    """The best epoch is 2 of 3, in which every weight was 2."""
    script([3.0, 6.0, 5.0])
    job = make_job()
    train_trial(job, data, device, make_hooks())
    assert {path.name for path in job.folder.iterdir()} == {"best.npz", "checkpoint.npz"}
    assert {float(w) for array in load_weights(job.folder / "best.npz") for w in array.flat} == {2}


def test_the_weights_are_averages(script, make_job, make_hooks, data, device, monkeypatch):
    """An epoch has the share 1/2: after the weights 1 and 2 it is (1/4 + 2/2) / (3/4) = 5/3."""
    stepper = script([3.0, 6.0, 5.0])
    monkeypatch.setattr(averaging, "MEMORY", 1 / (3 * math.log(2)))
    job = make_job()
    train_trial(job, data, device, make_hooks())
    saved = [float(w) for array in load_weights(job.folder / "best.npz") for w in array.flat]
    assert saved == pytest.approx([5 / 3] * len(saved))
    assert {float(w.flat[0]) for w in stepper.parts.model.get_weights()} == {3.0}  # its own


def test_among_equal_scores_the_lowest_loss_is_kept(script, make_job, make_hooks, data, device):
    """Epoch 3 has the hits of epoch 1 and a lower loss."""
    script([5.0, 4.0, 5.0], [2.0, 0.1, 1.0])
    job = make_job()
    assert train_trial(job, data, device, make_hooks()).best_epoch == 3
    assert load_weights(job.folder / "best.npz")[0].flat[0] == 3


def test_every_epoch_is_reported(script, make_job, make_hooks, data, device):
    """Epochs are reported by number, from 1, with their metrics."""
    script([3.0, 6.0, 4.5])
    received = []
    hooks = make_hooks(report=lambda number, epoch: bool(received.append((number, epoch))))
    result = train_trial(make_job(), data, device, hooks)
    assert received == list(enumerate(result.curve, start=1))


def test_the_report_hook_prunes(script, make_job, make_hooks, data, device):
    """The trial ends at that epoch and leaves no weights."""
    script([3.0] * 3)
    job = make_job()
    result = train_trial(job, data, device, make_hooks(report=lambda number, _: number == 2))
    assert (result.state, result.epochs, result.best_epoch) == (TrialState.PRUNED, 2, 1)
    assert not (job.folder / "best.npz").exists()


def test_nothing_is_pruned_at_the_last_epoch(script, make_job, make_hooks, data, device):
    """After its last epoch a trial is complete."""
    script([3.0] * 3)
    job = make_job()
    result = train_trial(job, data, device, make_hooks(report=lambda number, _: number == 3))
    assert (result.state, result.epochs) == (TrialState.COMPLETE, 3)
    assert (job.folder / "best.npz").is_file()


def test_early_stopping_completes_a_trial(script, make_job, make_hooks, data, device):
    """A patience of two ends the trial two epochs after its best."""
    script([3.0, 4.0, 4.0, 3.0, 6.0, 6.0])
    job = _patience(make_job(horizon=6, last_epoch=6), 2)
    result = train_trial(job, data, device, make_hooks())
    assert (result.state, result.epochs, result.best_epoch) == (TrialState.COMPLETE, 4, 2)


def test_a_trial_may_end_before_the_horizon(script, make_job, make_hooks, data, device):
    """A refit trains to the best epoch, at the rates of the whole horizon."""
    stepper = script([3.0] * 2)
    job = make_job(horizon=4, last_epoch=2)
    job = replace(job, config=replace(job.config, schedule=Schedule(name="one_cycle")))
    assert train_trial(job, data, device, make_hooks()).epochs == 2
    rates = np.concatenate([rates for _, _, rates in stepper.trained])
    # 8 of 16 steps down a line from 0.02: middles at 1/32, 3/32, ... of the horizon
    expected = [0.02 * (1 - (2 * i + 1) / 32) for i in range(8)]
    np.testing.assert_allclose(rates, expected, rtol=1e-5)


def test_an_epoch_takes_every_image(script, make_job, make_hooks, data, device, tmp_path):
    """Each epoch takes all 54 images, in an order that follows from the seed.

    The first 10 images fill up the last batch, so that 4 batches have 16 images each.
    """
    orders = []
    for number, seed in enumerate((7, 7, 8)):
        stepper = script([3.0] * 3)
        job = make_job(seed=seed, folder=tmp_path / str(number))
        train_trial(job, data, device, make_hooks())
        epochs = [indices.ravel().tolist() for indices, _, _ in stepper.trained]
        assert [sorted(epoch[:54]) for epoch in epochs] == [list(range(54))] * 3
        assert [epoch[54:] for epoch in epochs] == [epoch[:10] for epoch in epochs]
        assert epochs[0] != epochs[1]
        orders.append(epochs)
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]


def test_every_image_has_its_draw(script, make_job, make_hooks, data, device):
    """Draws are within the bounds, differ by epoch, and follow from the seed."""
    stepper = script([3.0] * 3)
    job = make_job()
    config = replace(job.config, augmentation=Augmentation(shift=2))
    train_trial(replace(job, config=config), data, device, make_hooks())
    draws = [draws for _, draws, _ in stepper.trained]
    assert [d.shape for d in draws] == [(4, 16, 3)] * 3
    assert set(np.unique(draws)) == {-2, -1, 0, 1, 2}
    assert not np.array_equal(draws[0], draws[1])


def test_an_image_is_flipped_every_other_epoch(script, make_job, make_hooks, data, device):
    """The flip does not depend on the image's place in the epoch."""
    stepper = script([3.0] * 3)
    job = make_job()
    config = replace(job.config, augmentation=Augmentation(alternating_flip=True))
    train_trial(replace(job, config=config), data, device, make_hooks())
    flips = [
        dict(zip(indices.ravel().tolist(), draws[..., 2].ravel().tolist(), strict=True))
        for indices, draws, _ in stepper.trained
    ]
    both = set(flips[0]) & set(flips[1])
    assert {flips[0][image] + flips[1][image] for image in both} == {1}
    assert {flips[0][image] for image in both} == {0, 1}


def test_a_batch_is_never_larger_than_the_data(script, make_job, make_hooks, data, device):
    """A batch size of 128 for 54 images is one step of 54."""
    stepper = script([3.0] * 3)
    job = make_job()
    train_trial(
        replace(job, config=replace(job.config, batch_size=128)), data, device, make_hooks()
    )
    assert [indices.shape for indices, _, _ in stepper.trained] == [(1, 54)] * 3


def test_an_epoch_is_cut_into_chunks(script, make_job, make_hooks, data, device, monkeypatch):
    """The clock is read after each chunk of 10 of 54 steps of one image."""
    monkeypatch.setattr(preparation, "CHUNK_IMAGES", {"cpu": 10})
    stepper = script([3.0])
    job = make_job(horizon=1, last_epoch=1)
    train_trial(replace(job, config=replace(job.config, batch_size=1)), data, device, make_hooks())
    assert [len(indices) for indices, _, _ in stepper.trained] == [10, 10, 10, 10, 10, 4]


def test_a_first_look_prunes_within_the_first_epoch(
    script, make_job, make_hooks, data, device, monkeypatch
):
    """A fifth of 54 steps of one image are 11 steps; the last chunk is cut short."""
    monkeypatch.setattr(preparation, "CHUNK_IMAGES", {"cpu": 6})
    stepper, looks = script([3.0]), []

    def report(number, metrics):
        looks.append((number, metrics.val_accuracy))
        return True

    job = make_job(horizon=2, last_epoch=2, first_look=0.2)
    job = replace(job, config=replace(job.config, batch_size=1))
    result = train_trial(job, data, device, make_hooks(report))
    assert [len(indices) for indices, _, _ in stepper.trained] == [6, 5]
    assert looks == [(0, 0.5)]
    assert (result.state, result.epochs, result.score) == (TrialState.PRUNED, 0, None)
    assert result.message == "first look: 50.00 % after 11 of 54 steps"


@pytest.mark.parametrize(("limit", "is_pruned"), [(39.0, False), (38.0, True), (None, False)])
def test_a_pace_that_cannot_end_in_time_is_pruned(
    limit, is_pruned, script, make_job, make_hooks, data, device, monkeypatch
):
    """A clock that advances at each reading predicts 38.3 s for two epochs."""
    # The clock is read at the start (0), twice before the first call of 5 steps, after it (3) and
    # after 10 and 11 of 54 steps (5): 6 steps in 2 s. The other 97 take 32.3 s, and 6 have passed.
    monkeypatch.setattr(preparation, "CHUNK_IMAGES", {"cpu": 5})
    now = iter(range(10_000))
    monkeypatch.setattr(trainer.time, "perf_counter", lambda: float(next(now)))
    stepper = script([3.0, 3.0])
    job = make_job(horizon=2, last_epoch=2, pace_limit_s=limit)
    job = replace(job, config=replace(job.config, batch_size=1))
    result = train_trial(job, data, device, make_hooks())
    assert (result.state is TrialState.PRUNED) == is_pruned
    if is_pruned:
        assert [len(indices) for indices, _, _ in stepper.trained] == [5, 5, 1]
        assert result.message == "too slow: 2 epochs would take 38 s, more than 38 s"
        assert result.image_seconds == pytest.approx(2 / 6)


def test_every_validation_image_counts_once(
    script, make_job, make_hooks, data, device, monkeypatch
):
    """Six images in batches of four: two places are padding."""
    monkeypatch.setattr("autocnn.nn.batches.EVALUATION_BATCH", 4)
    stepper = script([3.0])
    train_trial(make_job(horizon=1, last_epoch=1), data, device, make_hooks())
    ((indices, weights),) = stepper.validated
    assert indices.shape == weights.shape == (2, 4)
    assert sorted(indices[weights == 1]) == [0, 1, 2, 3, 4, 5]
    assert weights.sum() == 6


def test_the_clock_is_read_during_validation(
    script, make_job, make_hooks, data, device, monkeypatch
):
    """Validation has chunks of three times the images of a training chunk, here batches of two."""
    monkeypatch.setattr("autocnn.nn.batches.EVALUATION_BATCH", 2)
    monkeypatch.setattr(preparation, "CHUNK_IMAGES", {"cpu": 1})
    stepper = script([1.0, 2.0, 1.0])
    job = make_job(horizon=1, last_epoch=1)
    job = replace(job, config=replace(job.config, batch_size=1))
    result = train_trial(job, data, device, make_hooks())
    assert [indices.tolist() for indices, _ in stepper.validated] == [[[0, 1]], [[2, 3]], [[4, 5]]]
    assert result.curve[0].val_accuracy == 4 / 6
    stepper = script([1.0] * 3)
    hooks = make_hooks(interrupted=lambda: len(stepper.validated) == 2)
    job = replace(job, folder=job.folder.with_name("another"))
    assert train_trial(job, data, device, hooks).epochs == 0


def test_a_first_epoch_that_is_cut_is_validated(
    script, make_job, make_hooks, data, device, monkeypatch
):
    """The time is over after 20 of 54 steps: their losses and the score of their weights count."""
    monkeypatch.setattr(preparation, "CHUNK_IMAGES", {"cpu": 10})
    stepper = script([5.0], [3.0])
    monkeypatch.setattr(
        trainer.time,
        "perf_counter",
        lambda: 5.0 * (stepper.parts is not None and len(stepper.trained)),
    )
    job = make_job(time_limit_s=9.0)
    job = replace(job, config=replace(job.config, batch_size=1))
    result = train_trial(job, data, device, make_hooks())
    assert [len(indices) for indices, _, _ in stepper.trained] == [10, 10]
    assert (result.state, result.best_epoch, result.score) == (TrialState.STOPPED, 1, 5 / 6)
    assert result.message == "out of time after 20 of 54 steps of the first epoch"
    (epoch,) = result.curve
    assert (epoch.train_loss, epoch.train_accuracy, epoch.val_loss) == (0.5, 0.25, 0.5)
    assert load_weights(job.folder / "best.npz")[0].flat[0] == 2


def test_a_later_epoch_that_is_cut_leaves_no_score(
    script, make_job, make_hooks, data, device, monkeypatch
):
    """The time is over within epoch 2: the score of epoch 1 stays."""
    monkeypatch.setattr(preparation, "CHUNK_IMAGES", {"cpu": 32})
    stepper = script([5.0, 6.0])
    monkeypatch.setattr(
        trainer.time,
        "perf_counter",
        lambda: 5.0 * (stepper.parts is not None and len(stepper.trained)),
    )
    result = train_trial(make_job(time_limit_s=14.0), data, device, make_hooks())
    assert len(stepper.trained) == 3
    assert (result.state, result.epochs, result.message) == (TrialState.STOPPED, 1, "")


def test_no_time_means_no_epoch(script, make_job, make_hooks, data, device):
    """A time limit of 0 s stops the trial before its first step."""
    stepper = script([3.0] * 3)
    job = make_job(time_limit_s=0.0)
    result = train_trial(job, data, device, make_hooks())
    assert (result.state, result.curve, result.best_epoch) == (TrialState.STOPPED, (), None)
    assert result.score is None
    assert stepper.trained == []
    assert not job.folder.exists()


def test_an_interrupted_trial_keeps_what_it_reached(script, make_job, make_hooks, data, device):
    """Ctrl-C in the third epoch leaves two on record, with the weights of the better."""
    stepper = script([4.0, 3.0, 6.0])
    hooks = make_hooks(interrupted=lambda: len(stepper.validated) == 2)
    job = make_job()
    result = train_trial(job, data, device, hooks)
    assert (result.state, result.epochs, result.best_epoch) == (TrialState.STOPPED, 2, 1)
    assert load_weights(job.folder / "best.npz")[0].flat[0] == 1


def test_a_validation_loss_that_is_no_number_is_a_failure(
    script, make_job, make_hooks, data, device
):
    """The trial fails even if its training loss is finite."""
    script([3.0, 0.0], [1.0, math.nan])
    with pytest.raises(TrialFailed, match="validation loss nan in epoch 2") as raised:
        train_trial(make_job(), data, device, make_hooks())
    assert raised.value.cause == FailureCause.DIVERGED


def test_a_refit_trains_on_all_and_validates_nothing(script, make_job, make_hooks, data, device):
    """A refit of 60 images has no score and no early stopping, and keeps its last weights."""
    stepper = script([])
    job = _patience(make_job(fit_on="train+validation"), 1)
    job = replace(job, config=replace(job.config, batch_size=60))
    result = train_trial(job, data, device, make_hooks())
    assert [set(indices.flat) for indices, _, _ in stepper.trained] == [set(range(60))] * 3
    assert stepper.validated == []
    assert (result.state, result.best_epoch, result.score) == (TrialState.COMPLETE, None, None)
    assert all(math.isnan(e.val_loss) and math.isnan(e.val_accuracy) for e in result.curve)
    assert load_weights(job.folder / "best.npz")[0].flat[0] == 3
    order = [*data.split.train, *data.split.validation]
    assert stepper.parts.train_indices.tolist() == order


def test_a_checkpoint_is_kept_if_the_job_requires_it(script, make_job, make_hooks, data, device):
    """A pruned trial keeps none, because it is never continued."""
    script([3.0] * 3)
    job = make_job(keeps_checkpoint=True)
    train_trial(job, data, device, make_hooks())
    assert {path.name for path in job.folder.iterdir()} == {"best.npz", "checkpoint.npz"}
    script([3.0] * 3)
    pruned = replace(job, folder=job.folder / "pruned")
    train_trial(pruned, data, device, make_hooks(report=lambda number, _: True))
    assert not pruned.folder.exists()


@pytest.mark.parametrize("damaged", [False, True])
def test_a_missing_checkpoint_means_from_the_start(
    damaged, script, make_job, make_hooks, data, device, tmp_path
):
    """The seed is the parent's, so a missing or damaged checkpoint only costs time."""
    script([3.0] * 3)
    job = make_job(first_epoch=1, continue_from=tmp_path / "checkpoint.npz")
    if damaged:
        job.continue_from.write_bytes(b"torn")
    assert train_trial(job, data, device, make_hooks()).epochs == 3


def test_a_parent_that_stopped_early_is_not_trained_on(script, make_job, make_hooks, data, device):
    """The parent ended two epochs after its best; more epochs would end there too."""
    script([4.0, 3.0, 3.0])
    parent = _patience(make_job(horizon=9, keeps_checkpoint=True), 2)
    first = train_trial(parent, data, device, make_hooks())
    stepper = script([])
    child = replace(
        parent,
        last_epoch=9,
        continue_from=parent.folder / "checkpoint.npz",
        folder=parent.folder.parent / "child",
    )
    second = train_trial(child, data, device, make_hooks())
    assert stepper.trained == []
    assert (second.curve, second.best_epoch) == (first.curve, 1)
    assert load_weights(child.folder / "best.npz")[0].flat[0] == 1


def test_a_resumed_trial_gets_a_lost_decision_to_prune(
    script, make_job, make_hooks, data, device, monkeypatch
):
    """A trial killed before the answer arrived trains no further epoch."""
    monkeypatch.setattr(trainer, "CHECKPOINT_EVERY_S", 0.0)
    stepper = script([3.0] * 3)
    job = make_job()
    train_trial(job, data, device, make_hooks(interrupted=lambda: len(stepper.validated) == 2))
    again = script([])
    result = train_trial(job, data, device, make_hooks(report=lambda number, _: number == 2))
    assert (result.state, result.epochs, again.trained) == (TrialState.PRUNED, 2, [])


def test_a_promoted_trial_resumes_after_its_parents_epochs(
    script, make_job, make_hooks, data, device, monkeypatch
):
    """Only the trial's own epochs are reported again, since the parent has the others."""
    monkeypatch.setattr(trainer, "CHECKPOINT_EVERY_S", 0.0)
    script([3.0])
    parent = make_job(horizon=4, last_epoch=1, keeps_checkpoint=True)
    train_trial(parent, data, device, make_hooks())
    child = make_job(
        horizon=4,
        last_epoch=4,
        first_epoch=1,
        continue_from=parent.folder / "checkpoint.npz",
        folder=parent.folder.parent / "child",
    )
    stepper = script([3.0] * 3)
    train_trial(child, data, device, make_hooks(interrupted=lambda: len(stepper.validated) == 1))
    script([3.0] * 2)
    reported = []
    hooks = make_hooks(report=lambda number, _: bool(reported.append(number)))
    assert train_trial(child, data, device, hooks).epochs == 4
    assert reported == [2, 3, 4]


def test_checkpoints_are_written_at_intervals(script, make_job, make_hooks, data, device):
    """The first epoch writes one, and then at most one every ten seconds."""
    script([3.0] * 3)
    job = make_job()
    train_trial(job, data, device, make_hooks())
    assert len(load_checkpoint(job.folder / "checkpoint.npz").curve) == 1


def test_a_refit_writes_no_checkpoint(script, make_job, make_hooks, data, device):
    """A refit is never resumed."""
    script([3.0] * 3)
    job = make_job(fit_on="train+validation")
    train_trial(job, data, device, make_hooks())
    assert not (job.folder / "checkpoint.npz").exists()


@pytest.mark.parametrize(
    ("fit_on", "epochs", "rate"), [("train+validation", 4, 1 / 32), ("train", 5, 11 / 20)]
)
def test_a_refit_ends_its_schedule_in_time(
    script, make_job, make_hooks, data, device, monkeypatch, fit_on, epochs, rate
):
    """Each epoch takes 1 s, and 4.5 s are allowed for ten: two follow the second one.

    Their rates are those of the eight that were left. The limit cuts the schedule of a trial in
    its sixth epoch, at more than half of its rate.
    """
    now = [0.0]
    monkeypatch.setattr(clock, "time", SimpleNamespace(perf_counter=lambda: now[0]))

    def report(number, epoch):
        now[0] += 1.0
        return False

    stepper = script([3.0] * 10)
    job = make_job(horizon=10, last_epoch=10, fit_on=fit_on, time_limit_s=4.5)
    config = replace(job.config, schedule=Schedule(name="one_cycle"))
    job = replace(job, config=config)
    assert train_trial(job, data, device, make_hooks(report=report)).epochs == epochs
    peak = config.optimizer.learning_rate
    last = np.concatenate([rates for _, _, rates in stepper.trained])[-1] / peak
    assert last == pytest.approx(rate, abs=0.08)


# --- with real trainings -----------------------------------------------------------------------


@pytest.mark.training
def test_two_trainings_of_one_seed_are_the_same(make_job, make_hooks, data, device):
    """Every number of the curve is equal; another seed gives another curve."""
    first, again, other = (
        train_trial(make_job(seed=seed), data, device, make_hooks()) for seed in (7, 7, 8)
    )
    assert _metrics(first) == _metrics(again)
    assert _metrics(first) != _metrics(other)


@pytest.mark.training
@pytest.mark.parametrize("optimizer", ["adam", "nesterov", "muon"])
def test_a_continued_training_is_as_if_never_paused(optimizer, make_job, make_hooks, data, device):
    """Two epochs and two more have curve and weights of four epochs, to the last bit."""
    job = make_job(horizon=4, last_epoch=4, keeps_checkpoint=True)
    config = replace(
        job.config,
        optimizer=Optimizer(name=optimizer, learning_rate=0.02, momentum=0.9),
        schedule=Schedule(name="one_cycle"),
        augmentation=Augmentation(shift=1, flip=True),
    )
    job = replace(job, config=config)
    whole = train_trial(job, data, device, make_hooks())
    parent = replace(job, last_epoch=2, folder=job.folder.parent / "parent")
    train_trial(parent, data, device, make_hooks())
    child = replace(
        job,
        continue_from=parent.folder / "checkpoint.npz",
        folder=job.folder.parent / "child",
    )
    reported = []
    hooks = make_hooks(report=lambda number, _: bool(reported.append(number)))
    continued = train_trial(child, data, device, hooks)
    assert reported == [3, 4]
    assert _metrics(continued) == _metrics(whole)
    assert continued.best_epoch == whole.best_epoch
    seconds = [epoch.seconds for epoch in continued.curve]
    assert seconds == sorted(seconds)  # the clock continues from the parent's
    for name in ("best.npz", "checkpoint.npz"):
        ours, theirs = (np.load(task.folder / name) for task in (child, job))
        assert ours.files == theirs.files
        for array in ours.files:
            if array not in ("curve", "seconds"):
                np.testing.assert_array_equal(ours[array], theirs[array])


@pytest.mark.training
@pytest.mark.parametrize("killed", [False, True], ids=["Ctrl-C", "kill -9"])
def test_a_resumed_trial_is_as_if_never_interrupted(
    killed, make_job, make_hooks, data, device, monkeypatch
):
    """After an interrupt in epoch 3 of 4 the first two are reported again, not trained."""
    monkeypatch.setattr(trainer, "CHECKPOINT_EVERY_S", 0.0)
    job = make_job(horizon=4, last_epoch=4)
    whole = train_trial(
        replace(job, folder=job.folder.parent / "whole"), data, device, make_hooks()
    )
    reported = []

    class Killed(BaseException):
        """Ends the training like the end of the process."""

    def interrupted():
        if len(reported) < 2:
            return False
        if killed:
            raise Killed
        return True

    def report(number, epoch):
        reported.append(number)
        return False

    with contextlib.suppress(Killed):
        cut = train_trial(job, data, device, make_hooks(report, interrupted))
        assert (cut.state, cut.epochs) == (TrialState.STOPPED, 2)
    first_seconds = load_checkpoint(job.folder / "checkpoint.npz").seconds
    resumed = train_trial(job, data, device, make_hooks(report))
    assert reported == [1, 2, 1, 2, 3, 4]
    assert (resumed.state, _metrics(resumed)) == (TrialState.COMPLETE, _metrics(whole))
    assert resumed.seconds > first_seconds > 0
    assert resumed.curve[-1].seconds >= first_seconds
    ours, theirs = (load_weights(job.folder.parent / n / "best.npz") for n in ("trial", "whole"))
    assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_a_checkpoint_of_half_the_batch_is_not_resumed(
    script, make_job, make_hooks, data, device, monkeypatch, capsys
):
    """It was made after memory ran out; a training has one batch size."""
    monkeypatch.setattr(trainer, "CHECKPOINT_EVERY_S", 0.0)
    job, reported = make_job(), []
    stepper = script([1.0] * 6)
    half = replace(job, config=replace(job.config, batch_size=8))
    hooks = make_hooks(interrupted=lambda: len(stepper.validated) == 2)
    assert train_trial(half, data, device, hooks).epochs == 2
    hooks = make_hooks(report=lambda number, _: bool(reported.append(number)))
    train_trial(job, data, device, hooks)
    assert reported == [1, 2, 3]
    assert "was made with batches of 8: begun again" in capsys.readouterr().out
    assert train_trial(half, data, device, make_hooks(interrupted=lambda: True)).epochs == 0


def test_a_promoted_trial_restarts_from_its_parents_checkpoint(
    script, make_job, make_hooks, data, device, monkeypatch
):
    """If its own checkpoint has another batch size, the trial starts from the parent's weights."""
    monkeypatch.setattr(trainer, "CHECKPOINT_EVERY_S", 0.0)
    parent = make_job(horizon=4, last_epoch=2, keeps_checkpoint=True)
    stepper = script([1.0] * 8)
    train_trial(parent, data, device, make_hooks())
    checkpoint = parent.folder / "checkpoint.npz"
    child = make_job(horizon=4, last_epoch=4, first_epoch=2, continue_from=checkpoint)
    child = replace(child, folder=parent.folder.parent / "child")
    half = replace(child, config=replace(child.config, batch_size=8))
    hooks = make_hooks(interrupted=lambda: len(stepper.validated) == 3)
    assert train_trial(half, data, device, hooks).epochs == 3
    reported = []
    hooks = make_hooks(report=lambda number, _: bool(reported.append(number)))
    assert train_trial(child, data, device, hooks).epochs == 4
    assert reported == [3, 4]


@pytest.mark.training
def test_a_first_look_changes_nothing(make_job, make_hooks, data, device):
    """A trial that passes its first look equals one without a first look."""
    numbers = []

    def report(number, metrics):
        numbers.append(number)
        return False

    looked = train_trial(make_job(first_look=0.5), data, device, make_hooks(report))
    plain = train_trial(make_job(), data, device, make_hooks())
    assert numbers[:2] == [0, 1]
    for ours, theirs in zip(looked.curve, plain.curve, strict=True):
        assert (ours.val_loss, ours.val_accuracy) == (theirs.val_loss, theirs.val_accuracy)
        assert ours.train_loss == pytest.approx(theirs.train_loss)  # summed in another order


@pytest.mark.training
def test_the_saved_weights_have_the_score(make_job, make_hooks, data, device):
    """Rebuilt for export, the network has the accuracy of the best epoch, and it has learned."""
    job = make_job(horizon=6, last_epoch=6)
    result = train_trial(job, data, device, make_hooks())
    model = build_model(job.config, spec_of(data), export=True)
    model.set_weights(load_weights(job.folder / "best.npz"))
    answers = np.asarray(model(data.validation.copy().images.astype(np.float32))).argmax(axis=1)
    assert float(np.mean(answers == data.validation.labels)) == pytest.approx(result.score)
    assert result.score > 0.8
    assert result.curve[-1].train_loss < result.curve[0].train_loss


@pytest.mark.training
def test_a_loss_that_is_no_number_is_a_failure(make_job, make_hooks, data, device):
    """A learning rate of 1e30 leaves no finite weight."""
    job = make_job()
    optimizer = Optimizer(name="sgd", learning_rate=1e30)
    with pytest.raises(TrialFailed, match=r"loss (nan|inf) in epoch 1") as raised:
        train_trial(
            replace(job, config=replace(job.config, optimizer=optimizer)),
            data,
            device,
            make_hooks(),
        )
    assert raised.value.cause == FailureCause.DIVERGED
    assert not job.folder.exists()


@pytest.mark.training
def test_a_refit_learns_from_the_validation_images_too(make_job, make_hooks, data, device):
    """With a batch of all images, other training images give other training losses."""
    job = make_job()
    job = replace(job, config=replace(job.config, batch_size=60, blocks=()))
    losses = [
        train_trial(replace(job, fit_on=part), data, device, make_hooks()).curve[0].train_loss
        for part in ("train", "train+validation")
    ]
    assert losses[0] != losses[1]


def test_the_network_is_built_for_the_data(data):
    """Shape, classes and statistics are those of the training images."""
    spec = spec_of(data)
    assert dataclasses.astuple(spec) == ((8, 8, 1), 2, data.mean, data.std)
