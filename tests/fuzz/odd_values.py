"""Values that no file and no argument should have, and structures with one value replaced."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

DEEP = "@deep@"  # stands for a list in a list in a list, of 100,000 levels
N_DEEP = 100_000
NUMBERS: tuple[Any, ...] = (
    *(0, -1, 1, 2, 3, 65536, 2**31, 2**63 - 1, 2**63, 2**64, 10**30, -(10**30)),
    *(1e300, -1e300, 1e-300, 0.5, -0.5, float("inf"), float("nan"), True, False),
)
TEXTS = (
    *("", " ", "x", "alpha", "None", "nan", "1e5", "0", "complete", "9" * 400, "x" * 5000),
    *("../x", "/etc/hostname", "/dev/zero", "a/b", "~", "~nobody-there/x", ".", "..", "%s{0}"),
    *("\x1b[2J", "a\nb", "\u202ex", "ä", "\x00", "[red]x[/red]", "[/]", "sqlite:///x.db"),
)
SURROGATE = "\ud800"
OTHERS: tuple[Any, ...] = (None, [], {}, [[]], [0, "x"], {"a": {}}, {"x": [None]}, DEEP)
TOML_VALUES = (
    *("0", "-1", "1", "2", "true", "1e300", "1e-300", "-inf", "nan", "9223372036854775807"),
    *("9223372036854775808", "-9223372036854775808", "9" * 400, "1979-05-27T07:32:00Z", "0.5"),
    *('""', '"x"', '"\\u0000"', '"\\u001b[2J"', '"a\\nb"', f'"{"x" * 5000}"', "[]", "{}", "[[]]"),
    *("{ a = 1 }", "{ low = 1, high = 0 }", "{ low = 0.0, high = 1.0, step = 1e-300 }", '["x"]'),
    *("{ low = 1, high = 9223372036854775807 }", "{ low = 1e-300, high = 1e300, log = true }"),
    *("{ choices = [] }", "{ choices = [1, 1] }", "{ choices = [1, true, 'x'] }", "{ value = 3 }"),
    *("[" * N_DEEP + "]" * N_DEEP, "{ a = " * 3000 + "1" + " }" * 3000, "=", '"', "[1, 2"),
    *("{ low = 1, high = 3, when = { blocks = 99 } }", "{ choices = [1, 2], when = 3 }"),
)


def odd_value(random: Random) -> Any:
    """A number, a text, a structure or nothing."""
    return random.choice((*NUMBERS, *TEXTS, *OTHERS, SURROGATE))


def mutated(value: Any, random: Random) -> Any:
    """A copy of a JSON `value` in which one value is odd, missing or twice there."""
    if not isinstance(value, (dict, list)) or not value or random.random() < 0.15:
        return odd_value(random)
    if isinstance(value, dict):
        key = random.choice(list(value))
        rest = {k: v for k, v in value.items() if k != key}
        return rest if random.random() < 0.2 else {**rest, key: mutated(value[key], random)}
    place = random.randrange(len(value))
    less, more = value[:place], value[place + 1 :]
    kind = random.random()
    if kind < 0.15:
        return less + more
    if kind < 0.3:
        return [*value, value[place]]
    return [*less, mutated(value[place], random), *more]


def json_text(value: Any) -> str:
    """The JSON of `value`, with the deep list in the place of its name."""
    return json.dumps(value).replace(f'"{DEEP}"', "[" * N_DEEP + "]" * N_DEEP)


def mutated_json(text: str, random: Random) -> str:
    """The text of a JSON value with one value replaced."""
    return json_text(mutated(json.loads(text), random))


def mutated_lines(text: str, random: Random) -> str:
    """The text of a file of one JSON object a line, with one line mutated, missing or twice."""
    lines = text.splitlines()
    place = random.randrange(len(lines))
    kind = random.random()
    if kind < 0.1:
        del lines[place]
    elif kind < 0.2:
        lines.insert(random.randrange(len(lines)), lines[place])
    else:
        lines[place] = mutated_json(lines[place], random)
    return "\n".join(lines) + "\n"


def mutated_toml(text: str, random: Random) -> str:
    """The text of a TOML file with one value replaced, or one line odd, missing or twice there."""
    lines = text.splitlines()
    stated = [i for i, line in enumerate(lines) if re.match(r"\w+ = ", line)]
    place = random.choice(stated)
    key = lines[place].partition(" = ")[0]
    kind = random.random()
    if kind < 0.1:
        del lines[place]
    elif kind < 0.2:
        lines.insert(place, random.choice((lines[place], "odd = 1", "[odd]", "[[block]]", "\x00")))
    else:
        lines[place] = f"{key} = {random.choice(TOML_VALUES)}"
    return "\n".join(lines) + "\n"
