"""A trained network on a data set: scores by class, calibration and mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from autocnn.data.catalog import find_path, load_described
from autocnn.data.dataset import DatasetInfo, Images
from autocnn.data.options import AS_THEY_ARE, ImageOptions
from autocnn.data.split import image_hashes
from autocnn.data.test_split import load_test
from autocnn.errors import DatasetError, SettingsError
from autocnn.finals.interval import wilson_interval
from autocnn.models.contract import ModelContract
from autocnn.records.finals_file import Confusion

TRAIN, TEST, ALL = "train", "test", "all"
BINS = 15  # of the confidence; Guo et al. 2017, arXiv:1706.04599
FEW = 3  # wrong classes that an error names

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledSet:
    """Images of a data set, prepared for a network, with the classes in the network's order."""

    name: str
    part: str  # TRAIN, with the validation images; TEST; or ALL of a data set without parts
    images: Images


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScore:
    """The scores of one class; None: there is no such image, or prediction."""

    name: str
    n: int  # images of the class
    precision: float | None  # the share of the class among the images that were taken for it
    recall: float | None  # the share of its images that were taken for it
    f1: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfidenceBin:
    """The images whose predicted class has a probability above `low`, up to `high`."""

    low: float
    high: float
    n: int
    confidence: float | None  # mean probability of the predicted class; None: no images
    accuracy: float | None

    @property
    def distance(self) -> float:
        """The distance of confidence and accuracy; 0 without images."""
        if self.confidence is None or self.accuracy is None:
            return 0.0
        return abs(self.confidence - self.accuracy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Confused:
    """One image that was taken for another class."""

    image: int  # its place in the data set
    true: str
    predicted: str
    probability: float  # of the predicted class


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The scores of a network on labelled images."""

    n: int  # images
    n_different: int  # of them, copies counted once
    accuracy: float
    low: float  # of the accuracy's 95 % interval, as if of `n_different` images
    high: float
    classes: tuple[ClassScore, ...]
    confusion: Confusion
    bins: tuple[ConfidenceBin, ...]
    calibration_error: float  # the mean distance of confidence and accuracy, by bins (ECE)
    auc: float | None  # area under the ROC curve; None unless two classes have images
    mistakes: tuple[Confused, ...]  # the most confident first


def load_labelled(
    dataset: str,
    part: str | None,
    contract: ModelContract,
    options: ImageOptions = AS_THEY_ARE,
) -> LabelledSet:
    """The images of `dataset` as the network expects them, with its order of the classes.

    `part` is needed of a data set with a test part of its own, and refused for another one.
    Raises: SettingsError for a part that is missing or does not exist; DatasetError for images that
    cannot be read or do not fit the network, and for other classes.
    """
    info, train = load_described(dataset, options)
    part = _choose_part(info, part)
    _check_fit(info, contract)
    chosen: Images = train
    if part != TRAIN:
        test = load_test(dataset, options)
        chosen = test if part == TEST else _join(train, test)
    labels = _labels_of(info, contract)[chosen.labels]
    images = Images(images=chosen.images, labels=labels)
    return LabelledSet(name=info.name, part=part, images=images)


def options_for(dataset: str, contract: ModelContract, options: ImageOptions) -> ImageOptions:
    """`options` with the network's size and rule of resizing; a set of the catalog takes none."""
    if find_path(dataset) is None:
        return options
    height, width, _ = contract.image_shape
    return replace(options, image_size=f"{height}x{width}", resize=contract.resize)


def _choose_part(info: DatasetInfo, part: str | None) -> str:
    if not info.has_test and part is not None:
        raise SettingsError(
            f"--split {part}: {info.name} has no test part of its own, so all of its images are "
            "taken; leave it out"
        )
    if not info.has_test:
        return ALL
    if part not in (TRAIN, TEST):
        got = "" if part is None else f", got {part!r}"
        raise SettingsError(f"{info.name} has parts: choose --split train or --split test{got}")
    return part


def _check_fit(info: DatasetInfo, contract: ModelContract) -> None:
    """Raise DatasetError if shape, scale or classes are not those of the network."""
    for what, found, expected in (
        ("images of height, width and channels", info.image_shape, contract.image_shape),
        ("stored values", info.value_range, contract.value_range),
    ):
        if found != expected:
            raise DatasetError(
                f"{info.name}: expected {what} {expected} as the network was trained on, "
                f"got {found}"
            )
    others = [name for name in info.class_names if name not in contract.class_names]
    if others:
        shown = ", ".join(map(repr, others[:FEW])) + (", ..." if others[FEW:] else "")
        raise DatasetError(
            f"{info.name}: its classes {shown} are none of the network's, which are "
            f"{', '.join(map(repr, contract.class_names))}; rename or remove them"
        )


def _labels_of(info: DatasetInfo, contract: ModelContract) -> npt.NDArray[np.int64]:
    """The output of the network for each class of the data set; classes are found by name."""
    places = [contract.class_names.index(name) for name in info.class_names]
    return np.array(places, np.int64)


def _join(one: Images, other: Images) -> Images:
    return Images(
        images=np.concatenate([one.images, other.images]),
        labels=np.concatenate([one.labels, other.labels]),
    )


def evaluate_images(
    images: Images, probabilities: Floats, class_names: Sequence[str]
) -> Evaluation:
    """The scores of `probabilities`, of shape (images, classes)."""
    return evaluate_predictions(
        images.labels,
        np.asarray(probabilities, np.float64),
        class_names,
        n_different=len(np.unique(image_hashes(images))),
    )


def evaluate_predictions(
    labels: npt.NDArray[np.int64],
    probabilities: npt.NDArray[np.float64],
    class_names: Sequence[str],
    n_different: int,
) -> Evaluation:
    """The scores; `n_different` images are no copies of others."""
    from sklearn.metrics import confusion_matrix

    predicted = probabilities.argmax(axis=-1)
    confidence = probabilities.max(axis=-1)
    is_hit = predicted == labels
    n, hits = len(labels), int(is_hit.sum())
    low, high = wilson_interval(hits * n_different / n, n_different)
    matrix = confusion_matrix(labels, predicted, labels=range(len(class_names)))
    bins = _bins(confidence, is_hit)
    return Evaluation(
        n=n,
        n_different=n_different,
        accuracy=hits / n,
        low=low,
        high=high,
        classes=_class_scores(labels, predicted, class_names),
        confusion=Confusion(
            classes=tuple(class_names), counts=tuple(tuple(map(int, row)) for row in matrix)
        ),
        bins=bins,
        calibration_error=sum(each.n / n * each.distance for each in bins),
        auc=_auc(labels, probabilities),
        mistakes=tuple(
            Confused(
                image=int(i),
                true=class_names[labels[i]],
                predicted=class_names[predicted[i]],
                probability=float(confidence[i]),
            )
            for i in np.argsort(-confidence, kind="stable")
            if not is_hit[i]
        ),
    )


def _class_scores(
    labels: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64], class_names: Sequence[str]
) -> tuple[ClassScore, ...]:
    from sklearn.metrics import precision_recall_fscore_support

    columns = precision_recall_fscore_support(
        labels, predicted, labels=range(len(class_names)), zero_division=np.nan
    )
    rows = zip(class_names, *(column.tolist() for column in columns), strict=True)
    return tuple(
        ClassScore(
            name=name,
            n=int(n),
            precision=_known(precision),
            recall=_known(recall),
            f1=_known(f1),
        )
        for name, precision, recall, f1, n in rows
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def _bins(
    confidence: npt.NDArray[np.float64], is_hit: npt.NDArray[np.bool_]
) -> tuple[ConfidenceBin, ...]:
    places = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    found = []
    for place in range(BINS):
        here = places == place
        n = int(here.sum())
        found.append(
            ConfidenceBin(
                low=place / BINS,
                high=(place + 1) / BINS,
                n=n,
                confidence=float(confidence[here].mean()) if n else None,
                accuracy=float(is_hit[here].mean()) if n else None,
            )
        )
    return tuple(found)


def _auc(labels: npt.NDArray[np.int64], probabilities: npt.NDArray[np.float64]) -> float | None:
    """The area under the ROC curve of the second class; None unless there are just two classes."""
    if probabilities.shape[1] != 2 or len(np.unique(labels)) != 2:
        return None
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(labels == 1, probabilities[:, 1]))
