"""Optuna's journal as the record of a study."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import optuna
import pytest

from autocnn.errors import RecordError, StudyError
from autocnn.records import optuna_record as storage
from autocnn.records.journal import open_journal
from autocnn.records.optuna_record import (
    create_study,
    mark_infeasible,
    n_infeasible,
    open_study,
    read_records,
    read_study_facts,
    study_exists,
    write_proposal,
    write_result,
    write_study_facts,
)
from autocnn.records.study_folder import StudyPaths
from autocnn.records.trial_record import TrialRecord
from autocnn.space.config import TrialConfig
from autocnn.space.parameters import Float, Int
from autocnn.space.space import SearchSpace
from autocnn.trial import FailureCause, TrialState


@pytest.fixture
def study(paths, settings):
    """A new study without trials."""
    return create_study(paths, settings)


def test_a_new_study_maximises_validation_accuracy(study):
    """Name, direction and metric are those that Optuna's dashboard shows."""
    assert study.study_name == "digits-1"
    assert study.direction == optuna.study.StudyDirection.MAXIMIZE
    assert study.metric_names == ["val_accuracy"]


def test_a_study_is_created_once(study, paths, settings):
    """The error of a second creation names the command to resume the study."""
    with pytest.raises(StudyError, match="exists already; `autocnn search --study digits-1`"):
        create_study(paths, settings)


def test_a_trial_is_read_back_as_it_was_written(study, paths, make_proposal, make_result):
    """Another process reads every field of the proposal and the result."""
    before = datetime.now(UTC)
    trial = study.ask()
    proposal, result = make_proposal(0), make_result(1 / 3, 0.1 + 0.2)
    write_proposal(trial, proposal)
    write_result(trial, result)
    study.tell(trial, result.score)

    (record,) = read_records(open_study(paths))
    assert record.state is TrialState.COMPLETE
    assert (record.number, record.origin, record.seed) == (0, "recipe:small", 4_000_000_000)
    assert (record.parameters, record.macs) == (1290, 88_000)
    assert (record.values, record.config) == (proposal.values, proposal.config)
    assert record.result == result
    assert before - timedelta(seconds=1) < record.started <= record.finished
    assert record.finished.utcoffset() == timedelta(0)


def test_a_proposal_without_a_result_is_running(study, make_proposal):
    """A trial is on record before it is trained."""
    write_proposal(study.ask(), make_proposal(0))
    (record,) = read_records(study)
    assert (record.state, record.result, record.finished) == (TrialState.RUNNING, None, None)


def test_an_interrupted_trial_is_stopped_while_optuna_waits(
    study, paths, make_proposal, make_result
):
    """After Ctrl-C a trial stays open in Optuna and is ranked by its best score so far."""
    trial = study.ask()
    write_proposal(trial, make_proposal(0))
    write_result(trial, make_result(0.5, state=TrialState.STOPPED))
    (record,) = read_records(open_study(paths))
    assert (record.state, record.score) == (TrialState.STOPPED, 0.5)
    assert study.get_trials()[0].state == optuna.trial.TrialState.RUNNING


def test_a_resumed_trial_takes_its_last_result(study, paths, make_proposal, make_result):
    """A trial that is resumed in another process ends with the result written there."""
    trial = study.ask()
    write_proposal(trial, make_proposal(0))
    write_result(trial, make_result(0.5, state=TrialState.STOPPED))

    resumed = open_study(paths)
    again = optuna.trial.Trial(resumed, resumed.get_trials()[0]._trial_id)
    write_result(again, make_result(0.5, 0.75))
    resumed.tell(again, 0.75)
    (record,) = read_records(study)
    assert (record.state, record.score, record.epochs) == (TrialState.COMPLETE, 0.75, 2)


def test_a_trial_that_optuna_closed_without_a_result_failed(study, make_proposal):
    """A process that died between two writes leaves a failed trial."""
    trial = study.ask()
    write_proposal(trial, make_proposal(0))
    study.tell(trial, state=optuna.trial.TrialState.FAIL)
    assert read_records(study)[0].state is TrialState.FAILED


def test_a_failure_keeps_its_cause(study, paths, make_proposal, make_result):
    """The cause of a failure is on record."""
    trial = study.ask()
    write_proposal(trial, make_proposal(0))
    write_result(trial, make_result(state=TrialState.FAILED, cause=FailureCause.DIVERGED))
    study.tell(trial, state=optuna.trial.TrialState.FAIL)
    (record,) = read_records(open_study(paths))
    assert (record.state, record.cause) == (TrialState.FAILED, FailureCause.DIVERGED)


def test_infeasible_draws_are_no_trials(study, make_proposal):
    """Infeasible draws are counted apart, and trials keep the numbers of their proposals."""
    write_proposal(study.ask(), make_proposal(0))
    mark_infeasible(study.ask(), "50,000,000 macs are above the limit")
    write_proposal(study.ask(), make_proposal(2))
    study.ask()  # drawn, not yet proposed
    study.enqueue_trial({"filters": 8})
    assert [record.number for record in read_records(study)] == [0, 2]
    assert n_infeasible(study) == 1


def test_a_trial_that_has_ended_is_read_once(study, make_proposal, make_result):
    """A running trial is read again each time, one that has ended is kept by its number."""
    trials = [study.ask(), study.ask()]
    for number, trial in enumerate(trials):
        write_proposal(trial, make_proposal(number))
    write_result(trials[0], make_result(0.5))
    study.tell(trials[0], 0.5)
    ended: dict[int, TrialRecord] = {}
    first = read_records(study, ended)
    assert list(ended) == [0]
    write_result(trials[1], make_result(0.75))
    study.tell(trials[1], 0.75)
    second = read_records(study, ended)
    assert second[0] is first[0]
    assert [record.score for record in second] == [0.5, 0.75]
    assert second == read_records(study)


def test_the_facts_of_the_study_are_read_by_another_process(study, paths, facts):
    """There are no facts before they are written."""
    assert read_study_facts(study) is None
    write_study_facts(study, facts)
    assert read_study_facts(open_study(paths)) == facts


def test_facts_of_another_form_are_refused(study, facts):
    """The error is one line with the missing field and a remedy."""
    write_study_facts(study, facts)
    study.set_user_attr("facts", {"horizon": 3})
    with pytest.raises(StudyError, match=r"facts cannot be read \(.*start another study"):
        read_study_facts(study)


def test_a_renamed_folder_is_still_its_study(study, paths):
    """The study is the one in the journal under any name of the folder."""
    moved = StudyPaths(paths.root.rename(paths.root.parent / "copy"))
    assert open_study(moved).study_name == "digits-1"


def test_no_journal_means_no_study(paths):
    """A query for a study creates no journal."""
    with pytest.raises(StudyError, match="no study is on record here"):
        open_study(paths)
    assert not paths.journal.exists()


def test_an_unreadable_journal_is_refused_when_it_is_opened(paths, settings):
    """Opening an unreadable journal is one line; `study_exists` raises no error."""
    paths.journal.mkdir()
    assert study_exists(paths, settings)
    with pytest.raises(StudyError):
        open_study(paths)


def test_a_leaderboard_without_its_record_is_refused(paths):
    """A folder with a leaderboard and without a journal is an error."""
    paths.leaderboard.touch()
    with pytest.raises(StudyError, match="only what was made of it: `autocnn leaderboard"):
        open_study(paths)


def test_an_empty_journal_means_no_study(paths):
    """A process killed before its first write leaves no study."""
    paths.journal.touch()
    with pytest.raises(StudyError, match="expected one study of autocnn on record, found 0"):
        open_study(paths)


@pytest.mark.parametrize("content", [b"", b'{"op_code":0,"work'], ids=["empty", "torn"])
def test_a_study_killed_during_its_creation_can_be_created(paths, settings, content):
    """A journal whose only line is torn holds no record and does not prevent a new study."""
    paths.journal.write_bytes(content)
    assert not study_exists(paths, settings)
    create_study(paths, settings)
    assert study_exists(paths, settings)
    assert open_study(paths).study_name == "digits-1"


@pytest.mark.parametrize(
    "content", [b"hello\nworld\n", b"[1]\n", b"{}\n{}\n", b"\xff\xfe\n\x00\n", b'{"op_code": 77}\n']
)
def test_a_foreign_journal_is_one_clear_line(paths, content):
    """A file that is no journal is named in one line, and left unchanged."""
    paths.journal.write_bytes(content)
    with pytest.raises(RecordError, match=r"journal.log: the record of the study") as raised:
        open_study(paths)
    assert "\n" not in str(raised.value)
    assert paths.journal.read_bytes() == content


def test_a_torn_last_line_is_cut_off(study, paths, make_proposal):
    """A crash in the middle of a write costs that write, not the study."""
    write_proposal(study.ask(), make_proposal(0))
    whole = paths.journal.read_bytes()
    paths.journal.write_bytes(whole + b'{"op_code":8,"worker')
    resumed = open_study(paths)
    assert paths.journal.read_bytes() == whole
    write_proposal(resumed.ask(), make_proposal(1))
    assert [record.number for record in read_records(open_study(paths))] == [0, 1]
    assert not list(paths.root.glob("*.lock"))


def test_a_tail_that_is_not_ours_is_not_cut(paths):
    """Only half a line of Optuna's is cut off."""
    paths.journal.write_bytes(b"dear diary")
    with pytest.raises(StudyError):
        open_study(paths)
    assert paths.journal.read_bytes() == b"dear diary"


def test_a_journal_below_a_file_is_one_clear_line(tmp_path):
    """A path that cannot be written is an error of records."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(RecordError, match="cannot be read"):
        open_journal(StudyPaths(tmp_path / "file"))


def test_the_journal_is_found_from_another_folder(paths, settings, monkeypatch, tmp_path):
    """A relative results folder is resolved once, so that a later chdir does no harm."""
    monkeypatch.chdir(paths.root.parent)
    study = create_study(StudyPaths(paths.root.relative_to(tmp_path)), settings)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    study.ask()
    assert len(study.get_trials()) == 1


def test_a_record_of_another_version_is_refused(study, paths, facts, monkeypatch):
    """The error is one line; a study without any trial has no version yet."""
    open_study(paths)
    monkeypatch.setattr(storage, "RECORD_VERSION", 1)
    write_study_facts(study, facts)
    open_study(paths)
    monkeypatch.undo()
    with pytest.raises(StudyError, match=r"another version of autocnn \(record 1, this one reads"):
        open_study(paths)


def test_an_older_record_is_read_in_the_one_notation(study, make_proposal):
    """It holds 0.30000000000000004 and 2.0, and a configuration that follows from them."""
    parameters = {
        "dense_dropout": Float(low=0.0, high=0.4, step=0.1),
        "dense_layers": Int(low=0, high=2),
    }
    space = SearchSpace(name="test", parameters=parameters)
    old = {"dense_dropout": 0.1 + 0.2, "dense_layers": 2.0}
    new = {"dense_dropout": 0.3, "dense_layers": 2}
    write_proposal(study.ask(), make_proposal(0, values=old, config=space.config(old)))
    write_proposal(study.ask(), make_proposal(1, values=new, config=space.config(new)))
    write_proposal(study.ask(), make_proposal(2, values=old, config=TrialConfig()))
    first, second, other = read_records(study, space=space)
    assert repr(dict(first.values)) == repr(new)
    assert first.config == second.config
    assert other.config == TrialConfig()  # it does not follow from the values: it stays
    assert read_records(study)[0].values == old
