"""Search spaces in TOML: which contents are read, and each error message."""

from __future__ import annotations

import math
import re

import pytest

from autocnn.errors import SpaceError
from autocnn.space.config import Block, Dense
from autocnn.space.expand import NAMES
from autocnn.space.parameters import Between, Categorical, Fixed, Float, Int, OneOf
from autocnn.space.space import Published
from autocnn.space.toml import load_space, parse_space


def parse(text):
    """The space in `text`, read from a file called my.toml."""
    return parse_space(text, name="my", where="my.toml")


def test_every_kind_of_parameter_is_read():
    """Plain values, value tables, choices, and ranges with and without step and log."""
    space = parse("""
        [parameters]
        head = "flatten"
        growth = 2
        blocks = { value = 3 }
        filters = { choices = [16, 32] }
        convolutions = { low = 1, high = 5, step = 2 }
        dropout = { low = 0, high = 0.5, step = 0.25 }
        learning_rate = { low = 1e-4, high = 1e-1, log = true }
        """)
    assert space.parameters == {
        "head": Fixed(value="flatten"),
        "growth": Fixed(value=2.0),
        "blocks": Fixed(value=3),
        "filters": Categorical(choices=(16, 32)),
        "convolutions": Int(low=1, high=5, step=2),
        "dropout": Float(low=0.0, high=0.5, step=0.25),
        "learning_rate": Float(low=1e-4, high=1e-1, log=True),
    }
    assert isinstance(space.parameters["growth"].value, float)


def test_every_kind_of_condition_is_read():
    """One value, several values, and bounds, on any kind of parameter."""
    space = parse("""
        [parameters]
        optimizer = { choices = ["sgd", "momentum", "nesterov"] }
        early_stopping = { choices = [true, false] }
        dense_layers = { low = 0, high = 2 }
        momentum = { low = 0.8, high = 0.9, when = { optimizer = ["momentum", "nesterov"] } }
        patience = { value = 3, when = { early_stopping = true } }
        shift = { value = 1, when = { dense_layers = { low = 1, high = 2 }, optimizer = "sgd" } }
        """)
    assert space.parameters["momentum"].when == {"optimizer": OneOf(("momentum", "nesterov"))}
    assert space.parameters["patience"].when == {"early_stopping": OneOf((True,))}
    assert space.parameters["shift"].when == {
        "dense_layers": Between(low=1, high=2),
        "optimizer": OneOf(("sgd",)),
    }


def test_the_rest_of_the_file_is_read():
    """Description, limits, name and text are those of the file."""
    text = 'description = "two"\n[limits]\nmacs = 1000\n[parameters]\nblocks = 0\n'
    space = parse(text)
    assert (space.name, space.description, space.text) == ("my", "two", text)
    assert (space.limits.macs, space.limits.parameters) == (1000, None)
    assert (space.blocks, space.dense) == (None, None)


def test_a_description_is_one_line():
    """A line of it would look like a line of autocnn where the space is printed."""
    assert parse('description = """two\n  lines\tand a tab"""').description == "two lines and a tab"


def test_what_was_published_is_read():
    """A baseline has data, figure and source; a user's space has none."""
    assert parse("").published is None
    minimal = parse("[published]\ndataset = 'mnist'\nsource = 'a book'\n").published
    assert minimal == Published(dataset="mnist", source="a book")
    full = "test_accuracy = 1\nepochs = 12\nbatch_size = 128\n"
    space = parse(f"[published]\ndataset = 'mnist'\nsource = 'a book'\n{full}")
    assert space.published == Published(
        dataset="mnist", source="a book", test_accuracy=1.0, epochs=12, batch_size=128
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("published = 3", "my.toml: published: expected a table, got 3"),
        ("[published]\nyear = 1998", "my.toml: published: year: unknown key; known: dataset,"),
        ("[published]\nsource = 'x'", "my.toml: published.dataset: this key is missing"),
        ("[published]\ndataset = 'x'", "my.toml: published.source: this key is missing"),
        (
            "[published]\ndataset = 'x'\nsource = 'x'\ntest_accuracy = 65.98",
            "my.toml: published.test_accuracy: expected a value >= 0 and <= 1, got 65.98",
        ),
        (
            "[published]\ndataset = 'x'\nsource = 'x'\nepochs = 0",
            "my.toml: published.epochs: expected a value >= 1, got 0",
        ),
    ],
)
def test_what_is_wrong_in_published_is_named(text, message):
    """The error has file, key, expected and given value."""
    with pytest.raises(SpaceError, match=message):
        parse(text)


def test_an_empty_file_is_a_space_of_one_point():
    """Every setting of a space has a default."""
    assert parse("").n_points() == 1


def test_blocks_and_dense_layers_are_read_as_written():
    """[[block]] and [[dense]] give an architecture; integers are read as floats."""
    space = parse("""
        [[block]]
        filters = [8, 16]
        pool = "max"
        dropout = 0
        [[dense]]
        units = 10
        """)
    assert space.blocks == (Block(filters=(8, 16), pool="max", dropout=0.0),)
    assert space.dense == (Dense(units=10),)


def test_dense_layers_alone_mean_no_blocks():
    """An explicit architecture without [[block]] has none."""
    space = parse("[[dense]]\nunits = 10\n")
    assert space.blocks == ()


P = "[parameters]\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("blocks = = 3", "my.toml: broken TOML: "),
        (f"blocks = {'9' * 5000}", "my.toml: broken TOML: Exceeds the limit"),
        (
            f"{P}growth = {'9' * 400}",
            "my.toml: parameters.growth: expected an integer of at most 64 bits, got one of 1329",
        ),
        (
            f"{P}filters = {{ choices = [8, 0x{'f' * 17}] }}",
            "my.toml: parameters.filters.choices.1.: expected an integer of at most 64 bits",
        ),
        (
            f"[[block]]\nfilters = [{'9' * 400}]",
            "my.toml: block.0..filters.0.: expected an integer of at most 64 bits",
        ),
        ("colour = 1", "my.toml: colour: unknown key; known: description, limits"),
        ("description = 3", "my.toml: description: expected a string, got 3"),
        ("parameters = 3", "my.toml: parameters: expected a table, got 3"),
        ("limits = 3", "my.toml: limits: expected a table, got 3"),
        ("[limits]\nflops = 3", "my.toml: limits: flops: unknown key; known: parameters, macs"),
        ("[limits]\nmacs = 0", "my.toml: limits.macs: expected a value >= 1, got 0"),
        ("[limits]\nmacs = 1.5", "my.toml: limits.macs: expected an integer, got 1.5"),
        ("[limits]\nmacs = true", "my.toml: limits.macs: expected an integer, got True"),
        (
            P + "colour = 1",
            "my.toml: parameters.colour: unknown parameter; known: architecture, stem_filters",
        ),
        (P + "blocks = 'two'", "my.toml: parameters.blocks: expected an integer, got 'two'"),
        (P + "blocks = true", "my.toml: parameters.blocks: expected an integer, got True"),
        (P + "blocks = 2.0", "my.toml: parameters.blocks: expected an integer, got 2.0"),
        (P + "growth = true", "my.toml: parameters.growth: expected a number, got True"),
        (P + "flip = 1", "my.toml: parameters.flip: expected true or false, got 1"),
        (P + "head = 1", "my.toml: parameters.head: expected a string, got 1"),
        (P + "head = 'foot'", "parameters.head: expected one of flatten, global_average, global_m"),
        (P + "filters = 0", "my.toml: parameters.filters: expected a value >= 1, got 0"),
        (P + "dropout = 0.96", "parameters.dropout: expected a value >= 0 and <= 0.95, got 0.96"),
        (P + "dropout = nan", "parameters.dropout: expected a finite number, got nan"),
        (
            P + "weight_decay = inf",
            "my.toml: parameters.weight_decay: expected a finite number, got inf",
        ),
        (
            P + "weight_decay = {choices = [inf]}",
            r"weight_decay.choices\[0\]: expected a finite number",
        ),
        (
            P + "blocks = {low = 'a', high = 2}",
            "my.toml: parameters.blocks.low: expected an integer",
        ),
        (P + "blocks = {low = 1}", "my.toml: parameters.blocks: expected low and high, or choices"),
        (P + "blocks = {}", "my.toml: parameters.blocks: expected low and high, or choices"),
        (
            P + "blocks = {low = 3, high = 1}",
            "my.toml: parameters.blocks: low must not be above high",
        ),
        (
            P + "weight_decay = {low = 0, high = inf}",
            "my.toml: parameters.weight_decay.high: expected a finite number, got inf",
        ),
        (
            P + "blocks = {low = 1, high = 3, steps = 1}",
            "my.toml: parameters.blocks.steps: unknown key here; known: high, log, low, step, when",
        ),
        (
            P + "blocks = {low = 1, high = 3, step = 0.5}",
            "my.toml: parameters.blocks.step: expected an integer, got 0.5",
        ),
        (
            P + "blocks = {low = 1, high = 3, step = 0}",
            "parameters.blocks: step must be > 0, got 0",
        ),
        (
            P + "filters = {low = 1, high = 3, log = 'yes'}",
            "my.toml: parameters.filters.log: expected true or false, got 'yes'",
        ),
        (
            P + "head = {low = 'a', high = 'b'}",
            "my.toml: parameters.head: expected a string or choices, got a range",
        ),
        (
            P + "blocks = {choices = 3}",
            "my.toml: parameters.blocks.choices: expected a list, got 3",
        ),
        (
            P + f"blocks = {{choices = {list(range(10_001))}}}",
            "my.toml: parameters.blocks.choices: expected at most 10,000, got 10,001",
        ),
        (P + "blocks = {choices = []}", "parameters.blocks: choices must name at least one value"),
        (P + "blocks = {choices = [1, 1]}", "parameters.blocks: choices must differ, got 1 twice"),
        (
            P + "blocks = {choices = [1, 'x']}",
            r"my.toml: parameters.blocks.choices\[1\]: expected an integer, got 'x'",
        ),
        (
            P + "blocks = {choices = [1], low = 1}",
            "my.toml: parameters.blocks.low: unknown key here; known: choices, when",
        ),
        (
            P + "blocks = {value = 1, low = 1}",
            "my.toml: parameters.blocks.low: unknown key here; known: value, when",
        ),
        (P + "blocks = {value = 'x'}", "my.toml: parameters.blocks.value: expected an integer"),
        (
            P + "dense_layers = {low = 0, high = 1_000_000}",
            "high: expected a value >= 0 and <= 1000",
        ),
        (P + "blocks = 1001", "parameters.blocks: expected a value >= 0 and <= 1000, got 1001"),
        (
            P + "learning_rate = 0.1\nlearning_rate_scale = 1.0",
            "my.toml: parameters: learning_rate and learning_rate_scale exclude each other",
        ),
    ],
)
def test_a_wrong_value_is_named_by_file_and_key(text, message):
    """Every message has file, key, expected and given value."""
    with pytest.raises(SpaceError, match=message):
        parse(text)


OTHERS = """
[parameters]
blocks = { low = 1, high = 3 }
flip = { choices = [true, false] }
optimizer = { choices = ["adam", "sgd"] }
growth = { low = 1.0, high = 2.0 }
kernel = 3
dropout = { low = 0.0, high = 0.4, step = 0.1 }
dense_dropout = { low = 0.0, high = 0.4, step = 0.1, when = { dropout = 0.3 } }
"""


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("3", "parameters.shift.when: expected a table, got 3"),
        ("{ filters = 1 }", "when.filters: no parameter of that name stands before this one"),
        ("{ patience = 1 }", "when.patience: no parameter of that name stands before this one"),
        ("{ shift = 1 }", "when.shift: no parameter of that name stands before this one"),
        ("{ blocks = 'x' }", "when.blocks: expected an integer, got 'x'"),
        ("{ blocks = [1, 'x'] }", "when.blocks: expected an integer, got 'x'"),
        ("{ blocks = { min = 1 } }", "when.blocks: min: unknown key; known: low, high"),
        ("{ blocks = { low = 'x' } }", "when.blocks.low: expected an integer, got 'x'"),
        ("{ blocks = 4 }", "when.blocks: impossible condition: blocks can never be 4"),
        ("{ blocks = [] }", "when.blocks: impossible condition"),
        ("{ blocks = { low = 4 } }", "when.blocks: impossible condition: blocks can never be"),
        ("{ blocks = { high = 0 } }", "when.blocks: impossible condition"),
        ("{ blocks = { low = 3, high = 1 } }", "when.blocks: impossible condition"),
        ("{ growth = { low = 2.5 } }", "when.growth: impossible condition"),
        ("{ kernel = { low = 4 } }", "when.kernel: impossible condition"),
        ("{ growth = 1.75 }", "growth can never be 1.75 exactly, since its range is continuous"),
        ("{ growth = { low = 2.0 } }", "when.growth: impossible condition"),
        (
            "{ dropout = 0.35 }",
            "dropout can never be 0.35; it goes from 0.0 to 0.4 in steps of 0.1",
        ),
        ("{ dropout = { low = 0.31, high = 0.39 } }", "when.dropout: impossible condition"),
        (
            "{ dense_dropout = 0.1, dropout = 0.2 }",
            "shift.when: impossible conditions: .* no value of dropout satisfies all",
        ),
        ("{ optimizer = 'lion' }", "when.optimizer: impossible condition: optimizer can never be"),
        ("{ optimizer = { low = 'adam' } }", "when.optimizer: expected a string or a list of them"),
        ("{ flip = 1 }", "when.flip: expected true or false, got 1"),
        ("{ flip = { low = true } }", "when.flip: expected true or false or a list of them"),
    ],
)
def test_a_wrong_condition_is_named_by_file_and_key(when, message):
    """A condition must name an earlier parameter, and some value must meet it."""
    text = f"{OTHERS}shift = {{ low = 0, high = 2, when = {when} }}\npatience = 2\n"
    with pytest.raises(SpaceError, match=r"^my\.toml: parameters\.shift\.when") as raised:
        parse(text)
    raised.match(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[block]\nfilters = [1]", "my.toml: block: expected a list"),
        ("[[block]]\nfilters = 8", r"my.toml: block\[0\].filters: expected a list, got 8"),
        ("[[block]]\nfilters = [8, 'x']", r"block\[0\].filters\[1\]: expected an integer, got 'x'"),
        ("[[block]]\nkernel = 3", r"my.toml: block\[0\].filters: this key is missing"),
        ("[[block]]\nfilters = [8]\nsize = 3", r"my.toml: block\[0\].size: unknown key; known: "),
        ("[[block]]\nfilters = [8]\npool = 'min'", r"block\[0\]: block.pool must be one of none,"),
        ("[[dense]]\nunits = 1\n[[dense]]\nunits = 0", r"dense\[1\]: dense.units must be >= 1"),
        ("dense = [3]", r"my.toml: dense\[0\]: expected a table, got 3"),
        (
            "[[block]]\nfilters = [8]\n[parameters]\nkernel = 3",
            r"my.toml: parameters.kernel: cannot stand beside \[\[block\]\]",
        ),
        (
            "[[dense]]\nunits = 8\n[parameters]\nbatch_size = 32\ndense_units = 3",
            r"my.toml: parameters.dense_units: cannot stand beside \[\[block\]\] or \[\[dense\]\]",
        ),
    ],
)
def test_a_wrong_architecture_is_named_by_file_and_key(text, message):
    """Blocks and layers are checked in the way of parameters."""
    with pytest.raises(SpaceError, match=message):
        parse(text)


def test_a_space_is_loaded_from_a_file(tmp_path):
    """The path of a .toml file is accepted in place of a name."""
    file = tmp_path / "mine.toml"
    file.write_text("[parameters]\nblocks = { low = 0, high = 1 }\n")
    space = load_space(str(file))
    assert (space.name, space.n_points()) == ("mine", 2)


def choices(n):
    """The TOML of the integers from 1 to `n`."""
    return f"[{', '.join(map(str, range(1, n + 1)))}]"


@pytest.mark.parametrize(
    ("n_choices", "n_named", "message"),
    [
        (1000, 1000, None),
        (1000, 1001, "at most 1,000 values in all conditions (when), got 1,001;"),
        (1001, 1, "parameters.kernel.when.filters: filters has 1,001 choices; a parameter of more"),
    ],
)
def test_conditions_have_a_limit(n_choices, n_named, message):
    """A condition names up to 1,000 values, of a parameter of up to 1,000 choices."""
    rule = choices(n_named)
    text = f"""[parameters]
        filters = {{ choices = {choices(n_choices)} }}
        kernel = {{ low = 1, high = 5, when = {{ filters = {rule} }} }}"""
    if message is None:
        assert parse(text).n_points() == 5 * 1000
    else:
        with pytest.raises(SpaceError, match=re.escape(message)):
            parse(text)


def test_a_range_counts_as_one_value_of_a_condition():
    """The values of all conditions add up: 999 and a range are allowed, 1,000 and a range are not.

    With 999 of 1,000 filters there is a kernel; from 2 filters on, there is a batch size.
    """

    def text(n):
        return f"""[parameters]
            filters = {{ low = 1, high = 1000 }}
            kernel = {{ low = 1, high = 5, when = {{ filters = {choices(n)} }} }}
            batch_size = {{ choices = [8, 16], when = {{ filters = {{ low = 2 }} }} }}"""

    assert parse(text(999)).n_points() == 1 * 5 + 998 * 5 * 2 + 1 * 2
    with pytest.raises(SpaceError, match="got 1,001; low and high count as one value"):
        parse(text(1000))


def test_a_space_that_conditions_split_too_far_is_named_by_its_file(monkeypatch):
    """The limit of the count becomes an error of the file."""
    monkeypatch.setattr("autocnn.space.points.MAX_PARTS", 1)
    text = """[parameters]
        blocks = { choices = [1, 2] }
        kernel = { low = 1, high = 5, when = { blocks = 2 } }"""
    message = "my.toml: parameters: the conditions (when) split the space into more than 1 parts; "
    with pytest.raises(SpaceError, match=re.escape(message)):
        parse(text)


def test_many_chained_conditions_are_read_at_once():
    """Each of 12 parameters is active if all earlier ones have their first value: 13 points."""
    names = [name for name, known in NAMES.items() if known.kind is int][:12]
    lines = []
    for i, name in enumerate(names):
        when = ", ".join(f"{other} = 1" for other in names[:i])
        lines.append(f"{name} = {{ choices = [1, 2], when = {{ {when} }} }}")
    assert parse("[parameters]\n" + "\n".join(lines)).n_points() == 13


@pytest.mark.parametrize("name", ["unheard_of", "unheard_of.toml", "."])
def test_an_unknown_space_lists_the_existing_ones(name):
    """A text that is neither a name of the library nor a file is refused."""
    with pytest.raises(
        SpaceError, match=f"no search space named {name!r}; choose one of cnn, mlp,"
    ):
        load_space(name)


def test_a_file_that_is_no_text_is_one_clear_line(tmp_path):
    """The error of a file that is not UTF-8 names the file."""
    file = tmp_path / "mine.toml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(SpaceError, match=r"mine\.toml: cannot be read as UTF-8 text"):
        load_space(str(file))


def test_an_error_in_a_file_names_the_file(tmp_path):
    """The path precedes the key in the message."""
    file = tmp_path / "mine.toml"
    file.write_text("[parameters]\nblocks = -1\n")
    with pytest.raises(SpaceError, match=r"mine\.toml: parameters\.blocks: expected a value >= 0"):
        load_space(str(file))


def test_the_library_reads_infinite_and_finite_spaces():
    """The space cnn has continuous parameters; a baseline is one point."""
    assert load_space("cnn").n_points() == math.inf
    assert load_space("cnn_16_32_64").n_points() == 1


def test_a_condition_takes_the_notation_of_the_values():
    """`0.30000000000000004` in a file is the value 0.3, which is drawn."""
    space = parse(
        "[parameters]\ndropout = { low = 0.0, high = 0.4, step = 0.1 }\n"
        "shift = { low = 0, high = 2, when = { dropout = 0.30000000000000004 } }\n"
        "patience = { low = 1, high = 2, when = { dropout = { low = 0.30000000000000004 } } }\n"
    )
    assert space.is_active("shift", {"dropout": 0.3})
    assert space.is_active("patience", {"dropout": 0.3})
    assert space.n_points() == 3 + 3 * 2 + 2


def test_a_byte_order_mark_is_no_statement(tmp_path):
    """Editors on Windows write one before the text; it is no part of the text."""
    path = tmp_path / "mine.toml"
    path.write_text("[parameters]\nblocks = 2\n", encoding="utf-8-sig")
    space = load_space(str(path))
    assert space.parameters["blocks"].value == 2
    assert space.text.startswith("[parameters]")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[block]]\nfilters = [" + "1," * 1001 + "]", "block: expected at most 1,000 layers, got"),
        ("[[block]]\nfilters = [1]\n" * 1001, "block: expected at most 1,000 layers, got 1,001"),
        ("[[dense]]\nunits = 1\n" * 1001, "dense: expected at most 1,000 layers, got 1,001"),
        ("[[dense]]\nunits = 1000001", r"dense\[0\]: expected at most 1,000,000 filters or units"),
        ("[[block]]\nfilters = [1, 1000001]", r"block\[0\]: expected at most 1,000,000 filters"),
        ("a = " + "[" * 100_000, "broken TOML: it is nested too deeply"),
    ],
)
def test_explicit_layers_have_the_limits_of_drawn_ones(text, message):
    """So has the nesting of the file."""
    with pytest.raises(SpaceError, match=f"^my.toml: {message}"):
        parse(text)
