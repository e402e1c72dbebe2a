"""The leaderboard file and its views."""

from __future__ import annotations

import json
import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from autocnn.errors import RecordError, SettingsError, StudyError
from autocnn.leaderboard.columns import objective_of
from autocnn.leaderboard.rows import leaderboard_schema
from autocnn.leaderboard.table import (
    build_leaderboard,
    read_leaderboard,
    view_leaderboard,
    viewed_columns,
    write_leaderboard,
)
from autocnn.objectives import ACCURACY, LOSS
from autocnn.records.optuna_record import (
    create_study,
    open_study,
    read_records,
    write_proposal,
    write_result,
)
from autocnn.space.config import config_from_dict
from autocnn.trial import TrialState


@pytest.fixture
def table(make_record, space):
    """Four trials: 2 before 0 by score, then 3 pruned and 1 running."""
    records = [
        make_record(0, 0.5, parameters=50),
        make_record(1, state="running"),
        make_record(2, 0.25, 0.75, values={"filters": 16, "pool": "average", "flip": True}),
        make_record(3, 0.9, state="pruned", values={"filters": 8, "mixed": 2, "flip": False}),
    ]
    return build_leaderboard(records, space, ACCURACY)


def test_parameters_are_typed_columns(space):
    """Every varying parameter has a column of its own type; fixed ones have none."""
    schema = leaderboard_schema(space, ACCURACY)
    found = {f.name: str(f.type) for f in schema if f.name.startswith("param.")}
    assert found == {
        "param.filters": "int64",
        "param.pool": "string",
        "param.rate": "double",
        "param.side": "int64",
        "param.decay": "double",
        "param.flip": "bool",
        "param.mixed": "string",
    }


def test_the_other_columns_come_first(space):
    """The order and types of a trial's columns are fixed."""
    found = [(f.name, str(f.type)) for f in leaderboard_schema(space, ACCURACY)][:31]
    curve = "list<element: double>"
    assert [(n, t.replace("item", "element")) for n, t in found] == [
        ("rank", "int32"),
        ("trial", "int32"),
        ("state", "string"),
        ("score", "double"),
        ("best_epoch", "int32"),
        ("best_epoch_loss", "double"),
        ("epochs", "int32"),
        ("parameters", "int64"),
        ("macs", "int64"),
        ("latency_ms", "double"),
        ("pareto", "bool"),
        ("seconds", "double"),
        ("cpu_seconds", "double"),
        ("precision", "string"),
        ("seed", "int64"),
        ("origin", "string"),
        ("first_epoch", "int32"),
        ("parent", "int32"),
        ("promoted_from", "int32"),
        ("duplicate_of", "int32"),
        ("attempts", "int32"),
        ("reduced_batch_size", "int32"),
        ("cause", "string"),
        ("message", "string"),
        ("config", "string"),
        ("train_loss", curve),
        ("train_accuracy", curve),
        ("val_loss", curve),
        ("val_accuracy", curve),
        ("val_score", curve),
        ("epoch_seconds", curve),
    ]


def test_there_is_one_row_a_trial_in_rank_order(table):
    """Ranks count from 1 over all trials."""
    assert table["trial"].to_pylist() == [2, 0, 3, 1]
    assert table["rank"].to_pylist() == [1, 2, 3, 4]
    assert table["state"].to_pylist() == ["complete", "complete", "pruned", "running"]
    assert table["score"].to_pylist() == [0.75, 0.5, 0.9, None]


def test_a_row_holds_its_curve_and_configuration(table, make_record):
    """A row holds the raw learning curve and the whole configuration."""
    row = table.to_pylist()[0]
    assert row["val_accuracy"] == [0.25, 0.75]
    assert row["train_loss"] == [1.0, 0.5]
    assert row["epoch_seconds"] == [2.5, 5.0]
    assert (row["best_epoch"], row["epochs"], row["seconds"]) == (2, 2, 5.0)
    assert (row["cause"], row["message"]) == (None, None)
    assert config_from_dict(json.loads(row["config"])) == make_record(0, 0.5).config


def test_an_inactive_parameter_is_null(table):
    """A parameter without a value in a trial is null there."""
    rows = table.to_pylist()
    assert (rows[0]["param.rate"], rows[1]["param.rate"]) == (None, 0.25)
    assert rows[2]["param.mixed"] == "2"
    assert rows[2]["param.flip"] is False


def test_a_running_trial_has_no_curve(table):
    """A value of a running trial without a result is null, not zero."""
    row = table.to_pylist()[3]
    assert (row["epochs"], row["val_accuracy"], row["seconds"]) == (None, None, None)


def test_a_study_without_trials_has_an_empty_leaderboard(tmp_path, space):
    """Without trials the table has all columns and no rows."""
    path = tmp_path / "leaderboard.parquet"
    write_leaderboard(path, build_leaderboard([], space, ACCURACY))
    assert read_leaderboard(path).num_rows == 0
    assert read_leaderboard(path).column_names == leaderboard_schema(space, ACCURACY).names


def test_a_leaderboard_survives_its_file(tmp_path, table):
    """Types, values and the name of the study are in the file."""
    path = tmp_path / "digits-1" / "leaderboard.parquet"
    path.parent.mkdir()
    write_leaderboard(path, table)
    back = read_leaderboard(path)
    assert back.equals(table)
    assert back.schema.metadata[b"autocnn.study"] == b"digits-1"
    assert back.schema.metadata[b"autocnn.schema_version"] == b"1"


def test_a_leaderboard_is_rebuilt_to_the_last_byte(
    paths, settings, space, make_proposal, make_result
):
    """The record alone gives an equal file, in another process and from another order."""
    study = create_study(paths, settings)
    results = [make_result(0.5, math.nan), make_result(0.1 + 0.2, state=TrialState.STOPPED)]
    for number, result in enumerate(results):
        trial = study.ask()
        write_proposal(trial, make_proposal(number))
        write_result(trial, result)
    write_leaderboard(paths.leaderboard, build_leaderboard(read_records(study), space, ACCURACY))
    first = paths.leaderboard.read_bytes()
    paths.leaderboard.unlink()
    records = read_records(open_study(paths))
    write_leaderboard(paths.leaderboard, build_leaderboard(reversed(records), space, ACCURACY))
    assert paths.leaderboard.read_bytes() == first


def test_some_columns_are_read(tmp_path, table):
    """The chosen columns are read in the given order, each once."""
    path = tmp_path / "leaderboard.parquet"
    write_leaderboard(path, table)
    names = ["param.rate", "val_loss", "rank", "val_loss"]
    assert read_leaderboard(path, names).equals(table.select(names[:3]))
    assert read_leaderboard(path, iter(["score"])).column_names == ["score"]


def test_the_size_of_the_journal_is_part_of_the_file(tmp_path, table):
    """The same table and size give the same bytes; a table that was read does not pass it on."""
    path = tmp_path / "leaderboard.parquet"

    def written(table, *size):
        write_leaderboard(path, table, *size)
        return path.read_bytes()

    without, small, large = written(table), written(table, 7), written(table, 8)
    assert len({without, small, large}) == 3
    assert read_leaderboard(path).schema.metadata[b"autocnn.record_bytes"] == b"8"
    assert read_leaderboard(path).equals(table)
    assert written(table, 7) == small
    written(read_leaderboard(path))
    assert b"autocnn.record_bytes" not in read_leaderboard(path).schema.metadata


def test_a_missing_leaderboard_is_a_missing_study(tmp_path):
    """A missing file is a missing study, not a traceback."""
    with pytest.raises(StudyError, match="there is no leaderboard"):
        read_leaderboard(tmp_path / "leaderboard.parquet")


@pytest.mark.parametrize("keep", [0, 3, 200, -5])
def test_a_truncated_leaderboard_names_its_repair(tmp_path, table, keep):
    """The error of a truncated file is one line that names the repair."""
    path = tmp_path / "leaderboard.parquet"
    write_leaderboard(path, table)
    path.write_bytes(path.read_bytes()[:keep])
    repair = f"`autocnn leaderboard {tmp_path.name} --rebuild`"
    with pytest.raises(RecordError, match=repair) as raised:
        read_leaderboard(path)
    assert "\n" not in str(raised.value)


def test_a_foreign_parquet_file_is_no_leaderboard(tmp_path):
    """A Parquet file of something else is not taken for a leaderboard."""
    path = tmp_path / "leaderboard.parquet"
    pq.write_table(pa.table({"x": [1]}), path)
    with pytest.raises(RecordError, match=r"is no leaderboard .* --rebuild"):
        read_leaderboard(path)


def test_the_first_view_is_a_readable_one(table):
    """The default view has the ranks, scores and costs."""
    view = view_leaderboard(table)
    assert view.column_names == [
        "rank",
        "trial",
        "state",
        "score",
        "best_epoch",
        "epochs",
        "parameters",
        "macs",
        "seconds",
        "origin",
    ]
    assert view["rank"].to_pylist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("sort", "trials"),
    [
        (None, [2, 0, 3, 1]),
        ("score", [3, 2, 0, 1]),
        ("trial", [0, 1, 2, 3]),
        ("parameters", [0, 2, 3, 1]),
        ("seconds", [0, 3, 2, 1]),
        ("param.filters", [0, 3, 1, 2]),
        ("filters", [0, 3, 1, 2]),
        ("flip", [3, 2, 0, 1]),
        ("state", [2, 0, 3, 1]),
    ],
)
def test_rows_are_sorted_by_any_column(table, sort, trials):
    """Scores are sorted downwards, other columns upwards; nulls come last, ties are by rank."""
    assert view_leaderboard(table, sort=sort)["trial"].to_pylist() == trials


def test_columns_and_rows_are_chosen(table):
    """A view has the first rows after sorting, and its columns in the given order."""
    view = view_leaderboard(table, sort="score", columns=["filters", "trial"], top=2)
    assert view.to_pylist() == [
        {"param.filters": 8, "trial": 3},
        {"param.filters": 16, "trial": 2},
    ]


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        (
            {"columns": ["scor"]},
            "--columns: no column is named 'scor'; did you mean 'score'[?] known: rank, trial,",
        ),
        (
            {"sort": "scor"},
            "--sort: no column is named 'scor'; did you mean 'score'[?] known: rank, trial,",
        ),
        ({"sort": "val_loss"}, "--sort: val_loss holds a curve, which has no order"),
        ({"top": 0}, "--top must be at least 1, got 0"),
    ],
)
def test_an_unknown_column_is_refused(table, wish, message):
    """The error of a misspelt column lists the columns."""
    with pytest.raises(SettingsError, match=message):
        view_leaderboard(table, **wish)


@pytest.mark.parametrize(
    ("wish", "needed"),
    [
        ({"columns": ["trial", "filters", "trial"]}, ["trial", "param.filters"]),
        ({"columns": ["trial"], "sort": "flip"}, ["trial", "param.flip", "rank"]),
        ({"columns": ["val_loss"], "sort": "score"}, ["val_loss", "score", "rank"]),
    ],
)
def test_a_view_needs_some_columns_only(table, wish, needed):
    """The needed columns alone give the same view as the whole table."""
    assert viewed_columns(table.schema, wish.get("sort"), wish["columns"]) == needed
    part = table.select(list(dict.fromkeys(needed)))
    assert view_leaderboard(part, **wish).equals(view_leaderboard(table, **wish))


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        (
            {"columns": ["scor"]},
            "--columns: no column is named 'scor'; did you mean 'score'[?] known: rank, trial,",
        ),
        (
            {"sort": "scor"},
            "--sort: no column is named 'scor'; did you mean 'score'[?] known: rank, trial,",
        ),
    ],
)
def test_unknown_columns_of_a_view_are_refused_before_reading(table, wish, message):
    """The error equals that of the view itself."""
    with pytest.raises(SettingsError, match=message):
        viewed_columns(table.schema, **wish)


def test_losses_are_sorted_with_the_smallest_first(make_record, space):
    """The smallest loss comes first, also among equal values of another sorted column."""
    records = [make_record(0, 0.5), make_record(1, 0.25), make_record(2, 0.75)]
    table = build_leaderboard(records, space, LOSS)
    assert table["trial"].to_pylist() == [1, 0, 2]
    shuffled = table.take([2, 0, 1])
    assert view_leaderboard(shuffled, sort="score")["trial"].to_pylist() == [1, 0, 2]


def test_a_table_names_its_objective(tmp_path, space):
    """The metadata survive the file; a file without them is one of accuracies."""
    path = tmp_path / "leaderboard.parquet"
    write_leaderboard(path, build_leaderboard([], space, LOSS))
    assert objective_of(read_leaderboard(path, ["score"]).schema) is LOSS
    assert objective_of(pa.schema([])) is ACCURACY


def test_more_rows_than_a_number_of_arrow_can_say_are_all_rows(table):
    """A number of any size may be asked for."""
    assert view_leaderboard(table, top=10**30).num_rows == table.num_rows
