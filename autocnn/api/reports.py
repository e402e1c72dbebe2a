"""The report of studies: one HTML page that needs no other file and no network."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from autocnn.api.studies import StudyView
from autocnn.api.winner_look import describe_data, look_at_winner, open_study_data
from autocnn.errors import AutocnnError, RecordError, SettingsError, StudyError
from autocnn.files import check_place, write_atomic, write_together
from autocnn.input_files import check_input, check_replaceable
from autocnn.leaderboard.rows import PARAMETER_PREFIX
from autocnn.leaderboard.table import DEFAULT_COLUMNS
from autocnn.models.contract import ModelContract
from autocnn.models.ensemble_report import EnsembleOutcome
from autocnn.records.cost import read_cost
from autocnn.records.finals_file import Confusion, read_confusion
from autocnn.records.manifest import read_manifest
from autocnn.records.optuna_record import silence_optuna
from autocnn.records.trial_record import TrialRecord
from autocnn.report.figures import Plot, StudyData, choose_parameters, importances
from autocnn.report.layer_table import LayerRow, Stage, layer_rows, stages
from autocnn.report.model_card import CARD, MARK, PICTURE, model_card
from autocnn.report.model_pictures import draw_architecture
from autocnn.report.page_table import Table
from autocnn.report.study_page import Figure, draw_figure, render_page
from autocnn.report.study_report import MOST_ROWS, StudyReport

REPORT_FILE = ".html"  # the ending of a report
CARD_HEAD = 4_096  # bytes of a card, and of its picture, within which its mark lies
PAINTER = b"Matplotlib"  # which writes its name into a PNG
ABLATION_COLUMNS = ("factor", "change", "n", "score", "effect", "low", "high", "verdict")


def write_report(views: Sequence[StudyView], target: Path | str) -> Path:
    """Write the report of the studies to `target`, a file that ends in .html.

    Raises: SettingsError for another ending; StudyError if a study has no trial; RecordError if a
    file of a study cannot be read, or `target` cannot be written.
    """
    file = Path(target)
    check_report_file(file)
    silence_optuna()
    page = render_page(
        [(_with_images(report_of(view), view), draw_figures(view)) for view in views]
    )
    write_atomic(file, page)
    return file


def write_card(
    view: StudyView,
    files: Sequence[Path],
    contract: ModelContract,
    ensemble: EnsembleOutcome | None = None,
) -> Path:
    """Write the model card, README.md and model.png, into the folder of the exported `files`.

    The picture shows the layers of the trial in the contract. `ensemble` is what was measured of
    the ensemble in the files, if they hold one.
    Raises: RecordError if a README.md or model.png lies there that is of no card, or if one of them
    cannot be written.
    """
    target = files[0].parent / CARD
    picture = target.with_name(PICTURE)
    check_card(target)
    older, advice = "the picture of an older card", "export to another folder"
    check_replaceable(picture, lambda head: PAINTER in head, CARD_HEAD, older=older, advice=advice)
    found = stages(view.network(view.trial(contract.trial)), view.image_shape)
    title = f"{contract.study}: the network of trial {contract.trial}"
    if contract.members:
        title += f", one of {len(contract.members)}"
    text = model_card(report_of(view), contract, [file.name for file in files], ensemble)
    drawn = draw_architecture(found, view.image_shape, title, "png")
    write_together({target: text, picture: drawn})
    return target


def check_card(target: Path) -> None:
    """Raise RecordError if something else than an older card lies at `target`."""
    older, advice = "the card of an older export", "export to another folder"
    check_replaceable(
        target, lambda head: MARK.encode() in head, CARD_HEAD, older=older, advice=advice
    )


def check_report_file(target: Path) -> None:
    """Raise SettingsError for another ending than .html, RecordError without a folder for it."""
    if target.suffix.lower() != REPORT_FILE:
        raise SettingsError(f"--output must end in {REPORT_FILE}, got {str(target)!r}")
    check_place(target)


def report_of(view: StudyView) -> StudyReport:
    """What the report of a study says, from its record.

    Raises: StudyError if it has no trial; RecordError if a file cannot be read.
    """
    if view.study.is_plan:
        raise StudyError(
            f"study {view.paths.name} is no search; its results lie in {view.paths.root}"
        )
    winner = view.trial() if any(record.score is not None for record in view.records) else None
    finals, facts = view.finals, view.facts
    error = None
    if winner is not None and winner.score is not None and facts is not None:
        error = _standard_error(view, winner.score)
    return StudyReport(
        name=view.paths.name,
        dataset=view.study.settings.dataset,
        objective=view.objective,
        records=view.records,
        winner=winner,
        facts=facts,
        finals=finals,
        cost=read_cost(view.paths),
        model_bytes=view.paths.winner.stat().st_size if view.paths.winner.is_file() else 0,
        error=error,
        confusion=None if finals is None else _confusion(view),
        layers=_layers(view, winner),
        leaderboard=_board(view.leaderboard),
        ablations=dict(_ablations(view)),
        manifest=_manifest(view),
        commands=_commands(view),
        stages=_stages(view, winner),
    )


def _with_images(report: StudyReport, view: StudyView) -> StudyReport:
    """The report with what needs the study's images, or with the reason why it is missing."""
    found = open_study_data(view)
    if isinstance(found, str):
        return replace(report, missing=f"The images are not at hand: {found}.")
    report = replace(report, data=describe_data(view, found))
    if report.winner is None:
        return report
    try:
        return replace(report, look=look_at_winner(view, found.prepared))
    except AutocnnError as error:
        return replace(report, missing=f"The winner cannot be looked at: {error}.")


def _stages(view: StudyView, winner: TrialRecord | None) -> list[Stage]:
    if winner is None or view.facts is None:
        return []
    return stages(view.network(winner), view.image_shape)


def _layers(view: StudyView, winner: TrialRecord | None) -> list[LayerRow]:
    if winner is None or view.facts is None:
        return []
    return list(layer_rows(view.network(winner), view.image_shape))


def draw_figures(view: StudyView) -> list[Figure]:
    """The figures of a study: those that its trials are enough for."""
    data = StudyData(
        name=view.paths.name, space=view.space, records=view.records, objective=view.objective
    )
    if not data.scored:
        return []
    kinds = ["history", "curves"]
    params: list[str] = []
    try:
        params = choose_parameters(data)
        importances(data)
        kinds += ["importance", "parallel", "slice"]
    except StudyError:  # too few trials, or nothing varies
        kinds += ["parallel"] if params and len(data.scored) > 1 else []
    return [draw_figure(Plot(kind=kind, data=data, params=params)) for kind in kinds]


def _standard_error(view: StudyView, score: float) -> float | None:
    """One standard error of a score on the validation images; None if their number is unknown."""
    facts = view.facts
    if facts is None or not facts.n_validation:
        return None
    n, k = facts.n_validation, facts.n_classes  # the record has no counts by class
    return view.objective.error(score, [n // k + (i < n % k) for i in range(k)])


def _confusion(view: StudyView) -> Confusion | None:
    return read_confusion(view.paths.confusion) if view.paths.confusion.is_file() else None


def _board(table: pa.Table) -> Table:
    """The rows of the leaderboard: the usual columns, and the parameters that vary."""
    names = [name for name in DEFAULT_COLUMNS if name in table.column_names]
    for name in table.column_names:
        is_parameter = name.startswith(PARAMETER_PREFIX)
        if is_parameter and len({repr(cell) for cell in table[name].to_pylist()}) > 1:
            names.append(name)
    shown = table.slice(0, MOST_ROWS).select(names)
    titles = [name.removeprefix(PARAMETER_PREFIX).replace("_", " ") for name in names]
    rows = [[_cell(cell) for cell in row.values()] for row in shown.to_pylist()]
    return Table(titles=titles, rows=rows, left_out=table.num_rows - shown.num_rows)


def _cell(value: Any) -> str | float | int | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return value if value is None or isinstance(value, (str, float, int)) else str(value)


def _ablations(view: StudyView) -> list[tuple[str, Table]]:
    """The tables of the study's ablations, by the names of their folders."""
    found = []
    for child in view.paths.children():
        file = child.root / "ablation.parquet"
        if file.is_file():
            found.append((child.root.name, _ablation(file)))
    return found


def _ablation(file: Path) -> Table:
    try:
        check_input(file)
        table = pq.read_table(file)
        names = [name for name in ABLATION_COLUMNS if name in table.column_names]
        rows = [[_cell(row[name]) for name in names] for row in table.select(names).to_pylist()]
    except (OSError, pa.ArrowException) as error:
        raise RecordError(
            f"{file}: cannot be read ({error}); `autocnn ablate` makes it again"
        ) from error
    return Table(titles=names, rows=rows)


def _manifest(view: StudyView) -> dict[str, Any]:
    return read_manifest(view.paths.manifest) if view.paths.manifest.is_file() else {}


def _commands(view: StudyView) -> list[str]:
    """The commands that make the study and its model again."""
    name, toml = view.paths.name, shlex.quote(str(view.paths.study_toml))
    return [
        f"autocnn search --config {toml} --study {shlex.quote(name + '-again')}",
        f"autocnn leaderboard {shlex.quote(name)}",
        f"autocnn export {shlex.quote(name)} -o model.keras",
    ]
