"""`evaluate`: a trained network on any data set with the same classes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autocnn.data.options import AS_THEY_ARE, ImageOptions
from autocnn.errors import RecordError
from autocnn.files import make_folder, write_atomic
from autocnn.finals.evaluation import (
    TEST,
    Evaluation,
    LabelledSet,
    evaluate_images,
    load_labelled,
    options_for,
)
from autocnn.models.contract import ModelContract

if TYPE_CHECKING:  # imports Keras
    from autocnn.models.loaded import LoadedModel


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EvaluationOutcome:
    """The scores of a network, and the images that they are of."""

    contract: ModelContract
    data: LabelledSet
    evaluation: Evaluation

    @property
    def title(self) -> str:
        """The images, as in "the test images of digits"."""
        which = "all" if self.data.part not in ("train", "test") else f"the {self.data.part}"
        return f"{which} images of {self.data.name}"

    @property
    def note(self) -> str:
        """A line about images that the network, or its choice, has seen; empty for others."""
        if self.data.name != self.contract.dataset:
            return ""
        study = self.contract.study
        if self.data.part == TEST:
            return (
                f"these are the test images of study {study}, or of data of the same name: the "
                "finals have read them once, and a choice by this score makes it too good"
            )
        return (
            f"the network was trained on images of {self.data.name}, or of data of the same name "
            f"(study {study}): this score says nothing about new images"
        )

    def as_json(self) -> dict[str, Any]:
        """All scores and mistakes as plain values."""
        scores = asdict(self.evaluation)
        return {
            "dataset": self.data.name,
            "split": self.data.part,
            "study": self.contract.study,
            "trial": self.contract.trial,
            "note": self.note,
            **scores,
        }


def evaluate(
    model: LoadedModel,
    dataset: str,
    split: str | None = None,
    options: ImageOptions = AS_THEY_ARE,
) -> EvaluationOutcome:
    """Score `model` on the images of `dataset`, which are prepared as its contract says.

    `split` is "train" or "test" for a data set with a test part of its own, and None for another
    one, of which all images are taken. Classes are found by name, in any order.
    Raises: UnknownDatasetError; SettingsError for a wrong split or option; DatasetError if the
    images cannot be read, do not fit the network or have other classes.
    """
    contract = model.contract
    data = load_labelled(dataset, split, contract, options_for(dataset, contract, options))
    probabilities = model.predict(data.images.images)
    evaluation = evaluate_images(data.images, probabilities, contract.class_names)
    return EvaluationOutcome(contract=contract, data=data, evaluation=evaluation)


def write_evaluation(outcome: EvaluationOutcome, folder: Path) -> list[Path]:
    """Write confusion.png, reliability.png and mistakes.png into `folder`, which is made.

    Without mistakes there is no mistakes.png. Older files are replaced.
    Raises: RecordError if a file cannot be written.
    """
    from autocnn.report.evaluation_pictures import (
        SHOWN_MISTAKES,
        draw_confusion,
        draw_mistakes,
        draw_reliability,
    )

    found, title = outcome.evaluation, f"{outcome.contract.study}: {outcome.title}"
    pictures = {
        "confusion.png": draw_confusion(found.confusion, title),
        "reliability.png": draw_reliability(found, title),
    }
    if found.mistakes:
        places = [mistake.image for mistake in found.mistakes[:SHOWN_MISTAKES]]
        images = outcome.data.images.images[places]
        pictures["mistakes.png"] = draw_mistakes(found.mistakes, images, title)
    try:
        make_folder(folder)
    except OSError as error:
        raise RecordError(f"{folder}: cannot be written ({error.strerror or error})") from error
    for name, picture in pictures.items():
        write_atomic(folder / name, picture)
    return [folder / name for name in pictures]
