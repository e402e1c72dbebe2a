"""What commands print, as objects of plain values that JSON can hold."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autocnn.api.ablate_trial import AblationOutcome
from autocnn.api.compare_networks import CompareOutcome
from autocnn.api.leaderboard import LeaderboardRows
from autocnn.api.studies import StudyView, confusion_of
from autocnn.data.dataset import DatasetInfo
from autocnn.records.converter import to_json
from autocnn.report.leaderboard_text import render_text
from autocnn.space.config import config_to_dict
from autocnn.terminal.dataset_page import DatasetFacts


def leaderboard_json(rows: LeaderboardRows) -> dict[str, Any]:
    """The studies with their numbers of trials, and the rows with numbers in full."""
    return {"studies": rows.trials, "rows": json.loads(render_text(rows.table, "json"))}


def trial_json(view: StudyView, number: int | None = None) -> dict[str, Any]:
    """One trial: its values, its configuration, its result with the curve, and its layers.

    Raises: StudyError if there is no such trial.
    """
    record = view.trial(number)
    result = record.result
    layers = [
        {
            "name": layer.name,
            "kind": layer.kind,
            "output_shape": list(layer.output_shape),
            "parameters": layer.parameters,
            "macs": layer.macs,
        }
        for layer in view.network(record).layers
    ]
    return {
        "study": view.paths.name,
        "trial": record.number,
        "state": str(record.state),
        "objective": view.objective.name,
        "score": to_json(record.score),
        "origin": record.origin,
        "seed": record.seed,
        "parameters": record.parameters,
        "macs": record.macs,
        "values": to_json(dict(record.values)),
        "config": config_to_dict(record.config),
        "result": None if result is None else to_json(result),
        "layers": layers,
    }


def confusion_json(view: StudyView) -> dict[str, Any]:
    """The confusion matrix of the shipped model on the test images; raises as `confusion_of`."""
    found = confusion_of(view)
    return {
        "study": view.paths.name,
        "classes": list(found.classes),
        "counts": [list(row) for row in found.counts],
        "images": found.n,
        "hits": found.hits,
    }


def datasets_json(rows: Sequence[tuple[DatasetInfo, bool]]) -> dict[str, Any]:
    """Every data set known by name, and whether it is on this machine."""
    return {"datasets": [{**_info(info), "is_here": is_here} for info, is_here in rows]}


def dataset_json(facts: DatasetFacts) -> dict[str, Any]:
    """The facts of a data set; `counts` is null if it is not on this machine."""
    return {
        **_info(facts.info),
        "is_here": facts.counts is not None,
        "fingerprint": facts.fingerprint,
        "counts": None if facts.counts is None else to_json(facts.counts),
        "notes": [*facts.info.notes, *facts.fold_notes],
    }


def _info(info: DatasetInfo) -> dict[str, Any]:
    return {
        "name": info.name,
        "description": info.description,
        "image_shape": list(info.image_shape),
        "classes": list(info.class_names),
        "train": info.n_train,
        "validation": info.n_validation,
        "test": info.n_test,
        "source": info.source,
    }


def plan_json(outcome: AblationOutcome | CompareOutcome) -> dict[str, Any]:
    """The rows of an ablation or a comparison, and the files that hold them."""
    name = "ablation" if isinstance(outcome, AblationOutcome) else "compare"
    files = [Path(outcome.folder) / f"{name}{ending}" for ending in (".md", ".parquet")]
    return {"rows": to_json(list(outcome.rows)), "files": [str(file) for file in files]}
