"""A leaderboard to which trials are appended is the one that is built of all trials at once."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pyarrow.parquet as pq
import pytest

from autocnn.errors import RecordError, StudyError
from autocnn.leaderboard import growing
from autocnn.leaderboard.columns import RECORD_KEY, SMALLEST_KEY, filter_rows
from autocnn.leaderboard.file import LeaderboardFile, open_leaderboard
from autocnn.leaderboard.filters import parse_condition
from autocnn.leaderboard.growing import GrowingLeaderboard, write_records
from autocnn.leaderboard.runs import FRONT_KEY, RUNS_KEY, TAIL, LeaderboardRuns
from autocnn.leaderboard.table import build_leaderboard
from autocnn.objectives import ACCURACY, LOSS
from autocnn.trial import TrialState

END = datetime(2026, 1, 1, tzinfo=UTC)
N = 150


@pytest.fixture
def small(monkeypatch):
    """Folders from 20 trials on, runs from 9, row groups of a few rows."""
    monkeypatch.setattr(growing, "ONE_FILE", 20)
    monkeypatch.setattr(growing, "TAIL_ROWS", 8)
    monkeypatch.setattr("autocnn.leaderboard.runs.FIRST_GROUP", 2)
    monkeypatch.setattr("autocnn.leaderboard.runs.LAST_GROUP", 16)


@pytest.fixture
def trials(make_record):
    """Trials in every state, many of them equal in score, loss or parameters; some repeat one."""
    rng = random.Random(0)
    found = []
    for number in range(N):
        state = rng.choice(["complete", "complete", "pruned", "stopped", "failed"])
        scores = [] if state == "failed" or rng.random() < 0.1 else [rng.randrange(9) / 8]
        record = make_record(
            number, *scores, state=state, parameters=rng.randrange(3), finished=END
        )
        if rng.random() < 0.2:
            record = replace(record, result=replace(record.result, duplicate_of=0))
        found.append(record)
    return found


@pytest.fixture
def path(tmp_path):
    """Where the leaderboard of a study called digits-1 lies."""
    (tmp_path / "digits-1").mkdir()
    return tmp_path / "digits-1" / "leaderboard.parquet"


def _grow(path, space, records, step, objective=ACCURACY):
    """Write the leaderboard after each `step` trials, as a search does; the last three run."""
    writer = GrowingLeaderboard(path, space, objective)
    for n in [*range(step, len(records), step), len(records)]:
        known = list(records[:n])
        known[-3:] = [
            replace(r, state=TrialState.RUNNING, result=None, finished=None) for r in known[-3:]
        ]
        writer.write(known, 100 + n)
    return known


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("objective", [ACCURACY, LOSS, replace(ACCURACY, smallest_from=0.5)])
@pytest.mark.parametrize("step", [7, N])
def test_appended_trials_give_the_table_of_all_trials(path, space, trials, objective, step):
    """Every column, rank and front is what the table of all trials has, however they came."""
    known = _grow(path, space, trials, step, objective)
    found = open_leaderboard(path)
    assert isinstance(found, LeaderboardRuns)
    assert found.n_trials == N
    assert found.read().equals(build_leaderboard(known, space, objective))
    assert found.metadata(RECORD_KEY) == str(100 + N)


@pytest.mark.usefixtures("small")
def test_the_runs_are_few_and_hold_each_trial_once(path, space, trials):
    """Trials that end one after another leave few files, in which each trial stands once."""
    _grow(path, space, trials, 3)
    assert len(list(path.iterdir())) <= 6
    assert sorted(pq.read_table(path)["trial"].to_pylist()) == list(range(N))
    sizes = [run.n_rows for run in open_leaderboard(path).runs[:-1]]
    assert all(one >= 2 * other for one, other in pairwise(sizes))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "conditions",
    [
        [],
        ["state=complete"],
        ["state=complete", "parameters<2"],
        ["pareto=true"],
        ["rank>40"],
        ["duplicate_of=none"],
        ["duplicate_of!=none"],
        ["score>0.99"],
        ["filters=8"],
    ],
)
@pytest.mark.parametrize("top", [1, 25, 1000])
def test_the_best_rows_are_those_of_the_whole_table(path, space, trials, conditions, top):
    """Reading from the best row group on finds the rows that filtering all of them does."""
    known = _grow(path, space, trials, 40)
    found, whole = open_leaderboard(path), build_leaderboard(known, space, ACCURACY)
    filters = [parse_condition(text, found.schema) for text in conditions]
    wanted = filter_rows(whole, filters)
    columns = ["trial", "rank", "pareto", "score", "rank"]
    best = found.best(columns, filters, top)
    assert best.to_pylist() == wanted.slice(0, top).select(columns[:-1]).to_pylist()
    assert found.count(filters) == wanted.num_rows


def test_a_usual_study_keeps_one_file(path, space, trials):
    """150 trials are one file, with ranks, that is equal to the table of all."""
    known = _grow(path, space, trials, 100)
    found = open_leaderboard(path)
    assert isinstance(found, LeaderboardFile)
    assert found.read().equals(build_leaderboard(known, space, ACCURACY))
    condition = [parse_condition("state=complete", found.schema)]
    wanted = filter_rows(found.read(["trial", "state"]), condition)
    assert found.best(["trial"], condition, 9).equals(wanted.select(["trial"]).slice(0, 9))
    assert found.count(condition) == wanted.num_rows


@pytest.mark.usefixtures("small")
def test_a_smaller_leaderboard_takes_the_place_of_a_folder(path, space, trials):
    """A rebuild with few trials leaves one file where the folder was."""
    write_records(path, trials, space, ACCURACY)
    assert path.is_dir()
    write_records(path, trials[:9], space, ACCURACY)
    assert path.is_file()
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.usefixtures("small")
def test_a_leaderboard_that_another_process_rebuilt_is_written_as_a_whole(path, space, trials):
    """`--rebuild` during a search replaces the runs; the search does not append to those."""
    writer = GrowingLeaderboard(path, space, ACCURACY)
    writer.write(trials[:100])
    write_records(path, trials[:90], space, ACCURACY)
    writer.write(trials)
    assert open_leaderboard(path).read().equals(build_leaderboard(trials, space, ACCURACY))
    assert sorted(pq.read_table(path)["trial"].to_pylist()) == list(range(N))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("n_written", [0, 1, 2])
def test_a_crash_between_two_files_leaves_the_leaderboard_of_before(
    path, space, trials, n_written, monkeypatch
):
    """Until the tail is replaced, the runs that it names are there, and no others count."""
    writer = GrowingLeaderboard(path, space, ACCURACY)
    writer.write(trials[:90], 1)
    before = open_leaderboard(path).read()
    written = []

    def write(target, content):
        if len(written) == n_written:
            raise KeyboardInterrupt
        written.append(target)
        write_atomic(target, content)

    write_atomic = growing.write_atomic
    monkeypatch.setattr(growing, "write_atomic", write)
    with pytest.raises(KeyboardInterrupt):
        writer.write(trials, 2)  # a run, its merger with the first one, and the tail
    found = open_leaderboard(path)
    assert found.metadata(RECORD_KEY) == "1"
    assert found.read().equals(before)


@pytest.mark.usefixtures("small")
def test_a_folder_that_lacks_a_file_is_refused(path, space, trials):
    """Without a run, or without the tail, the leaderboard is damaged or none."""
    write_records(path, trials, space, ACCURACY)
    (run,) = path.glob("run-*")
    run.unlink()
    with pytest.raises(RecordError, match="--rebuild` makes it again"):
        open_leaderboard(path)
    (path / TAIL).unlink()
    with pytest.raises(StudyError, match="holds no leaderboard"):
        open_leaderboard(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (RUNS_KEY, b"{"),
        (RUNS_KEY, b'"x"'),
        (RUNS_KEY, b"[1]"),
        (RUNS_KEY, b"\xff"),
        (FRONT_KEY, b'["1"]'),
        (FRONT_KEY, b"[true]"),
        (SMALLEST_KEY, b"much"),
    ],
)
@pytest.mark.usefixtures("small")
def test_a_tail_that_says_nonsense_is_refused(path, space, trials, key, value):
    """In one line that names it."""
    _grow(path, space, trials, 10)
    tail = pq.read_table(path / TAIL)
    pq.write_table(tail.replace_schema_metadata({**tail.schema.metadata, key: value}), path / TAIL)
    with pytest.raises(RecordError, match=key.decode()) as raised:
        open_leaderboard(path).read()
    assert "\n" not in str(raised.value)


@pytest.mark.usefixtures("small")
def test_a_run_with_other_columns_is_refused(path, space, trials):
    """It is named, and so is a tail that lacks what the rank is made of."""
    _grow(path, space, trials, 10)
    tail = pq.read_table(path / TAIL)
    (name, *_) = json.loads(tail.schema.metadata[RUNS_KEY])
    run = pq.read_table(path / name)
    pq.write_table(run.drop_columns(["macs"]), path / name)
    with pytest.raises(RecordError, match=rf"{name}: has other columns than {TAIL}; "):
        open_leaderboard(path)
    pq.write_table(tail.drop_columns(["best_epoch_loss"]), path / TAIL)
    with pytest.raises(RecordError, match=r"tail\.parquet: has no column best_epoch_loss; "):
        open_leaderboard(path)
