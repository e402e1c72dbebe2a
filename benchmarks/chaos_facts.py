"""What a command of chaos_commands.py leaves on record: facts, by their names."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import autocnn.api as api
from autocnn.records.finalists import read_retrainings
from autocnn.records.finals_file import read_finals
from autocnn.records.study_folder import StudyPaths
from autocnn.trial import TrialState

Facts = dict[str, Any]


def trials(results: Path, name: str) -> Facts:
    """The ended trials of a study: seed, configuration and scores of the epochs."""
    facts: Facts = {}
    for record in api.load_study(results, name).records:
        if record.state is not TrialState.RUNNING:
            curve = () if record.result is None else record.result.curve
            scores = tuple(epoch.score for epoch in curve)
            facts[f"trial {record.number}"] = record.state, record.seed, record.config, scores
    return facts


def retrainings_and_finals(results: Path) -> Facts:
    """The retrainings of the finalists, and what the finals measured."""
    paths = StudyPaths(results / "base")
    facts: Facts = {
        f"trial {each.trial}, repeat {each.repeat}": (each.seed, each.score, each.best_epoch)
        for each in read_retrainings(paths)
    }
    finals = read_finals(paths)
    if finals is not None:
        scores = [each.mean for each in finals.finalists]
        facts["finals"] = finals.winner, finals.val_best, finals.test, finals.test_winner, scores
    if paths.manifest.exists():
        hashes = json.loads(paths.manifest.read_text("utf-8"))["sha256"]
        wrong = [name for name, sha in hashes.items() if sha != _sha256(paths.root / name)]
        facts["hashes that are wrong"] = wrong
    return facts


def comparison(results: Path) -> Facts:
    """The trials of the only comparison; none before it has begun."""
    names = {path.parent.name for path in results.glob("*/journal.log")} - {"base"}
    return {key: fact for name in names for key, fact in trials(results, name).items()}


def exported(results: Path) -> Facts:
    """The exported file, once it is there."""
    file = results / "model.keras"
    return {"file": _sha256(file), "contract": _sha256(file.with_name(file.name + ".json"))}


def _sha256(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
