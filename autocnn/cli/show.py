"""`autocnn show`: one trial in full, two side by side, or what the shipped model confused."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from autocnn.cli.options import ResultsOption, StudyArgument


def show(
    study: StudyArgument = None,
    trial: Annotated[
        int | None, typer.Argument(help="Number of the trial; the best one by default.")
    ] = None,
    number: Annotated[
        int | None, typer.Option("--trial", help="The same, where no study is named.")
    ] = None,
    compare: Annotated[
        tuple[int, int] | None,
        typer.Option(metavar="A B", help="Show trials A and B side by side instead."),
    ] = None,
    confusion: Annotated[
        bool,
        typer.Option("--confusion", help="Show the test's confusion matrix instead."),
    ] = False,
    results: ResultsOption = Path("results"),
) -> None:
    """Show a trial: its layers with shapes and parameters, its settings, its learning curve."""
    trial = _one_of(trial, number)
    if compare is not None:
        _check_alone("--compare names both trials", trial, confusion)
        _show_two(results, study, compare)
    elif confusion:
        _check_alone("--confusion is about the shipped model", trial)
        _show_confusion(results, study)
    else:
        _show_one(results, study, trial)


def _one_of(trial: int | None, number: int | None) -> int | None:
    """The trial, wherever it was named."""
    from autocnn.errors import SettingsError

    if trial is not None and number is not None:
        raise SettingsError(f"the trial is named twice, {trial} and --trial {number}")
    return number if trial is None else trial


def _check_alone(why: str, trial: int | None, confusion: bool = False) -> None:
    """Raise SettingsError where a trial is named too, or another page is asked for."""
    from autocnn.errors import SettingsError

    if trial is not None:
        raise SettingsError(f"{why}: leave out the TRIAL, got {trial}")
    if confusion:
        raise SettingsError(f"{why}: leave out --confusion")


def _show_one(results: Path, study: str | None, trial: int | None) -> None:
    import autocnn.api as api
    from autocnn.errors import RecordError
    from autocnn.terminal.confusion_table import render_classes
    from autocnn.terminal.printing import print_wide
    from autocnn.terminal.trial_page import render_trial

    if trial is None:
        study, trial = api.study_or_trial(results, study)
    view = api.load_study(results, study)
    record = view.trial(trial)
    print_wide(render_trial(record, view.network(record)))
    try:
        if api.is_winner(view, record.number):
            print_wide(render_classes(api.confusion_of(view)))
    except RecordError as error:  # the trial itself was shown
        print(error, file=sys.stderr)


def _show_two(results: Path, study: str | None, numbers: tuple[int, int]) -> None:
    import autocnn.api as api
    from autocnn.errors import SettingsError
    from autocnn.terminal.printing import print_wide
    from autocnn.terminal.two_trials import render_comparison

    if numbers[0] == numbers[1]:
        raise SettingsError(f"--compare needs two different trials, got {numbers[0]} twice")
    view = api.load_study(results, study)
    first, second = (view.trial(number) for number in numbers)
    print_wide(render_comparison(first, second, view.space))


def _show_confusion(results: Path, study: str | None) -> None:
    import autocnn.api as api
    from autocnn.terminal.confusion_table import render_confusion
    from autocnn.terminal.printing import print_wide

    print_wide(render_confusion(api.confusion_of(api.load_study(results, study))))
