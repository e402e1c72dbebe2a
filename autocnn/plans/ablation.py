"""The ablation of a trial: its trainings, and the effect of each change as a table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from autocnn.objectives import ACCURACY, DEFAULT, Objective, find_objective
from autocnn.plans.changes import Change
from autocnn.plans.effects import Effect, mean, n_failed, paired_effect, verdicts, whole
from autocnn.records.trial_record import TrialRecord
from autocnn.space.config import TrialConfig
from autocnn.space.plan import REPEAT, VARIANT, Planned, repeat_all

REFERENCE = "reference"  # the variant without a change


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationRow:
    """The effect of one change; a score is the validation score of a training's best epoch."""

    factor: str
    change: str  # a description
    n: int  # trainings with a score
    failed: int
    score: float | None  # mean
    effect: float | None  # mean difference from the reference, between trainings with the same seed
    low: float | None  # of the effect's 95 % interval; None if n is 1
    high: float | None
    verdict: str
    seconds: float | None  # mean, wall
    epochs: float | None  # mean
    parameters: int | None
    macs: int | None
    scores: tuple[float, ...]


def plan_ablation(
    config: TrialConfig, variants: Sequence[Change], n_seeds: int
) -> tuple[Planned, ...]:
    """Every variant `n_seeds` times, in whole rounds of all variants; the reference comes first."""
    configs = {REFERENCE: config, **{change.factor: change.config for change in variants}}
    return repeat_all(configs, n_seeds)


def summarise_ablation(
    records: Iterable[TrialRecord],
    variants: Sequence[Change],
    class_sizes: Sequence[int],
    objective: Objective = ACCURACY,
) -> list[AblationRow]:
    """A row for the reference, then one for each change, the largest effect first.

    `class_sizes` are the validation images of each class.
    """
    by_variant: dict[str, list[TrialRecord]] = {}
    for record in records:
        by_variant.setdefault(str(record.values[VARIANT]), []).append(record)
    reference = _scores(by_variant.get(REFERENCE, []))
    effects: dict[str, Effect] = {}
    for change in variants:
        scores = _scores(by_variant.get(change.factor, []))
        effect = paired_effect(reference, scores, class_sizes, objective)
        if effect is not None:
            effects[change.factor] = effect
    judged = dict(zip(effects, verdicts(list(effects.values())), strict=True))
    rows = [
        _row(
            change,
            by_variant.get(change.factor, []),
            effects.get(change.factor),
            judged.get(change.factor),
        )
        for change in variants
    ]
    rows.sort(key=lambda row: math.inf if row.effect is None else -abs(row.effect))
    nothing = Change(factor=REFERENCE, description="nothing", config=TrialConfig())
    return [_row(nothing, by_variant.get(REFERENCE, []), None, None), *rows]


def ablation_table(rows: Iterable[AblationRow]) -> pa.Table:
    """The rows as an Arrow table, whose column types do not depend on the values."""
    kinds: dict[str, Any] = {
        "factor": pa.string(),
        "change": pa.string(),
        "n": pa.int32(),
        "failed": pa.int32(),
        "score": pa.float64(),
        "effect": pa.float64(),
        "low": pa.float64(),
        "high": pa.float64(),
        "verdict": pa.string(),
        "seconds": pa.float64(),
        "epochs": pa.float64(),
        "parameters": pa.int64(),
        "macs": pa.int64(),
        "scores": pa.list_(pa.float64()),
    }
    return pa.Table.from_pylist([asdict(row) for row in rows], schema=pa.schema(kinds))


def _scores(records: Iterable[TrialRecord]) -> dict[int, float]:
    return {int(r.values[REPEAT]): r.score for r in whole(records) if r.score is not None}


def _row(
    change: Change, records: Sequence[TrialRecord], effect: Effect | None, verdict: str | None
) -> AblationRow:
    scores = _scores(records)
    trained = whole(records)
    bounded = effect is not None and math.isfinite(effect.low)
    return AblationRow(
        factor=change.factor,
        change=change.description,
        n=len(scores),
        failed=n_failed(records),
        score=mean(scores.values()),
        effect=None if effect is None else effect.mean,
        low=effect.low if effect is not None and bounded else None,
        high=effect.high if effect is not None and bounded else None,
        verdict=verdict or _without_verdict(change, records),
        seconds=mean(record.duration for record in trained if record.duration is not None),
        epochs=mean(record.epochs for record in trained),
        parameters=records[0].parameters if records else None,
        macs=records[0].macs if records else None,
        scores=tuple(scores[repeat] for repeat in sorted(scores)),
    )


def _without_verdict(change: Change, records: Sequence[TrialRecord]) -> str:
    if change.factor == REFERENCE:
        return "–"
    causes = sorted({str(record.cause) for record in records if record.cause is not None})
    return f"failed: {', '.join(causes)}" if causes else "not trained"


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationHead:
    """The trial and the settings of an ablation, for the head of its page."""

    study: str
    trial: int
    dataset: str
    n_train: int  # images
    epochs: int  # the horizon
    n_seeds: int
    objective: str = DEFAULT  # the name of what the scores are

    @property
    def scoring(self) -> Objective:
        """The objective of the scores."""
        return find_objective(self.objective)
