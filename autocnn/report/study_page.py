"""The report of studies as one HTML page, which needs no other file and no network.

Jinja2 escapes every text. The page's policy (Content-Security-Policy) forbids all requests, and all
scripts but its own. A page that is served while a search runs asks its server alone for news.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from autocnn.records.environment import package_versions
from autocnn.records.finals_file import Confusion
from autocnn.report.data_sheet import DataSheet
from autocnn.report.evaluation_pictures import draw_reliability
from autocnn.report.figure_image import draw_image
from autocnn.report.figures import Plot
from autocnn.report.formatting import count, percent
from autocnn.report.model_pictures import draw_architecture
from autocnn.report.page_pictures import (
    calibration_text,
    chosen_tiles,
    filter_tiles,
    mistake_tiles,
)
from autocnn.report.page_table import Table
from autocnn.report.study_report import (
    StudyReport,
    class_table,
    cost_facts,
    headline,
    sentences,
    settings_table,
)

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

MOST_SVG_BYTES = 400_000
MOST_BYTES = 5_000_000  # of a page
FEWER_ROWS = (500, 100)  # of each leaderboard on a page that would be larger
MOST_CLASSES = 40  # of a confusion matrix that is shown as a whole
MOST_SHEET_CLASSES = 200  # of the data sheet's table
SHOWN_MISTAKES = 30  # of a larger one
SHADES = (0.005, 0.02, 0.08, 0.4)  # shares of a class's images from which a cell is darker
COUNTED = ("parameters", "macs")  # columns that are shown with a unit
IMAGES = ("images", "train", "validation", "train and validation", "test")  # counts of images
FRACTIONS = ("precision", "recall", "F1", "score", "effect", "low", "high")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A picture of the page."""

    title: str
    data: str  # in base64
    form: str = "svg+xml"  # or png


def draw_figure(plot: Plot) -> Figure:
    """The figure of `plot` for a page; one of many marks is a PNG, which takes less room."""
    title = plot.title.partition(": ")[2]
    text = " ".join([f"{title[:1].upper()}{title[1:]}.", *plot.notes])
    svg = draw_image(plot, "svg")
    if len(svg) <= MOST_SVG_BYTES:
        return as_figure(text, svg)
    return as_figure(text, draw_image(plot, "png"), "png")


def as_figure(title: str, picture: bytes, form: str = "svg+xml") -> Figure:
    """A picture for a page."""
    return Figure(title=title, data=base64.b64encode(picture).decode("ascii"), form=form)


def render_page(
    studies: Sequence[tuple[StudyReport, Sequence[Figure]]],
    most_bytes: int = MOST_BYTES,
    version: str = "",
) -> str:
    """The page of the studies, one after another.

    A page of more than `most_bytes` gets shorter leaderboards, then no pictures of single images.
    With a `version` the page asks its server for the present one, and loads that.
    """
    page = _render(studies, version)
    for n_rows in FEWER_ROWS:
        if len(page.encode()) > most_bytes:
            left = [(_shorten(report, n_rows), figures) for report, figures in studies]
            page = _render(left, version)
    if len(page.encode()) > most_bytes:
        left = [(_shorten(report, FEWER_ROWS[-1]), figures) for report, figures in studies]
        page = _render([(replace(report, look=None), figures) for report, figures in left], version)
    return page


def render_waiting(title: str, version: str) -> str:
    """The page of a search of which nothing is known yet; it follows as `render_page` says."""
    environment = _environment()
    page: str = environment.get_template("waiting.html").render(
        title=title, version=version, **_own_parts(environment, version)
    )
    return page


def _shorten(report: StudyReport, n_rows: int) -> StudyReport:
    """The report with the best `n_rows` of the leaderboard."""
    board = report.leaderboard
    left_out = board.left_out + max(0, len(board.rows) - n_rows)
    return replace(report, leaderboard=replace(board, rows=board.rows[:n_rows], left_out=left_out))


def _render(studies: Sequence[tuple[StudyReport, Sequence[Figure]]], version: str) -> str:
    environment = _environment()
    names = ", ".join(report.name for report, _ in studies)
    page: str = environment.get_template("study.html").render(
        title=f"{names} on {studies[0][0].dataset}",
        version=version,
        **_own_parts(environment, version),
        studies=[_content(report, figures) for report, figures in studies],
        most_classes=MOST_CLASSES,
        most_sheet_classes=MOST_SHEET_CLASSES,
        shade=shade,
        table=partial(_table, environment),
    )
    return page


def _own_parts(environment: Environment, version: str) -> dict[str, str]:
    """Style and script of a page, and the hash by which its policy allows the script."""
    names = ("study.js", "follow.js") if version else ("study.js",)
    script = "\n".join(_source(environment, name) for name in names)
    return {
        "tool": package_versions()["autocnn"],
        "style": _safe(_source(environment, "study.css")),
        "script": _safe(script),
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii"),
    }


def shade(count_of: int, n: int) -> int:
    """How dark a cell of the confusion matrix is, from 0 to 4, if its class has `n` images."""
    share = count_of / n if n else 0.0
    return sum(share >= least for least in SHADES)


def _content(report: StudyReport, figures: Sequence[Figure]) -> dict[str, Any]:
    confusion = report.confusion
    return {
        "report": report,
        "figures": figures,
        "headline": headline(report),
        "sentences": sentences(report),
        "settings": settings_table(report),
        "classes": None if confusion is None else class_table(confusion),
        "mistakes": _mistakes(confusion),
        "facts": list(_facts(report)),
        "cost": cost_facts(report),
        "architecture": _architecture(report),
        "reliability": _reliability(report),
        "samples": None if report.data is None else _samples(report.data),
        "missing": report.missing,
        "tiles": [] if report.look is None else mistake_tiles(report.look),
        "chosen": [] if report.look is None else chosen_tiles(report.look),
        "filters": [] if report.look is None else filter_tiles(report.look),
        "calibration": None if report.look is None else calibration_text(report.look),
    }


def _architecture(report: StudyReport) -> Figure | None:
    if not report.stages or report.facts is None or report.winner is None:
        return None
    title = f"The network of trial {report.winner.number}, layer by layer."
    svg = draw_architecture(report.stages, report.facts.image_shape, "", "svg")
    return as_figure(title, svg)


def _reliability(report: StudyReport) -> Figure | None:
    if report.look is None:
        return None
    svg = draw_reliability(report.look.evaluation, "", "svg")
    return as_figure("Accuracy by confidence, and how many images have which confidence.", svg)


def _samples(data: DataSheet) -> Figure | None:
    if not data.grid:
        return None
    return as_figure("Training images of each class, as they are and augmented.", data.grid, "png")


def _mistakes(confusion: Confusion | None) -> list[Any]:
    if confusion is None or len(confusion.classes) <= MOST_CLASSES:
        return []
    return confusion.mistakes(SHOWN_MISTAKES)


def _facts(report: StudyReport) -> list[tuple[str, str]]:
    """What decided the result, as far as it is on record."""
    found: list[tuple[str, str]] = [("data set", report.dataset)]
    facts = report.facts
    if facts is not None:
        shape = " × ".join(map(str, facts.image_shape))
        found.append(("images", f"{shape}, {facts.n_classes} classes"))
        if facts.n_train:
            folds = f", {facts.folds} folds" if facts.folds > 1 else ""
            split = f"{facts.n_train:,} to train, {facts.n_validation:,} to validate{folds}"
            found.append(("split", split))
        found.append(("fingerprint of the data", facts.fingerprint))
        device = facts.measurements[0]
        names = ", ".join(device.names)
        found.append(
            ("device", f"{device.backend} on {device.device} ({names}), {facts.precision}")
        )
        found.append(("sampler, pruner", f"{facts.proposer}, {facts.pruner}"))
    packages = report.manifest.get("packages")
    if isinstance(packages, dict):
        found.append(("packages", ", ".join(f"{name} {at}" for name, at in packages.items())))
    settings = report.manifest.get("settings")
    if isinstance(settings, dict):
        found.append(("seed", str(settings.get("seed"))))
    return found


def _table(environment: Environment, table: Table, name: str, sorts: bool) -> Markup:
    """A table of the page; columns of numbers are aligned at the right."""
    numbers = {title for i, title in enumerate(table.titles) if _is_numeric(table, i)}
    text = environment.get_template("table.html").render(
        table=table, name=name, sorts=sorts, numbers=numbers, show=show_cell
    )
    return _safe(text)


def _is_numeric(table: Table, column: int) -> bool:
    cells = [row[column] for row in table.rows if row[column] is not None]
    return bool(cells) and all(isinstance(cell, (int, float)) for cell in cells)


def show_cell(title: str, cell: str | float | int | None) -> str:
    """A cell as text."""
    if cell is None:
        return "–"
    if isinstance(cell, str):
        return cell
    if title in COUNTED:
        return count(cell)
    if title in FRACTIONS and isinstance(cell, float):
        return percent(cell) if title != "F1" else f"{cell:.3f}"
    if title in IMAGES and isinstance(cell, int):
        return f"{cell:,}"
    if title == "seconds":
        return f"{cell:,.1f}"
    return f"{cell:,.4g}" if isinstance(cell, float) else f"{cell}"


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("autocnn.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )


def _source(environment: Environment, name: str) -> str:
    """The text of one of the package's own files."""
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0].strip()


def _safe(text: str) -> Markup:
    """`text`, which comes from this package or is escaped, as it is."""
    from markupsafe import Markup

    return Markup(text)
