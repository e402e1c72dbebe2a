"""A training of several folds: a network for each, in lockstep, with one score over all images."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import numpy as np
import pytest

from autocnn.data.prepared import prepare_images
from autocnn.nn.weights import load_weights
from autocnn.space.config import EarlyStopping
from autocnn.space.seeds import derive_seed
from autocnn.train import assembly as preparation
from autocnn.train import trainer
from autocnn.train.checkpoint import load_checkpoint
from autocnn.train.trainer import train_trial
from autocnn.trial import TrialState


@pytest.fixture(scope="session")
def folded(data):
    """The 60 tiny images in three folds of 20: each trains on 40 images, 3 steps of 16."""
    return prepare_images("tiny", ("dark", "bright"), data.images, folds=3)


def _metrics(result):
    """The curve without its clock."""
    return [replace(epoch, seconds=0.0) for epoch in result.curve]


def test_a_score_is_over_the_images_of_all_folds(script, make_job, make_hooks, folded, device):
    """Of 3 x 20 images 10 + 15 + 20 and then 20 + 20 + 11 are hits."""
    script([10, 15, 20, 20, 20, 11], [6.0, 3.0, 9.0, 1.0, 2.0, 3.0])
    result = train_trial(make_job(folds=3, last_epoch=2), folded, device, make_hooks())
    assert [e.score for e in result.curve] == [45 / 60, 51 / 60]
    assert [e.val_accuracy for e in result.curve] == [45 / 60, 51 / 60]
    assert [e.val_loss for e in result.curve] == [18 / 60, 6 / 60]
    assert [(e.train_loss, e.train_accuracy) for e in result.curve] == [(0.5, 0.25)] * 2
    assert (result.best_epoch, result.epochs) == (2, 2)


def test_two_of_three_folds_can_be_trained(script, make_job, make_hooks, folded, device):
    """The score is that of the 40 images which they hold out."""
    stepper = script([10, 15])
    result = train_trial(make_job(folds=2, last_epoch=1), folded, device, make_hooks())
    assert (result.score, len(stepper.trained)) == (25 / 40, 2)


def test_each_fold_trains_on_what_it_does_not_hold_out(
    script, make_job, make_hooks, folded, device
):
    """In every epoch, in turn, and in orders that follow from seeds of their own."""
    stepper = script([10] * 6)
    train_trial(make_job(folds=3, last_epoch=2), folded, device, make_hooks())
    train, held = stepper.parts.train_indices, stepper.parts.val_indices
    pairs = folded.folds(3) * 2  # two epochs
    assert len(stepper.trained) == len(stepper.validated) == 6
    for (positions, _, _), (tested, weights), pair in zip(
        stepper.trained, stepper.validated, pairs, strict=True
    ):
        assert positions.shape == (3, 16)
        order = train[positions].ravel()
        assert sorted(order[:40]) == pair[0].tolist()
        assert order[40:].tolist() == order[:8].tolist()
        assert sorted(held[tested][weights == 1]) == pair[1].tolist()
        assert weights.sum() == 20
    orders = {tuple(positions.ravel() % 40) for positions, _, _ in stepper.trained}
    assert len(orders) == 6


def test_all_folds_have_the_steps_of_the_largest(script, make_job, make_hooks, data, device):
    """Of 60 images in 7 folds 51 or 52 train: with batches of 10 that is 6 steps for each."""
    folded = prepare_images("tiny", ("dark", "bright"), data.images, folds=7)
    sizes = [len(train) for train, _ in folded.folds(7)]
    assert (min(sizes), max(sizes)) == (51, 52)
    stepper = script([1] * 7)
    job = make_job(folds=7, last_epoch=1)
    job = replace(job, config=replace(job.config, batch_size=10))
    train_trial(job, folded, device, make_hooks())
    for (positions, _, rates), n in zip(stepper.trained, sizes, strict=True):
        assert (positions.shape, rates.shape) == ((6, 10), (6,))
        order = positions.ravel()
        assert len(set(order.tolist())) == n
        assert order[n:].tolist() == order[: 60 - n].tolist()


def test_the_weights_on_disk_are_the_first_folds(script, make_job, make_hooks, folded, device):
    """The fourth of nine calls trained the first fold in epoch 2, the best."""
    script([1, 2, 3, 20, 20, 20, 3, 2, 1])
    job = make_job(folds=3)
    assert train_trial(job, folded, device, make_hooks()).best_epoch == 2
    assert {float(w) for a in load_weights(job.folder / "best.npz") for w in a.flat} == {4}


def test_a_fold_goes_on_with_its_own_weights(
    script, make_job, make_hooks, folded, device, monkeypatch
):
    """Before its second epoch each fold has the weights that its first one left."""
    stepper, found = script([1] * 6), []
    train = stepper.train

    def record(*rows):
        found.append(float(stepper.parts.model.get_weights()[0].flat[0]))
        return train(*rows)

    monkeypatch.setattr(stepper, "train", record)
    train_trial(make_job(folds=3, last_epoch=2), folded, device, make_hooks())
    assert found[3:] == [1, 2, 3]
    assert len(set(found[:3])) == 3  # the first weights follow from seeds of their own


def test_the_report_and_early_stopping_get_the_common_score(
    script, make_job, make_hooks, folded, device
):
    """Fold 1 gets better and better, but all together get worse after epoch 1."""
    script([5, 20, 20, 10, 10, 10, 20, 5, 5])
    job = make_job(folds=3)
    job = replace(job, config=replace(job.config, early_stopping=EarlyStopping(patience=2)))
    reported = []
    hooks = make_hooks(report=lambda number, e: bool(reported.append((number, e.score))))
    result = train_trial(job, folded, device, hooks)
    assert reported == [(1, 45 / 60), (2, 30 / 60), (3, 30 / 60)]
    assert (result.best_epoch, result.epochs) == (1, 3)


def _cut_after(calls, stepper, monkeypatch):
    """A clock on which the time limit of 10 s passes with this number of calls of `train`."""
    monkeypatch.setattr(
        trainer.time,
        "perf_counter",
        lambda: 11.0 * (stepper.parts is not None and len(stepper.trained) >= calls),
    )


def test_a_first_epoch_that_is_cut_scores_the_folds_with_steps(
    script, make_job, make_hooks, folded, device, monkeypatch
):
    """Fold 1 took 3 steps and fold 2 one; fold 3 none: 10 + 4 of their 40 images are hits."""
    monkeypatch.setattr(preparation, "CHUNK_IMAGES", {"cpu": 16})
    stepper = script([10, 4], [20.0, 8.0])
    _cut_after(4, stepper, monkeypatch)
    job = make_job(folds=3, time_limit_s=10.0)
    result = train_trial(job, folded, device, make_hooks())
    assert (result.state, result.score) == (TrialState.STOPPED, 14 / 40)
    assert (result.curve[0].train_loss, result.curve[0].val_loss) == (0.5, 28 / 40)
    assert result.message == "out of time after 4 of 9 steps of the first epoch"
    assert load_weights(job.folder / "best.npz")[0].flat[0] == 3  # the first fold's


def test_a_first_epoch_that_is_cut_between_folds_scores_those_before(
    script, make_job, make_hooks, folded, device, monkeypatch
):
    """The time is over when fold 2 would begin."""
    stepper = script([10])
    _cut_after(1, stepper, monkeypatch)
    result = train_trial(make_job(folds=3, time_limit_s=10.0), folded, device, make_hooks())
    assert (result.state, result.score) == (TrialState.STOPPED, 10 / 20)
    assert result.message == "out of time after 3 of 9 steps of the first epoch"


def test_a_later_epoch_that_is_cut_is_dropped(
    script, make_job, make_hooks, folded, device, monkeypatch
):
    """The time is over in fold 2 of epoch 2: the trial has the score of epoch 1."""
    stepper = script([10, 10, 10, 20])
    _cut_after(4, stepper, monkeypatch)
    job = make_job(folds=3, time_limit_s=10.0)
    result = train_trial(job, folded, device, make_hooks())
    assert (result.state, result.epochs, result.score) == (TrialState.STOPPED, 1, 30 / 60)
    assert load_weights(job.folder / "best.npz")[0].flat[0] == 1


def test_there_is_no_first_look_at_several_folds(script, make_job, make_hooks, folded, device):
    """A part of one fold's first epoch is no measure of a common score."""
    script([10] * 3)
    numbers = []
    hooks = make_hooks(report=lambda number, _: bool(numbers.append(number)))
    train_trial(make_job(folds=3, last_epoch=1, first_look=0.5), folded, device, hooks)
    assert numbers == [1]


def test_the_pace_counts_the_steps_of_all_folds(
    script, make_job, make_hooks, folded, device, monkeypatch
):
    """Chunks of 4 of 40 steps, 1 s a step: after 8 steps 3 x 2 x 40 - 8 are left, and 8 passed."""
    monkeypatch.setattr(preparation, "CHUNK_IMAGES", {"cpu": 4})
    for limit, is_pruned in ((239.0, True), (241.0, False)):
        stepper = script([10] * 6)
        monkeypatch.setattr(
            trainer.time,
            "perf_counter",
            lambda stepper=stepper: float(sum(len(rows) for rows, _, _ in stepper.trained)),
        )
        job = make_job(folds=3, horizon=2, last_epoch=2, pace_limit_s=limit)
        job = replace(job, config=replace(job.config, batch_size=1))
        job = replace(job, folder=job.folder / str(limit))
        result = train_trial(job, folded, device, make_hooks())
        assert (result.state is TrialState.PRUNED) == is_pruned
        if is_pruned:
            line = "too slow: 2 epochs of 3 folds would take 240 s, more than 239 s"
            assert result.message == line


def test_a_refit_has_no_folds(script, make_job, make_hooks, folded, device):
    """It trains one network on all 60 images."""
    stepper = script([])
    train_trial(make_job(fit_on="train+validation"), folded, device, make_hooks())
    assert len(stepper.trained) == 3
    assert sorted(stepper.parts.train_indices) == list(range(60))


# --- with real trainings -----------------------------------------------------------------------


@pytest.mark.training
def test_every_fold_is_trained_as_if_alone(make_job, make_hooks, folded, device):
    """In lockstep, the networks get the losses and the weights of two separate trainings."""
    job = make_job(folds=2, keeps_checkpoint=True)
    both = train_trial(job, folded, device, make_hooks())
    states = load_checkpoint(job.folder / "checkpoint.npz").states
    curves = []
    for number, (train, held) in enumerate(folded.folds(2), start=1):
        alone = replace(folded, split=replace(folded.split, train=train, validation=held))
        seed = job.seed if number == 1 else derive_seed(job.seed, 2, "fold")
        one = replace(job, folds=1, seed=seed, folder=job.folder / str(number))
        curves.append(train_trial(one, alone, device, make_hooks()).curve)
        ours, theirs = states[number - 1], load_checkpoint(one.folder / "checkpoint.npz")
        for group in ("model", "optimizer"):
            pairs = zip(getattr(ours, group), getattr(theirs, group), strict=True)
            assert all(np.array_equal(a, b) for a, b in pairs)
    for common, first, second in zip(both.curve, *curves, strict=True):
        assert common.val_loss == pytest.approx((first.val_loss + second.val_loss) / 2)
        assert common.score == pytest.approx((first.score + second.score) / 2)
        assert common.train_loss == pytest.approx((first.train_loss + second.train_loss) / 2)


@pytest.mark.training
def test_a_resumed_trial_of_two_folds_is_as_if_never_interrupted(
    make_job, make_hooks, folded, device, monkeypatch
):
    """Killed in epoch 3 of 4, it has the curve and the files of a trial that was not."""
    monkeypatch.setattr(trainer, "CHECKPOINT_EVERY_S", 0.0)
    job = make_job(horizon=4, last_epoch=4, folds=2)
    whole_job = replace(job, folder=job.folder.parent / "whole")
    whole = train_trial(whole_job, folded, device, make_hooks())
    reported = []

    class Killed(BaseException):
        """Ends the training like the end of the process."""

    def interrupted():
        if len(reported) == 2:
            raise Killed
        return False

    def report(number, epoch):
        reported.append(number)
        return False

    with contextlib.suppress(Killed):
        train_trial(job, folded, device, make_hooks(report, interrupted))
    resumed = train_trial(job, folded, device, make_hooks(report))
    assert reported == [1, 2, 1, 2, 3, 4]
    assert (resumed.state, _metrics(resumed)) == (TrialState.COMPLETE, _metrics(whole))
    for name in ("best.npz", "checkpoint.npz"):
        ours, theirs = (np.load(each.folder / name) for each in (job, whole_job))
        assert ours.files == theirs.files
        for array in ours.files:
            if array not in ("curve", "seconds"):
                np.testing.assert_array_equal(ours[array], theirs[array])
