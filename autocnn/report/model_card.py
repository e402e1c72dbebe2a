"""The model card: a README.md beside exported files, in the form that Hugging Face reads."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Sequence

from autocnn.models.contract import COLOURS, RULES, ModelContract
from autocnn.models.views import PLAIN, VIEWS
from autocnn.report.formatting import count
from autocnn.report.page_table import Table
from autocnn.report.study_report import StudyReport, class_table, sentences

CARD = "README.md"
PICTURE = "model.png"  # beside it: the layers of the network
MARK = "<!-- written by autocnn export --card -->"  # a card without it is not replaced
MOST_CLASSES = 100  # in the table of classes
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~-])")


def model_card(report: StudyReport, contract: ModelContract, files: Sequence[str]) -> str:
    """The text of the card for exported `files`; every name from the data is escaped."""
    return "\n".join([*_front_matter(report, contract), *_body(report, contract, files)]) + "\n"


def _front_matter(report: StudyReport, contract: ModelContract) -> Iterator[str]:
    """Metadata as YAML; a text in JSON's notation is YAML, too."""
    yield "---"
    yield "# license: name the one of the model and of its data here"
    yield "pipeline_tag: image-classification"
    yield "tags: [image-classification, convolutional, autocnn]"
    yield "metrics: [accuracy]"
    if report.finals is not None:
        dataset = json.dumps(contract.dataset, ensure_ascii=True)
        yield "model-index:"
        yield f"  - name: {json.dumps(report.name, ensure_ascii=True)}"
        yield "    results:"
        yield "      - task: {type: image-classification}"
        yield f"        dataset: {{name: {dataset}, type: image-folder, split: test}}"
        yield f"        metrics: [{{type: accuracy, value: {report.finals.test.accuracy:.4f}}}]"
    yield "---"


def _body(report: StudyReport, contract: ModelContract, files: Sequence[str]) -> Iterator[str]:
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
    yield from _averages(contract)
    yield (
        "- Output: a probability for each class, in this order: "
        + ", ".join(plain(name) for name in contract.class_names[:MOST_CLASSES])
        + (", and so on." if len(contract.class_names) > MOST_CLASSES else ".")
    )
    if report.winner is not None:
        winner = report.winner
        yield (
            f"- {count(winner.parameters)} parameters, {count(winner.macs)} multiply-accumulates "
            "an image."
        )
    yield ""
    yield f"![The layers of the network, from the image to the classes]({PICTURE})"
    yield ""
    yield "## How it was chosen, and how good it is"
    yield ""
    yield from (f"- {plain(sentence)}" for sentence in sentences(report))
    if report.confusion is not None and len(report.confusion.classes) <= MOST_CLASSES:
        yield ""
        yield from _markdown(class_table(report.confusion))
    yield ""
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
    if report.finals is None:
        yield "- The network has not been tested on images that had no part in its choice."


def _averages(contract: ModelContract) -> Iterator[str]:
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
            "scores below are without them."
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
