"""The search, with scripted proposals and a scripted executor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from scripted import ScriptedExecutor, Training

from autocnn.errors import TakenOver
from autocnn.objectives import ACCURACY
from autocnn.records.study_folder import StudyPaths
from autocnn.study import loop
from autocnn.study.budget import Budget
from autocnn.study.ending import Ending
from autocnn.study.loop import Search
from autocnn.study.proposals import NoTime
from autocnn.study.tally import Tally
from autocnn.trial import (
    FailureCause,
    Listener,
    Progress,
    Proposal,
    TrialJob,
    TrialResult,
    TrialState,
    Wait,
)


class FakeProposals:
    """Returns the given proposals, then None; records every call."""

    def __init__(self, proposals: list[Any], prune_at: int | None = None) -> None:
        self.queue, self.prune_at = list(proposals), prune_at
        self.reported: list[tuple[int, int, float]] = []
        self.ended: list[tuple[int, TrialResult]] = []
        self.kept: frozenset[int] = frozenset()
        self.left: list[tuple[int, TrialResult | None]] = []
        self.taken: frozenset[int] = frozenset()
        self.n_elsewhere = 0

    def next(self, stops: Any = None, limit: int | None = None) -> Proposal | Wait | None:
        """The next proposal, or None if the queue is empty."""
        return self.queue.pop(0) if self.queue else None

    def report(self, number: int, epoch: int, score: float) -> bool:
        """Prune at the epoch `prune_at`."""
        if not self.holds(number):
            raise TakenOver
        self.reported.append((number, epoch, score))
        return epoch == self.prune_at

    def end(self, number: int, result: TrialResult) -> None:
        """Record the result of a trial."""
        self.ended.append((number, result))

    def holds(self, number: int) -> bool:
        """True unless another process has taken the trial over."""
        return number not in self.taken

    def renew(self) -> frozenset[int]:
        """The trials that another process has taken over."""
        return self.taken

    def runs_elsewhere(self) -> bool:
        """True for the first `n_elsewhere` calls."""
        self.n_elsewhere -= 1
        return self.n_elsewhere >= 0

    def continuable(self) -> frozenset[int]:
        """The trials whose checkpoints are kept."""
        return self.kept

    def leave(self, number: int, result: TrialResult | None) -> None:
        """Record the trial that was left."""
        self.left.append((number, result))


class FakeExecutor(ScriptedExecutor):
    """Returns the next of its results for each job, epoch by epoch, and sets its clock."""

    def __init__(self, results: list[TrialResult]) -> None:
        super().__init__()
        self.results, self.now = list(results), 0.0

    def train(self, job: TrialJob) -> Training:
        """Yield a first look if the job has one, and every epoch of the next result."""
        result = self.results.pop(0)
        looks = [(0, result.curve[0])] if job.first_look else []
        yield from (*looks, *enumerate(result.curve, start=1))
        self.now += result.seconds
        return result

    def clock(self) -> float:
        """Seconds since the start."""
        return self.now


class Notes(Listener):
    """A listener that records every event."""

    def __init__(self) -> None:
        self.received: list[Any] = []

    def progress(self, progress: Progress) -> None:
        """Record the snapshot."""
        self.received.append(progress)

    def trial_finished(self, proposal: Proposal, result: TrialResult) -> None:
        """Record the trial."""
        self.received.append((proposal.number, result))

    def message(self, text: str) -> None:
        """Record the line."""
        self.received.append(text)


@pytest.fixture
def make_search(tmp_path, make_proposal) -> Callable[..., Search]:
    """A function that makes a search of these results, one proposal each, without a limit."""

    def make(*results: TrialResult, **changes: Any) -> Search:
        executor = FakeExecutor(list(results))
        end = changes.pop("end", None)
        notes = Notes()
        fields: dict[str, Any] = {
            "proposals": FakeProposals([make_proposal(i) for i in range(len(results))]),
            "executor": executor,
            "paths": StudyPaths(tmp_path),
            "budget": Budget(end=end, setup_s=2.0, epoch_s=4.0, horizon=3, clock=executor.clock),
            "listener": notes,
            "horizon": 3,
            "first_look": 0.0,
            "precision": "float32",
            "interrupted": lambda: False,
            "recorded": lambda: notes.received.append("recorded"),
        }
        return Search(**{**fields, **changes})

    return make


def _ended(search: Search) -> list[int]:
    return [number for number, _ in search.proposals.ended]


# --- endings -----------------------------------------------------------------------------------


def test_it_ends_after_the_maximum_number_of_trials(make_search, make_result):
    """Complete, pruned and failed trials all count."""
    search = make_search(
        make_result(0.5),
        make_result(0.6, state=TrialState.PRUNED),
        make_result(state=TrialState.FAILED, cause=FailureCause.DIVERGED),
        make_result(0.7),
        max_trials=3,
    )
    assert search.run() is Ending.TRIALS
    assert _ended(search) == [0, 1, 2]
    states = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED)
    assert search.tally.counts == dict.fromkeys(states, 1)


def test_trials_on_record_count(make_search, make_result):
    """A study with two of three trials on record runs one more."""
    search = make_search(
        make_result(0.5),
        make_result(0.5),
        max_trials=3,
        tally=Tally(counts=Counter({TrialState.COMPLETE: 1, TrialState.FAILED: 1})),
    )
    assert search.run() is Ending.TRIALS
    assert _ended(search) == [0]


def test_it_ends_when_the_budget_is_spent(make_search, make_result):
    """Trials of 30 s in 130 s, of which the finals need some 41 to 51."""
    # A typical trial is 2 + 3 x 4 = 14 s; at the start finals take 20 + 1.5 x 14 = 41 s. The best
    # trial took 20 s to its best epoch, so finals take 20 + 1.5 x 20 = 50 s from then on. At 30, 60
    # and 90 s there are 50, 20 and 0 s of search left, and less than 2 + 1.5 x 4 = 8 s end it.
    search = make_search(*[make_result(0.5, 0.6, 0.5)] * 5, end=130.0)
    assert search.run() is Ending.BUDGET
    assert _ended(search) == [0, 1, 2]
    assert search.budget.best is not None
    assert search.budget.best.refit_s == 20.0


def test_it_does_not_begin_without_time(make_search, make_result):
    """No proposal is requested if the finals would take all that is left."""
    search = make_search(make_result(0.5), end=20.0)
    assert search.run() is Ending.BUDGET
    assert len(search.proposals.queue) == 1


def test_it_ends_if_whatever_is_drawn_takes_too_long(make_search, make_result):
    """The time counts as over, the space not as exhausted."""
    search = make_search(make_result(0.5))
    search.proposals.queue.append(NoTime())
    assert search.run() is Ending.BUDGET
    assert _ended(search) == [0]


def test_the_budget_knows_of_a_winner_and_the_cost_of_every_trial(make_search, make_result):
    """Both learn from each trial that ends; a failed trial is no winner."""
    learned, failed = [], make_result(state=TrialState.FAILED, cause=FailureCause.DIVERGED)
    search = make_search(failed, make_result(0.5), end=1000.0)
    ranked = []
    search.cost = SimpleNamespace(
        learn=lambda trial, result: (
            learned.append((trial.number, result.score)),
            ranked.append(search.budget.is_ranked),
        ),
        slowdown=2.0,
    )
    search.run()
    assert learned == [(0, None), (1, 0.5)]
    assert search.budget.slowdown == 2.0
    assert ranked == [False, True]


def test_it_ends_at_the_target(make_search, make_result):
    """A score equal to the target ends the search."""
    search = make_search(*(make_result(score) for score in (0.8, 0.9, 0.95)), target=0.9)
    assert search.run() is Ending.TARGET
    assert _ended(search) == [0, 1]
    assert search.tally.best == (1, 0.9)


def test_a_target_that_is_on_record_ends_it_at_once(make_search, make_result, make_record):
    """The best trial on record counts for the target."""
    search = make_search(
        make_result(0.8), target=0.9, tally=Tally.of([make_record(4, 0.92)], ACCURACY)
    )
    assert search.run() is Ending.TARGET
    assert _ended(search) == []


@pytest.mark.parametrize("answer", [None, Wait()])
def test_it_ends_when_nothing_is_left_to_propose(make_search, make_result, answer):
    """A single worker has no other trial to wait for."""
    search = make_search(make_result(0.5))
    search.proposals.queue.append(answer)
    assert search.run() is Ending.EXHAUSTED
    assert _ended(search) == [0]


def test_an_interruption_leaves_the_trial(make_search, make_result):
    """The trial is left with its curve on record, and neither ended nor counted nor printed."""
    stop = []
    stopped = make_result(0.5, state=TrialState.STOPPED)
    search = make_search(stopped, make_result(0.9), interrupted=lambda: bool(stop))
    search.proposals.report = lambda *args: bool(stop.append(True))  # Ctrl-C in the first epoch
    assert search.run() is Ending.INTERRUPTED
    assert search.proposals.left == [(0, stopped)]
    assert (search.proposals.ended, search.tally.counts, search.tally.best) == ([], {}, None)
    assert search.executor.cancelled
    assert search.listener.received[-1] == "recorded"


def test_a_trial_that_ended_before_the_interruption_is_recorded(make_search, make_result):
    """Ctrl-C after the last epoch does not lose the result."""
    search = make_search(make_result(0.5), make_result(0.9))
    search.interrupted = lambda: len(search.executor.jobs) == 1
    assert search.run() is Ending.INTERRUPTED
    assert (_ended(search), search.proposals.left) == ([0], [])


def test_an_interruption_before_the_first_trial_requests_no_proposal(make_search, make_result):
    """Ctrl-C during the start of the study ends the search without a proposal."""
    search = make_search(make_result(0.5), interrupted=lambda: True)
    assert search.run() is Ending.INTERRUPTED
    assert len(search.proposals.queue) == 1


# --- results of a trial ------------------------------------------------------------------------


def test_a_trial_without_an_epoch_has_timed_out(make_search, make_result):
    """A trial that ran out of time in its first epoch has no score to be ranked by."""
    search = make_search(make_result(state=TrialState.STOPPED, seconds=12.4), max_trials=1)
    search.run()
    ((number, result),) = search.proposals.ended
    assert (number, result.state, result.cause) == (0, TrialState.FAILED, FailureCause.TIMED_OUT)
    assert result.message == "no epoch was finished within 12 s"
    assert search.tally.counts == {TrialState.FAILED: 1}
    assert (0, result) in search.listener.received


def test_a_stopped_trial_is_ranked_by_its_best_epoch(make_search, make_result):
    """A trial cut by the budget can still win."""
    stopped = make_result(0.5, 0.7, 0.6, state=TrialState.STOPPED)
    search = make_search(make_result(0.6), stopped, max_trials=2)
    search.run()
    assert search.proposals.ended[1] == (1, stopped)
    assert search.tally.best == (1, 0.7)
    assert search.budget.best is not None
    assert search.budget.best.refit_s == 20.0


@pytest.mark.parametrize("state", [TrialState.PRUNED, TrialState.FAILED])
def test_only_trials_that_may_win_are_the_best(make_search, make_result, state):
    """A pruned or failed trial is never the best, even with the best score."""
    search = make_search(make_result(0.6), make_result(0.9, state=state), max_trials=2)
    search.run()
    assert search.tally.best == (0, 0.6)


def test_the_first_of_equals_stays_the_best(make_search, make_result):
    """The time for the finals is that of the first of equal trials."""
    search = make_search(make_result(0.5, 0.6), make_result(0.6), max_trials=2)
    search.run()
    assert search.budget.best is not None
    assert (search.tally.best, search.budget.best.refit_s) == ((0, 0.6), 20.0)


# --- reports during the search -----------------------------------------------------------------


def test_a_job_is_the_proposal_with_the_studys_settings(make_search, make_result, tmp_path):
    """A job has number, configuration, seed, horizon, precision, folder and time limit."""
    search = make_search(make_result(0.5), max_trials=1, end=141.0)
    proposal = search.proposals.queue[0]
    search.run()
    assert search.executor.jobs == [
        TrialJob(
            number=0,
            config=proposal.config,
            seed=proposal.seed,
            horizon=3,
            last_epoch=3,
            precision="float32",
            folder=tmp_path / "trials" / "00000",
            time_limit_s=100.0,  # all of 141 - 41: no trial has a score
        )
    ]


def test_a_first_look_is_not_part_of_the_curve(make_search, make_result):
    """Epoch 0 is reported to the engine, and is not part of the displayed curve."""
    search = make_search(make_result(0.5), max_trials=1, first_look=0.2)
    search.run()
    assert search.executor.jobs[0].first_look == 0.2
    assert search.proposals.reported == [(0, 0, 0.5), (0, 1, 0.5)]
    assert search.executor.answers == [False, False]
    shown = [p for p in search.listener.received if isinstance(p, Progress) and p.running]
    assert [len(p.running[0].curve) for p in shown] == [0, 0, 1]


def test_a_job_has_the_folds_of_the_study(make_search, make_result):
    """By default a job trains one network."""
    for folds, changes in ((3, {"folds": 3}), (1, {})):
        search = make_search(make_result(0.5), max_trials=1, **changes)
        search.run()
        assert search.executor.jobs[0].folds == folds


def test_scores_go_to_the_engine_and_its_answer_to_the_worker(make_search, make_result):
    """The engine gets every epoch; its answer True prunes the job."""
    search = make_search(make_result(0.5, 0.75), max_trials=1)
    search.proposals.prune_at = 2
    search.run()
    assert search.proposals.reported == [(0, 1, 0.5), (0, 2, 0.75)]
    assert search.executor.answers == [False, True]


def test_the_listener_gets_every_epoch(make_search, make_result):
    """There is a snapshot at the start, after each epoch and at the end."""
    search = make_search(make_result(0.5, 0.75), max_trials=1, end=100.0)
    search.run()
    *snapshots, finished, end, recorded = search.listener.received
    assert [len(p.running[0].curve) for p in snapshots] == [0, 1, 2]
    last = snapshots[-1]
    assert (last.phase, last.horizon, last.best, last.done) == ("searching", 3, None, 0)
    assert (last.running[0].proposal.number, last.seconds_left) == (0, 100.0)
    assert recorded == "recorded"
    assert finished == (0, make_result(0.5, 0.75))
    assert (end.running, end.done) == ((), 1)


@pytest.mark.parametrize(("every_s", "pause", "n_writes"), [(0, 0, 3), (1000, 0, 2), (0, 1e12, 2)])
def test_the_leaderboard_is_written_at_intervals(
    every_s, pause, n_writes, make_search, make_result, monkeypatch
):
    """It is written after a job was submitted: at once for the first, at the end for the last."""
    # A callback that takes long is called less often.
    monkeypatch.setattr(loop, "RECORD_EVERY_S", every_s)
    monkeypatch.setattr(loop, "RECORD_PAUSE", pause)
    search = make_search(*[make_result(0.5 + 0.1 * i) for i in range(3)])
    search.recorded = lambda: search.listener.received.append(len(search.executor.jobs))
    search.run()
    n_jobs = [received for received in search.listener.received if isinstance(received, int)]
    assert n_jobs == ([2, 3, 3] if n_writes == 3 else [2, 3])


def test_a_snapshot_shows_what_is_done_and_the_best(make_search, make_result):
    """A snapshot does not change when the search goes on."""
    search = make_search(make_result(0.5), make_result(0.75), max_trials=2)
    search.run()
    snapshots = [p for p in search.listener.received if isinstance(p, Progress) and p.running]
    second = [p for p in snapshots if p.running[0].proposal.number == 1]
    assert [(p.done, p.best) for p in second] == [(1, (0, 0.5))] * 2
    assert snapshots[0].counts == {}


def test_a_worker_that_the_signal_killed_too_costs_no_trial(make_search, make_result):
    """A SIGTERM to the whole process group leaves the trial for a resume."""
    crashed = make_result(state=TrialState.FAILED, cause=FailureCause.CRASHED)
    search = make_search(crashed)
    search.interrupted = lambda: bool(search.executor.jobs)
    assert search.run() is Ending.INTERRUPTED
    assert (search.proposals.left, search.proposals.ended) == ([(0, crashed)], [])


def test_a_crash_costs_a_second_try(make_search, make_result):
    """The crashed trial is trained again, and its result counts the attempts."""
    crashed = make_result(state=TrialState.FAILED, cause=FailureCause.CRASHED, message="signal 9")
    search = make_search(crashed, make_result(0.5), make_result(0.6), max_trials=2)
    search.run()
    assert [job.number for job in search.executor.jobs] == [0, 0, 1]
    (_, first), (_, second) = search.proposals.ended
    assert (first.score, first.attempts) == (0.5, 2)
    assert (second.score, second.attempts) == (0.6, 1)


def test_lost_machines_cost_no_try(make_search, make_result):
    """After three lost machines and a crash the trial is trained a fifth time, and completes."""
    lost = make_result(state=TrialState.FAILED, cause=FailureCause.NODE_LOST, message="node gone")
    crashed = make_result(state=TrialState.FAILED, cause=FailureCause.CRASHED, message="signal 9")
    search = make_search(lost, lost, crashed, lost, make_result(0.5), max_trials=1)
    search.run()
    ((_, result),) = search.proposals.ended
    assert (result.state, result.score, result.attempts) == (TrialState.COMPLETE, 0.5, 5)
    assert search.listener.received.count("trial 0: node gone; it goes on") == 3


def test_a_second_crash_ends_a_trial_after_lost_machines(make_search, make_result):
    """Two crashes are two tries, whatever lies between them."""
    lost = make_result(state=TrialState.FAILED, cause=FailureCause.NODE_LOST, message="node gone")
    crashed = make_result(state=TrialState.FAILED, cause=FailureCause.CRASHED, message="signal 9")
    search = make_search(crashed, lost, crashed, make_result(0.5), max_trials=1)
    search.run()
    ((_, result),) = search.proposals.ended
    assert (result.state, result.attempts) == (TrialState.FAILED, 3)
    assert len(search.executor.jobs) == 3


def test_a_second_failure_is_the_end_of_a_trial(make_search, make_result):
    """A trial that ran out of memory is repeated once, with half of the batch."""
    failed = make_result(state=TrialState.FAILED, cause=FailureCause.OUT_OF_MEMORY)
    search = make_search(failed, failed, make_result(0.6), max_trials=2)
    search.run()
    assert [job.config.batch_size for job in search.executor.jobs] == [16, 8, 17]
    assert [result.state for _, result in search.proposals.ended] == [
        TrialState.FAILED,
        TrialState.COMPLETE,
    ]


def test_a_full_gpu_costs_no_try(make_search, make_result):
    """A trial that ran out of memory beside others is tried alone, then with half the batch."""
    failed = make_result(state=TrialState.FAILED, cause=FailureCause.OUT_OF_MEMORY)
    search = make_search(failed, failed, make_result(0.6), max_trials=1)
    search.executor.shared = {0}
    search.run()
    jobs = [(job.alone, job.config.batch_size) for job in search.executor.jobs]
    assert jobs == [(False, 16), (True, 16), (True, 8)]
    ((_, result),) = search.proposals.ended
    assert (result.state, result.batch_size, result.attempts) == (TrialState.COMPLETE, 8, 3)


def test_a_second_try_has_the_time_that_is_left(make_search, make_result):
    """Without a winner the first try has 100 - 41 s, the second two thirds of 60 - 20."""
    crashed = make_result(state=TrialState.FAILED, cause=FailureCause.CRASHED, seconds=40.0)
    search = make_search(crashed, make_result(0.5), max_trials=1, end=100.0)
    search.run()
    limits = [job.time_limit_s for job in search.executor.jobs]
    assert limits == [59.0, pytest.approx(80 / 3)]


def test_nothing_is_tried_again_when_the_time_is_over(make_search, make_result):
    """The trial fails without a second try, and the finals begin in time."""
    crashed = make_result(state=TrialState.FAILED, cause=FailureCause.CRASHED, seconds=80.0)
    search = make_search(crashed, make_result(0.5), end=100.0)
    assert search.run() == Ending.BUDGET
    assert [result.cause for _, result in search.proposals.ended] == [FailureCause.CRASHED]


def test_a_trial_that_another_process_took_over_is_not_reported(make_search, make_result):
    """The other process may have ended the trial while this one was suspended."""
    search = make_search(make_result(0.5, 0.6), make_result(0.7), max_trials=1)
    taken, search.proposals.renew = frozenset({0}), frozenset
    search.proposals.holds = lambda number: number not in taken
    search.run()
    assert [number for number, *_ in search.proposals.reported] == [1]
    assert [number for number, _ in search.proposals.ended] == [1]


def test_nothing_is_tried_again_after_ctrl_c(make_search, make_result):
    """A crash after Ctrl-C is not followed by a second try."""
    crashed = make_result(state=TrialState.FAILED, cause=FailureCause.CRASHED)
    search = make_search(crashed, make_result(0.5))
    search.interrupted = lambda: bool(search.executor.jobs)
    search.run()
    assert len(search.executor.jobs) == 1


def test_too_many_failures_in_a_row_end_the_search(make_search, make_result):
    """Three failures of any cause in a row end the search; a success resets the count."""
    failed = make_result(state=TrialState.FAILED, cause=FailureCause.DIVERGED)
    good = make_result(0.5)
    search = make_search(failed, failed, good, failed, failed, failed, good, max_failures=3)
    assert search.run() is Ending.FAILURES
    assert len(search.proposals.ended) == 6


# --- trials that continue others -----------------------------------------------------------------


def test_a_promoted_trial_continues_its_parent(make_search, make_proposal, make_result, tmp_path):
    """It starts at the parent's checkpoint and its curve includes the parent's epochs."""
    child = replace(make_proposal(1), first_epoch=1, last_epoch=2, parent=0)
    parent = replace(make_proposal(0), last_epoch=1)
    search = make_search(make_result(0.5), make_result(0.5, 0.6))
    search.proposals = FakeProposals([parent, child])
    search.run()
    first, second = search.executor.jobs
    assert (first.last_epoch, first.continue_from, first.keeps_checkpoint) == (1, None, True)
    checkpoint = StudyPaths(tmp_path).checkpoint(0)
    assert (second.first_epoch, second.last_epoch) == (1, 2)
    assert second.continue_from == checkpoint
    shown = [
        running.curve
        for p in search.listener.received
        if isinstance(p, Progress)
        for running in p.running
        if running.proposal == child
    ]
    assert shown[0] == make_result(0.5).curve


def test_the_longest_trials_keep_no_checkpoint(make_search, make_result):
    """A trial of the whole horizon cannot be continued."""
    search = make_search(make_result(0.5))
    search.run()
    assert [job.keeps_checkpoint for job in search.executor.jobs] == [False]


def test_a_promoted_trial_has_its_own_schedule_and_limit(make_search, make_proposal, make_result):
    """Its last epoch is the end of the schedule; half of 600 - 20 s are for its refit."""
    search = make_search(make_result(0.5, 0.6), first_look=0.25)
    search.budget.end = 600.0
    longer = replace(make_proposal(1), promoted_from=0, last_epoch=9)
    search.proposals = FakeProposals([longer])
    search.run()
    (job,) = search.executor.jobs
    assert (job.horizon, job.last_epoch, job.keeps_checkpoint) == (9, 9, False)
    assert (job.time_limit_s, job.pace_limit_s, job.first_look) == (290.0, None, 0.0)


def test_checkpoints_that_cannot_be_continued_are_deleted(make_search, make_result, tmp_path):
    """The engine returns the trials whose checkpoints are kept."""
    paths = StudyPaths(tmp_path)
    for number in (0, 1):
        paths.trial(number).mkdir(parents=True)
        paths.checkpoint(number).write_bytes(b"state")
    search = make_search(make_result(0.5))
    search.proposals.kept = frozenset({1})
    search.run()
    assert paths.checkpoints() == [paths.checkpoint(1)]


def test_a_duplicate_is_reported_with_every_epoch(
    make_search, make_proposal, make_result, tmp_path
):
    """The pruner needs the curve of a duplicate as of a trained trial."""
    again = replace(make_proposal(0), number=1)
    search = make_search(make_result(0.5, 0.7, 0.6))
    search.proposals = FakeProposals([make_proposal(0), again])
    assert search.run() is Ending.EXHAUSTED
    assert len(search.executor.jobs) == 1
    assert search.proposals.reported[3:] == [(1, 1, 0.5), (1, 2, 0.7), (1, 3, 0.6)]
    number, result = search.proposals.ended[1]
    assert (number, result.duplicate_of, result.score, result.seconds) == (1, 0, 0.7, 0.0)


def test_nothing_but_duplicates_is_the_end(make_search, make_proposal, make_result, monkeypatch):
    """An engine that always proposes one point ends the search."""
    monkeypatch.setattr(loop, "MAX_REPEATED", 5)
    search = make_search(make_result(0.5))
    search.proposals = FakeProposals([replace(make_proposal(0), number=n) for n in range(50)])
    assert search.run() is Ending.EXHAUSTED
    assert len(search.proposals.ended) == 6


def test_other_values_of_the_same_configuration_are_not_the_end(
    make_search, make_proposal, make_result, monkeypatch
):
    """A grid over a parameter without effect may have other points behind."""
    monkeypatch.setattr(loop, "MAX_REPEATED", 5)
    search = make_search(make_result(0.5))
    points = [replace(make_proposal(0), number=n, values={"growth": n}) for n in range(50)]
    search.proposals = FakeProposals(points)
    assert search.run() is Ending.EXHAUSTED
    assert (len(search.executor.jobs), len(search.proposals.ended)) == (1, 50)


def test_a_pruned_duplicate_is_trained_if_it_is_not_pruned_again(
    make_search, make_proposal, make_result
):
    """The old curve is reported first; if the pruner prunes again, that is the result."""
    pruned = make_result(0.5, state=TrialState.PRUNED)
    search = make_search(pruned, make_result(0.5, 0.7))
    again = replace(make_proposal(0), number=1)
    search.proposals = FakeProposals([make_proposal(0), again])
    search.run()
    assert len(search.executor.jobs) == 2
    assert search.proposals.ended[1][1].score == 0.7
    search = make_search(pruned)
    search.proposals = FakeProposals([make_proposal(0), again], prune_at=1)
    search.run()
    assert len(search.executor.jobs) == 1
    assert search.proposals.ended[1][1].duplicate_of == 0


def test_an_interruption_while_drawing_is_no_exhausted_space(make_search, make_result):
    """Ctrl-C among infeasible draws ends the search as interrupted."""
    search = make_search(make_result(0.5))
    polled = []

    def propose(stops, limit):
        polled.append(stops())
        search.interrupted = lambda: True
        return Wait() if stops() else None

    search.proposals.next = propose
    assert search.run() is Ending.INTERRUPTED
    assert polled == [False]


def test_a_child_without_its_parents_checkpoint_shows_its_own_epochs(
    make_search, make_proposal, make_result
):
    """The child trains from its first epoch, and its curve replaces the parent's."""
    child = replace(make_proposal(1), first_epoch=1, last_epoch=2, parent=0)
    search = make_search(make_result(0.5), make_result(0.4, 0.6))
    search.proposals = FakeProposals([replace(make_proposal(0), last_epoch=1), child])
    search.run()
    received = [note for note in search.listener.received if isinstance(note, Progress)]
    running = [r for p in received for r in p.running if r.proposal == child]
    shown = [[e.val_accuracy for e in r.curve] for r in running]
    assert shown[0] == [0.5]
    assert shown[-1] == [0.4, 0.6]


# --- several workers, several processes ----------------------------------------------------------


def test_every_worker_has_a_trial(make_search, make_result):
    """Both workers get a job before any event, and the next job when theirs ends."""
    search = make_search(make_result(0.5), make_result(0.6), make_result(0.7))
    search.executor.capacity = 2
    assert search.run() is Ending.EXHAUSTED
    assert [job.number for job in search.executor.jobs] == [0, 1, 2]
    most = [p.running for p in search.listener.received if isinstance(p, Progress)]
    assert max(map(len, most)) == 2
    assert sorted(_ended(search)) == [0, 1, 2]


def test_the_target_cancels_the_other_trials(make_search, make_proposal, make_result):
    """A cancelled trial counts with its result so far."""
    stopped = make_result(0.5, 0.6, 0.7, state=TrialState.STOPPED)
    search = make_search(make_result(0.95), stopped, target=0.9)
    search.executor.capacity = 2
    search.proposals = FakeProposals([make_proposal(0), make_proposal(1), make_proposal(2)])
    assert search.run() is Ending.TARGET
    assert search.executor.cancelled[0] == 1
    assert search.tally.counts == {TrialState.COMPLETE: 1, TrialState.STOPPED: 1}


def test_the_twin_of_a_running_trial_waits_for_its_result(make_search, make_proposal, make_result):
    """An equal proposal is never trained, and no other is requested while it waits."""
    search = make_search(make_result(0.5, 0.7))
    search.executor.capacity = 2
    search.proposals = FakeProposals([make_proposal(0), replace(make_proposal(0), number=1)])
    assert search.run() is Ending.EXHAUSTED
    assert ([job.number for job in search.executor.jobs], _ended(search)) == ([0], [0, 1])
    assert search.proposals.ended[1][1].duplicate_of == 0


def test_a_waiting_duplicate_is_ended_or_left_with_the_search(
    make_search, make_proposal, make_result
):
    """It is ended if the result exists, and left for a resume after Ctrl-C."""
    for ending, ended, left in ((Ending.TARGET, [0, 1], []), (Ending.INTERRUPTED, [0], [1])):
        search = make_search(make_result(0.95), target=0.9)
        search.executor.capacity = 2
        search.proposals = FakeProposals([make_proposal(0), replace(make_proposal(0), number=1)])
        if ending is Ending.INTERRUPTED:
            search.interrupted = lambda ended=search.proposals.ended: bool(ended)
        assert search.run() is ending
        assert (_ended(search), [number for number, _ in search.proposals.left]) == (ended, left)


def test_it_waits_for_trials_of_other_processes(make_search, make_result):
    """The search waits as long as other processes train; their trials count."""
    search = make_search(max_trials=1)
    search.proposals.queue, search.proposals.n_elsewhere = [Wait(), Wait(), Wait()], 2
    assert search.run() is Ending.EXHAUSTED
    assert search.proposals.n_elsewhere == -1


def test_trials_that_others_end_are_counted_once(make_search, make_result, make_record):
    """Trials of other processes count with failures and best score, and are printed."""
    search = make_search(max_trials=2)
    search.proposals.queue, search.proposals.n_elsewhere = [Wait()] * 9, 9
    records = [make_record(5, 0.9), make_record(6, state=TrialState.FAILED)]
    search.finished = lambda: records
    assert search.run() is Ending.TRIALS
    assert search.tally.counts == {TrialState.COMPLETE: 1, TrialState.FAILED: 1}
    assert (search.tally.best, search.tally.failures) == ((5, 0.9), 1)
    finished = [note[0] for note in search.listener.received if isinstance(note, tuple)]
    assert finished == [5, 6]


def test_a_closed_study_ends_the_search(make_search, make_result):
    """Running trials are cancelled, and their results are recorded."""
    stopped = make_result(0.5, state=TrialState.STOPPED)
    search = make_search(stopped, make_result(0.9))
    search.closed = lambda: bool(search.executor.jobs)
    assert search.run() is Ending.CLOSED
    assert search.executor.cancelled
    assert search.proposals.ended == [(0, stopped)]


def test_a_trial_that_another_process_has_is_dropped(make_search, make_result):
    """The trial is pruned at its next epoch; its result is left to the other process."""
    search = make_search(make_result(0.5, state=TrialState.PRUNED))
    search.proposals.taken = frozenset({0})
    weights = search.paths.weights(0)
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"of the other process")
    assert search.run() is Ending.EXHAUSTED
    assert search.executor.answers == [True]
    assert weights.read_bytes() == b"of the other process"
    assert (search.proposals.ended, search.tally.counts) == ([], {})
    assert "trial 0 was taken over by another process" in search.listener.received
