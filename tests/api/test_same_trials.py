"""Real searches on digits with a fixed seed: the trials of a seed never change unnoticed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from autocnn.api.search_study import search
from autocnn.records.study_settings import StudySettings

RECORD = Path(__file__).with_name("same_trials.json")
SCORE_TOLERANCE = 0.04  # of a score on 144 images: another processor rounds differently

pytestmark = pytest.mark.training


def board(results: Path, study: str, **settings: Any) -> list[dict[str, Any]]:
    """The rows of a search's leaderboard by trial, without times."""
    search(
        StudySettings(
            study=study,
            results=str(results),
            dataset="digits",
            epochs=2,
            seed=7,
            precision="float32",
            workers=1,
            **settings,
        )
    )
    table = pq.read_table(results / study / "leaderboard.parquet")
    rows = [
        {k: v for k, v in row.items() if v is not None and "second" not in k}
        for row in table.to_pylist()
    ]
    return sorted(rows, key=lambda row: row["trial"])


def drawn(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the seed alone decides of each trial, on any processor: configuration and costs."""
    known = ("trial", "origin", "seed", "parameters", "macs")
    return [{k: v for k, v in row.items() if k in known or k.startswith("param.")} for row in rows]


def check_record(rows: list[dict[str, Any]], name: str) -> None:
    """Configurations and seeds must equal those on record, and the scores nearly so."""
    expected = json.loads(RECORD.read_text(encoding="utf-8"))[name]
    assert drawn(rows) == drawn(expected)
    for row, known in zip(rows, expected, strict=True):
        assert row["score"] == pytest.approx(known["score"], abs=SCORE_TOLERANCE), row["trial"]


def test_the_recipes_give_the_trials_on_record(tmp_path):
    """The recipes for 8x8 images are trained as on record."""
    check_record(board(tmp_path, "recipes", trials=2), "recipes")


def test_a_seed_gives_the_trials_on_record_and_the_same_again(tmp_path):
    """Two runs of one command give equal rows, whole learning curves included."""
    settings = {"trials": 2, "recipes": False, "sampler": "random", "pruner": "none"}
    first, second = (board(tmp_path / name, "same", **settings) for name in "ab")
    check_record(first, "random")
    assert first == second
