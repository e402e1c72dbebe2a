"""A model's contract in a few lines: what its outputs mean, and what it expects of an image."""

from __future__ import annotations

from autocnn.data.options import CROP, PAD, STRETCH
from autocnn.models.contract import VALUES, ModelContract
from autocnn.models.views import PLAIN, VIEWS
from autocnn.terminal.escaping import escape_controls

_RESIZED = {CROP: "", PAD: ", padded with black", STRETCH: ", stretched"}
MOST_SHOWN = 12  # classes; of more, the first ones and the last one are shown


def describe_contract(contract: ModelContract) -> list[str]:
    """As "outputs: 0 cat, 1 dog" and "expects: 48x64 RGB, 0 to 255"; the height comes first.

    A third line says what the predictions are the average of, if they are.
    """
    height, width, _ = contract.image_shape
    low, high = VALUES
    stored = contract.value_range
    scaled = "" if stored.kind == "bytes" else f" (scaled from {stored})"
    resized = _RESIZED[contract.resize]
    return [
        f"outputs: {_shown_outputs(contract.class_names)}",
        f"expects: {height}x{width} {contract.colour}, {low} to {high}{scaled}{resized}",
        *_made_of(contract),
    ]


def _made_of(contract: ModelContract) -> list[str]:
    """A line if the file holds several networks, or averages views; as in "averages: ..."."""
    parts = []
    if contract.members:
        numbers = ", ".join(f"{trial} ({weight:.0%})" for trial, weight in contract.members)
        parts.append(f"the networks of trials {numbers}")
    if contract.views != PLAIN:
        parts.append(f"{len(VIEWS[contract.views])} views of each image ({contract.views})")
    return [f"averages: {' and '.join(parts)}"] if parts else []


def _shown_outputs(names: tuple[str, ...]) -> str:
    outputs = [f"{i} {escape_controls(name)}" for i, name in enumerate(names)]
    if len(outputs) > MOST_SHOWN:
        outputs[MOST_SHOWN - 2 : -1] = ["…"]
    return ", ".join(outputs)
