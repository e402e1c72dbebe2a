"""The metadata of a leaderboard file: number of trials, size of the journal."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from autocnn.errors import RecordError, StudyError
from autocnn.files import write_atomic
from autocnn.leaderboard.file import (
    current_leaderboard,
    open_leaderboard,
    record_bytes,
)
from autocnn.leaderboard.table import build_leaderboard, write_leaderboard
from autocnn.objectives import ACCURACY
from autocnn.records.open_study import open_folder
from autocnn.records.optuna_record import (
    create_study,
    open_study,
    read_records,
    write_proposal,
    write_result,
)
from autocnn.records.settings_file import settings_to_toml
from autocnn.records.study_settings import StudySettings


@pytest.fixture
def add_trial(make_proposal, make_result):
    """Put one more complete trial on record."""

    def add(study):
        trial = study.ask()
        write_proposal(trial, make_proposal(trial.number))
        write_result(trial, make_result(0.5))

    return add


@pytest.fixture
def record(paths, space):
    """A function that writes the leaderboard of all trials of `study`, as a search does."""

    def write(study):
        n_bytes = record_bytes(paths.journal)
        table = build_leaderboard(read_records(study), space, ACCURACY)
        write_leaderboard(paths.leaderboard, table, n_bytes)

    return write


@pytest.mark.parametrize(
    ("content", "size"),
    [(b"{}\n", 3), (b'{"a":1}\n{}\n', 11), (b"\n", 1), (b"", None), (b'{}\n{"a"', None)],
)
def test_a_journal_has_a_size_if_its_last_line_is_whole(tmp_path, content, size):
    """A journal has no size while a line is being written or if a crash left half a line."""
    journal = tmp_path / "journal.log"
    journal.write_bytes(content)
    assert record_bytes(journal) == size


def test_what_is_no_journal_has_no_size(tmp_path):
    """A missing file and a folder have no size."""
    assert record_bytes(tmp_path / "journal.log") is None
    assert record_bytes(tmp_path) is None


def test_a_file_is_opened_without_its_columns(tmp_path, make_record, space):
    """Opening reads number of trials and schema; `read` reads the columns."""
    path = tmp_path / "leaderboard.parquet"
    table = build_leaderboard([make_record(0, 0.5), make_record(1, 0.25)], space, ACCURACY)
    write_leaderboard(path, table)
    found = open_leaderboard(path)
    assert (found.n_trials, found.schema.names) == (2, table.column_names)
    path.unlink()  # a search replaces the file; an open one can still be read
    assert found.read(["trial", "rank"]).equals(table.select(["trial", "rank"]))
    assert found.read().equals(table)


def test_damaged_columns_are_refused_when_they_are_read(tmp_path, make_record, space):
    """A file with damaged columns can be opened; reading a column raises the error."""
    path = tmp_path / "leaderboard.parquet"
    write_leaderboard(path, build_leaderboard([make_record(0, 0.5)], space, ACCURACY))
    content = bytearray(path.read_bytes())
    content[4:3000] = bytes(2996)
    path.write_bytes(content)
    found = open_leaderboard(path)
    with pytest.raises(RecordError, match=r"cannot be read .* --rebuild` makes it again"):
        found.read(["rank"])


def test_a_missing_or_foreign_file_is_refused(tmp_path):
    """A missing file and a table of another kind are errors."""
    path = tmp_path / "leaderboard.parquet"
    with pytest.raises(StudyError, match="there is no leaderboard"):
        open_leaderboard(path)
    pq.write_table(pa.table({"x": [1]}), path)
    with pytest.raises(RecordError, match="is no leaderboard of this version"):
        open_leaderboard(path)


def test_a_leaderboard_is_current_until_the_journal_grows(
    paths, settings, space, add_trial, record
):
    """A rewritten leaderboard is current again; opening the study does not change that."""
    study = create_study(paths, settings)
    add_trial(study)
    record(study)
    open_study(paths)
    found = current_leaderboard(open_folder(paths.root))
    assert found is not None
    assert found.n_trials == 1
    add_trial(study)
    assert current_leaderboard(open_folder(paths.root)) is None
    record(study)
    again = current_leaderboard(open_folder(paths.root))
    assert again is not None
    assert again.n_trials == 2


def test_trials_that_end_while_the_record_is_read_are_not_missed(paths, settings, space, add_trial):
    """The size is measured before the record is read, so a file is never falsely current."""
    study = create_study(paths, settings)
    n_bytes = record_bytes(paths.journal)
    add_trial(study)
    write_leaderboard(
        paths.leaderboard, build_leaderboard(read_records(study), space, ACCURACY), n_bytes
    )
    assert current_leaderboard(open_folder(paths.root)) is None


def test_a_half_written_line_is_mended_first(paths, settings, add_trial, record):
    """A leaderboard is not current until opening the study has cut half a line off its journal."""
    study = create_study(paths, settings)
    add_trial(study)
    record(study)
    whole = paths.journal.read_bytes()
    paths.journal.write_bytes(whole + b'{"op_code":')
    assert current_leaderboard(open_folder(paths.root)) is None
    open_study(paths)
    assert paths.journal.read_bytes() == whole
    assert current_leaderboard(open_folder(paths.root)) is not None


@pytest.mark.parametrize("case", ["no size", "no file", "damaged", "foreign"])
def test_an_unreadable_or_unsized_leaderboard_is_not_current(
    paths, settings, space, add_trial, record, case
):
    """A leaderboard without a size, or one that cannot be read, is not current."""
    study = create_study(paths, settings)
    add_trial(study)
    record(study)
    board = paths.leaderboard
    if case == "no size":
        write_leaderboard(board, build_leaderboard(read_records(study), space, ACCURACY))
    elif case == "no file":
        board.unlink()
    elif case == "damaged":
        board.write_bytes(board.read_bytes()[:-50])
    else:
        pq.write_table(pa.table({"x": [1]}), board)
    assert current_leaderboard(open_folder(paths.root)) is None


def test_a_leaderboard_without_its_journal_is_current(paths, record, add_trial):
    """A file without its journal is current; one of a database is not, which may have grown."""
    study = create_study(paths, settings := StudySettings(study=paths.name))
    add_trial(study)
    record(study)
    write_atomic(paths.study_toml, settings_to_toml(settings))
    paths.journal.unlink()
    found = current_leaderboard(open_folder(paths.root))
    assert found is not None
    assert found.n_trials == 1
    in_database = replace(settings, storage="sqlite:////tmp/none.db")
    write_atomic(paths.study_toml, settings_to_toml(in_database))
    assert current_leaderboard(open_folder(paths.root)) is None
