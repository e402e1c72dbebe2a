"""`autocnn show`: one trial in full, two side by side, or the confusion matrix of the winner."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

import autocnn.api as api
import autocnn.terminal as terminal
from autocnn.cli.options import JsonOption, ResultsOption, StudyArgument, TrustOption
from autocnn.errors import RecordError, SettingsError


def show(
    study: StudyArgument = None,
    trial: Annotated[
        int | None, typer.Argument(help="Number of the trial; by default the best one.")
    ] = None,
    number: Annotated[
        int | None,
        typer.Option("--trial", help="Number of the trial, for a command that names no study."),
    ] = None,
    compare: Annotated[
        tuple[int, int] | None,
        typer.Option(metavar="A B", help="Show trials A and B side by side instead."),
    ] = None,
    confusion: Annotated[
        bool,
        typer.Option("--confusion", help="Show the confusion matrix of the test instead."),
    ] = False,
    as_json: JsonOption = False,
    results: ResultsOption = Path("results"),
    trust: TrustOption = False,
) -> None:
    """Show a trial: its layers with shapes and parameters, its settings, its learning curve."""
    if trust:
        name = api.study_or_trial(results, study)[0]
        api.trust_studies(results, [] if name is None else [name])
    trial = _one_of(trial, number)
    if compare is not None:
        _check_alone("--compare names both trials", trial, confusion)
        _check_different(compare)
        (_print_two if as_json else _show_two)(results, study, compare)
    elif confusion:
        _check_alone("--confusion is about the shipped model", trial)
        (_print_confusion if as_json else _show_confusion)(results, study)
    else:
        (_print_one if as_json else _show_one)(results, study, trial)


def _one_of(trial: int | None, number: int | None) -> int | None:
    """The trial's number, given as the argument TRIAL or as the option --trial."""
    if trial is not None and number is not None:
        raise SettingsError(f"the trial is named twice, {trial} and --trial {number}")
    return number if trial is None else trial


def _check_alone(why: str, trial: int | None, confusion: bool = False) -> None:
    """Raise SettingsError if a trial or another page is given beside the page of `why`."""
    if trial is not None:
        raise SettingsError(f"{why}: leave out the TRIAL, got {trial}")
    if confusion:
        raise SettingsError(f"{why}: leave out --confusion")


def _check_different(numbers: tuple[int, int]) -> None:
    if numbers[0] == numbers[1]:
        raise SettingsError(f"--compare needs two different trials, got {numbers[0]} twice")


def _print_one(results: Path, study: str | None, trial: int | None) -> None:
    if trial is None:
        study, trial = api.study_or_trial(results, study)
    print(json.dumps(api.trial_json(api.load_study(results, study), trial)))


def _print_two(results: Path, study: str | None, numbers: tuple[int, int]) -> None:
    view = api.load_study(results, study)
    print(json.dumps({"trials": [api.trial_json(view, number) for number in numbers]}))


def _print_confusion(results: Path, study: str | None) -> None:
    print(json.dumps(api.confusion_json(api.load_study(results, study))))


def _show_one(results: Path, study: str | None, trial: int | None) -> None:
    if trial is None:
        study, trial = api.study_or_trial(results, study)
    view = api.load_study(results, study)
    record = view.trial(trial)
    terminal.print_wide(terminal.render_trial(record, view.network(record), view.objective))
    try:
        finals = view.finals
        if finals is not None and finals.finalists and finals.includes(record.number):
            terminal.print_wide(terminal.render_finalists(finals))
        if api.is_winner(view, record.number):
            terminal.print_wide(terminal.render_classes(api.confusion_of(view)))
    except RecordError as error:  # the page of the trial is complete without it
        terminal.print_line(str(error), sys.stderr)


def _show_two(results: Path, study: str | None, numbers: tuple[int, int]) -> None:
    view = api.load_study(results, study)
    first, second = (view.trial(number) for number in numbers)
    terminal.print_wide(terminal.render_two_trials(first, second, view.space, view.objective))


def _show_confusion(results: Path, study: str | None) -> None:
    view = api.load_study(results, study)
    terminal.print_wide(terminal.render_confusion(api.confusion_of(view)))
