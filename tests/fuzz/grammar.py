"""Command lines: sensible ones, with options of the commands themselves added or replaced."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import typer

from autocnn.cli.main import app

# Commands that only read: they may write below out/, and nothing else.
READING = (
    *("show alpha", "show alpha 1", "show alpha --compare 0 1", "show alpha --confusion", "show"),
    *("leaderboard alpha", "leaderboard alpha beta", "leaderboard", "leaderboard --format csv"),
    *("leaderboard alpha --where score>0.5 --sort seconds --top 2", "leaderboard --columns all"),
    *("leaderboard alpha --format json", "leaderboard alpha --where state=complete --format md"),
    *("importance alpha", "importance alpha --json", "plot history alpha", "plot curves alpha"),
    *(
        "plot importance alpha",
        "plot history alpha -o out/x.html",
        "plot slice alpha -o out/x.html",
    ),
    *("plot parallel alpha -o out/x.html", "export alpha -o out/x.keras", "studies", "info"),
    *("export alpha --trial 1 -o out/y.keras", "predict alpha picture.png", "predict alpha PATH"),
    *("predict results/alpha/finals/winner.keras picture.png --top 3 --csv", "predict PATH PATH"),
    *("predict alpha PATH --json", "predict alpha picture.png --trial 2", "spaces PATH", "spaces"),
    *(
        "datasets PATH",
        "datasets PATH --grid out/x.png",
        "datasets PATH --image-size 16",
        "datasets",
    ),
    *("search --dataset PATH --dry-run", "search --space PATH --dry-run", "baselines --json"),
    *("search --config PATH --dry-run", "search --dry-run --json", "spaces cnn --copy out/x.toml"),
)
WRITING = (
    *("resume alpha", "resume", "resume alpha --trials 4", "resume alpha --finals 3 --seeds 2"),
    *("leaderboard alpha --rebuild", "studies clean alpha --yes", "studies clean alpha"),
    *("search --study alpha", "search --study alpha --trials 5", "search --study new --trials 1"),
    *("search --study new --config results/alpha/study.toml", "search --study new --config PATH"),
    *("search --study new --dataset PATH --trials 1", "search --study new --space PATH --trials 1"),
    *("search --study new --warm-start alpha --trials 2", "worker --study alpha", "worker"),
    *("search --study new --dataset PATH --subset 10 --epochs 1 --trials 1 --folds 2",),
    *("ablate alpha", "ablate alpha --seeds 1 --factors dropout", "compare --dataset digits"),
    *("compare --dataset digits --study alpha --seeds 1", "compare --dataset PATH"),
)
INTEGERS = ("0", "1", "2", "3", "7", "-1", "9" * 19, "9" * 40, "1e3", "x", "", "٣", "0x1", "1_0")
NUMBERS = (*INTEGERS, "0.5", "nan", "inf", "-inf", "1e300", "1e-300", "1e999")
WORDS = (
    *("", " ", "x", "alpha", "beta", "alpha,beta", "nothing", "None", "0", "9" * 400, "x" * 5000),
    *("../x", "..", ".", "~", "~nobody-there/x", "/", "/dev/null", "out/x.html", "out/x.keras"),
    *("\x1b[2J", "a\nb", "\u202ex", "ä", "[red]x[/red]", "[/]", "%s", "-", "--", "*", "a,,b"),
    *(
        "\udcff",
        "a/" * 2500,
        "results",
        "results/alpha",
        "out",
        "out/no/x.html",
        "x.keras",
        "x.png",
    ),
)
BY_OPTION: dict[str, Sequence[str]] = {
    "--storage": ("sqlite:///out/x.db", "sqlite:////dev/null", "postgresql://x:y@[::1/z", "x:"),
    "--tensorboard": ("out/runs", "results", "results/alpha"),
    "--mlflow": ("http://127.0.0.1:9", "sqlite:///out/mlflow.db", "http://[::1", "x:y@z"),
    "--time-budget": ("1s", "10m", "1e300h", "9" * 400 + "s", "1s1s", "-1s", "nans", "infs"),
    "--trial-timeout": ("1s", "1e-300s", "9" * 400 + "m"),
    "--worker-memory": ("1G", "9" * 400 + "G", "0M", "-1G", "nanG"),
    "--image-size": ("8", "8x9", "9999", "0", "1x9999"),
    "--where": ("score>0.5", "score", "=", "x=1", "score>nan", "state=x", "trial=" + "9" * 40),
    "--sort": ("score", "trial", "-score", "param.filters", "x"),
    "--columns": ("score,trial", "all", "x", "score,score", ","),
    "--space": ("cnn", "mlp", "lenet5"),
    "--dataset": ("digits", "digit"),
    "--baseline": ("lenet5", "x"),
    "--factors": ("dropout", "optimizer,dropout", "x"),
    "--objective": ("loss", "macro_f1", "accuracy"),
    "--gpus": ("0", "0,1", "x", "-1"),
}


def options_of(name: str) -> list[Any]:
    """The options of a command such as "studies clean", as the command line knows them."""
    command: Any = typer.main.get_command(app)
    for word in name.split():
        command = command.commands[word]
    return [each for each in command.params if each.param_type_name == "option"]


def draw_words(base: str, paths: Sequence[Path], random: Random) -> list[str]:
    """The arguments of a command: those of `base`, and up to three more options or words."""
    words = [_path(paths, random) if word == "PATH" else word for word in base.split()]
    n_more = random.choice((0, 0, 0, 1, 1, 2, 3))
    if n_more == 0:
        return words
    name = " ".join(words[:2] if words[:2] == ["studies", "clean"] else words[:1])
    options = options_of(name)
    for _ in range(n_more):
        words += _option(random.choice(options), paths, random) if options else ["x"]
    if random.random() < 0.15 and len(words) > 1:
        words[random.randrange(1, len(words))] = random.choice(WORDS)
    return words


def draw_variables(random: Random) -> dict[str, str]:
    """Environment variables: mostly none, else one of a setting, of a folder or of a library."""
    if random.random() < 0.9:
        return {}
    settings = [each for each in options_of("search") if each.envvar]
    name = random.choice(
        [
            *(
                "HOME",
                "XDG_CACHE_HOME",
                "OPTUNA_STORAGE",
                "KERAS_HOME",
                "COLUMNS",
                "TMPDIR",
                "NO_COLOR",
            )
        ]
        + [each.envvar for each in settings]
    )
    text = random.choice((*WORDS, *NUMBERS))
    return {name: text}


def _option(option: Any, paths: Sequence[Path], random: Random) -> list[str]:
    name = random.choice(option.opts)
    if option.is_flag:
        return [random.choice([*option.opts, *option.secondary_opts])]
    return [name, *(_value(option, paths, random) for _ in range(max(1, option.nargs)))]


def _value(option: Any, paths: Sequence[Path], random: Random) -> str:
    known = [text for name in option.opts for text in BY_OPTION.get(name, ())]
    if known and random.random() < 0.6:
        return random.choice(known)
    if re.search("int|float", str(option.type_descriptor.annotation)):
        return random.choice(NUMBERS)
    return random.choice((*WORDS, *NUMBERS, *([_path(paths, random)] * 20)))


def _path(paths: Sequence[Path], random: Random) -> str:
    return str(random.choice(paths)) if paths else "digits"
