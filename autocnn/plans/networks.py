"""Known networks side by side: trained alike, tested once, beside their published accuracies."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from autocnn.finals.outcome import load_test_of, score_by_views
from autocnn.finals.scoring import score_images
from autocnn.models.trained import TrainedModel
from autocnn.plans.effects import mean, n_failed, whole
from autocnn.records.trial_record import TrialRecord
from autocnn.space.plan import REPEAT, VARIANT
from autocnn.space.space import Published
from autocnn.study.session import Session
from autocnn.train.assembly import spec_of


@dataclass(frozen=True, slots=True)
class TrialTest:
    """The test accuracy of one training."""

    plain: float
    augmented: float | None = None  # by the views that were published with the network, or None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRow:
    """One network, summarised over its repeated trainings."""

    name: str
    n: int  # trainings with a test score
    failed: int
    test: float | None  # mean accuracy of the weights of the best epochs
    test_sd: float | None  # None for one training
    validation: float | None  # mean accuracy of the best epochs
    epochs: float | None  # mean, until the training stopped
    seconds: float | None  # mean, wall
    parameters: int | None
    macs: int | None
    published: float | None  # test accuracy
    source: str
    tests: tuple[float, ...]
    augmented: float | None = None  # mean test accuracy with the network's test-time augmentation


def trained_models(session: Session) -> dict[int, TrainedModel]:
    """The networks of all trials that have a score and their weights on disk, by trial number."""
    image, names = spec_of(session.data), session.data.class_names
    models = {}
    for record in session.records():
        weights = session.paths.weights(record.number)
        if record.score is not None and weights.is_file():
            models[record.number] = TrainedModel(
                config=record.trained_config, image=image, class_names=names, weights=weights
            )
    return models


def score_models(session: Session, models: Mapping[int, TrainedModel]) -> dict[int, TrialTest]:
    """The test accuracy of each network; the test split is read once for all of them."""
    test, n_classes = load_test_of(session), session.data.n_classes
    tested = {}
    for number, model in models.items():
        predict = model.predictor()
        views = score_by_views(predict, test, n_classes, model.config.architecture)
        tested[number] = TrialTest(
            score_images(predict, test, n_classes).accuracy,
            None if views is None else views.accuracy,
        )
    return tested


def summarise_comparison(
    records: Iterable[TrialRecord],
    tests: Mapping[int, TrialTest],
    published: Mapping[str, Published | None],
) -> list[ComparedRow]:
    """A row for each name of `published`, the best test accuracy first, untested networks last."""
    by_name: dict[str, list[TrialRecord]] = {name: [] for name in published}
    for record in records:
        by_name.get(str(record.values[VARIANT]), []).append(record)
    rows = [_row(name, its, tests, published[name]) for name, its in by_name.items()]
    return sorted(rows, key=lambda row: -1.0 if row.test is None else row.test, reverse=True)


def comparison_table(rows: Iterable[ComparedRow]) -> pa.Table:
    """The rows as an Arrow table, whose column types do not depend on the values."""
    whole, real = pa.int64(), pa.float64()
    kinds: dict[str, Any] = {
        **dict.fromkeys(("name", "source"), pa.string()),
        **dict.fromkeys(("n", "failed", "parameters", "macs"), whole),
        **dict.fromkeys(("test", "test_sd", "validation", "epochs", "seconds", "published"), real),
        "augmented": real,
        "tests": pa.list_(real),
    }
    fields = [pa.field(name, kinds[name]) for name in ComparedRow.__dataclass_fields__]
    return pa.Table.from_pylist([asdict(row) for row in rows], schema=pa.schema(fields))


def _row(
    name: str,
    records: Sequence[TrialRecord],
    tests: Mapping[int, TrialTest],
    published: Published | None,
) -> ComparedRow:
    scored = [record for record in whole(records) if record.number in tests]
    scored.sort(key=lambda record: int(record.values[REPEAT]))
    accuracies = tuple(tests[record.number].plain for record in scored)
    augmented = (tests[record.number].augmented for record in scored)
    return ComparedRow(
        name=name,
        n=len(scored),
        failed=n_failed(records),
        test=mean(accuracies),
        test_sd=statistics.stdev(accuracies) if len(accuracies) > 1 else None,
        validation=mean(record.score for record in scored if record.score is not None),
        epochs=mean(record.epochs for record in scored),
        seconds=mean(record.duration for record in scored if record.duration is not None),
        parameters=records[0].parameters if records else None,
        macs=records[0].macs if records else None,
        published=None if published is None else published.test_accuracy,
        source="" if published is None else published.source,
        tests=accuracies,
        augmented=mean(accuracy for accuracy in augmented if accuracy is not None),
    )
