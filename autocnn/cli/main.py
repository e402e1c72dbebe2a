"""The command line: one file a command, errors as one line, exit codes."""

from __future__ import annotations

import os
import signal
import sys

import typer

import autocnn.terminal as terminal
from autocnn.cli.ablate import ablate
from autocnn.cli.baselines import baselines
from autocnn.cli.compare import compare
from autocnn.cli.dashboard import dashboard
from autocnn.cli.datasets import datasets
from autocnn.cli.ensemble import ensemble
from autocnn.cli.evaluate import evaluate
from autocnn.cli.export import export
from autocnn.cli.importance import importance
from autocnn.cli.info import info
from autocnn.cli.leaderboard import leaderboard
from autocnn.cli.limits import exceeded_limit
from autocnn.cli.plot import plot
from autocnn.cli.predict import predict
from autocnn.cli.report import report
from autocnn.cli.resume import resume
from autocnn.cli.search import search
from autocnn.cli.serve import serve
from autocnn.cli.show import show
from autocnn.cli.spaces import spaces
from autocnn.cli.streams import check_arguments, check_written, prepare_streams
from autocnn.cli.studies import studies
from autocnn.cli.worker import worker
from autocnn.errors import AutocnnError, Interrupted
from autocnn.keras_startup import own_process

FIRST = """autocnn finds the best small convolutional network for an image data set.

  autocnn search                 two minutes on scikit-learn's digits;
                                 --dataset FOLDER searches for photos
  autocnn show                   what won, layer by layer
  autocnn export -o model.keras  the network as a file; also .onnx, .tflite

autocnn --help lists all commands, autocnn COMMAND --help its options."""
MOST_CHARACTERS = 2000  # of a line of error

app = typer.Typer(
    name="autocnn",
    help="Find, train and export the best small convolutional network for an image data set.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    search,
    resume,
    worker,
    leaderboard,
    show,
    plot,
    report,
    dashboard,
    importance,
    ablate,
    compare,
    export,
    ensemble,
    predict,
    evaluate,
    serve,
    spaces,
    baselines,
    datasets,
    info,
):
    app.command()(command)
app.add_typer(studies, name="studies")


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", help="Print the version and leave."),
) -> None:
    if version:
        from importlib import metadata  # not at the top: it takes a tenth of the time of --help

        print(metadata.version("autocnn"))
        raise typer.Exit
    if context.invoked_subcommand is None:
        for line in FIRST.splitlines():
            terminal.print_line(line)


def main() -> None:
    """Run the command line; an `AutocnnError` becomes one line on stderr."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    own_process()
    signal.signal(signal.SIGINT, _interrupt)
    prepare_streams()
    try:
        code = _run()
    except AutocnnError as error:
        _fail(str(error), error.exit_code)
    except typer.TyperException as error:
        _fail(f"{error.format_message()} (see {_help_of(error)})", error.exit_code)
    except typer.Abort:
        sys.exit(130)
    except Interrupted:
        print("autocnn: interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # the process that reads our output has ended, such as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (MemoryError, SystemError, OSError, ImportError) as error:
        line = exceeded_limit(error)
        if line is None:
            raise
        _fail(line, 1)
    sys.exit(code if isinstance(code, int) else 0)


def _help_of(error: typer.TyperException) -> str:
    """The command whose help states what was expected, such as `autocnn search --help`."""
    context = getattr(error, "ctx", None)
    command = "autocnn" if context is None else context.command_path
    return f"`{command} --help`"


def _run() -> object:
    """Run the command; what it returns.

    Raises: RecordError if standard output is full.
    """
    check_arguments(sys.argv[1:])
    try:
        code: object = app(standalone_mode=False)
        sys.stdout.flush()  # raises BrokenPipeError here, not while Python ends
    except (AutocnnError, BrokenPipeError):
        raise
    except OSError as error:
        check_written(error)
        raise
    return code


def _interrupt(*_: object) -> None:
    raise Interrupted


def _fail(text: str, code: int) -> None:
    line = " ".join(text.split())
    if len(line) > MOST_CHARACTERS:  # a value of a file may have any length
        line = f"{line[: MOST_CHARACTERS // 2]} … {line[-MOST_CHARACTERS // 2 :]}"
    terminal.print_line(f"autocnn: error: {line}", sys.stderr)
    sys.exit(code)
