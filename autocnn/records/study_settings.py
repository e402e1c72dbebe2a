"""`StudySettings`: the resolved settings of a study, and the table of its options.

The fields of `StudySettings`, its bases' included, are the only list of settings: command line,
environment variables, settings files and checks read it through `SETTINGS`.
"""

from __future__ import annotations

from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from functools import cache
from typing import Any, get_type_hints

from autocnn.errors import SettingsError
from autocnn.objectives import DEFAULT, OBJECTIVES, Objective, find_objective
from autocnn.records.choices import AUTO, ENGINES, PLAN, PRUNERS, SAMPLERS, TUNERS
from autocnn.records.database_url import absolute_url, public_url
from autocnn.records.goals import COSTS, LATENCY, are_goals, split_goals
from autocnn.records.machine_settings import MachineSettings
from autocnn.records.setting import (
    FINALS,
    HORIZONS,
    KEY,
    N_SEEDS,
    NAME_OR_PATH,
    POSITIVE,
    SECONDS,
    STUDIES,
    STUDY_NAME,
    TIME,
    Rule,
    Setting,
    about,
    at_least,
    either,
    one_of,
)
from autocnn.records.units import parse_count, parse_duration, parse_milliseconds

INTEGER_BITS = 64  # of an integer in the record, with its sign
FINALISTS, SEEDS = 3, 3  # of finals that are asked for only one of the two numbers
GOALS = Rule(
    f"one of {', '.join(OBJECTIVES)}, after it any of {', '.join(COSTS)} with commas between them",
    are_goals,
)
TYPES = (int, float, str, bool)  # of a setting


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySettings(MachineSettings):
    """The resolved settings of a study: those of its images and of the machine, and all others.

    The metadata of each field state its option, its rule and whether it is changeable.
    Raises: SettingsError on a value that is out of range, naming its option.
    """

    study: str = field(  # the name of its folder
        metadata=about(
            "Name of the study; an existing study is continued", STUDY_NAME, changeable=True
        )
    )
    space: str = field(
        default="cnn",
        metadata=about("Search space: a name (see autocnn spaces) or a .toml file", NAME_OR_PATH),
    )
    engine: str = field(
        default="optuna",
        metadata=about("Library that proposes configurations", one_of(ENGINES, hidden=(PLAN,))),
    )
    sampler: str = field(
        default=AUTO, metadata=about("Sampler of the engine optuna", one_of((AUTO, *SAMPLERS)))
    )
    tuner: str = field(
        default="hyperband", metadata=about("Tuner of the engine keras-tuner", one_of(TUNERS))
    )
    pruner: str = field(
        default=AUTO,
        metadata=about("Rule that stops poor trials early", one_of((AUTO, *PRUNERS))),
    )
    objective: str = field(
        default=DEFAULT,
        metadata=about(
            f"What trials are scored by on the validation images ({', '.join(OBJECTIVES)}), and "
            f"after a comma what a network costs ({', '.join(COSTS)}), such as accuracy,size",
            GOALS,
        ),
    )
    trials: int | None = field(  # None: no limit
        default=None,
        metadata=about("End after this number of trials", at_least(1), changeable=True),
    )
    time_budget_s: float | None = field(  # wall seconds; None: no limit
        default=None,
        metadata=about(
            "Time of the whole search, finals included, such as 90s, 12m or 1h30m; by default 15m, "
            "for digits 2m",
            SECONDS,
            option="--time-budget",
            parse=parse_duration,
            changeable=True,
        ),
    )
    epochs: int | None = field(  # None: chosen for the device at the start
        default=None,
        metadata=about(
            "Epochs of the longest trial; by default as many as the time allows, at most 30, or "
            "2,000 updates of the weights if those are more",
            at_least(1),
        ),
    )
    batch_size: int | None = field(  # None: each trial's own
        default=None,
        metadata=about(
            "Images in each batch of every trial, such as 512 on a GPU; by default the space's",
            at_least(1),
        ),
    )
    horizons: int = field(
        default=1,
        metadata=about(
            "Lengths of schedules: 1, or 2: a short one for most trials, and one that is three "
            "times as long or longer for the best of them",
            HORIZONS,
        ),
    )
    seed: int = field(default=0, metadata=about("Seed of search and training", at_least(0)))
    max_params: int | None = field(
        default=None,
        metadata=about(
            "Largest number of parameters of a network, such as 200000 or 1.5M, if below the limit "
            "of the space",
            at_least(1),
            parse=parse_count,
        ),
    )
    max_macs: int | None = field(
        default=None,
        metadata=about(
            "Largest number of multiply-accumulates for one image, such as 40M, if below the limit "
            "of the space",
            at_least(1),
            parse=parse_count,
        ),
    )
    max_latency_ms: float | None = field(
        default=None,
        metadata=about(
            "Longest time in which a network may classify one image on this machine, such as 5ms; "
            "it is measured before a trial is trained",
            POSITIVE,
            option="--max-latency",
            parse=parse_milliseconds,
        ),
    )
    trial_timeout_s: float | None = field(  # wall seconds; None: a share of the budget
        default=None,
        metadata=about(
            "Longest time of one trial, such as 5m; its best epoch before that counts",
            SECONDS,
            option="--trial-timeout",
            parse=parse_duration,
            changeable=True,
        ),
    )
    target: float | None = field(
        default=None,
        metadata=about(
            "End once a trial reaches this score of the objective, such as 0.92",
            POSITIVE,
            changeable=True,
        ),
    )
    smallest: bool = field(
        default=False,
        metadata=about(
            "Look for the network with the fewest parameters that reaches --target, instead of "
            "ending there",
            option="--smallest/--no-smallest",
        ),
    )
    recipes: bool = field(
        default=True,
        metadata=about(
            "Try configurations that are known to be good first", option="--recipes/--no-recipes"
        ),
    )
    warm_start: str | None = field(  # None: no earlier study
        default=None,
        metadata=about(
            "Earlier studies, such as first,../other/second, whose three best configurations each "
            "are tried before anything else; a name with a / is the path of a study's folder",
            STUDIES,
        ),
    )
    finals: int | None = field(  # None: automatic
        default=None,
        metadata=about(
            "Best configurations, at most 10, that are trained again with new seeds before the "
            "winner is chosen by its mean on validation; by default as many, up to 3, as the time "
            "that is left allows and the scores cannot tell apart; 1: the best trial wins",
            FINALS,
            changeable=True,
        ),
    )
    seeds: int | None = field(  # None: automatic
        default=None,
        metadata=about(
            "Seeds with which each of them is trained again; by default 3, or 2 if time is short",
            N_SEEDS,
            changeable=True,
        ),
    )
    created: str = field(  # ISO time in UTC; empty: not yet started
        default="", metadata=about(rule=TIME, changeable=True)
    )

    @property
    def proposer(self) -> str:
        """The sampler or tuner that the engine proposes with; a plan has its own name."""
        if self.engine not in ENGINES:
            return self.engine
        return str(getattr(self, ENGINES[self.engine]))

    @property
    def scoring(self) -> Objective:
        """The objective that `objective` names; with `smallest` it ranks by size from `target`."""
        named = find_objective(split_goals(self.objective)[0])
        return replace(named, smallest_from=self.target) if self.smallest else named

    @property
    def costs(self) -> tuple[str, ...]:
        """The costs of a network that are goals besides the score."""
        return split_goals(self.objective)[1]

    @property
    def measures_latency(self) -> bool:
        """True if the latency of each network is a goal or has a limit."""
        return LATENCY in self.costs or self.max_latency_ms is not None

    @property
    def ends_at(self) -> float | None:
        """The score of a trial that ends the search; None: no score does."""
        return None if self.smallest else self.target

    @property
    def asked_finals(self) -> tuple[int, int] | None:
        """Configurations and seeds that the finals are asked to train; None: automatic."""
        if self.finals is None and self.seeds is None:
            return None
        if self.finals == 1 and self.seeds is None:
            return 1, 0
        return self.finals or FINALISTS, self.seeds or SEEDS

    @property
    def n_retrainings(self) -> int:
        """Trainings that the finals are asked for, beside the refit."""
        n_finalists, n_seeds = self.asked_finals or (0, 0)
        return n_finalists * n_seeds

    def __post_init__(self) -> None:
        for key in SETTINGS:
            check_value(option_name(key), key, getattr(self, key))
        if self.target is not None and self.target > 1 and self.scoring.is_fraction:
            raise SettingsError(
                f"--target must be above 0 and at most 1 with --objective {self.objective}, "
                f"got {self.target}"
            )
        if self.smallest and self.target is None:
            raise SettingsError(
                "--smallest needs --target, the score that the network must reach, such as 0.92"
            )
        if self.smallest and self.costs:
            raise SettingsError(
                f"--smallest has one goal, got --objective {self.objective}; leave out one of them"
            )


SETTINGS: dict[str, Setting] = {f.name: f.metadata[KEY] for f in fields(StudySettings)}


def option_name(key: str) -> str:
    """The option of `autocnn search` that sets `key`, such as --time-budget."""
    return SETTINGS[key].option or "--" + key.replace("_", "-")


def option_help(key: str) -> str:
    """The help text of the setting's option: effect, choices and default."""
    found, default = SETTINGS[key], _defaults()[key]
    choices = () if found.rule is None else found.rule.choices
    text = found.help
    if choices:
        text += f": {either(choices)}"
    if isinstance(default, bool):
        return f"{text} (default)." if default else f"{text}."
    return f"{text}." if default in (None, "") else f"{text}; by default {default}."


def option_variable(key: str) -> str:
    """The environment variable of the setting, such as AUTOCNN_TIME_BUDGET."""
    return "AUTOCNN_" + option_key(key).upper()


def option_key(key: str) -> str:
    """The key under which a file may give the text of the setting's option, such as time_budget."""
    return option_name(key).partition("/")[0].removeprefix("--").replace("-", "_")


@cache
def setting_types() -> dict[str, type]:
    """The type of each setting, such as int for a field of type `int | None`."""
    hints = get_type_hints(StudySettings)
    return {key: next(t for t in TYPES if hints[key] in (t, t | None)) for key in SETTINGS}


@cache
def _defaults() -> dict[str, Any]:
    return {f.name: None if f.default is MISSING else f.default for f in fields(StudySettings)}


def public_settings(settings: StudySettings) -> dict[str, Any]:
    """`settings` by field name, to be shown and stored: without a password, with absolute paths."""
    storage = None if settings.storage is None else public_url(absolute_url(settings.storage))
    return {**asdict(settings), "storage": storage}


def check_value(label: str, key: str, value: Any) -> None:
    """Raise SettingsError, which begins with `label`, if the setting `key` cannot be `value`."""
    rule = SETTINGS[key].rule
    if isinstance(value, int) and value.bit_length() >= INTEGER_BITS:
        raise SettingsError(
            f"{label} must be an integer of at most {INTEGER_BITS} bits with its sign, got one of "
            f"{value.bit_length()}"
        )
    if value is not None and rule is not None and not rule.holds(value):
        raise SettingsError(f"{label} must be {rule.expected}, got {shown_value(key, value)}")


def shown_value(key: str, value: Any) -> str:
    """`value` of the setting `key` for an error; a storage is shown without its password."""
    if key != "storage":
        return repr(value)
    return repr(public_url(value)) if isinstance(value, str) else type(value).__name__
