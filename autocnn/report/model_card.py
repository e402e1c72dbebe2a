"""The model card: a README.md beside exported files, in the form that Hugging Face reads."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Sequence

from autocnn.models.contract import COLOURS, RULES, ModelContract
from autocnn.models.ensemble_report import EnsembleOutcome
from autocnn.models.views import PLAIN, VIEWS
from autocnn.report.formatting import count
from autocnn.report.page_table import Table
from autocnn.report.study_report import StudyReport, class_table, sentences

CARD = "README.md"
PICTURE = "model.png"  # beside it: the layers of the network
MARK = "<!-- written by autocnn export --card -->"  # a card without it is not replaced
MOST_CLASSES = 100  # in the table of classes
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~-])")


def model_card(
    report: StudyReport,
    contract: ModelContract,
    files: Sequence[str],
    ensemble: EnsembleOutcome | None = None,
) -> str:
    """The text of the card for exported `files`; every name from the data is escaped.

    `ensemble` is what was measured of an ensemble in the files; the scores of the study's winner
    are not its scores.
    """
    parts = [
        *_front_matter(report, contract, is_tested=report.finals is not None and ensemble is None),
        *_description(report, contract, files, ensemble),
        *_scores(report, ensemble),
        *_limits(is_tested=report.finals is not None and ensemble is None),
    ]
    return "\n".join(parts) + "\n"


def _front_matter(
    report: StudyReport, contract: ModelContract, *, is_tested: bool
) -> Iterator[str]:
    """Metadata as YAML; a text in JSON's notation is YAML, too."""
    yield "---"
    yield "# license: name the one of the model and of its data here"
    yield "pipeline_tag: image-classification"
    yield "tags: [image-classification, convolutional, autocnn]"
    yield "metrics: [accuracy]"
    if is_tested and report.finals is not None:
        dataset = json.dumps(contract.dataset, ensure_ascii=True)
        yield "model-index:"
        yield f"  - name: {json.dumps(report.name, ensure_ascii=True)}"
        yield "    results:"
        yield "      - task: {type: image-classification}"
        yield f"        dataset: {{name: {dataset}, type: image-folder, split: test}}"
        yield f"        metrics: [{{type: accuracy, value: {report.finals.test.accuracy:.4f}}}]"
    yield "---"


def _description(
    report: StudyReport,
    contract: ModelContract,
    files: Sequence[str],
    ensemble: EnsembleOutcome | None,
) -> Iterator[str]:
    """The network, its files, and what it takes and gives."""
    height, width, channels = contract.image_shape
    yield MARK
    yield ""
    yield f"# {plain(report.name)}"
    yield ""
    yield (
        f"A convolutional network that classifies images into {len(contract.class_names)} classes, "
        f"found by autocnn {plain(contract.autocnn)} on {plain(contract.dataset)}."
    )
    yield ""
    yield "## Files"
    yield ""
    yield from (f"- {plain(name)}" for name in files)
    yield ""
    yield "## What it takes and gives"
    yield ""
    yield (
        f"- Input: {height} x {width} pixels, {COLOURS[channels]}, raw values from 0 to 255; an "
        f"image of another size is {RULES[contract.resize]}."
    )
    yield from _averages(contract, has_scores=ensemble is not None)
    yield (
        "- Output: a probability for each class, in this order: "
        + ", ".join(plain(name) for name in contract.class_names[:MOST_CLASSES])
        + (", and so on." if len(contract.class_names) > MOST_CLASSES else ".")
    )
    costly = report.winner if ensemble is None else ensemble
    if costly is not None:
        yield (
            f"- {count(costly.parameters)} parameters, {count(costly.macs)} multiply-accumulates "
            "an image."
        )
    yield ""
    yield f"![The layers of the network, from the image to the classes]({PICTURE})"
    yield ""


def _scores(report: StudyReport, ensemble: EnsembleOutcome | None) -> Iterator[str]:
    """The choice, and the scores on validation and test images."""
    yield "## How it was chosen, and how good it is"
    yield ""
    if ensemble is not None:
        yield from (f"- {plain(sentence)}" for sentence in ensemble_sentences(ensemble))
        yield ""
        yield "## The search, and its winner alone"
        yield ""
    yield from (f"- {plain(sentence)}" for sentence in sentences(report))
    confusion = report.confusion if ensemble is None else None
    if confusion is not None and len(confusion.classes) <= MOST_CLASSES:
        yield ""
        yield from _markdown(class_table(confusion))
    yield ""


def ensemble_sentences(ensemble: EnsembleOutcome) -> list[str]:
    """What was chosen among how many networks, and what it gains on which images."""
    objective, best, together = ensemble.objective, ensemble.best, ensemble.together
    parts = [
        f"trial {each.trial} (weight {each.weight:.2f}, {objective.text(each.alone.score)} alone)"
        for each in ensemble.members
    ]
    accuracy, loss = ensemble.cross_fit.accuracy, ensemble.cross_fit.loss
    low, high = (100 * end for end in accuracy.interval)
    least, most = (0.0 - end for end in reversed(loss.interval))  # and no -0.0000
    return [
        f"{len(parts)} of {ensemble.candidates} networks of the study, chosen by their "
        f"cross-entropy on {ensemble.n:,} validation images: {', '.join(parts)}.",
        f"{objective.text(together.score)} on these images, {objective.text(best.alone.score)} by "
        f"the best network alone (trial {best.trial}). The first is too good, because the members "
        "were chosen by these images.",
        f"On images by which nothing was chosen (halves of these) an ensemble gains "
        f"{100 * accuracy.mean:+.2f} points of accuracy (95 % interval {low:+.2f} to {high:+.2f}) "
        f"and {0.0 - loss.mean:+.4f} of cross-entropy ({least:+.4f} to {most:+.4f}) over the best "
        "network.",
    ]


def _limits(*, is_tested: bool) -> Iterator[str]:
    yield "## Limits"
    yield ""
    yield (
        "- The figures hold for images like those of the data set. An image of none of the classes "
        "gets one of them all the same."
    )
    yield (
        "- A probability is the network's own; `autocnn evaluate` measures how far it can be "
        "trusted."
    )
    if not is_tested:
        yield "- The network has not been tested on images that had no part in its choice."


def _averages(contract: ModelContract, *, has_scores: bool) -> Iterator[str]:
    """Members and views; `has_scores`: the scores in the card are those of this average."""
    if contract.members:
        parts = ", ".join(f"{trial} ({weight:.0%})" for trial, weight in contract.members)
        yield (
            f"- An ensemble: the weighted mean of the probabilities of the networks of trials "
            f"{parts}, each with its trial's own weights."
        )
    if contract.views != PLAIN:
        yield (
            f"- Each image is classified in {len(VIEWS[contract.views])} views "
            f"({plain(contract.views)}), whose probabilities are averaged inside the file: the "
            f"scores {'of the winner alone' if has_scores else 'below'} are without them."
        )


def _markdown(table: Table) -> Iterator[str]:
    yield "| " + " | ".join(table.titles) + " |"
    yield "|" + "---|" * len(table.titles)
    for row in table.rows:
        cells = [f"{c:.3f}" if isinstance(c, float) else "–" if c is None else str(c) for c in row]
        yield "| " + " | ".join(plain(cell) for cell in cells) + " |"


def plain(text: str) -> str:
    """`text` on one line, so that neither Markdown nor HTML reads anything in it."""
    return html.escape(_SPECIAL.sub(r"\\\1", " ".join(text.split())), quote=False)
