"""Pictures of a network: its layers, its filters, and its feature maps."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from autocnn.models.map_pictures import filters_picture, picture
from autocnn.report.figure_image import no_formula, off_screen, save_figure
from autocnn.report.layer_table import Stage
from autocnn.report.winner_look import ChosenImage
from autocnn.space.layers import Shape

if TYPE_CHECKING:  # imports Keras
    from autocnn.models.feature_maps import LayerFilters

SHOWN_MAPS, SHOWN_FILTERS = 16, 64  # of a layer
LONGEST = 48  # pixels of a side of a map, beyond which it is thinned out
ROW = 0.62  # inches of a stage of the architecture
SHEETS = 6  # of the deepest volume
COLOURS = {
    "conv": "#2f7ed8",
    "separable conv": "#2f7ed8",
    "max pool": "#d9822b",
    "average pool": "#d9822b",
    "dense": "#3a9d5d",
    "add": "#8a5cc2",
}
OTHER_COLOUR = "#7c8796"
SOFT = "#5b6675"


def draw_architecture(
    found: Sequence[Stage], image_shape: Shape, title: str, form: str = "png"
) -> bytes:
    """The stages from top to bottom, each with its volume to scale, its sums and its parameters."""
    n, largest = len(found) + 1, max(image_shape[:2])
    deepest = max(stage.shape[-1] for stage in found if len(stage.shape) == 3 or n == 2)
    with off_screen() as plt:
        figure, axes = plt.subplots(figsize=(9.5, 0.5 + ROW * n))
        figure.subplots_adjust(0, 0, 1, 1)
        axes.set(xlim=(0, 9.5 / ROW), ylim=(n - 0.4, -0.9))
        axes.axis("off")
        axes.text(0.2, -0.7, no_formula(title), fontsize=12, weight="bold", va="center")
        _draw_volume(axes, image_shape, 0, (largest, deepest), OTHER_COLOUR)
        _describe(axes, 0, f"image, {_times(image_shape)}", "")
        for row, stage in enumerate(found, start=1):
            colour = COLOURS.get(stage.head.kind, OTHER_COLOUR)
            _draw_volume(axes, stage.shape, row, (largest, deepest), colour)
            _describe(axes, row, _heading(stage), _sums(stage))
            axes.annotate(
                "",
                (1.0, row - 0.44),
                (1.0, row - 0.56),
                arrowprops={"arrowstyle": "->", "color": SOFT, "lw": 0.8},
            )
        return save_figure(figure, form)


def _heading(stage: Stage) -> str:
    head = stage.head
    after = f" + {', '.join(stage.followers)}" if stage.followers else ""
    where = " (beside the way above, from its start)" if stage.bypasses else ""
    both = " of both ways" if stage.joins else ""
    return f"{head.name}: {head.kind}{both}{after}{where}"


def _sums(stage: Stage) -> str:
    head = stage.head
    parts = [head.volume or head.output]
    if head.weights:
        parts.append(f"{head.weights} parameters")
    if stage.parameters > head.parameters:
        parts.append(f"{stage.parameters:,} with what follows")
    return ";  ".join(parts)


def _describe(axes: Any, row: int, heading: str, sums: str) -> None:
    height = -0.17 if sums else 0.0
    axes.text(2.4, row + height, no_formula(heading), fontsize=9, va="center")
    axes.text(2.4, row + 0.19, no_formula(sums), fontsize=7.5, va="center", color=SOFT)


def _draw_volume(axes: Any, shape: Shape, row: int, scale: tuple[int, int], colour: str) -> None:
    """A stack of sheets: sides by height and width, the number of sheets by the channels."""
    from matplotlib.patches import Rectangle

    if len(shape) != 3:
        axes.add_patch(Rectangle((0.4, row - 0.06), 1.2, 0.12, facecolor=colour, linewidth=0))
        return
    largest, deepest = scale
    height, width = (max(0.12, 0.72 * side / largest) for side in shape[:2])
    depth = math.log2(1 + shape[2]) / math.log2(1 + max(2, deepest))
    n = max(1, round(SHEETS * depth))
    for sheet in reversed(range(n)):
        shift = 0.05 * (sheet - (n - 1) / 2)
        corner = (1.0 - width / 2 + shift, row - height / 2 - shift)
        style: dict[str, Any] = {"facecolor": colour, "edgecolor": "white", "linewidth": 0.5}
        axes.add_patch(Rectangle(corner, width, height, **style))


def _times(shape: Shape) -> str:
    return " × ".join(f"{side:,}" for side in shape)


def draw_filters(found: Sequence[LayerFilters], title: str, form: str = "png") -> bytes:
    """The filters of some convolutions, one below another."""
    rows = [(filters_title(each), filters_picture(each.kernels, SHOWN_FILTERS)) for each in found]
    return _draw_rows([rows], [""], title, form)


def filters_title(filters: LayerFilters) -> str:
    """What the picture of a layer's filters shows."""
    shown = min(SHOWN_FILTERS, filters.n)
    which = f"{shown} of {filters.n}" if shown < filters.n else str(filters.n)
    averaged = ", mean over the inputs" if filters.kernels.shape[2] < filters.inputs else ""
    is_depthwise = filters.n == filters.inputs and filters.inputs > 3 and not averaged
    inputs = "1 input" if filters.inputs == 1 else f"{filters.inputs} inputs"
    of = "one for each input" if is_depthwise else f"of {inputs}{averaged}"
    return f"{filters.name}: {which} filters {of}"


def draw_features(chosen: Sequence[ChosenImage], title: str, form: str = "png") -> bytes:
    """The maps of some layers for each chosen image, which has a column."""
    columns = [
        [(each.name, picture(each.maps, SHOWN_MAPS, LONGEST)) for each in image.maps]
        for image in chosen
    ]
    heads = [f"{image.why}\n{image.answer}" for image in chosen]
    return _draw_rows(columns, heads, title, form, [image.pixels for image in chosen])


def _draw_rows(
    columns: Sequence[Sequence[tuple[str, bytes]]],
    heads: Sequence[str],
    title: str,
    form: str,
    images: Sequence[NDArray[np.uint8]] = (),
) -> bytes:
    """Columns of pictures, each below its name; above a column its image."""
    tops = 1 if images else 0
    n_rows = max(len(column) for column in columns) + tops
    with off_screen() as plt:
        size = (max(6.5, 4.2 * len(columns)), 0.6 + (1.9 if images else 2.6) * n_rows)
        figure, grid = plt.subplots(
            n_rows, len(columns), figsize=size, squeeze=False, layout="constrained"
        )
        for axes in grid.flat:
            axes.axis("off")
        for place, column in enumerate(columns):
            if images:
                _show(grid[0, place], images[place], heads[place])
            for row, (name, png) in enumerate(column, start=tops):
                _show(grid[row, place], np.asarray(Image.open(io.BytesIO(png))), name)
        figure.suptitle(no_formula(title))
        return save_figure(figure, form)


def _show(axes: Any, pixels: NDArray[np.uint8], name: str) -> None:
    grey = pixels[..., 0] if pixels.shape[2:] == (1,) else pixels
    axes.imshow(grey, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_title(no_formula(name), fontsize=8)
