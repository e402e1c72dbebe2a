"""The trial log over a study in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import optuna
import pytest
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState

from autocnn.errors import TakenOver
from autocnn.records.leases import Leases
from autocnn.records.lock import Owner
from autocnn.records.optuna_private import storage_of
from autocnn.records.optuna_record import finished_records, n_infeasible, read_records
from autocnn.records.study_folder import StudyPaths
from autocnn.records.trial_log import TrialLog
from autocnn.trial import TrialState


@pytest.fixture
def study() -> optuna.Study:
    """A new study."""
    return optuna.create_study(direction="maximize")


@pytest.fixture
def begin(make_proposal) -> Callable[..., int]:
    """Begin the next trial of a log and return its number."""

    def make(log: TrialLog, **changes: Any) -> int:
        trial = log.new_trial(None)
        log.begin(trial, make_proposal(trial.number, **changes))
        return trial.number

    return make


def test_the_best_score_so_far_is_written(study, begin):
    """The value of an epoch is the best score up to it, so a dip does not count."""
    log = TrialLog(study)
    number = begin(log)
    assert log.best(number) is None
    for epoch, score in enumerate([0.5, 0.75, 0.25], start=1):
        log.report(number, epoch, score)
    assert study.trials[number].intermediate_values == {1: 0.5, 2: 0.75, 3: 0.75}
    assert log.best(number) == 0.75


def test_an_epoch_is_written_once(study, begin, recwarn):
    """A second report of an epoch is not written, because Optuna would warn."""
    log = TrialLog(study)
    number = begin(log)
    log.report(number, 1, 0.5)
    log.report(number, 1, 0.75)
    assert study.trials[number].intermediate_values == {1: 0.5}
    assert log.best(number) == 0.75
    assert not recwarn.list


def test_a_report_returns_the_trial_as_it_is_on_record(study, begin):
    """The trial that a report returns has all scores, and what a pruner wrote of it."""
    log = TrialLog(study)
    number = begin(log)
    log.report(number, 1, 0.5)
    storage_of(study).set_trial_system_attr(study.trials[number]._trial_id, "rung", 0.5)
    trial = log.report(number, 2, 0.75)
    assert (trial.number, trial.intermediate_values) == (number, {1: 0.5, 2: 0.75})
    assert trial.system_attrs == {"rung": 0.5}


def test_a_trial_of_another_process_takes_no_report(study, begin, tmp_path):
    """A report to a trial that another process has taken over raises and writes nothing."""
    owners = [Owner(StudyPaths(tmp_path)) for _ in range(2)]
    one, two = (TrialLog(study, Leases(study, owner)) for owner in owners)
    number = begin(one)
    one.report(number, 1, 0.5)
    owners[0].leave()
    assert two.left_behind().number == number
    with pytest.raises(TakenOver):
        one.report(number, 2, 0.75)
    assert study.trials[number].intermediate_values == {1: 0.5}
    owners[1].leave()


def test_a_trial_that_stopped_early_is_padded(study, begin, make_result):
    """The score of the trial is written for each later epoch, and `padded` is called."""
    log, padded = TrialLog(study), []
    number = begin(log, last_epoch=4)
    log.report(number, 1, 0.5)

    def on_padded(trial: FrozenTrial, epoch: int) -> None:
        padded.append((trial.number, epoch, dict(trial.intermediate_values)))

    log.end(number, make_result(0.5, state=TrialState.STOPPED), padded=on_padded)
    assert [(number, epoch) for number, epoch, _ in padded] == [(0, 2), (0, 3), (0, 4)]
    assert padded[0][2] == {1: 0.5, 2: 0.5}
    assert padded[2][2] == {1: 0.5, 2: 0.5, 3: 0.5, 4: 0.5}
    assert (study.trials[0].state, study.trials[0].value) == (OptunaState.COMPLETE, 0.5)


@pytest.mark.parametrize("state", [TrialState.PRUNED, TrialState.FAILED])
def test_other_ends_are_not_padded(study, begin, make_result, state):
    """A pruned or failed trial is not padded, because it has no value."""
    log = TrialLog(study)
    number = begin(log, last_epoch=4)
    log.report(number, 1, 0.5)
    log.end(number, make_result(0.5, state=state))
    assert study.trials[0].intermediate_values == {1: 0.5}
    assert read_records(study)[0].state is state


def test_notes_are_written_before_the_end(study, begin, make_result):
    """Notes precede the end, because Optuna takes no attributes of an ended trial."""
    log = TrialLog(study)
    log.end(begin(log), make_result(0.5), {"oracle_told": {"at": 3}})
    assert study.trials[0].user_attrs["oracle_told"] == {"at": 3}


def test_a_decision_to_prune_outlives_the_process(study, begin, make_proposal):
    """The log that continues a trial reads its decision to prune and its best score."""
    log = TrialLog(study)
    number = begin(log)
    log.report(number, 1, 0.5)
    assert log.pruned_at(number) is None
    log.note_pruned(number, 1)
    later = TrialLog(study)
    left = later.left_behind()
    later.begin(later.continue_trial(left, None), make_proposal(number))
    assert (later.pruned_at(number), later.best(number)) == (1, 0.5)


def test_trials_are_left_behind_until_they_are_begun_or_skipped(study, begin, make_proposal):
    """Left trials are in the order of their numbers and exclude those this log begins."""
    earlier = TrialLog(study)
    for _ in range(2):
        begin(earlier)
    log = TrialLog(study)
    begin(log)
    first = log.left_behind()
    assert first.number == log.left_behind().number == 0
    log.skip(first)
    second = log.left_behind()
    log.begin(log.continue_trial(second, None), make_proposal(1))
    assert (second.number, log.left_behind()) == (1, None)


def test_a_rejected_draw_is_no_trial(study):
    """A rejected draw is pruned, so TPE avoids it, and has a reason and notes."""
    log = TrialLog(study)
    log.reject(log.new_trial(None), "too large", {"oracle_told": {"at": 1}})
    trial = study.trials[0]
    assert (trial.state, trial.user_attrs["infeasible"]) == (OptunaState.PRUNED, "too large")
    assert trial.user_attrs["oracle_told"] == {"at": 1}
    assert (n_infeasible(study), log.n_begun(), read_records(study)) == (1, 0, [])


def test_a_withdrawn_trial_is_no_trial(study, begin):
    """A withdrawn trial is failed in Optuna and is not counted."""
    log = TrialLog(study)
    number = begin(log)
    assert log.n_begun() == 1
    log.withdraw(number)
    assert study.trials[0].state is OptunaState.FAIL
    assert (log.n_begun(), finished_records(study)) == (0, [])


def test_a_left_trial_stays_running_on_record(study, begin, make_result):
    """The epochs of a left trial are on record, and the trial can be resumed."""
    log = TrialLog(study)
    number = begin(log)
    log.leave(number, make_result(0.5, state=TrialState.STOPPED))
    assert study.trials[0].state is OptunaState.RUNNING
    assert read_records(study)[0].state is TrialState.STOPPED
    assert TrialLog(study).left_behind().number == number


def test_a_recipe_is_enqueued_once(study):
    """A process that resumes after a kill does not enqueue the recipe again."""
    for _ in range(2):
        TrialLog(study).enqueue("recipe:known", {"x": 1})
    TrialLog(study).enqueue("warm:other/1", {"x": 2})
    assert [trial.user_attrs["origin"] for trial in study.trials] == [
        "recipe:known",
        "warm:other/1",
    ]
    trial = TrialLog(study).new_trial(None)
    assert trial.suggest_int("x", 0, 9) == 1


def test_a_log_without_leases_holds_every_trial(study, begin):
    """Without leases, as in a journal, the one process holds every trial."""
    log = TrialLog(study)
    number = begin(log)
    assert (log.is_shared, log.holds(number)) == (False, True)
    assert (log.renew(), log.runs_elsewhere()) == (frozenset(), False)
