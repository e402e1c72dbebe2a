"""Several writes to a database are one transaction."""

from __future__ import annotations

import optuna
import pytest
from optuna.exceptions import StorageInternalError
from sqlalchemy import event

from autocnn.records.database import open_database
from autocnn.records.optuna_private import database_of
from autocnn.records.transactions import one_transaction


@pytest.fixture
def url(tmp_path):
    """An SQLite database that does not exist yet."""
    return f"sqlite:///{tmp_path / 'studies.db'}"


@pytest.fixture
def study(url):
    """A study in that database."""
    return optuna.create_study(study_name="one", storage=open_database(url))


@pytest.fixture
def commits(study):
    """A list that grows by one with each transaction that writes."""
    found, engine = [], database_of(study).engine
    written = []
    event.listen(
        engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_: written.append(statement.split()[0] == "INSERT"),
    )

    def committed(_connection):
        if any(written):
            found.append(sum(written))
        written.clear()

    event.listen(engine, "commit", committed)
    return found


def _draw(trial, n):
    return [trial.suggest_float(f"x{i}", 0, 1) for i in range(n)]


def test_the_values_of_a_draw_are_one_transaction(study, url, commits):
    """Five values are five transactions for Optuna, and one inside the block; both are read."""
    trial = study.ask()
    commits.clear()
    _draw(trial, 2)
    assert commits == [1, 1]
    commits.clear()
    with one_transaction(study):
        values = _draw(trial, 5)
        assert commits == []
    assert commits == [3]
    again = optuna.load_study(study_name="one", storage=open_database(url))
    assert list(again.trials[0].params.values()) == values


def test_gathered_values_are_sent_at_the_end(study, url, commits):
    """In a block that gathers no row is sent before its end; all of them are read later."""
    trial, sent = study.ask(), []
    commits.clear()
    event.listen(
        database_of(study).engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_: sent.append(statement.split()[2]),
    )
    with one_transaction(study, gathers=True):
        values = _draw(trial, 5)
        trial.set_user_attr("after", 1)
        assert not {"trial_params", "trial_user_attributes"} & set(sent)
    assert sent.count("trial_params") == sent.count("trial_user_attributes") == 1
    assert commits == [2]
    again = optuna.load_study(study_name="one", storage=open_database(url)).trials[0]
    assert (list(again.params.values()), again.user_attrs) == (values, {"after": 1})


@pytest.mark.parametrize("gathers", [False, True])
def test_nothing_is_written_if_the_block_ends_by_an_exception(study, url, gathers):
    """A process that is interrupted in the middle leaves no half of a draw."""
    trial = study.ask()

    def interrupted():
        with one_transaction(study, gathers=gathers):
            _draw(trial, 3)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    trial.set_user_attr("later", 1)
    (found,) = optuna.load_study(study_name="one", storage=open_database(url)).trials
    assert (found.params, found.user_attrs) == ({}, {"later": 1})


def test_the_end_of_a_trial_is_one_transaction(study, url, commits):
    """A result and the state of the trial go together; a block inside a block is one."""
    trial = study.ask()
    commits.clear()
    with one_transaction(study), one_transaction(study):
        trial.set_user_attr("result", 1)
        trial.report(0.5, 1)
        study.tell(trial, 0.5)
    assert len(commits) == 1
    (found,) = optuna.load_study(study_name="one", storage=open_database(url)).trials
    assert (found.value, found.intermediate_values) == (0.5, {1: 0.5})


def test_another_writer_is_seen_inside_a_block(study, url):
    """What another process has written meanwhile is read, as without a block."""
    trial = study.ask()
    other = optuna.load_study(study_name="one", storage=open_database(url))
    with one_transaction(study):
        before = len(study.get_trials(deepcopy=False))
        other.ask()
        assert len(study.get_trials(deepcopy=False)) == before + 1
        trial.suggest_float("x", 0, 1)


def test_a_write_that_is_refused_fails_the_block(study):
    """Optuna ignores a row that is there already; the block does not lose the others silently."""
    trial = study.ask()
    _draw(trial, 1)
    kind = optuna.distributions.FloatDistribution(0, 1)

    def write_twice():
        with one_transaction(study):
            trial.set_user_attr("result", 1)
            database_of(study).set_trial_param(trial._trial_id, "x0", 0.5, kind)

    with pytest.raises(StorageInternalError, match="refused"):
        write_twice()


def test_other_storages_are_left_alone():
    """A study in memory has no transactions: the block does nothing."""
    study = optuna.create_study()
    with one_transaction(study):
        trial = study.ask()
        _draw(trial, 2)
    assert len(study.trials[0].params) == 2
